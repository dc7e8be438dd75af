//! Counts of calls over time, under the filters of a list: the bars above it.
//!
//! Rollups have them for hours and days, however many calls there are. Shorter ranges are counted call by call, unless
//! they hold too many.

use domain::{
    calls::{CallActivity, CallBounds, CallCounts, CallQuery, Outcome},
    permissions::Permission,
    time::{DAY_MILLIS, Timestamp},
    usage::{Filter, Group, Measures, StatusFilter},
};

use super::{
    counted_range::{CountedRange, MAX_COUNTED_RANGE},
    search::Search,
};
use crate::{
    Actor, ServiceResult, Services, filters, projects,
    usage::{
        bars::{Bars, floor},
        zone,
    },
};

/// Lengths of bars that are counted call by call, in milliseconds. Each divides a quarter of an hour.
const STEPS: [i64; 6] = [1_000, 5_000, 10_000, 30_000, 60_000, 180_000];
/// Maximum number of these bars.
const MAX_STEPS: i64 = 60;
/// Longest range whose calls are summed by tags, in milliseconds, with a day that has begun.
const MAX_TAGGED_RANGE: i64 = (Group::MAX_TAG_DAYS + 1) * DAY_MILLIS;

/// Counts the calls of `query` that `actor` may see, by time.
pub async fn activity(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<CallActivity> {
    services.wait_until_stored().await;
    let (database, organization, now) = (services.database.read(), &actor.organization, services.now());
    let scope = projects::scope(database, actor, Permission::ViewLogs).await?;
    filters::check(database, organization.id, &scope, &query.filter).await?;
    let zone = zone(organization, query.time_zone.as_deref())?;
    let CountedRange { first, until } = CountedRange::new(services, actor, query).await?;
    let last = until.map_or(now, |until| until.min(now));
    if last.millis() - first.millis() <= MAX_COUNTED_RANGE {
        let ends = (first, until.unwrap_or_else(|| now.plus_millis(1)).min(now.plus_millis(1)));
        if let Some(activity) = count_calls(services, actor, query, ends).await? {
            return Ok(activity);
        }
    }
    let bars = Bars::new(first, until, now, zone);
    // The sums of a series have its outcomes; those of former versions have all of them.
    let outcomes = outcomes(&query.filter);
    let statuses = if outcomes.is_some() { Vec::new() } else { query.filter.statuses.clone() };
    // Tags aren't in rollups, so calls are summed by them, over a range that isn't too long.
    let ignores_tags = !query.filter.tags.is_empty() && last.millis() - first.millis() > MAX_TAGGED_RANGE;
    let tags = if ignores_tags { Vec::new() } else { query.filter.tags.clone() };
    let filter = Filter { statuses, tags, ..query.filter.clone() };
    let sums = bars.sum(database, organization, &scope, &filter).await?;
    let has = |wanted: Outcome| outcomes.as_ref().is_none_or(|outcomes| outcomes.contains(&wanted));
    Ok(CallActivity {
        starts: bars.buckets.starts,
        end: bars.buckets.end,
        counts: sums.into_iter().map(|sums| counts(sums, has)).collect(),
        joins_errors: has(Outcome::Failed) != has(Outcome::Interrupted),
        ignores_bounds: query.bounds != CallBounds::default() || ignores_tags || query.text.is_some(),
    })
}

/// The outcomes that a filter names; `None` if it names others by their status.
fn outcomes(filter: &Filter) -> Option<Vec<Outcome>> {
    if filter.statuses.is_empty() {
        return Some(Outcome::ALL.to_vec());
    }
    let mut outcomes = Vec::new();
    for status in &filter.statuses {
        let StatusFilter::Outcome(filter) = status else { return None };
        outcomes.extend(filter.outcomes());
    }
    Some(outcomes)
}

/// The counts in `sums` of calls with the wanted outcomes.
fn counts(sums: Measures, has: impl Fn(Outcome) -> bool) -> CallCounts {
    let if_wanted = |is_wanted: bool, count: i64| if is_wanted { count } else { 0 };
    CallCounts {
        succeeded: if_wanted(has(Outcome::Succeeded), sums.calls - sums.errors),
        errors: if_wanted(has(Outcome::Failed) || has(Outcome::Interrupted), sums.errors),
        rejected: if_wanted(has(Outcome::Refused), sums.refused),
    }
}

/// Counts calls one by one; `None` if they are too many.
async fn count_calls(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
    (first, after): (Timestamp, Timestamp),
) -> ServiceResult<Option<CallActivity>> {
    let length = after.millis() - first.millis();
    let step = STEPS.into_iter().find(|step| length <= step * MAX_STEPS).unwrap_or(STEPS[STEPS.len() - 1]);
    let start = floor(first, step);
    let end = floor(after.plus_millis(step - 1), step);
    let bars = (end.millis() - start.millis()).max(0) / step;
    let ignores_bounds = query.text.is_some();
    let moments = CallQuery { range: None, from: Some(first), to: Some(after), before: None, ..query.clone() };
    let query = CallQuery { text: None, ..moments };
    let search = Search::new(services, actor, &query).await?;
    let Some(found) = search.count_by_step(services.database.read(), start, step).await? else { return Ok(None) };
    let mut counts = vec![CallCounts::default(); usize::try_from(bars).unwrap_or_default()];
    for (bar, outcome, calls) in found {
        let Some(counts) = usize::try_from(bar).ok().and_then(|bar| counts.get_mut(bar)) else { continue };
        match outcome {
            Outcome::Succeeded => counts.succeeded += calls,
            Outcome::Failed | Outcome::Interrupted => counts.errors += calls,
            Outcome::Refused => counts.rejected += calls,
        }
    }
    let starts = (0..bars).map(|bar| start.plus_millis(bar * step)).collect();
    Ok(Some(CallActivity { starts, end, counts, joins_errors: false, ignores_bounds }))
}
