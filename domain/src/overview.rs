//! The overview, the first page of an organization's dashboard.

mod projection;

use serde::{Deserialize, Serialize};

pub use projection::{DayKind, Projection};

use crate::{
    calls::Call,
    ids::ApiKeyId,
    time::Timestamp,
    usage::{Distribution, GroupTotal, Measures, UsageReport},
};

/// Maximum number of reasons listed for rejected calls.
pub const MAX_REJECTION_REASONS: usize = 4;
/// Maximum number of models, keys and projects in the lists of those that cost most.
pub const MAX_TOP_GROUPS: usize = 5;

/// Data of the overview.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Overview {
    /// Usage of this month so far, in the organization's time zone.
    pub month: Measures,
    /// Usage of the corresponding days of the previous month.
    pub previous: Measures,
    /// Estimate of the whole month's usage; `None` in its first three days.
    pub projection: Option<Projection>,
    /// Usage of the last 30 days by model.
    pub recent: UsageReport,
    /// Times to the last byte, by the buckets of `recent`.
    pub latencies: Vec<Distribution>,
    /// The keys that cost most in the last 30 days, at most [`MAX_TOP_GROUPS`].
    pub top_keys: Vec<GroupTotal>,
    /// The projects that cost most in the last 30 days, at most [`MAX_TOP_GROUPS`].
    pub top_projects: Vec<GroupTotal>,
    pub attention: Attention,
    pub latest_calls: Vec<Call>,
    pub active_keys: i64,
    /// Whether a call was ever made; if not, the page shows how to make one.
    pub ever_called: bool,
    /// Base URL for clients, such as `https://hub.example/v1`.
    pub base_url: String,
    /// A model for the example of a first call.
    pub example_model: Option<String>,
}

/// What a member should look into, as far as they may see it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Attention {
    /// Alerts about keys, the most urgent first.
    pub keys: Vec<KeyAlert>,
    pub rejections: Rejections,
    /// Time from which old calls are deleted by default, while it is near and nothing is chosen; for those who may choose.
    #[serde(default)]
    pub call_deletion: Option<Timestamp>,
}

impl Attention {
    /// Whether there is nothing to look into.
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.rejections.calls == 0 && self.call_deletion.is_none()
    }
}

/// The keys that need the same action.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyAlert {
    pub kind: KeyAlertKind,
    /// Number of keys, at least 1.
    pub count: i64,
    /// The most urgent of them.
    pub key: AlertedKey,
}

/// The reason of a [`KeyAlert`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyAlertKind {
    /// Disabled because it leaked, and neither revoked nor expired.
    Leaked,
    /// Expires within [`EXPIRES_SOON_DAYS`](crate::api_keys::EXPIRES_SOON_DAYS).
    ExpiresSoon,
    /// Its newest secret is older than its owner wants it to become.
    RotationDue,
}

impl KeyAlertKind {
    /// All kinds, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Leaked, Self::ExpiresSoon, Self::RotationDue];
}

/// The key that an alert names.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AlertedKey {
    pub id: ApiKeyId,
    pub name: String,
    pub expires_at: Option<Timestamp>,
}

/// Calls of the last 24 hours that the gateway rejected.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rejections {
    /// Beginning of the 24 hours.
    pub since: Timestamp,
    pub calls: i64,
    /// The most frequent reasons, at most [`MAX_REJECTION_REASONS`].
    pub reasons: Vec<RejectionReason>,
}

/// The calls that were rejected for one reason.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RejectionReason {
    /// Code of the error that clients got; empty without one.
    pub code: String,
    pub calls: i64,
}
