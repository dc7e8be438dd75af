//! The days and hours in which calls may be within bounds, by rollups.
//!
//! The calls of a series that cost less than a dollar in a whole day don't contain one that cost a dollar, and the
//! histogram says whether any took ten seconds. So a search for a few expensive or slow calls reads some rollups, and only
//! the hours in which they may be.

use domain::{
    calls::CallBounds,
    ids::CallId,
    time::{DAY_MILLIS, Timestamp},
    usage::LATENCY_BOUNDS_MS,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult};
use uuid::Uuid;

use super::{Search, id_range::IdRange};
use crate::{ServiceResult, database::Bound, usage::resolution::Resolution};

const HOUR_MILLIS: i64 = 60 * 60_000;
/// Maximum length of a day, where clocks go back; also two hours for zones that once changed by two.
const MAX_DAY_MILLIS: i64 = 26 * HOUR_MILLIS;
/// Maximum length of consecutive days whose hours are looked up together.
const MAX_DAYS_MILLIS: i64 = 8 * DAY_MILLIS;
/// Factor by which each window is longer than the one before it.
const WINDOW_GROWTH: i64 = 4;

impl Search {
    /// The parts of the search's range down to `lowest` in which days are looked up, newest first. Each is longer than
    /// those before: frequent calls are found in the first, and few are all of the time.
    pub(super) fn windows(&self, lowest: Uuid) -> Vec<IdRange> {
        let mut windows = Vec::new();
        let mut before = self.range.before;
        let mut end = before.map_or(self.now, |before| CallId::new(before).started_at().min(self.now));
        let mut days: i64 = 1;
        loop {
            let begin = end.plus_days(-days);
            let from = CallId::lower_bound(begin).uuid().max(lowest);
            windows.push(IdRange { from: Some(from), before });
            if from == lowest {
                windows.retain(|window| !window.is_empty());
                return windows;
            }
            (before, end, days) = (Some(from), begin, days * WINDOW_GROWTH);
        }
    }

    /// The parts of `window` in whose days there may be matching calls, newest first.
    pub(super) async fn candidate_days(
        &self,
        database: &DatabaseConnection,
        window: IdRange,
    ) -> ServiceResult<Vec<IdRange>> {
        if !self.tags.is_empty() {
            // Rollups don't know tags, which have an index.
            return Ok(vec![window]);
        }
        let days = self.candidate_buckets(database, Resolution::Day, window, MAX_DAY_MILLIS).await?;
        Ok(join(window, &days, MAX_DAY_MILLIS, MAX_DAYS_MILLIS))
    }

    /// The parts of `days` in whose hours there may be matching calls, newest first.
    pub(super) async fn candidate_hours(
        &self,
        database: &DatabaseConnection,
        days: IdRange,
    ) -> ServiceResult<Vec<IdRange>> {
        if !self.tags.is_empty() {
            return Ok(vec![days]);
        }
        let hours = self.candidate_buckets(database, Resolution::Hour, days, HOUR_MILLIS).await?;
        Ok(join(days, &hours, HOUR_MILLIS, i64::MAX))
    }

    /// Finds the buckets with rollups of matching calls, newest first.
    async fn candidate_buckets(
        &self,
        database: &DatabaseConnection,
        resolution: Resolution,
        range: IdRange,
        length: i64,
    ) -> ServiceResult<Vec<Timestamp>> {
        let mut bound = Bound::new(database.get_database_backend());
        let organization = bound.value(self.organization.uuid());
        let resolution = resolution.number();
        let millis = |id| CallId::new(id).started_at().millis();
        // The first bucket may begin before the range.
        let from = bound.value(range.from.map_or(0, |from| millis(from) - length));
        let to = bound.value(range.before.map_or(i64::MAX, |before| millis(before).saturating_add(1)));
        let condition =
            self.wanted.as_ref().map_or_else(|| "TRUE".to_owned(), |wanted| wanted.rollup_condition(&mut bound));
        let may_match = may_match(&self.bounds);
        let sql = format!(
            "SELECT DISTINCT b.bucket AS bucket FROM (SELECT r.bucket FROM rollups r CROSS JOIN series s \
             WHERE r.organization_id = {organization} AND r.resolution = {resolution} AND r.bucket >= {from} \
             AND r.bucket < {to} AND s.organization_id = {organization} AND s.id = r.series_id AND {condition} \
             GROUP BY r.bucket, r.series_id HAVING {may_match}) b ORDER BY b.bucket DESC"
        );
        let rows = database.query_all_raw(bound.statement(sql)).await?;
        let bucket = |row: &QueryResult| row.try_get("", "bucket").map(Timestamp::from_millis);
        Ok(rows.iter().map(bucket).collect::<Result<_, _>>()?)
    }
}

/// The parts of `range` that are within buckets of at most this length, joined up to a greatest length. Buckets and parts
/// are in descending order, and no two parts overlap.
fn join(range: IdRange, buckets: &[Timestamp], length: i64, max_length: i64) -> Vec<IdRange> {
    let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
    for from in buckets {
        let to = from.plus_millis(length);
        match spans.last_mut() {
            Some((begin, end)) if to >= *begin && end.millis().saturating_sub(from.millis()) <= max_length => {
                *begin = *from;
            }
            Some((begin, _)) => {
                let to = to.min(*begin);
                spans.push((*from, to));
            }
            None => spans.push((*from, to)),
        }
    }
    spans.into_iter().map(|(from, to)| range.within(from, to)).filter(|part| !part.is_empty()).collect()
}

/// The condition that sums of rollups `r` of one series and bucket, by whatever servers, leave room for a call within the
/// bounds. As floats, sums can't overflow; the bounds are a little wider, since floats are rounded.
fn may_match(bounds: &CallBounds) -> String {
    let CallBounds { cost, duration_us, tokens } = bounds;
    let sum = |column: &str| format!("sum(CAST(r.{column} AS double precision))");
    let wider = |min: i64| min - min / 1_000;
    let mut conditions = vec!["TRUE".to_owned()];
    if let Some(min) = cost.min {
        conditions.push(format!("{} >= {}", sum("cost_nanos"), wider(min.nanos())));
    }
    if let Some(min) = tokens.min {
        conditions.push(format!("{} + {} >= {}", sum("tokens_in"), sum("tokens_out"), wider(min)));
    }
    if duration_us.min.or(duration_us.max).is_some() {
        let bin = |micros: i64| LATENCY_BOUNDS_MS.partition_point(|bound| bound * 1_000 < micros);
        let (first, last) = (bin(duration_us.min.unwrap_or(0)), bin(duration_us.max.unwrap_or(i64::MAX)));
        // Rejected calls aren't in the histogram.
        let bins: String = (first..=last).map(|bin| format!(" + r.latency_{bin}")).collect();
        conditions.push(format!("sum(r.refused{bins}) > 0"));
    }
    conditions.join(" AND ")
}

#[cfg(test)]
mod tests {
    use domain::{calls::Bounds, money::Money};

    use super::*;

    fn hour(number: i64) -> Timestamp {
        Timestamp::from_millis(number * HOUR_MILLIS)
    }

    #[test]
    fn neighbours_are_joined_and_no_two_parts_overlap() {
        let all = IdRange { from: None, before: None };
        let parts = |range: IdRange, buckets: &[i64], length: i64, max: i64| {
            let buckets: Vec<Timestamp> = buckets.iter().copied().map(hour).collect();
            let hours = |id: Option<Uuid>| id.map(|id| CallId::new(id).started_at().millis() / HOUR_MILLIS);
            let parts = join(range, &buckets, length * HOUR_MILLIS, max);
            parts.into_iter().map(|part| (hours(part.from).unwrap(), hours(part.before).unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(parts(all, &[9, 8, 5], 1, i64::MAX), [(8, 10), (5, 6)]);
        assert_eq!(parts(all.within(hour(6), hour(9)), &[9, 8, 5], 1, i64::MAX), [(8, 9)]);
        // Days of up to 26 hours, at most two together.
        assert_eq!(parts(all, &[96, 72, 48, 0], 26, 50 * HOUR_MILLIS), [(72, 122), (48, 72), (0, 26)]);
        assert!(parts(all, &[], 1, i64::MAX).is_empty());
    }

    #[test]
    fn only_least_values_and_bins_say_where_calls_may_be() {
        let bounds = CallBounds::default();
        assert_eq!(may_match(&bounds), "TRUE");
        let cost = Bounds { min: Some(Money::from_nanos(2_000)), max: Some(Money::from_nanos(9_000)) };
        assert_eq!(
            may_match(&CallBounds { cost, ..bounds.clone() }),
            "TRUE AND sum(CAST(r.cost_nanos AS double precision)) >= 1998"
        );
        let duration_us = Bounds { min: Some(30_000_001), max: None };
        assert_eq!(
            may_match(&CallBounds { duration_us, ..bounds }),
            "TRUE AND sum(r.refused + r.latency_12 + r.latency_13) > 0"
        );
    }
}
