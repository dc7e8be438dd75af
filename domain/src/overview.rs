//! The overview, the first page of an organization's dashboard.

use serde::{Deserialize, Serialize};

use crate::{
    calls::Call,
    usage::{Measures, UsageReport},
};

/// Data of the overview.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Overview {
    /// Usage of this month so far, in the organization's time zone.
    pub month: Measures,
    /// Usage of the corresponding days of the previous month.
    pub previous: Measures,
    /// Usage of the last 30 days by model.
    pub recent: UsageReport,
    pub latest_calls: Vec<Call>,
    pub active_keys: i64,
    /// Whether a call was ever made; if not, the page shows how to make one.
    pub ever_called: bool,
    /// Base URL for clients, such as `https://hub.example/v1`.
    pub base_url: String,
    /// A model for the example of a first call.
    pub example_model: Option<String>,
}
