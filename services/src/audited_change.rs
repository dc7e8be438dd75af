//! How a change that somebody makes begins, and how it ends.
//!
//! What is known of somebody when they are let in may be a second old, and can change while they are answered. So whatever
//! the right to a change rests on is read anew in its transaction, and stays as it is until that ends: the organization, the
//! membership with its role and projects, the session; or the key that acts, and the secret that it showed.
//!
//! There is no other way for an [`Actor`] into the audit log, and a test keeps `Database::begin` to those who act for nobody.

use domain::{
    ids::{OrganizationId, SessionId, UserId},
    permissions::{Permission, Role},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::LockType};
use uuid::Uuid;

use crate::{
    Actor, Organization, ServiceError, ServiceResult, Services, Who, api_keys,
    audit::{self, Author, Deed},
    changes::{self, Kind},
    database::DatabaseTransaction,
    entities::{api_keys::Model as ApiKey, memberships, organizations, project_members, sessions},
};

/// Somebody who is changing something of their organization.
pub(crate) struct Acting {
    transaction: DatabaseTransaction,
    actor: Actor,
    now: Timestamp,
    api_key: Option<ApiKey>,
    deeds: Vec<Deed>,
    announced: Vec<(Kind, Uuid)>,
}

impl Acting {
    /// Begins a change that takes one of these permissions.
    ///
    /// Changes of one organization come one after the other: each finds what the one before it left, and none waits for
    /// what another one has locked while that waits for it.
    ///
    /// # Errors
    /// The actor isn't any more what they were let in as, or may not do this (now).
    pub(crate) async fn begin(services: &Services, actor: &Actor, permissions: &[Permission]) -> ServiceResult<Self> {
        // Whoever may not do it anyway makes nobody wait.
        permitted(actor, permissions)?;
        let transaction = services.database.begin().await?;
        let organization = lock_organization(&transaction, actor.organization.id).await?;
        let now = services.now();
        let mut api_key = None;
        let who = match &actor.who {
            Who::CommandLine => Who::CommandLine,
            Who::Member { id, name, session, .. } => {
                lock_session(&transaction, *id, *session, now).await?;
                let role = lock_membership(&transaction, organization.id, *id).await?;
                Who::Member { id: *id, name: name.clone(), role, session: *session }
            }
            Who::ApiKey { id, secret, .. } => {
                let row = api_keys::lock_acting(&transaction, organization.id, (*id, *secret), actor.ip, now).await?;
                let who = api_keys::holder(&row, *secret)?;
                api_key = Some(row);
                who
            }
        };
        let actor = Actor { organization, who, ip: actor.ip };
        permitted(&actor, permissions)?;
        Ok(Self { transaction, actor, now, api_key, deeds: Vec::new(), announced: Vec::new() })
    }

    /// Who acts, and how far they may now.
    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The key that acts, if one does.
    pub(crate) fn api_key(&self) -> Option<&ApiKey> {
        self.api_key.as_ref()
    }

    /// The moment of the change.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn transaction(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// What the audit log is told when the change is done.
    pub(crate) fn tell(&mut self, deed: Deed) {
        self.deeds.push(deed);
    }

    /// What all servers are told when the change is done.
    pub(crate) fn announce(&mut self, kind: Kind, subjects: impl IntoIterator<Item = Uuid>) {
        self.announced.extend(subjects.into_iter().map(|subject| (kind, subject)));
    }

    /// Writes the audit log, announces what changed, and ends the transaction.
    pub(crate) async fn commit(self) -> ServiceResult<()> {
        let (organization, author) = (self.actor.organization.id, Author::from(&self));
        audit::record_all(&self.transaction, self.now, organization, &author, self.deeds).await?;
        // Last of all, so that as little time as can be lies between the announcement and the commit.
        changes::announce(&self.transaction, self.now, organization, self.announced).await?;
        Ok(self.transaction.commit().await?)
    }

    /// Ends it without a trace.
    pub(crate) async fn abandon(self) -> ServiceResult<()> {
        Ok(self.transaction.rollback().await?)
    }
}

impl From<&Acting> for Author {
    fn from(acting: &Acting) -> Self {
        Self::of(&acting.actor)
    }
}

/// Refuses whoever has none of these permissions.
fn permitted(actor: &Actor, permissions: &[Permission]) -> ServiceResult<()> {
    let mut refusal = ServiceError::Internal("a change that takes no permission".to_owned());
    for permission in permissions.iter().rev() {
        match actor.reach(*permission) {
            Ok(_) => return Ok(()),
            Err(refused) => refusal = refused,
        }
    }
    Err(refusal)
}

/// Makes other changes of this organization wait until the transaction ends. What only refers to its row, such as calls
/// that are stored, waits for nothing.
pub(crate) async fn lock_organization(
    transaction: &DatabaseTransaction,
    id: OrganizationId,
) -> ServiceResult<Organization> {
    let row = organizations::Entity::find_by_id(id.uuid()).lock(LockType::NoKeyUpdate).one(transaction).await?;
    row.map(Organization::from).ok_or(ServiceError::NotFound)
}

/// Keeps a member's place as it is, with the projects that are assigned to them; tells their role.
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

/// Keeps a session from being ended. Whether it idled too long was seen when it was shown.
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
