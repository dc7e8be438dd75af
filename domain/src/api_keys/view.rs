//! Keys as they are shown; their secrets aren't known to anybody any more.

use serde::{Deserialize, Serialize};

use super::{Hint, Level, Network, Scope, Status};
use crate::{
    ids::{ApiKeyId, ProjectId, UserId},
    money::Money,
    rate_limits::RateLimits,
    time::Timestamp,
};

/// A key with what it did this month.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub description: String,
    /// Prefix and last four characters of the newest secret: `toll_std_…k3Fa`.
    pub masked: String,
    pub project: Option<ProjectRef>,
    pub level: Level,
    /// Empty for all of its level.
    pub scopes: Vec<Scope>,
    /// Empty for all.
    pub models: Vec<String>,
    /// Empty for all.
    pub ip_allowlist: Vec<Network>,
    pub status: Status,
    pub created_at: Timestamp,
    pub created_by: Option<Creator>,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub disabled_at: Option<Timestamp>,
    /// When the newest secret was made.
    pub rotated_at: Timestamp,
    pub rotate_every_days: Option<u32>,
    #[serde(default)]
    pub rate_limits: RateLimits,
    /// The secret that still works beside the newest, while rotating.
    pub old_secret: Option<OldSecret>,
    pub last_use: Option<LastUse>,
    pub calls_this_month: i64,
    pub spend_this_month: Money,
    /// Calls on each day of the month so far, in the organization's time zone.
    pub calls_by_day: Vec<i64>,
    pub hints: Vec<Hint>,
}

/// A secret that was replaced and works until its grace period ends.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OldSecret {
    /// As [`ApiKey::masked`].
    pub masked: String,
    /// It works before this moment.
    pub ends_at: Timestamp,
    /// `None` where it was never used.
    pub last_used_at: Option<Timestamp>,
}

/// When and from where something was used last.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LastUse {
    pub at: Timestamp,
    /// Empty where it isn't known.
    pub ip: String,
}

/// What used a key lately: asked before it is revoked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RecentUse {
    pub id: ApiKeyId,
    pub name: String,
    pub masked: String,
    /// Calls in the last 24 hours.
    pub calls: i64,
    /// Who used it in the last 24 hours, the latest first; at most [`MOST_CLIENTS`].
    pub clients: Vec<Client>,
}

/// Most clients that are told of one key.
pub const MOST_CLIENTS: usize = 5;

/// A program that uses a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Client {
    pub ip: String,
    /// What it calls itself (its user agent), such as `OpenAI/Python 2.8.0`; empty where it doesn't.
    pub agent: String,
    pub last_used_at: Timestamp,
}

/// The keys that others made or rotated, and so know the secrets of: asked before those are revoked.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Descendants {
    /// All there are.
    pub count: i64,
    /// The oldest first; at most [`MOST_DESCENDANTS`].
    pub keys: Vec<Descendant>,
}

/// Most descendants that are told.
pub const MOST_DESCENDANTS: usize = 100;

/// A key that another one made, or gave a secret to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Descendant {
    pub id: ApiKeyId,
    pub name: String,
    pub level: Level,
    /// As [`ApiKey::masked`].
    pub masked: String,
    pub project_id: Option<ProjectId>,
}

/// A project, as other things name it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ProjectRef {
    pub id: ProjectId,
    pub name: String,
}

/// Who made a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Creator {
    pub id: UserId,
    pub name: String,
}

/// A key just made, with its secret: the only time it is ever told.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CreatedApiKey {
    pub api_key: ApiKey,
    pub secret: String,
}

/// A key just rotated.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RotatedApiKey {
    pub api_key: ApiKey,
    /// The new secret, the only time it is ever told; `None` where this very request was answered before.
    pub secret: Option<String>,
}
