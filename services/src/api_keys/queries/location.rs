//! Keys by their locations, as in the paths of the management API.

use domain::{
    api_keys::{ApiKey, Level},
    ids::{ApiKeyId, ProjectId},
    permissions::Permission,
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter};
use uuid::Uuid;

use super::{conditions::KeyConditions, figures, get, visibility::visible_keys};
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    entities::{api_keys, projects},
};

/// The location of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyLocation {
    /// The organization itself, of admin keys.
    Organization,
    /// The project of any other key.
    Project(ProjectId),
}

impl KeyLocation {
    /// The permission that corresponds to `permission` (to view or to manage keys) for keys at this location.
    pub const fn permission(self, permission: Permission) -> Permission {
        match (self, permission) {
            (Self::Project(_), _) => permission,
            (Self::Organization, Permission::ViewApiKeys) => Permission::ViewAdminKeys,
            (Self::Organization, _) => Permission::ManageAdminKeys,
        }
    }

    /// Whether `key` belongs here.
    fn contains(self, key: &api_keys::Model) -> bool {
        match self {
            Self::Organization => key.level == Level::Admin.name(),
            Self::Project(id) => key.project_id == Some(id.uuid()),
        }
    }
}

/// A cursor for listing the keys of a location in the order of creation. Revoked keys are left out.
#[derive(Clone, Copy, Debug)]
pub struct KeyCursor {
    /// Only keys that follow this one are listed.
    pub after: Option<ApiKeyId>,
    pub limit: u64,
    /// Whether the newest come first.
    pub descending: bool,
}

/// Returns keys of `location`, and whether there are more.
pub async fn page(
    services: &Services,
    actor: &Actor,
    location: KeyLocation,
    cursor: KeyCursor,
) -> ServiceResult<(Vec<ApiKey>, bool)> {
    check_location(services, actor, location, Permission::ViewApiKeys).await?;
    let visible = visible_keys(services.database.read(), actor, Permission::ViewApiKeys).await?;
    let mut keys = KeyConditions::visible(services, actor.organization.id, &visible);
    keys.and("k.revoked_at IS NULL");
    match location {
        KeyLocation::Organization => keys.and(format!("k.level = '{}'", Level::Admin)),
        KeyLocation::Project(id) => {
            let id = keys.value(id.uuid());
            keys.and(format!("k.project_id = {id}"));
        }
    }
    // Ids are in the order of creation.
    let (follows, order) = if cursor.descending { ("<", "DESC") } else { (">", "ASC") };
    if let Some(after) = cursor.after {
        let after = keys.value(after.uuid());
        keys.and(format!("k.id {follows} {after}"));
    }
    let rest = format!("ORDER BY k.id {order} LIMIT {}", cursor.limit + 1);
    let rows = services.database.read().query_all_raw(keys.statement("SELECT k.id FROM api_keys k", &rest)).await?;
    let mut ids: Vec<Uuid> = rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?;
    let has_more = ids.len() as u64 > cursor.limit;
    ids.truncate(usize::try_from(cursor.limit).unwrap_or(usize::MAX));
    Ok((figures::load(services, &actor.organization, &ids).await?, has_more))
}

/// Returns the key, if it is at `location` and not revoked.
pub async fn get_at(services: &Services, actor: &Actor, location: KeyLocation, id: ApiKeyId) -> ServiceResult<ApiKey> {
    check_key(services, actor, location, Permission::ViewApiKeys, id).await?;
    get::load(services, &actor.organization, id).await
}

/// Rejects a key that isn't at `location`, that is revoked, or that `actor` may not manage: it is not found.
pub async fn require_manageable(
    services: &Services,
    actor: &Actor,
    location: KeyLocation,
    id: ApiKeyId,
) -> ServiceResult<()> {
    check_key(services, actor, location, Permission::ManageApiKeys, id).await
}

/// Rejects a location that doesn't exist or where `actor` may not make keys.
pub async fn require(services: &Services, actor: &Actor, location: KeyLocation) -> ServiceResult<()> {
    check_location(services, actor, location, Permission::ManageApiKeys).await
}

async fn check_location(
    services: &Services,
    actor: &Actor,
    location: KeyLocation,
    permission: Permission,
) -> ServiceResult<()> {
    actor.reach(location.permission(permission))?;
    let KeyLocation::Project(id) = location else { return Ok(()) };
    let database = services.database.read();
    let row = projects::of(actor.organization.id).filter(projects::Column::Id.eq(id.uuid())).one(database).await?;
    row.map(drop).ok_or(ServiceError::NotFound)
}

async fn check_key(
    services: &Services,
    actor: &Actor,
    location: KeyLocation,
    permission: Permission,
    id: ApiKeyId,
) -> ServiceResult<()> {
    check_location(services, actor, location, permission).await?;
    let database = services.database.read();
    let visible = visible_keys(database, actor, permission).await?;
    let key = api_keys::of(actor.organization.id).filter(api_keys::Column::Id.eq(id.uuid())).one(database).await?;
    let key = key.filter(|key| visible.contains(key) && location.contains(key) && key.revoked_at.is_none());
    key.map(drop).ok_or(ServiceError::NotFound)
}
