//! Replays jobs that were given up.

use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::json;
use uuid::Uuid;

use super::{JobState, enqueue::announce};
use crate::{
    OperatorSource, ServiceResult, Services,
    audit::{self, AuditAuthor, AuditEvent},
    database::Bound,
};

#[derive(FromQueryResult)]
struct Replayed {
    id: Uuid,
    kind: String,
    cause: String,
}

/// Lets given-up jobs wait again, with all their attempts: those with these ids, or all of a kind. Each is recorded in
/// the installation's audit chain. Returns how many there were.
pub async fn replay(services: &Services, ids: &[Uuid], kind: Option<&str>) -> ServiceResult<usize> {
    let now = services.now();
    let transaction = services.database.begin().await?;
    let mut bound = Bound::new(transaction.get_database_backend());
    let due_at = bound.value(now.millis());
    let mut condition = String::new();
    if !ids.is_empty() {
        condition = format!(" AND id {}", bound.among_ids(ids.iter().copied()));
    }
    if let Some(kind) = kind {
        condition += &format!(" AND kind = {}", bound.value(kind));
    }
    let sql = format!(
        "UPDATE jobs SET state = {}, attempts = 0, due_at = {due_at}, finished_at = NULL \
         WHERE state IN (2, 3) AND state = {}{condition} RETURNING id, kind, cause",
        JobState::Waiting as i16,
        JobState::Dead as i16,
    );
    let replayed = Replayed::find_by_statement(bound.statement(sql)).all(&transaction).await?;
    let events = replayed.iter().map(|job| {
        AuditEvent::new("job.replayed", "job", job.id).after(json!({ "kind": job.kind, "cause": job.cause }))
    });
    let events = events.collect::<ServiceResult<Vec<_>>>()?;
    if !events.is_empty() {
        let author = AuditAuthor::operator(OperatorSource::CommandLine);
        audit::record_installation(&transaction, now, &author, events).await?;
        announce(services, &transaction).await?;
    }
    transaction.commit().await?;
    Ok(replayed.len())
}
