//! Comparison of a range with an earlier one.
//!
//! Both have the same length: where the range still runs, the earlier one ends after the same time as has passed of it (equal elapsed
//! time). Buckets are aligned by their place in the range: the first day with the first, also where months differ in length. The running
//! bucket takes no part in averages. What was zero before is "new" instead of infinitely more; below [`MIN_COMPARED_CALLS`] calls
//! there is no percentage.

use serde::{Deserialize, Serialize};

use super::Measures;
use crate::{choices, time::Timestamp};

/// Least number of calls, in both ranges together, for which a difference in percent says something.
pub const MIN_COMPARED_CALLS: i64 = 20;

choices! {
    /// The earlier range with which a range is compared.
    Comparison, "comparison" {
        /// As many days as the range, directly before it.
        Previous = "previous", "Previous period";
        /// The same days one calendar month earlier; a day that month doesn't have is left out.
        LastMonth = "last-month", "Same days last month";
        /// The same days one year earlier.
        LastYear = "last-year", "Same days last year";
    }
}

/// The usage of the earlier range of a report.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ComparedUsage {
    pub comparison: Comparison,
    pub from: Timestamp,
    /// End, exclusive.
    pub to: Timestamp,
    pub total: Measures,
    /// Sums over all groups for each of the report's buckets, by their place.
    pub buckets: Vec<Measures>,
    /// Totals of the report's series, by their keys.
    pub series: Vec<(String, Measures)>,
}

/// The difference between a value and an earlier one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Difference {
    /// Neither has a value.
    None,
    /// There was nothing before.
    New,
    /// The change in percent, and by how much.
    Percent { percent: f64, by: i64 },
    /// By how much, where there are too few calls for a percentage.
    Amount(i64),
}

impl Difference {
    /// The difference of `now` to `before`, of ranges with `calls` calls together.
    #[expect(clippy::cast_precision_loss, reason = "a percentage is rounded")]
    pub fn of(now: i64, before: i64, calls: i64) -> Self {
        match (now, before) {
            (0, 0) => Self::None,
            (_, 0) => Self::New,
            _ if calls < MIN_COMPARED_CALLS => Self::Amount(now.saturating_sub(before)),
            _ => {
                let by = now.saturating_sub(before);
                Self::Percent { percent: by as f64 * 100.0 / before as f64, by }
            }
        }
    }
}
