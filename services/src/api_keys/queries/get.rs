//! Loads single keys, and the organization of one.

use domain::{api_keys::ApiKey, ids::ApiKeyId, permissions::Permission};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{figures, visibility::visible_keys};
use crate::{
    Actor, Organization, ServiceError, ServiceResult, Services,
    entities::{api_keys, key_directory, organizations},
};

/// Returns a key that the actor may view.
pub async fn get(services: &Services, actor: &Actor, id: ApiKeyId) -> ServiceResult<ApiKey> {
    check(services, actor, id).await?;
    load(services, &actor.organization, id).await
}

/// Rejects a key that the actor may not view: it is not found.
pub(in crate::api_keys) async fn check(services: &Services, actor: &Actor, id: ApiKeyId) -> ServiceResult<()> {
    let database = services.database.read();
    let visible = visible_keys(database, actor, Permission::ViewApiKeys).await?;
    let row = api_keys::of(actor.organization.id).filter(api_keys::Column::Id.eq(id.uuid())).one(database).await?;
    row.filter(|row| visible.contains(row)).map(drop).ok_or(ServiceError::NotFound)
}

/// Loads a key of this organization, without checking that an actor may view it.
pub(in crate::api_keys) async fn load(
    services: &Services,
    organization: &Organization,
    id: ApiKeyId,
) -> ServiceResult<ApiKey> {
    let found = figures::load(services, organization, &[id.uuid()]).await?;
    found.into_iter().next().ok_or(ServiceError::NotFound)
}

/// Finds the organization of a key, for the operator: in the directory of secrets, which isn't divided by
/// organization.
pub async fn find_organization_of(services: &Services, id: ApiKeyId) -> ServiceResult<Organization> {
    let database = services.database.read();
    let entry =
        key_directory::Entity::find().filter(key_directory::Column::ApiKeyId.eq(id.uuid())).one(database).await?;
    let organization = entry.ok_or(ServiceError::NotFound)?.organization_id;
    let row = organizations::Entity::find_by_id(organization).one(database).await?;
    row.map(Organization::from).ok_or(ServiceError::NotFound)
}
