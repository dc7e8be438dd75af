//! The number of rows that a file of calls will have.

use domain::{
    calls::CallQuery,
    time::{MINUTE_MILLIS, Timestamp},
    usage::{CustomRange, MinuteRange, Range, UsageQuery},
};

use crate::{
    Actor, ServiceError, ServiceResult, Services,
    usage::{self, bars::floor},
    zones,
};

/// Counts the calls that match `query` at most, from rollups, however many there are: repeated rejections that are one row count each,
/// and bounds and texts aren't considered. `None` if rollups don't have the number, such as that of a tag over a long time.
pub async fn count_calls(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<Option<u64>> {
    let Some(range) = range(services, actor, query) else { return Ok(None) };
    let query =
        UsageQuery { range, time_zone: query.time_zone.clone(), filter: query.filter.clone(), ..UsageQuery::default() };
    match usage::report(services, actor, &query).await {
        Ok(report) => Ok(u64::try_from(report.total.calls.saturating_add(report.total.refused)).ok()),
        Err(ServiceError::Invalid(errors)) if errors.get("range").is_some() || errors.get("tag").is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The time of a query as a range of usage, whole minutes around it; `None` if it is too long for one.
fn range(services: &Services, actor: &Actor, query: &CallQuery) -> Option<Range> {
    let now = services.now();
    match (query.range, query.from, query.to) {
        (Some(range), None, None) => Some(range),
        (None, None, None) => {
            let today = zones::date(now, actor.organization.time_zone);
            let first = today.checked_sub_days(chrono::Days::new(CustomRange::MAX_DAYS.unsigned_abs() - 1))?;
            CustomRange::new(first, today).map(Range::Custom)
        }
        (_, from, to) => {
            let to = ceil(to.unwrap_or(now));
            let from = floor(from.unwrap_or_else(|| to.plus_days(1 - CustomRange::MAX_DAYS)), MINUTE_MILLIS);
            MinuteRange::new(from, to).map(Range::Between)
        }
    }
}

fn ceil(moment: Timestamp) -> Timestamp {
    floor(moment.plus_millis(MINUTE_MILLIS - 1), MINUTE_MILLIS)
}
