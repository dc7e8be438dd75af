//! The audit log: who changed what, hash-chained so that nobody changes it unnoticed.

mod chain;
mod verify;

use std::net::IpAddr;

use domain::{
    api_keys::Secret,
    ids::{OrganizationId, UserId},
    time::Timestamp,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

pub use verify::{Break, Verification, verify};

use crate::{
    Actor, ServiceError, ServiceResult, Who,
    database::DatabaseTransaction,
    entities::{audit_entries, audit_heads},
};

/// Who an entry says it was.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    kind: &'static str,
    id: Option<Uuid>,
    name: String,
    ip: Option<IpAddr>,
}

impl Author {
    pub(crate) fn member(id: UserId, name: &str, ip: Option<IpAddr>) -> Self {
        Self { kind: "member", id: Some(id.uuid()), name: name.to_owned(), ip }
    }

    /// For [`Acting`](crate::acting::Acting) only, which has locked what the actor's rights rest on.
    pub(crate) fn of(actor: &Actor) -> Self {
        match &actor.who {
            Who::Member { id, name, .. } => Self::member(*id, name, actor.ip),
            Who::ApiKey { id, name, .. } => {
                Self { kind: "api_key", id: Some(id.uuid()), name: name.clone(), ip: actor.ip }
            }
            Who::CommandLine => Self::command_line(),
        }
    }

    /// Whoever runs commands on the server.
    pub(crate) fn command_line() -> Self {
        Self { kind: "command_line", id: None, name: "Command line".to_owned(), ip: None }
    }

    /// Whoever it was that didn't know a password.
    pub(crate) fn somebody(ip: Option<IpAddr>) -> Self {
        Self { kind: "somebody", id: None, name: "Somebody".to_owned(), ip }
    }

    /// Somebody who found a key where it shouldn't be.
    pub(crate) fn leak_report() -> Self {
        Self { kind: "leak_report", id: None, name: "Leak report".to_owned(), ip: None }
    }
}

/// What was done, to what. Never holds a secret.
#[derive(Clone)]
pub(crate) struct Deed {
    /// Such as `api_key.created`.
    pub(crate) action: &'static str,
    pub(crate) target_kind: &'static str,
    pub(crate) target_id: String,
    /// What is worth knowing of the target, as JSON, before and after.
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

impl Deed {
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
    value(state).map(|value| value.to_string())
}

/// What an entry tells of something, field by field.
pub(crate) fn value(state: impl Serialize) -> ServiceResult<Value> {
    serde_json::to_value(state).map_err(|error| ServiceError::Internal(format!("audit entry: {error}")))
}

/// Appends an entry to `organization`'s chain, in the transaction of what it tells of.
///
/// The chain's head stays locked until the transaction ends: do this late in it.
pub(crate) async fn record(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: OrganizationId,
    author: &Author,
    deed: Deed,
) -> ServiceResult<()> {
    record_all(transaction, now, organization, author, vec![deed]).await
}

/// Entries that are stored by one statement.
const AT_ONCE: usize = 500;

/// Appends entries of one author to `organization`'s chain, in their order.
pub(crate) async fn record_all(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: OrganizationId,
    author: &Author,
    deeds: Vec<Deed>,
) -> ServiceResult<()> {
    if deeds.is_empty() {
        return Ok(());
    }
    let mut head = lock_head(transaction, organization).await?;
    let mut entries = Vec::with_capacity(deeds.len());
    for deed in deeds {
        let entry = entry(now, &head, author, deed);
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
        let rest = entries.split_off(entries.len().min(AT_ONCE));
        audit_entries::Entity::insert_many(entries).exec_without_returning(transaction).await?;
        entries = rest;
    }
    Ok(())
}

/// The entry that follows `head`. Secrets are masked before it is hashed.
fn entry(now: Timestamp, head: &audit_heads::Model, author: &Author, deed: Deed) -> audit_entries::Model {
    let mut entry = audit_entries::Model {
        organization_id: head.organization_id,
        sequence: head.sequence + 1,
        at: now.millis(),
        actor_kind: author.kind.to_owned(),
        actor_id: author.id,
        actor_name: Secret::redact(&author.name),
        action: deed.action.to_owned(),
        target_kind: deed.target_kind.to_owned(),
        target_id: Secret::redact(&deed.target_id),
        ip: author.ip.map(|ip| ip.to_string()).unwrap_or_default(),
        before: deed.before.as_deref().map(Secret::redact),
        after: deed.after.as_deref().map(Secret::redact),
        previous_hash: head.hash.clone(),
        hash: Vec::new(),
    };
    entry.hash = chain::hash(&entry);
    entry
}

/// Appends the same entry to several organizations' chains, such as a sign-in to those of all the user's.
pub(crate) async fn record_everywhere(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    mut organizations: Vec<OrganizationId>,
    author: &Author,
    deed: impl Fn() -> Deed,
) -> ServiceResult<()> {
    // Always in the same order, so that two who do this at once can't wait for each other.
    organizations.sort_unstable();
    for organization in organizations {
        record(transaction, now, organization, author, deed()).await?;
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
