use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How much a key may do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Usage monitoring only.
    Read,
    /// API inference.
    Standard,
    /// The management API too.
    Admin,
}

impl Level {
    pub const ALL: [Self; 3] = [Self::Read, Self::Standard, Self::Admin];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Standard => "standard",
            Self::Admin => "admin",
        }
    }

    /// What it stands for in a secret.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Standard => "std",
            Self::Admin => "admin",
        }
    }

    /// Whether a key of this level belongs to a project.
    pub const fn needs_project(self) -> bool {
        !matches!(self, Self::Admin)
    }

    /// Whether it may call models through the gateway.
    pub const fn may_call_models(self) -> bool {
        !matches!(self, Self::Read)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|level| level.name() == text)
            .ok_or_else(|| "A level is read, standard or admin.".to_owned())
    }
}
