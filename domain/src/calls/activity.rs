//! Counts of calls over time, and what a search field offers.

use serde::{Deserialize, Serialize};

use super::{ApiKeyRef, Call};
use crate::{ids::UserId, projects::ProjectRef, time::Timestamp, usage::TagCounts};

/// Maximum number of bars that stand above a list of calls.
pub const MAX_BARS: usize = 62;

/// Calls, errors and rejections by time, under the same filters as a list of calls.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallActivity {
    /// Beginnings of the bars, ascending; empty if the range holds no time that is kept.
    pub starts: Vec<Timestamp>,
    /// End of the last bar.
    pub end: Timestamp,
    /// Counts, one for each bar.
    pub counts: Vec<CallCounts>,
    /// Whether failed and interrupted calls are counted together, although the filter names one of them.
    pub joins_errors: bool,
    /// Whether the query's bounds, tags and text are left out, since calls aren't summed by these.
    #[serde(default)]
    pub ignores_bounds: bool,
}

/// Number of calls by outcome.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallCounts {
    pub succeeded: i64,
    /// Failed or interrupted calls.
    pub errors: i64,
    pub rejected: i64,
}

impl CallCounts {
    /// All calls together.
    pub const fn total(self) -> i64 {
        self.succeeded + self.errors + self.rejected
    }
}

impl CallActivity {
    /// The time of the bar at `index`: its beginning and its end.
    pub fn span(&self, index: usize) -> (Timestamp, Timestamp) {
        let at = |index: usize| self.starts.get(index).copied().unwrap_or(self.end);
        (at(index), at(index + 1))
    }
}

/// Calls, and values of filters, that fit a text that is being typed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallSuggestions {
    /// Calls whose ID, or whose client's own request ID, is the text.
    pub calls: Vec<Call>,
    pub models: Vec<String>,
    pub api_keys: Vec<ApiKeyRef>,
    pub projects: Vec<ProjectRef>,
    #[serde(default)]
    pub members: Vec<CallMember>,
    #[serde(default)]
    pub endpoints: Vec<String>,
    #[serde(default)]
    pub providers: Vec<String>,
    /// Names of tags, or values of the tag whose value is typed.
    #[serde(default)]
    pub tags: TagCounts,
}

/// A member by whose keys calls were made.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallMember {
    pub id: UserId,
    pub name: String,
}
