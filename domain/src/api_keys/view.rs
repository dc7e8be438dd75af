//! Keys as they are shown, without their secrets, which the server doesn't store.

use serde::{Deserialize, Serialize};

use super::{Hint, Level, Network, Scope};
use crate::{
    ids::{ApiKeyId, ProjectId, UserId},
    money::Money,
    projects::ProjectRef,
    rate_limits::RateLimits,
    time::Timestamp,
};

/// A key with its figures of this month.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub description: String,
    /// Prefix and last four characters of the newest secret: `toll_std_…k3Fa`.
    pub masked: String,
    pub project: Option<ProjectRef>,
    pub level: Level,
    /// Granted scopes; empty for all of its level.
    pub scopes: Vec<Scope>,
    /// Allowed models; empty for all.
    pub models: Vec<String>,
    /// Allowed networks; empty for all.
    pub ip_allowlist: Vec<Network>,
    pub status: Status,
    pub created_at: Timestamp,
    pub created_by: Option<Creator>,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub disabled_at: Option<Timestamp>,
    /// Creation time of the newest secret.
    pub rotated_at: Timestamp,
    pub rotate_every_days: Option<u32>,
    #[serde(default)]
    pub rate_limits: RateLimits,
    /// Whether the bodies of the key's calls are never stored.
    #[serde(default)]
    pub metadata_only: bool,
    /// The replaced secret that still works, while rotating.
    pub old_secret: Option<OldSecret>,
    pub last_use: Option<LastUse>,
    pub calls_this_month: i64,
    pub spend_this_month: Money,
    /// Calls on each day of the month so far, in the organization's time zone.
    pub calls_by_day: Vec<i64>,
    pub hints: Vec<Hint>,
}

crate::choices! {
    /// The status of a key.
    Status, "status" {
        Active = "active", "Active";
        /// Two secrets work: the new one, and the old one until its grace period ends.
        Rotating = "rotating", "Rotating";
        Expired = "expired", "Expired";
        Revoked = "revoked", "Revoked";
        /// Disabled because it leaked.
        Disabled = "disabled", "Disabled";
    }
}

impl Status {
    /// Whether keys of this status are accepted.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Active | Self::Rotating)
    }
}

/// A replaced secret that works until its grace period ends.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OldSecret {
    /// Masked text, as in [`ApiKey::masked`].
    pub masked: String,
    /// End of the grace period, exclusive.
    pub ends_at: Timestamp,
    /// Time of its last use; `None` where it was never used.
    pub last_used_at: Option<Timestamp>,
}

/// Time and origin of a key's last use.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LastUse {
    pub at: Timestamp,
    /// Client's IP address; empty where it is unknown.
    pub ip: String,
}

/// The recent use of a key, shown before it is revoked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RecentUse {
    pub id: ApiKeyId,
    pub name: String,
    pub masked: String,
    /// Number of calls in the last 24 hours.
    pub calls: i64,
    /// Clients that used it in the last 24 hours, the latest first; at most [`MAX_CLIENTS_SHOWN`].
    pub clients: Vec<KeyClient>,
}

/// Maximum number of clients listed for a key.
pub const MAX_CLIENTS_SHOWN: usize = 5;

/// A client that uses a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyClient {
    pub ip: String,
    /// User agent, such as `OpenAI/Python 2.8.0`; empty where the client sends none.
    pub agent: String,
    pub last_used_at: Timestamp,
}

/// Keys that other keys created or rotated, and so know the secrets of. Shown before those are revoked.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Descendants {
    /// Number of all descendants.
    pub count: i64,
    /// Descendants, the oldest first; at most [`MAX_DESCENDANTS_SHOWN`].
    pub keys: Vec<Descendant>,
}

/// Maximum number of descendants listed.
pub const MAX_DESCENDANTS_SHOWN: usize = 100;

/// A key that another key created or rotated.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Descendant {
    pub id: ApiKeyId,
    pub name: String,
    pub level: Level,
    /// Prefix and last four characters of the newest secret.
    pub masked: String,
    /// Project of the key; `null` for an admin key.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub project_id: Option<ProjectId>,
}

/// The member who created a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Creator {
    pub id: UserId,
    pub name: String,
}

/// A key just created, with its secret, which is returned only this once.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CreatedApiKey {
    pub api_key: ApiKey,
    pub secret: String,
}

/// A key just rotated.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RotatedApiKey {
    pub api_key: ApiKey,
    /// The new secret, which is returned only this once; `None` for a repeated request.
    pub secret: Option<String>,
}
