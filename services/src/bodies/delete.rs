//! Deletes the bodies of calls that a filter matches: for a person's request, or after a mistake.
//!
//! The calls stay, and with them all figures.

use std::time::{Duration, Instant};

use domain::{
    bodies::{BODY_DAYS, BodyDeletion},
    calls::{Call, CallQuery},
    ids::OrganizationId,
    permissions::Permission,
};
use sea_orm::ConnectionTrait;
use serde_json::json;
use tokio::time::sleep;

use crate::{
    Actor, ServiceResult, Services, audit::AuditEvent, audited_change::AuditedChange, calls, database::Bound,
    entities::body_sums,
};

/// Calls that are found at once.
const PAGE_SIZE: u64 = 1_000;
/// Calls whose bodies are deleted in one transaction, few enough that calls don't wait for it.
const BATCH_SIZE: usize = 250;
/// Time after which a step ends, so that whoever waits sees how far it is, and can stop it.
const STEP_TIME: Duration = Duration::from_secs(3);
/// Longest pause between two transactions.
const MAX_PAUSE: Duration = Duration::from_millis(200);
/// Time before the oldest kept bodies that is looked at nevertheless: days end at different times.
const MARGIN_DAYS: i64 = 2;

/// Deletes the stored bodies of calls that match `query`, the newest first, for a few seconds. If there may be more,
/// the next step continues with `rest` as the query's `before`.
///
/// Each step is in the audit log, with its filter before it begins, and with the number of calls afterwards.
///
/// # Errors
/// The actor may not manage the organization's settings, or the query is invalid.
pub async fn delete(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<BodyDeletion> {
    actor.reach(Permission::ManageSettings)?;
    // No older call has bodies, and walking through years of calls would take long.
    let oldest = services.now().plus_days(-(i64::from(*BODY_DAYS.end()) + MARGIN_DAYS));
    let query = CallQuery { from: query.from.max(Some(oldest)), ..query.clone() };
    // Checks the query before anything is recorded.
    let mut page = calls::batch(services, actor, &query, PAGE_SIZE).await?;
    record(services, actor, "bodies.deletion_begun", &query, None).await?;
    let begin = Instant::now();
    let mut deletion = BodyDeletion::default();
    loop {
        for batch in page.calls.chunks(BATCH_SIZE) {
            let started = Instant::now();
            deletion.deleted += delete_batch(services, actor.organization.id, batch).await?;
            // Others get their turn: SQLite has a single writer.
            sleep(started.elapsed().min(MAX_PAUSE)).await;
        }
        // A search that took its time may have found no call, and isn't over all the same.
        let Some(next) = page.next(PAGE_SIZE) else { break };
        if begin.elapsed() >= STEP_TIME {
            deletion.rest = Some(next);
            break;
        }
        let rest = CallQuery { before: Some(next), ..query.clone() };
        page = calls::batch(services, actor, &rest, PAGE_SIZE).await?;
    }
    record(services, actor, "bodies.deleted", &query, Some(deletion.deleted)).await?;
    Ok(deletion)
}

/// Adds an entry to the audit log. It has a transaction of its own: one around a whole step would hold up the
/// organization's other changes.
async fn record(
    services: &Services,
    actor: &Actor,
    action: &'static str,
    query: &CallQuery,
    calls: Option<u64>,
) -> ServiceResult<()> {
    let mut change = AuditedChange::begin(services, actor, &[Permission::ManageSettings]).await?;
    let event = AuditEvent::new(action, "organization", actor.organization.id);
    change.record(event.after(json!({ "query": query, "calls": calls }))?);
    change.commit().await
}

/// Deletes the bodies of some calls, and subtracts them from the sums that their quota goes by. Returns their number.
async fn delete_batch(services: &Services, organization: OrganizationId, calls: &[Call]) -> ServiceResult<u64> {
    let transaction = services.database.begin().await?;
    let mut bound = Bound::new(transaction.get_database_backend());
    let owner = bound.value(organization.uuid());
    let among = bound.among_ids(calls.iter().map(|call| call.id.uuid()));
    let sql = format!(
        "DELETE FROM bodies WHERE organization_id = {owner} AND call_id {among} \
         RETURNING expires_day, CAST(length(packed) AS bigint) AS bytes"
    );
    let deleted = transaction.query_all_raw(bound.statement(sql)).await?;
    body_sums::subtract(&transaction, organization, &deleted).await?;
    transaction.commit().await?;
    Ok(deleted.len() as u64)
}
