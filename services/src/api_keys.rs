//! API keys.

mod create;
pub mod directory;
mod list;
mod revoke;

use domain::{
    api_keys::Status,
    ids::{ApiKeyId, OrganizationId, ProjectId},
    permissions::{Permission, Reach},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

pub use create::create;
pub use list::list;
pub(crate) use list::{count_active, refs};
pub use revoke::revoke;

use crate::{
    Actor, Organization, ServiceError, ServiceResult, Services,
    entities::{api_keys, organizations},
    projects,
};

/// Which keys somebody's permission reaches.
enum Visible {
    All,
    /// Those they made, in these projects.
    Own {
        maker: uuid::Uuid,
        projects: projects::Scope,
    },
}

impl Visible {
    fn holds(&self, key: &api_keys::Model) -> bool {
        match self {
            Self::All => true,
            Self::Own { maker, projects } => {
                key.created_by == Some(*maker) && key.project_id.is_some_and(|id| projects.holds(ProjectId::new(id)))
            }
        }
    }
}

async fn visible(database: &impl ConnectionTrait, actor: &Actor, permission: Permission) -> ServiceResult<Visible> {
    match (actor.reach(permission)?, actor.user_id()) {
        (Reach::Organization, _) => Ok(Visible::All),
        (Reach::Assigned | Reach::Own, None) => Err(ServiceError::Forbidden("Only a member can do this.".to_owned())),
        (Reach::Assigned | Reach::Own, Some(maker)) => {
            let projects = projects::scope(database, actor, permission).await?;
            Ok(Visible::Own { maker: maker.uuid(), projects })
        }
    }
}

/// What has become of `key`, of whose secrets `secrets` can still be used.
fn status(key: &api_keys::Model, secrets: usize, now: Timestamp) -> Status {
    if key.revoked_at.is_some() {
        Status::Revoked
    } else if key.disabled_at.is_some() {
        Status::Disabled
    } else if key.expires_at.is_some_and(|at| at <= now.millis()) {
        Status::Expired
    } else if secrets > 1 {
        Status::Rotating
    } else {
        Status::Active
    }
}

/// The organization that a key belongs to, for whoever runs the server.
pub async fn find_organization_of(services: &Services, id: ApiKeyId) -> ServiceResult<Organization> {
    let database = services.database.read();
    let key = api_keys::Entity::find().filter(api_keys::Column::Id.eq(id.uuid())).one(database).await?;
    let organization = OrganizationId::new(key.ok_or(ServiceError::NotFound)?.organization_id);
    let row = organizations::Entity::find_by_id(organization.uuid()).one(database).await?;
    row.map(Organization::from).ok_or(ServiceError::NotFound)
}
