//! Usage: what chart, tiles, table and CSV show.

pub mod breakdown;
mod buckets;
mod cover;
mod report;
pub(crate) mod resolution;
mod sums;

use domain::{
    time::Timestamp,
    usage::{Range, View},
};

pub use report::report;
pub(crate) use report::total;
pub(crate) use sums::dimensions;

use crate::{Organization, ServiceResult, zones};

/// When the days of `range` begin, and when the last of them ends, at `now` in the zone of this name; in the
/// organization's without one.
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

/// When each day of the month so far began in the organization's time zone: the buckets of its daily rollups.
pub(crate) fn days_of_month(organization: &Organization, now: Timestamp) -> ServiceResult<Vec<Timestamp>> {
    Ok(buckets::of(Range::MonthToDate, View::Day, organization.time_zone, now)?.starts)
}
