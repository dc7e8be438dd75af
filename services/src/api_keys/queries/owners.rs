//! Owners of keys, in the detail that the management API returns.

use std::collections::{HashMap, HashSet};

use domain::{
    api_keys::ApiKey,
    ids::UserId,
    permissions::{self, Permission, Reach, Role},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::location::KeyLocation;
use crate::{
    Actor, ServiceResult, Services,
    entities::{memberships, project_members, users},
    projects,
};

/// The user who made a key.
#[derive(Clone, Debug)]
pub struct Owner {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub created_at: Timestamp,
    /// `None` for a user who has left, or is suspended.
    pub role: Option<Role>,
    /// Whether they may manage keys at the location of theirs.
    pub has_access: bool,
}

/// Returns the owners of `keys`, which are all at `location` and visible to the actor.
pub async fn owners(
    services: &Services,
    actor: &Actor,
    location: KeyLocation,
    keys: &[ApiKey],
) -> ServiceResult<HashMap<UserId, Owner>> {
    let database = services.database.read();
    let organization = actor.organization.id.uuid();
    let ids: HashSet<Uuid> = keys.iter().filter_map(|key| key.created_by.as_ref()).map(|by| by.id.uuid()).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = users::Entity::find().filter(users::Column::Id.is_in(ids.iter().copied())).all(database).await?;
    let members = memberships::Entity::find()
        .filter(memberships::Column::OrganizationId.eq(organization))
        .filter(memberships::Column::UserId.is_in(ids.iter().copied()))
        .filter(memberships::Column::SuspendedAt.is_null())
        .all(database)
        .await?;
    let roles: HashMap<Uuid, Role> =
        members.iter().map(|member| Ok((member.user_id, memberships::role(member)?))).collect::<ServiceResult<_>>()?;
    let assigned: HashMap<Uuid, String> = match location {
        KeyLocation::Organization => HashMap::new(),
        KeyLocation::Project(project) => project_members::Entity::find()
            .select_only()
            .columns([project_members::Column::UserId, project_members::Column::Role])
            .filter(project_members::Column::OrganizationId.eq(organization))
            .filter(project_members::Column::ProjectId.eq(project.uuid()))
            .filter(project_members::Column::UserId.is_in(ids))
            .into_tuple::<(Uuid, String)>()
            .all(database)
            .await?
            .into_iter()
            .collect(),
    };
    let owner = |user: users::Model| {
        let role = roles.get(&user.id).copied();
        let owner = Owner {
            id: UserId::new(user.id),
            name: user.name,
            email: user.email,
            created_at: Timestamp::from_millis(user.created_at),
            role,
            has_access: match role
                .and_then(|role| permissions::reach(role, location.permission(Permission::ManageApiKeys)))
            {
                Some(Reach::Organization | Reach::Installation) => true,
                Some(Reach::Managed) => assigned.get(&user.id).is_some_and(|role| role == projects::MANAGER),
                Some(Reach::Assigned | Reach::Own) => assigned.contains_key(&user.id),
                None => false,
            },
        };
        (owner.id, owner)
    };
    Ok(found.into_iter().map(owner).collect())
}
