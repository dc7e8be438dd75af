//! The audit log, hash-chained so that tampering is detected.
//!
//! Each organization has a chain. So has the installation: of what the operator does outside organizations, and
//! of what concerns users of no organization.

mod author;
mod chain;
mod verify;

use std::collections::BTreeSet;

use domain::{api_keys::Secret, ids::OrganizationId, time::Timestamp};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

pub(crate) use author::AuditAuthor;
pub use verify::{ChainBreak, ChainVerification, verify};

use crate::{
    ServiceError, ServiceResult,
    database::DatabaseTransaction,
    entities::{audit_entries, audit_heads},
};

/// A chain of entries.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum AuditChain {
    Installation,
    Organization(OrganizationId),
}

impl AuditChain {
    /// The organization's id in the chain's rows; nil for the installation.
    fn uuid(self) -> Uuid {
        match self {
            Self::Installation => Uuid::nil(),
            Self::Organization(id) => id.uuid(),
        }
    }
}

impl From<OrganizationId> for AuditChain {
    fn from(id: OrganizationId) -> Self {
        Self::Organization(id)
    }
}

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
    append(transaction, now, AuditChain::Organization(organization), author, events).await
}

/// Appends entries to the installation's chain, in their order: for the operator's acts outside organizations.
pub(crate) async fn record_installation(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    author: &AuditAuthor,
    events: Vec<AuditEvent>,
) -> ServiceResult<()> {
    append(transaction, now, AuditChain::Installation, author, events).await
}

async fn append(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    chain: AuditChain,
    author: &AuditAuthor,
    events: Vec<AuditEvent>,
) -> ServiceResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut head = lock_head(transaction, chain).await?;
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

/// Appends an entry to several chains, such as a sign-in to those of all the user's organizations; without any,
/// to the installation's.
pub(crate) async fn record_everywhere(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    chains: impl IntoIterator<Item = impl Into<AuditChain>>,
    author: &AuditAuthor,
    event: impl Fn() -> AuditEvent,
) -> ServiceResult<()> {
    // Always in one order, so that concurrent transactions can't deadlock.
    let mut chains: BTreeSet<AuditChain> = chains.into_iter().map(Into::into).collect();
    if chains.is_empty() {
        chains.insert(AuditChain::Installation);
    }
    for chain in chains {
        append(transaction, now, chain, author, vec![event()]).await?;
    }
    Ok(())
}

/// Returns the target's fields after the newest entry about it in the installation's chain, as JSON.
pub(crate) async fn last_state(
    transaction: &DatabaseTransaction,
    target_kind: &str,
    target_id: &str,
) -> ServiceResult<Option<String>> {
    let newest = audit_entries::Entity::find()
        .filter(audit_entries::Column::OrganizationId.eq(AuditChain::Installation.uuid()))
        .filter(audit_entries::Column::TargetId.eq(target_id))
        .filter(audit_entries::Column::TargetKind.eq(target_kind))
        .order_by_desc(audit_entries::Column::Sequence)
        .one(transaction)
        .await?;
    Ok(newest.and_then(|entry| entry.after))
}

async fn lock_head(transaction: &DatabaseTransaction, chain: AuditChain) -> ServiceResult<audit_heads::Model> {
    let head = || audit_heads::Entity::find_by_id(chain.uuid()).lock_exclusive().one(transaction);
    if let Some(head) = head().await? {
        return Ok(head);
    }
    let first = audit_heads::ActiveModel {
        organization_id: Set(chain.uuid()),
        sequence: Set(0),
        hash: Set(chain::GENESIS.to_vec()),
    };
    let insert = audit_heads::Entity::insert(first)
        .on_conflict(OnConflict::column(audit_heads::Column::OrganizationId).do_nothing().to_owned());
    transaction.execute(&sea_orm::QueryTrait::into_query(insert)).await?;
    head().await?.ok_or_else(|| ServiceError::Internal(format!("{chain:?} has no head")))
}
