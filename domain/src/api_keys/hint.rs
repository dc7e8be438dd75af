//! Hints about keys that need attention (K9).

use serde::{Deserialize, Serialize};

use super::Scope;
use crate::time::Timestamp;

/// Days before its expiration from which on a key gets a hint.
pub const EXPIRES_SOON_DAYS: i64 = 14;
/// Days without use after which a key gets a hint, and days of use with which its permissions are compared.
pub const UNUSED_DAYS: i64 = 30;

/// A reason to review a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "hint", rename_all = "snake_case")]
pub enum Hint {
    /// Created over a day ago and never used.
    NeverUsed,
    /// Not used for [`UNUSED_DAYS`].
    Unused { since: Timestamp },
    /// Expires within [`EXPIRES_SOON_DAYS`].
    ExpiresSoon { at: Timestamp },
    /// Its newest secret is older than its owner wants it to become.
    RotationDue { since: Timestamp },
    /// Allows more than the scopes and models that it was used for in the last [`UNUSED_DAYS`], which are
    /// listed.
    Wide { scopes: Vec<Scope>, models: Vec<String> },
    /// Breaks the organization's policy, which was set after the key's creation.
    BreaksPolicy { why: String },
}

crate::choices! {
    /// The kind of a [`Hint`], by which a list is filtered.
    HintKind, "hint" {
        NeverUsed = "never_used", "Never used";
        Unused = "unused", "Unused for 30 days";
        ExpiresSoon = "expires_soon", "Expires soon";
        RotationDue = "rotation_due", "Rotation due";
        Wide = "wide", "Over-permissioned";
        BreaksPolicy = "breaks_policy", "Breaks policy";
    }
}

impl Hint {
    /// The hint without its details.
    pub const fn kind(&self) -> HintKind {
        match self {
            Self::NeverUsed => HintKind::NeverUsed,
            Self::Unused { .. } => HintKind::Unused,
            Self::ExpiresSoon { .. } => HintKind::ExpiresSoon,
            Self::RotationDue { .. } => HintKind::RotationDue,
            Self::Wide { .. } => HintKind::Wide,
            Self::BreaksPolicy { .. } => HintKind::BreaksPolicy,
        }
    }
}
