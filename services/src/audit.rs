//! The audit log, hash-chained so that tampering is detected.

mod author;
mod chain;
mod verify;

use domain::{api_keys::Secret, ids::OrganizationId, time::Timestamp};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use serde::Serialize;
use serde_json::Value;

pub(crate) use author::AuditAuthor;
pub use verify::{ChainBreak, ChainVerification, verify};

use crate::{
    ServiceError, ServiceResult,
    database::DatabaseTransaction,
    entities::{audit_entries, audit_heads},
};

/// An action and its target, to be recorded. Never contains a secret.
#[derive(Clone)]
pub(crate) struct AuditEvent {
    /// Name of the action, such as `api_key.created`.
    pub(crate) action: &'static str,
    pub(crate) target_kind: &'static str,
    pub(crate) target_id: String,
    /// Relevant fields of the target before the action, as JSON.
    pub(crate) before: Option<String>,
    /// Relevant fields of the target after the action, as JSON.
    pub(crate) after: Option<String>,
}

impl AuditEvent {
    pub(crate) fn new(action: &'static str, target_kind: &'static str, target_id: impl ToString) -> Self {
        Self { action, target_kind, target_id: target_id.to_string(), before: None, after: None }
    }

    pub(crate) fn before(mut self, state: impl Serialize) -> ServiceResult<Self> {
        self.before = Some(json(state)?);
        Ok(self)
    }

    pub(crate) fn after(mut self, state: impl Serialize) -> ServiceResult<Self> {
        self.after = Some(json(state)?);
        Ok(self)
    }
}

fn json(state: impl Serialize) -> ServiceResult<String> {
    to_value(state).map(|value| value.to_string())
}

/// Serializes a state for an entry, field by field.
pub(crate) fn to_value(state: impl Serialize) -> ServiceResult<Value> {
    serde_json::to_value(state).map_err(|error| ServiceError::Internal(format!("audit entry: {error}")))
}

/// Appends an entry to `organization`'s chain, in the transaction of the recorded action.
///
/// The chain's head stays locked until the transaction ends, so this should come late in it.
pub(crate) async fn record(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: OrganizationId,
    author: &AuditAuthor,
    event: AuditEvent,
) -> ServiceResult<()> {
    record_all(transaction, now, organization, author, vec![event]).await
}

/// Maximum number of entries inserted by one statement.
const BATCH_SIZE: usize = 500;

/// Appends entries of one author to `organization`'s chain, in their order.
pub(crate) async fn record_all(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: OrganizationId,
    author: &AuditAuthor,
    events: Vec<AuditEvent>,
) -> ServiceResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut head = lock_head(transaction, organization).await?;
    let mut entries = Vec::with_capacity(events.len());
    for event in events {
        let entry = next_entry(now, &head, author, event);
        head.sequence = entry.sequence;
        head.hash.clone_from(&entry.hash);
        entries.push(audit_entries::ActiveModel::from(entry));
    }
    audit_heads::Entity::update_many()
        .col_expr(audit_heads::Column::Sequence, Expr::value(head.sequence))
        .col_expr(audit_heads::Column::Hash, Expr::value(head.hash))
        .filter(audit_heads::Column::OrganizationId.eq(head.organization_id))
        .exec(transaction)
        .await?;
    while !entries.is_empty() {
        let rest = entries.split_off(entries.len().min(BATCH_SIZE));
        audit_entries::Entity::insert_many(entries).exec_without_returning(transaction).await?;
        entries = rest;
    }
    Ok(())
}

/// Makes the entry that follows `head`. Secrets are masked before it is hashed.
fn next_entry(
    now: Timestamp,
    head: &audit_heads::Model,
    author: &AuditAuthor,
    event: AuditEvent,
) -> audit_entries::Model {
    let mut entry = audit_entries::Model {
        organization_id: head.organization_id,
        sequence: head.sequence + 1,
        at: now.millis(),
        actor_kind: author.kind.to_owned(),
        actor_id: author.id,
        actor_name: Secret::redact(&author.name),
        action: event.action.to_owned(),
        target_kind: event.target_kind.to_owned(),
        target_id: Secret::redact(&event.target_id),
        ip: author.ip.map(|ip| ip.to_string()).unwrap_or_default(),
        before: event.before.as_deref().map(Secret::redact),
        after: event.after.as_deref().map(Secret::redact),
        previous_hash: head.hash.clone(),
        hash: Vec::new(),
    };
    entry.hash = chain::hash(&entry);
    entry
}

/// Appends an entry to the chains of several organizations, such as a sign-in to those of all the user's.
pub(crate) async fn record_everywhere(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    mut organizations: Vec<OrganizationId>,
    author: &AuditAuthor,
    event: impl Fn() -> AuditEvent,
) -> ServiceResult<()> {
    // Always in one order, so that concurrent transactions can't deadlock.
    organizations.sort_unstable();
    for organization in organizations {
        record(transaction, now, organization, author, event()).await?;
    }
    Ok(())
}

async fn lock_head(
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
) -> ServiceResult<audit_heads::Model> {
    let head = || audit_heads::Entity::find_by_id(organization.uuid()).lock_exclusive().one(transaction);
    if let Some(head) = head().await? {
        return Ok(head);
    }
    let first = audit_heads::ActiveModel {
        organization_id: Set(organization.uuid()),
        sequence: Set(0),
        hash: Set(chain::GENESIS.to_vec()),
    };
    let insert = audit_heads::Entity::insert(first)
        .on_conflict(OnConflict::column(audit_heads::Column::OrganizationId).do_nothing().to_owned());
    transaction.execute(&sea_orm::QueryTrait::into_query(insert)).await?;
    head().await?.ok_or_else(|| ServiceError::Internal(format!("{organization} has no audit chain")))
}
