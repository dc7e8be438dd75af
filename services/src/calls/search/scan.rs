//! Scans calls for what isn't a matter of their series: cost, latency, tokens, tags, folded names.
//!
//! Rollups say where such calls may be ([`super::candidates`]). There, calls are read some thousands at a time, newest
//! first, until the page is full or the time is over. Then the answer says how far the search has come, and the next
//! page goes on from there: no search takes longer, whatever is asked for, and none leaves out a call in silence.

use std::time::{Duration, Instant};

use domain::{calls::CallBounds, ids::CallId, money::Money, usage::Filter};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{
    Search,
    id_range::{IdRange, ids},
};
use crate::{ServiceResult, database::Bound, usage::tag_condition};

/// Maximum number of calls that one statement reads.
const MAX_READ: usize = 10_000;
/// Time after which a search stops; the statement that runs is finished first.
const MAX_TIME: Duration = Duration::from_secs(1);

impl Search {
    /// Finds the newest `limit` calls, or those of them that are found in time. Then it also returns where it stopped.
    pub(super) async fn scan(
        &self,
        database: &DatabaseConnection,
        limit: u64,
    ) -> ServiceResult<(Vec<Uuid>, Option<CallId>)> {
        let deadline = Instant::now() + MAX_TIME;
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut ids = Vec::new();
        let Some(lowest) = self.lowest(database).await? else { return Ok((ids, None)) };
        for window in self.windows(lowest) {
            for days in self.candidate_days(database, window).await? {
                for hours in self.candidate_hours(database, days).await? {
                    let stop = self.scan_part(database, hours, size, deadline, &mut ids).await?;
                    if ids.len() >= size {
                        return Ok((ids, None));
                    }
                    if let Some(stop) = stop {
                        return Ok((ids, Some(stop)));
                    }
                }
                if let Some(stop) = days.from.filter(|from| *from > lowest && Instant::now() >= deadline) {
                    return Ok((ids, Some(CallId::new(stop))));
                }
            }
            if let Some(stop) = window.from.filter(|from| *from > lowest && Instant::now() >= deadline) {
                return Ok((ids, Some(CallId::new(stop))));
            }
        }
        Ok((ids, None))
    }

    /// Adds the calls of a part to `found` until these are `size`. Returns where it stopped for lack of time, if it did.
    async fn scan_part(
        &self,
        database: &DatabaseConnection,
        mut rest: IdRange,
        size: usize,
        deadline: Instant,
        found: &mut Vec<Uuid>,
    ) -> ServiceResult<Option<CallId>> {
        loop {
            let end = self.end_of_part(database, &rest).await?;
            let part = rest.down_to(end);
            found.extend(self.find_in_part(database, &part, size - found.len()).await?);
            if found.len() >= size {
                return Ok(None);
            }
            if let Some(stop) = part.from.filter(|_| Instant::now() >= deadline) {
                return Ok(Some(CallId::new(stop)));
            }
            let Some(end) = end else { return Ok(None) };
            rest.before = Some(end);
        }
    }

    /// The lowest id of the search; `None` if there is no call.
    async fn lowest(&self, database: &DatabaseConnection) -> ServiceResult<Option<Uuid>> {
        if self.range.from.is_some() {
            return Ok(self.range.from);
        }
        let mut bound = Bound::new(database.get_database_backend());
        let in_range = self.range.condition("c", self.organization, &mut bound);
        let sql = format!("SELECT c.id FROM calls c WHERE {in_range} ORDER BY c.id LIMIT 1");
        Ok(ids(database, bound, sql).await?.pop())
    }

    /// The lowest id of the part of `range` that one statement reads; `None` if it can read the whole.
    async fn end_of_part(&self, database: &DatabaseConnection, range: &IdRange) -> ServiceResult<Option<Uuid>> {
        if !self.tags.is_empty() {
            return self.end_of_tagged_part(database, range).await;
        }
        Ok(self.newest(database, range, &format!("OFFSET {}", MAX_READ - 1), 1).await?.pop())
    }

    /// Finds the newest calls of a part.
    async fn find_in_part(
        &self,
        database: &DatabaseConnection,
        part: &IdRange,
        limit: usize,
    ) -> ServiceResult<Vec<Uuid>> {
        let mut bound = Bound::new(database.get_database_backend());
        let in_range = part.condition("c", self.organization, &mut bound);
        let organization = bound.value(self.organization.uuid());
        let condition = self.condition(&mut bound);
        let among_tagged = self.among_tagged(part, &mut bound);
        let sql = format!(
            "SELECT c.id FROM calls c CROSS JOIN series s WHERE {in_range}{among_tagged} \
             AND s.organization_id = {organization} AND s.id = c.series_id AND {condition} \
             ORDER BY c.id DESC LIMIT {limit}"
        );
        ids(database, bound, sql).await
    }

    /// The condition that call `c` of series `s` matches.
    pub(super) fn condition(&self, bound: &mut Bound) -> String {
        let mut conditions = Vec::new();
        if let Some(wanted) = &self.wanted {
            conditions.push(wanted.wide_condition(bound));
            conditions.extend(wanted.call_condition(bound));
        }
        if !self.tags.is_empty() {
            let filter = Filter { tags: self.tags.clone(), ..Filter::default() };
            let organization = bound.value(self.organization.uuid());
            conditions.push(tag_condition(&organization, &filter, bound));
        }
        conditions.extend(bounds_conditions(&self.bounds, bound));
        if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") }
    }
}

/// The conditions that call `c` of series `s` is within the bounds. Nothing that isn't known is within any.
pub(in crate::calls) fn bounds_conditions(bounds: &CallBounds, bound: &mut Bound) -> Vec<String> {
    let CallBounds { cost, duration_us, tokens } = bounds;
    let mut conditions = Vec::new();
    for (comparison, cost) in [(">=", cost.min), ("<=", cost.max)] {
        conditions
            .extend(cost.map(Money::nanos).map(|nanos| format!("c.cost_nanos {comparison} {}", bound.value(nanos))));
    }
    for (comparison, micros) in [(">=", duration_us.min), ("<=", duration_us.max)] {
        conditions.extend(micros.map(|micros| format!("c.duration_us {comparison} {}", bound.value(micros))));
    }
    if duration_us.min.or(duration_us.max).is_some() {
        // The duration of calls that a server's end cut off isn't known.
        conditions.push("coalesce(c.status, s.status) <> 0".to_owned());
    }
    for (comparison, tokens) in [(">=", tokens.min), ("<=", tokens.max)] {
        // A difference can't overflow, as a sum could.
        conditions
            .extend(tokens.map(|tokens| format!("c.tokens_in {comparison} {} - c.tokens_out", bound.value(tokens))));
    }
    conditions
}
