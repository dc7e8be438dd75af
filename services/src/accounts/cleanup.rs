//! Deletes what is over: sessions, failures to sign in, and where somebody signed in long ago. None of it counts any more,
//! whether it is there or not.
//!
//! By a job, and not by whoever signs in: two who delete what belongs to everybody, each in a transaction with rows of their
//! own, wait for each other for ever now and then.

use domain::time::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::guess_limiter::KNOWN_DAYS;
use crate::{ServiceResult, Services};

/// Rows that are deleted in one transaction.
const ROWS: u64 = 1_000;

/// Deletes sessions that have expired, and failures and networks that count no more.
///
/// # Errors
/// The database can't be written. What was deleted before stays so.
pub async fn delete_expired(services: &Services) -> ServiceResult<()> {
    let now = services.now();
    for (table, key, column, until) in [
        ("sessions", "id", "expires_at", now),
        ("sign_in_failures", "subject", "until", now),
        ("known_networks", "user_id, network", "last_at", now.plus_days(-KNOWN_DAYS)),
    ] {
        // Rows that others pass over meanwhile may make it more than were asked for.
        while delete_some(services, table, key, column, until).await? >= ROWS {}
    }
    Ok(())
}

async fn delete_some(
    services: &Services,
    table: &str,
    key: &str,
    column: &str,
    until: Timestamp,
) -> ServiceResult<u64> {
    let transaction = services.database.begin().await?;
    let backend = transaction.get_database_backend();
    // What somebody holds is for the next time.
    let passing_over = if backend == DbBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {column} <= $1 LIMIT {ROWS} {passing_over})"
    );
    let delete = Statement::from_sql_and_values(backend, sql, [until.millis().into()]);
    let deleted = transaction.execute_raw(delete).await?.rows_affected();
    transaction.commit().await?;
    Ok(deleted)
}
