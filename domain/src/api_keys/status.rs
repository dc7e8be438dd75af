use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What has become of a key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Active,
    /// Two secrets work: the new one, and the old one until its grace period ends.
    Rotating,
    Expired,
    Revoked,
    /// Stopped because it leaked.
    Disabled,
}

impl Status {
    pub const ALL: [Self; 5] = [Self::Active, Self::Rotating, Self::Expired, Self::Revoked, Self::Disabled];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Rotating => "rotating",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Disabled => "disabled",
        }
    }

    /// Whether such a key lets its bearer in.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Active | Self::Rotating)
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|status| status.name() == text).ok_or_else(|| format!("No status: {text:?}."))
    }
}
