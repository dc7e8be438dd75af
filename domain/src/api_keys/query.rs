//! Queries for lists of keys, and their pages.

use serde::{Deserialize, Serialize};

use super::{ApiKey, HintKind, Level, Status};
use crate::ids::{ProjectId, UserId};

/// Maximum number of keys on a page of the list.
pub const PAGE_SIZE: u32 = 50;

crate::choices! {
    /// The order of a list of keys.
    #[derive(Default)]
    KeySort, "sort" {
        #[default]
        Created = "created", "Created";
        Name = "name", "Name";
        LastUsed = "used", "Last used";
        Expires = "expires", "Expires";
        Spend = "spend", "Spend this month";
    }
}

/// A query for a list of keys.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyQuery {
    /// Text contained in name, description or masked value, ignoring case; or a complete id.
    pub search: String,
    pub status: Option<Status>,
    pub level: Option<Level>,
    pub project: Option<ProjectId>,
    /// The member who created the keys.
    pub creator: Option<UserId>,
    pub hint: Option<HintKind>,
    pub sort: KeySort,
    /// Reverses the sort's own direction, which is the newest, the latest used or the most expensive first,
    /// names from A, expirations from the next one.
    pub reversed: bool,
    /// Index of the page, from 0.
    pub page: u32,
}

/// A page of keys.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyPage {
    pub keys: Vec<ApiKey>,
    /// Number of matching keys on all pages.
    pub total: i64,
    /// Number of keys of each status that match the rest of the query; statuses without keys are left out.
    pub statuses: Vec<(Status, i64)>,
    /// Whether there is any key at all, whatever the query.
    pub has_keys: bool,
}
