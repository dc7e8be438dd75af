//! Keys where the management API's paths say that they are.

use domain::{
    api_keys::{ApiKey, Level},
    ids::{ApiKeyId, ProjectId},
    permissions::Permission,
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter};
use uuid::Uuid;

use super::{conditions::Selection, figures, get};
use crate::api_keys::visible;
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    entities::{api_keys, projects},
};

/// Where a key belongs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// An admin key.
    Organization,
    /// Any other.
    Project(ProjectId),
}

impl Place {
    /// What `permission` on keys, to view or to manage them, is called for those of this place.
    pub(in crate::api_keys) const fn permission(self, permission: Permission) -> Permission {
        match (self, permission) {
            (Self::Project(_), _) => permission,
            (Self::Organization, Permission::ViewApiKeys) => Permission::ViewAdminKeys,
            (Self::Organization, _) => Permission::ManageAdminKeys,
        }
    }

    /// Whether `key` belongs there.
    fn holds(self, key: &api_keys::Model) -> bool {
        match self {
            Self::Organization => key.level == Level::Admin.name(),
            Self::Project(id) => key.project_id == Some(id.uuid()),
        }
    }
}

/// Which keys of a place to list, by when they were made. Revoked ones are as if they weren't there.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    /// Only those that follow this one.
    pub after: Option<ApiKeyId>,
    pub limit: u64,
    /// The newest first.
    pub descending: bool,
}

/// So many keys of `place`, and whether there are more.
pub async fn page(
    services: &Services,
    actor: &Actor,
    place: Place,
    cursor: Cursor,
) -> ServiceResult<(Vec<ApiKey>, bool)> {
    find(services, actor, place, Permission::ViewApiKeys).await?;
    let visible = visible(services.database.read(), actor, Permission::ViewApiKeys).await?;
    let mut keys = Selection::visible(services, actor.organization.id, &visible);
    keys.and("k.revoked_at IS NULL");
    match place {
        Place::Organization => keys.and(format!("k.level = '{}'", Level::Admin)),
        Place::Project(id) => {
            let id = keys.value(id.uuid());
            keys.and(format!("k.project_id = {id}"));
        }
    }
    // Ids are ordered by when they were made.
    let (follows, order) = if cursor.descending { ("<", "DESC") } else { (">", "ASC") };
    if let Some(after) = cursor.after {
        let after = keys.value(after.uuid());
        keys.and(format!("k.id {follows} {after}"));
    }
    let rest = format!("ORDER BY k.id {order} LIMIT {}", cursor.limit + 1);
    let rows = services.database.read().query_all_raw(keys.statement("SELECT k.id FROM api_keys k", &rest)).await?;
    let mut ids: Vec<Uuid> = rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?;
    let more = ids.len() as u64 > cursor.limit;
    ids.truncate(usize::try_from(cursor.limit).unwrap_or(usize::MAX));
    Ok((figures::load(services, &actor.organization, &ids).await?, more))
}

/// The key, if it is in `place` and not revoked.
pub async fn at(services: &Services, actor: &Actor, place: Place, id: ApiKeyId) -> ServiceResult<ApiKey> {
    find_key(services, actor, place, Permission::ViewApiKeys, id).await?;
    get::shown(services, &actor.organization, id).await
}

/// Whether the key is in `place` and `actor` may manage it. One that isn't, or is revoked, is as if it didn't exist.
pub async fn check(services: &Services, actor: &Actor, place: Place, id: ApiKeyId) -> ServiceResult<()> {
    find_key(services, actor, place, Permission::ManageApiKeys, id).await
}

/// Whether `place` exists, and `actor` may make keys there.
pub async fn enter(services: &Services, actor: &Actor, place: Place) -> ServiceResult<()> {
    find(services, actor, place, Permission::ManageApiKeys).await
}

async fn find(services: &Services, actor: &Actor, place: Place, permission: Permission) -> ServiceResult<()> {
    actor.reach(place.permission(permission))?;
    let Place::Project(id) = place else { return Ok(()) };
    let database = services.database.read();
    let row = projects::of(actor.organization.id).filter(projects::Column::Id.eq(id.uuid())).one(database).await?;
    row.map(drop).ok_or(ServiceError::NotFound)
}

async fn find_key(
    services: &Services,
    actor: &Actor,
    place: Place,
    permission: Permission,
    id: ApiKeyId,
) -> ServiceResult<()> {
    find(services, actor, place, permission).await?;
    let database = services.database.read();
    let visible = visible(database, actor, permission).await?;
    let key = api_keys::of(actor.organization.id).filter(api_keys::Column::Id.eq(id.uuid())).one(database).await?;
    let key = key.filter(|key| visible.holds(key) && place.holds(key) && key.revoked_at.is_none());
    key.map(drop).ok_or(ServiceError::NotFound)
}
