//! Counts of calls over time, under the filters of a list: the bars above it.
//!
//! Rollups have them for hours and days, however many calls there are. Shorter ranges are counted call by call, unless
//! they hold too many.

use domain::{
    calls::{CallActivity, CallCounts, CallQuery, Outcome, OutcomeFilter},
    permissions::Permission,
    time::Timestamp,
    usage::Measures,
};

use super::{ends::oldest, retention::kept_since, search::Search};
use crate::{
    Actor, ServiceResult, Services, projects,
    usage::{
        bars::{Bars, floor},
        bounds, zone,
    },
    zones,
};

/// Number of days that are counted where the query names none.
const DEFAULT_DAYS: i64 = 30;
/// Longest range that is counted call by call, in milliseconds.
const MAX_COUNTED_RANGE: i64 = 2 * 60 * 60_000;
/// Lengths of bars that are counted call by call, in milliseconds. Each divides a quarter of an hour.
const STEPS: [i64; 6] = [1_000, 5_000, 10_000, 30_000, 60_000, 180_000];
/// Maximum number of these bars.
const MAX_STEPS: i64 = 60;

/// Counts the calls of `query` that `actor` may see, by time.
pub async fn activity(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<CallActivity> {
    services.wait_until_stored().await;
    let (database, organization, now) = (services.database.read(), &actor.organization, services.now());
    let scope = projects::scope(database, actor, Permission::ViewLogs).await?;
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
    let last = until.map_or(now, |until| until.min(now));
    if last.millis() - first.millis() <= MAX_COUNTED_RANGE {
        let ends = (first, until.unwrap_or_else(|| now.plus_millis(1)).min(now.plus_millis(1)));
        if let Some(activity) = count_calls(services, actor, query, ends).await? {
            return Ok(activity);
        }
    }
    let bars = Bars::new(first, until, now, zone);
    let sums = bars.sum(database, organization, &scope, &query.filter).await?;
    Ok(CallActivity {
        starts: bars.buckets.starts,
        end: bars.buckets.end,
        counts: sums.into_iter().map(|sums| counts(sums, query.outcome)).collect(),
        // Rollups don't tell them apart.
        joins_errors: matches!(query.outcome, Some(OutcomeFilter::Only(Outcome::Failed | Outcome::Interrupted))),
    })
}

/// The counts in `sums` of calls with this outcome.
fn counts(sums: Measures, outcome: Option<OutcomeFilter>) -> CallCounts {
    let has = |wanted: Outcome| outcome.is_none_or(|outcome| outcome.outcomes().contains(&wanted));
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
    let query = CallQuery { range: None, from: Some(first), to: Some(after), before: None, ..query.clone() };
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
    Ok(Some(CallActivity { starts, end, counts, joins_errors: false }))
}
