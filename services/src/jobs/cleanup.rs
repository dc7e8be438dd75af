//! Deletes jobs that were over long ago.

use sea_orm::{ConnectionTrait, Statement};

use super::JobState;
use crate::{ServiceResult, Services};

/// Days for which jobs that are done are kept: as long, a cause that is reported again has its job already.
const DONE_RETENTION_DAYS: i64 = 7;
/// Days for which given-up jobs are kept, and can be replayed.
const DEAD_RETENTION_DAYS: i64 = 90;
/// Rows deleted in one transaction.
const BATCH_SIZE: i64 = 2_000;

/// Deletes jobs that were over long ago.
pub async fn delete_old(services: &Services) -> ServiceResult<()> {
    for (state, days) in [(JobState::Done, DONE_RETENTION_DAYS), (JobState::Dead, DEAD_RETENTION_DAYS)] {
        let sql = format!(
            "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state IN (2, 3) AND state = {} \
             AND finished_at < $1 LIMIT {BATCH_SIZE})",
            state as i16
        );
        let before = services.now().plus_days(-days).millis();
        loop {
            let transaction = services.database.begin().await?;
            let statement = Statement::from_sql_and_values(transaction.get_database_backend(), &sql, [before.into()]);
            let deleted = transaction.execute_raw(statement).await?.rows_affected();
            transaction.commit().await?;
            if deleted < BATCH_SIZE.unsigned_abs() {
                break;
            }
        }
    }
    Ok(())
}
