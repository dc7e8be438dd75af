//! What is pointed out about a key (K9).

use serde::{Deserialize, Serialize};

use super::Scope;
use crate::time::Timestamp;

/// A key that expires in less is pointed out, in days.
pub const EXPIRES_SOON_DAYS: i64 = 14;
/// A key that wasn't used for longer is pointed out, in days; and so long a key is watched before it is called too wide.
pub const UNUSED_DAYS: i64 = 30;

/// Something about a key that somebody should look at.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "hint", rename_all = "snake_case")]
pub enum Hint {
    /// Made over a day ago and never used.
    NeverUsed,
    /// Not used for [`UNUSED_DAYS`].
    Unused { since: Timestamp },
    /// Expires within [`EXPIRES_SOON_DAYS`].
    ExpiresSoon { at: Timestamp },
    /// Its newest secret is older than its owner wanted it to become.
    RotationDue { since: Timestamp },
    /// May do more than it was used for in the last [`UNUSED_DAYS`]; this is what it was used for.
    Wide { scopes: Vec<Scope>, models: Vec<String> },
    /// Breaks the organization's policy, made before that was decided.
    BreaksPolicy { why: String },
}

crate::choices! {
    /// The kinds of [`Hint`], by which a list is filtered.
    HintKind, "hint" {
        NeverUsed = "never_used", "Never used";
        Unused = "unused", "Unused for 30 days";
        ExpiresSoon = "expires_soon", "Expires soon";
        RotationDue = "rotation_due", "Rotation due";
        Wide = "wide", "Wider than its use";
        BreaksPolicy = "breaks_policy", "Breaks the policy";
    }
}

impl Hint {
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
