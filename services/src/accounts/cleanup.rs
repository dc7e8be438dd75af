//! Deletes expired sessions, sign-in failures and known networks, which don't count any more in any case.
//!
//! A job does it: concurrent sign-ins that deleted shared rows, each in a transaction with rows of its own,
//! would deadlock at times.

use domain::time::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::guess_limiter::KNOWN_DAYS;
use crate::{ServiceResult, Services};

/// Rows deleted in one transaction.
const BATCH_SIZE: u64 = 1_000;

/// Deletes expired sessions, and failures and networks that don't count any more.
///
/// # Errors
/// The database can't be written. What was deleted before stays so.
pub async fn delete_expired(services: &Services) -> ServiceResult<()> {
    let now = services.now();
    for (table, key, column, until) in [
        ("sessions", "id", "expires_at", now),
        ("ended_sessions", "id", "expires_at", now),
        ("sign_in_failures", "subject", "until", now),
        ("known_networks", "user_id, network", "last_at", now.plus_days(-KNOWN_DAYS)),
    ] {
        // Rows that concurrent jobs skip may make it more than the limit.
        while delete_batch(services, table, key, column, until).await? >= BATCH_SIZE {}
    }
    Ok(())
}

async fn delete_batch(
    services: &Services,
    table: &str,
    key: &str,
    column: &str,
    until: Timestamp,
) -> ServiceResult<u64> {
    let transaction = services.database.begin().await?;
    let backend = transaction.get_database_backend();
    // Locked rows are left for the next time.
    let skip_locked = if backend == DbBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {column} <= $1 LIMIT {BATCH_SIZE} {skip_locked})"
    );
    let delete = Statement::from_sql_and_values(backend, sql, [until.millis().into()]);
    let deleted = transaction.execute_raw(delete).await?.rows_affected();
    transaction.commit().await?;
    Ok(deleted)
}
