//! Usage reports, which chart, tiles, table and CSV show.

pub(crate) mod bars;
pub mod breakdown;
mod buckets;
mod cover;
mod local_format;
mod model_keys;
mod report;
pub(crate) mod resolution;
mod sums;

use domain::{
    time::Timestamp,
    usage::{Range, View},
};

pub use local_format::LocalFormat;
pub use model_keys::model_keys;
pub use report::{complete_report, report};
pub(crate) use report::{total, zone};
pub(crate) use sums::{ever_called, series_condition};

use crate::{Organization, ServiceResult, zones};

/// The beginning and end of the days of `range`, at `now`, in the named time zone or by default in the
/// organization's.
pub(crate) fn bounds(
    organization: &Organization,
    range: Range,
    time_zone: Option<&str>,
    now: Timestamp,
) -> ServiceResult<(Timestamp, Timestamp)> {
    let zone = report::zone(organization, time_zone)?;
    let (first, last) = buckets::days(range, zone, now);
    let after = last.succ_opt().unwrap_or(last);
    Ok((zones::start_of_day(first, zone), zones::start_of_day(after, zone)))
}

/// The beginnings of the days of the month so far in the organization's time zone, which are the buckets of
/// its daily rollups.
pub(crate) fn days_of_month(organization: &Organization, now: Timestamp) -> Vec<Timestamp> {
    buckets::of(Range::MonthToDate, View::Day, organization.time_zone, now).starts
}
