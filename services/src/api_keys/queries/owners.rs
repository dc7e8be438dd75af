//! Who made keys, in the detail that the management API tells.

use std::collections::{HashMap, HashSet};

use domain::{
    api_keys::ApiKey,
    ids::UserId,
    permissions::{self, Permission, Reach, Role},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::location::Place;
use crate::{
    Actor, ServiceResult, Services,
    entities::{memberships, project_members, users},
};

/// Somebody who made a key.
#[derive(Clone, Debug)]
pub struct Owner {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub created_at: Timestamp,
    /// `None` for whoever has left, or is suspended.
    pub role: Option<Role>,
    /// Whether they may manage keys where theirs are.
    pub has_access: bool,
}

/// Those who made `keys`, which are all in `place` and which the asker has seen.
pub async fn owners(
    services: &Services,
    actor: &Actor,
    place: Place,
    keys: &[ApiKey],
) -> ServiceResult<HashMap<UserId, Owner>> {
    let database = services.database.read();
    let organization = actor.organization.id.uuid();
    let ids: HashSet<Uuid> = keys.iter().filter_map(|key| key.created_by.as_ref()).map(|by| by.id.uuid()).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let people = users::Entity::find().filter(users::Column::Id.is_in(ids.iter().copied())).all(database).await?;
    let members = memberships::Entity::find()
        .filter(memberships::Column::OrganizationId.eq(organization))
        .filter(memberships::Column::UserId.is_in(ids.iter().copied()))
        .filter(memberships::Column::SuspendedAt.is_null())
        .all(database)
        .await?;
    let roles: HashMap<Uuid, Role> =
        members.iter().map(|member| Ok((member.user_id, memberships::role(member)?))).collect::<ServiceResult<_>>()?;
    let assigned: HashSet<Uuid> = match place {
        Place::Organization => HashSet::new(),
        Place::Project(project) => project_members::Entity::find()
            .select_only()
            .column(project_members::Column::UserId)
            .filter(project_members::Column::OrganizationId.eq(organization))
            .filter(project_members::Column::ProjectId.eq(project.uuid()))
            .filter(project_members::Column::UserId.is_in(ids))
            .into_tuple::<Uuid>()
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
                .and_then(|role| permissions::reach(role, place.permission(Permission::ManageApiKeys)))
            {
                Some(Reach::Organization) => true,
                Some(Reach::Assigned | Reach::Own) => assigned.contains(&user.id),
                None => false,
            },
        };
        (owner.id, owner)
    };
    Ok(people.into_iter().map(owner).collect())
}
