//! The page an organization's members see first.

use serde::{Deserialize, Serialize};

use crate::{
    calls::Call,
    usage::{Measures, UsageReport},
};

/// What the overview shows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Overview {
    /// This month so far, in the organization's time zone.
    pub month: Measures,
    /// The same days of the month before.
    pub previous: Measures,
    /// The last 30 days by model.
    pub recent: UsageReport,
    pub latest_calls: Vec<Call>,
    pub active_keys: i64,
    /// Whether a call was ever made, without which the page shows how to make one.
    pub ever_called: bool,
    /// Where programs call, such as `https://hub.example/v1`.
    pub base_url: String,
    /// A model that a first call can name.
    pub example_model: Option<String>,
}
