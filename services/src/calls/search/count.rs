//! Counts the calls of a short range.

use std::collections::BTreeMap;

use domain::{calls::Outcome, time::Timestamp};
use sea_orm::{ConnectionTrait, DatabaseConnection};

use super::Search;
use crate::{ServiceError, ServiceResult, database::Bound};

/// Maximum number of calls to read, matching or not.
const MAX_COUNTED: usize = 20_000;

impl Search {
    /// Counts the calls by outcome and by steps of `step` milliseconds since `start`; `None` if there are too many to
    /// read.
    pub(in crate::calls) async fn count_by_step(
        &self,
        database: &DatabaseConnection,
        start: Timestamp,
        step: i64,
    ) -> ServiceResult<Option<Vec<(i64, Outcome, i64)>>> {
        let range = self.range;
        if !self.newest(database, &range, &format!("OFFSET {MAX_COUNTED}"), 1).await?.is_empty() {
            return Ok(None);
        }
        let mut bound = Bound::new(database.get_database_backend());
        let in_range = range.condition("c", self.organization, &mut bound);
        let condition = self.condition(&mut bound);
        let start = start.millis();
        let sql = format!(
            "SELECT (c.started_at - {start}) / {step} AS step, s.outcome AS outcome, \
             CAST(sum(c.times) AS bigint) AS calls FROM calls c CROSS JOIN series s WHERE {in_range} \
             AND s.organization_id = c.organization_id AND s.id = c.series_id AND {condition} GROUP BY 1, 2"
        );
        let mut counts = Vec::new();
        for row in database.query_all_raw(bound.statement(sql)).await? {
            let outcome: String = row.try_get("", "outcome")?;
            let outcome = outcome.parse().map_err(ServiceError::Internal)?;
            counts.push((row.try_get("", "step")?, outcome, row.try_get("", "calls")?));
        }
        Ok(Some(counts))
    }

    /// Counts the calls by series: calls that weren't rejected, errors among them, and rejected ones. `None` if there are
    /// too many to read.
    pub(in crate::calls) async fn count_by_series(
        &self,
        database: &DatabaseConnection,
    ) -> ServiceResult<Option<BTreeMap<i64, [i64; 3]>>> {
        if !self.newest(database, &self.range, &format!("OFFSET {MAX_COUNTED}"), 1).await?.is_empty() {
            return Ok(None);
        }
        let mut bound = Bound::new(database.get_database_backend());
        let in_range = self.range.condition("c", self.organization, &mut bound);
        let condition = self.condition(&mut bound);
        let sql = format!(
            "SELECT s.id AS series, s.outcome AS outcome, CAST(sum(c.times) AS bigint) AS calls \
             FROM calls c CROSS JOIN series s WHERE {in_range} AND s.organization_id = c.organization_id \
             AND s.id = c.series_id AND {condition} GROUP BY s.id, s.outcome"
        );
        let mut counts = BTreeMap::new();
        for row in database.query_all_raw(bound.statement(sql)).await? {
            let outcome: String = row.try_get("", "outcome")?;
            let calls: i64 = row.try_get("", "calls")?;
            let count = match outcome.parse::<Outcome>().map_err(ServiceError::Internal)? {
                Outcome::Succeeded => [calls, 0, 0],
                Outcome::Failed | Outcome::Interrupted => [calls, calls, 0],
                Outcome::Refused => [0, 0, calls],
            };
            counts.insert(row.try_get("", "series")?, count);
        }
        Ok(Some(counts))
    }
}
