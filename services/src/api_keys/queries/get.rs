//! One key.

use domain::{api_keys::ApiKey, ids::ApiKeyId, permissions::Permission};
use sea_orm::{ColumnTrait, QueryFilter};

use super::figures;
use crate::api_keys::visible;
use crate::{Actor, Organization, ServiceError, ServiceResult, Services, entities::api_keys};

/// A key that the asker may see.
pub async fn get(services: &Services, actor: &Actor, id: ApiKeyId) -> ServiceResult<ApiKey> {
    check(services, actor, id).await?;
    shown(services, &actor.organization, id).await
}

/// Says that there is no such key where the asker may not see it.
pub(in crate::api_keys) async fn check(services: &Services, actor: &Actor, id: ApiKeyId) -> ServiceResult<()> {
    let database = services.database.read();
    let visible = visible(database, actor, Permission::ViewApiKeys).await?;
    let row = api_keys::of(actor.organization.id).filter(api_keys::Column::Id.eq(id.uuid())).one(database).await?;
    row.filter(|row| visible.holds(row)).map(drop).ok_or(ServiceError::NotFound)
}

/// A key of this organization as it stands, whoever asks.
pub(in crate::api_keys) async fn shown(
    services: &Services,
    organization: &Organization,
    id: ApiKeyId,
) -> ServiceResult<ApiKey> {
    let found = figures::load(services, organization, &[id.uuid()]).await?;
    found.into_iter().next().ok_or(ServiceError::NotFound)
}
