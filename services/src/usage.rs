//! Usage reports, which chart, tiles, table and CSV show.

pub(crate) mod bars;
pub mod breakdown;
mod buckets;
mod by_tag;
mod call_sums;
mod conditions;
mod cost_table;
mod cover;
mod earlier;
mod grouped_sums;
mod groups;
mod labels;
mod local_format;
mod model_keys;
mod report;
pub(crate) mod resolution;
pub(crate) mod series_counts;
mod slices;
mod sources;
mod span_table;
mod summary;
mod sums;
mod table;
mod tagged_calls;

use domain::{
    time::Timestamp,
    usage::{CustomRange, Range, View},
};

pub(crate) use conditions::{series_condition, status_condition, tag_condition};
pub use cost_table::{CostRow, CostTable};
pub use local_format::LocalFormat;
pub use model_keys::model_keys;
pub use report::{complete_report, report};
pub(crate) use report::{total, zone};
pub(crate) use summary::{UsageSummary, summary};
pub use table::{UsageRow, UsageTable};

use crate::{Organization, ServiceResult};

/// The beginning and end of `range`, at `now`, in the named time zone or by default in the
/// organization's.
pub(crate) fn bounds(
    organization: &Organization,
    range: Range,
    time_zone: Option<&str>,
    now: Timestamp,
) -> ServiceResult<(Timestamp, Timestamp)> {
    Ok(buckets::ends(range, report::zone(organization, time_zone)?, now))
}

/// The days that `range` has at a moment, in the named time zone or by default in the organization's. A range that doesn't depend on
/// the moment stays as it is.
///
/// # Errors
/// There is no such zone.
pub fn fixed_range(
    organization: &Organization,
    range: Range,
    time_zone: Option<&str>,
    moment: Timestamp,
) -> ServiceResult<Range> {
    if matches!(range, Range::Custom(_) | Range::Between(_)) {
        return Ok(range);
    }
    let (first, last) = buckets::days(range, report::zone(organization, time_zone)?, moment);
    Ok(CustomRange::new(first, last).map_or(range, Range::Custom))
}

/// The beginnings of the days of the month so far in the organization's time zone, which are the buckets of
/// its daily rollups.
pub(crate) fn days_of_month(organization: &Organization, now: Timestamp) -> Vec<Timestamp> {
    buckets::of(Range::MonthToDate, View::Day, organization.time_zone, now).starts
}
