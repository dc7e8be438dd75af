//! Which keys a list shows, and a page of them.

use serde::{Deserialize, Serialize};

use super::{ApiKey, HintKind, Level, Status};
use crate::ids::ProjectId;

/// How many keys a page of the list holds.
pub const PAGE_SIZE: u32 = 50;

crate::choices! {
    /// What a list of keys is sorted by.
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

/// What keys to list.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyQuery {
    /// Somewhere in name, description or masked value, in any case; or a whole id.
    pub search: String,
    pub status: Option<Status>,
    pub level: Option<Level>,
    pub project: Option<ProjectId>,
    pub hint: Option<HintKind>,
    pub sort: KeySort,
    /// The other way round than the sort's own direction: the newest, the latest used, the dearest first; names from A,
    /// expiries from the next.
    pub reversed: bool,
    /// From 0.
    pub page: u32,
}

/// A page of keys.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyPage {
    pub keys: Vec<ApiKey>,
    /// How many match in all.
    pub total: i64,
    /// How many there are of each status, whatever the query asks for; those without any are left out.
    pub statuses: Vec<(Status, i64)>,
}
