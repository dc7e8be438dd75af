//! Transactions of an actor's changes, with their audit entries and announcements.
//!
//! The data that authorized a request may be a second old, and can change while the request is handled. So
//! the rows that the permission depends on are read again and locked in the change's transaction: the
//! organization, the membership with its role and projects, and the session; or the acting key and the secret
//! of the request.
//!
//! This is the only way for an [`Actor`] into the audit log; a test restricts `Database::begin` to code that
//! acts for no actor.

mod acting_key;

use domain::{
    ids::{OrganizationId, SessionId, UserId},
    permissions::{Permission, Role},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::LockType};
use uuid::Uuid;

use crate::{
    Actor, ActorKind, Organization, ServiceError, ServiceResult, Services,
    audit::{self, AuditAuthor, AuditEvent},
    changes::{self, ChangeKind},
    database::DatabaseTransaction,
    entities::{api_keys::Model as ApiKey, memberships, organizations, project_members, sessions},
};

/// A change that an actor makes in their organization, in a transaction.
pub(crate) struct AuditedChange {
    transaction: DatabaseTransaction,
    actor: Actor,
    now: Timestamp,
    api_key: Option<ApiKey>,
    events: Vec<AuditEvent>,
    announcements: Vec<(ChangeKind, Uuid)>,
}

impl AuditedChange {
    /// Begins a change that requires one of these permissions.
    ///
    /// Changes of one organization run one after another: each sees the result of the one before it, and none
    /// can deadlock with another.
    ///
    /// # Errors
    /// The actor's membership, session or key is no longer valid, or lacks the permissions (now).
    pub(crate) async fn begin(services: &Services, actor: &Actor, permissions: &[Permission]) -> ServiceResult<Self> {
        // Checked before the lock too, so that actors without permission block no one.
        require_any(actor, permissions)?;
        let transaction = services.database.begin().await?;
        let organization = lock_organization(&transaction, actor.organization.id).await?;
        let now = services.now();
        let mut api_key = None;
        let kind = match &actor.kind {
            ActorKind::Operator(_) | ActorKind::System(_) => actor.kind.clone(),
            ActorKind::Member { id, name, session, .. } => {
                lock_session(&transaction, *id, *session, now).await?;
                let role = lock_membership(&transaction, organization.id, *id).await?;
                ActorKind::Member { id: *id, name: name.clone(), role, session: *session }
            }
            ActorKind::ApiKey { id, secret, .. } => {
                let row = acting_key::lock_acting(&transaction, organization.id, (*id, *secret), actor.ip, now).await?;
                let kind = acting_key::key_actor(&row, *secret)?;
                api_key = Some(row);
                kind
            }
        };
        let actor = Actor { organization, kind, ip: actor.ip };
        require_any(&actor, permissions)?;
        Ok(Self { transaction, actor, now, api_key, events: Vec::new(), announcements: Vec::new() })
    }

    /// The actor, with their current permissions.
    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The row of the acting key, if the actor is a key.
    pub(crate) fn api_key(&self) -> Option<&ApiKey> {
        self.api_key.as_ref()
    }

    /// The time of the change.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn transaction(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// Adds an entry that is written to the audit log on commit.
    pub(crate) fn record(&mut self, event: AuditEvent) {
        self.events.push(event);
    }

    /// Adds announcements to all servers, which are made on commit.
    pub(crate) fn announce(&mut self, kind: ChangeKind, subjects: impl IntoIterator<Item = Uuid>) {
        self.announcements.extend(subjects.into_iter().map(|subject| (kind, subject)));
    }

    /// Writes the audit entries and announcements, and commits the transaction.
    pub(crate) async fn commit(self) -> ServiceResult<()> {
        let (organization, author) = (self.actor.organization.id, AuditAuthor::from(&self));
        audit::record_all(&self.transaction, self.now, organization, &author, self.events).await?;
        // Last, so that the announcement precedes the commit by as little time as possible.
        changes::announce(&self.transaction, self.now, organization, self.announcements).await?;
        Ok(self.transaction.commit().await?)
    }

    /// Rolls the transaction back, without entries and announcements.
    pub(crate) async fn roll_back(self) -> ServiceResult<()> {
        Ok(self.transaction.rollback().await?)
    }
}

impl From<&AuditedChange> for AuditAuthor {
    fn from(change: &AuditedChange) -> Self {
        Self::of(&change.actor)
    }
}

/// Rejects actors that have none of these permissions.
fn require_any(actor: &Actor, permissions: &[Permission]) -> ServiceResult<()> {
    let mut error = ServiceError::Internal("a change that takes no permission".to_owned());
    for permission in permissions.iter().rev() {
        match actor.reach(*permission) {
            Ok(_) => return Ok(()),
            Err(forbidden) => error = forbidden,
        }
    }
    Err(error)
}

/// Locks an organization, so that its other changes wait until the transaction ends. Inserts that only refer
/// to its row, such as calls, don't wait.
pub(crate) async fn lock_organization(
    transaction: &DatabaseTransaction,
    id: OrganizationId,
) -> ServiceResult<Organization> {
    let row = organizations::Entity::find_by_id(id.uuid()).lock(LockType::NoKeyUpdate).one(transaction).await?;
    row.map(Organization::from).ok_or(ServiceError::NotFound)
}

/// Locks a membership and its assigned projects against changes; returns the role.
async fn lock_membership(
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
    user: UserId,
) -> ServiceResult<Role> {
    let membership = memberships::Entity::find_by_id((organization.uuid(), user.uuid()))
        .filter(memberships::Column::SuspendedAt.is_null())
        .lock_shared()
        .one(transaction)
        .await?
        .ok_or(ServiceError::NotFound)?;
    project_members::Entity::find()
        .filter(project_members::Column::OrganizationId.eq(organization.uuid()))
        .filter(project_members::Column::UserId.eq(user.uuid()))
        .order_by_asc(project_members::Column::ProjectId)
        .lock_shared()
        .all(transaction)
        .await?;
    memberships::role(&membership)
}

/// Locks a session against its end. Its idle time was checked when the request was authenticated.
async fn lock_session(
    transaction: &DatabaseTransaction,
    user: UserId,
    session: Option<SessionId>,
    now: Timestamp,
) -> ServiceResult<()> {
    let Some(session) = session else { return Ok(()) };
    sessions::Entity::find_by_id(session.uuid())
        .filter(sessions::Column::UserId.eq(user.uuid()))
        .filter(sessions::Column::ExpiresAt.gt(now.millis()))
        .lock_shared()
        .one(transaction)
        .await?
        .map(drop)
        .ok_or(ServiceError::Unauthenticated)
}
