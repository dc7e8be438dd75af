//! Claims jobs for a runner, and keeps the claims alive.

use domain::time::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use serde_json::json;
use uuid::Uuid;

use super::{Job, JobState};
use crate::{
    ServiceResult,
    database::{Bound, Connections},
};

const WAITING: i16 = JobState::Waiting as i16;
const RUNNING: i16 = JobState::Running as i16;

/// When the next job of each of these kinds is due, for those that have one waiting.
pub(super) async fn next_due(database: &Connections, kinds: &[&str]) -> ServiceResult<Vec<(String, Timestamp)>> {
    let read = database.read();
    let mut bound = Bound::new(read.get_database_backend());
    let kinds = bound.rows(json!(kinds).to_string(), "w");
    let kind = if database.is_postgres() { "w.value #>> '{}'" } else { "w.value" };
    let sql = format!(
        "SELECT kind, due_at FROM (SELECT {kind} AS kind, (SELECT min(j.due_at) FROM jobs j \
         WHERE j.state = {WAITING} AND j.kind = {kind}) AS due_at FROM {kinds}) n WHERE due_at IS NOT NULL"
    );
    let rows = read.query_all_raw(bound.statement(sql)).await?;
    rows.iter().map(|row| Ok((row.try_get("", "kind")?, Timestamp::from_millis(row.try_get("", "due_at")?)))).collect()
}

/// Claims up to `count` due jobs of a kind until `until`, the longest due first.
pub(super) async fn claim(
    database: &Connections,
    runner: Uuid,
    kind: &str,
    count: usize,
    (now, until): (Timestamp, Timestamp),
) -> ServiceResult<Vec<Job>> {
    let transaction = database.begin().await?;
    // SQLite has one writer, so nothing can be skipped there.
    let skip = if database.is_postgres() { "FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "UPDATE jobs SET state = {RUNNING}, attempts = attempts + 1, claimed_by = $1, claimed_until = $2 \
         WHERE id IN (SELECT id FROM jobs WHERE state = {WAITING} AND kind = $3 AND due_at <= $4 \
         ORDER BY due_at LIMIT $5 {skip}) \
         RETURNING id, kind, cause, organization_id, payload, attempts"
    );
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let values = [runner.into(), until.millis().into(), kind.into(), now.millis().into(), count.into()];
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    let jobs = Job::find_by_statement(statement).all(&transaction).await?;
    transaction.commit().await?;
    Ok(jobs)
}

/// Extends all claims of a runner.
pub(super) async fn extend(database: &Connections, runner: Uuid, until: Timestamp) -> ServiceResult<()> {
    let sql = format!("UPDATE jobs SET claimed_until = $1 WHERE state = {RUNNING} AND claimed_by = $2");
    execute(database, sql, [until.millis().into(), runner.into()]).await.map(drop)
}

/// Makes jobs wait again whose claim has run out, since their runner is gone. Returns how many.
pub(super) async fn release_abandoned(database: &Connections, now: Timestamp) -> ServiceResult<u64> {
    let sql = format!(
        "UPDATE jobs SET state = {WAITING}, claimed_by = NULL, claimed_until = NULL, due_at = $1, \
         error = 'its server ended' WHERE state = {RUNNING} AND claimed_until < $2"
    );
    execute(database, sql, [now.millis().into(), now.millis().into()]).await
}

/// Makes the jobs of a runner that ends wait again, without counting the attempt.
pub(super) async fn release_all(database: &Connections, runner: Uuid) -> ServiceResult<u64> {
    let sql = format!(
        "UPDATE jobs SET state = {WAITING}, attempts = attempts - 1, claimed_by = NULL, claimed_until = NULL \
         WHERE state = {RUNNING} AND claimed_by = $1"
    );
    execute(database, sql, [runner.into()]).await
}

async fn execute<const N: usize>(
    database: &Connections,
    sql: String,
    values: [sea_orm::Value; N],
) -> ServiceResult<u64> {
    let transaction = database.begin().await?;
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    let changed = transaction.execute_raw(statement).await?.rows_affected();
    transaction.commit().await?;
    Ok(changed)
}
