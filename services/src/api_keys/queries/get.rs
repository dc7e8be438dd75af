//! Loads single keys.

use domain::{api_keys::ApiKey, ids::ApiKeyId, permissions::Permission};
use sea_orm::{ColumnTrait, QueryFilter};

use super::figures;
use crate::api_keys::visible_keys;
use crate::{Actor, Organization, ServiceError, ServiceResult, Services, entities::api_keys};

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
