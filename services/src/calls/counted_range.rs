//! The range of time in which the calls of a query are counted.

use domain::{calls::CallQuery, time::Timestamp};

use super::{ends::oldest, retention::kept_since};
use crate::{
    Actor, ServiceResult, Services,
    usage::{bounds, zone},
    zones,
};

/// Number of days that are counted where the query names none.
const DEFAULT_DAYS: i64 = 30;
/// Longest range that is counted call by call, in milliseconds.
pub(super) const MAX_COUNTED_RANGE: i64 = 2 * 60 * 60_000;

/// A range of time, as far as calls are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct CountedRange {
    pub(super) first: Timestamp,
    /// The end, which the range doesn't include; `None` for now.
    pub(super) until: Option<Timestamp>,
}

impl CountedRange {
    /// The range of `query`, or of the last days that have calls.
    pub(super) async fn new(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<Self> {
        let (organization, now) = (&actor.organization, services.now());
        let zone = zone(organization, query.time_zone.as_deref())?;
        let days = query.range.map(|range| bounds(organization, range, query.time_zone.as_deref(), now)).transpose()?;
        let (first, after) = days.unzip();
        let until = [query.to, after].into_iter().flatten().min();
        let first = match query.from.max(first) {
            Some(first) => first,
            None => {
                let last = until.map_or(now, |until| until.min(now));
                let first_day = zones::start_of_day(zones::date(last.plus_days(1 - DEFAULT_DAYS), zone), zone);
                let oldest = oldest(services, organization.id).await?;
                oldest.map_or(first_day, |oldest| oldest.started_at().max(first_day))
            }
        };
        let first = kept_since(services, organization).await?.map_or(first, |since| since.max(first));
        Ok(Self { first, until })
    }
}
