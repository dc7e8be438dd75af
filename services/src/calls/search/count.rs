//! Counts the calls of a short range by time and outcome.

use domain::{calls::Outcome, time::Timestamp};
use sea_orm::{ConnectionTrait, DatabaseConnection};

use super::{Bounds, Search};
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
        let bounds = Bounds::of(self);
        if !self.newest(database, &bounds, &format!("OFFSET {MAX_COUNTED}"), 1).await?.is_empty() {
            return Ok(None);
        }
        let mut bound = Bound::new(database.get_database_backend());
        let in_bounds = bounds.condition("c", self.organization, &mut bound);
        let condition = self.wanted.as_ref().map_or_else(|| "TRUE".to_owned(), |wanted| wanted.condition(&mut bound));
        let start = start.millis();
        let sql = format!(
            "SELECT (c.started_at - {start}) / {step} AS step, s.outcome AS outcome, \
             CAST(sum(c.times) AS bigint) AS calls FROM calls c CROSS JOIN series s WHERE {in_bounds} \
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
}
