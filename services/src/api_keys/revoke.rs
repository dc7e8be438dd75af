//! Ending a key.

use domain::{
    ids::{ApiKeyId, UserId},
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use serde_json::json;

use super::visible;
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    audit::{self, Author, Deed},
    changes::{self, Change, Kind},
    entities::api_keys,
};

/// Ends a key for good, on every server within a second. Revoking it again changes nothing.
pub async fn revoke(services: &Services, actor: &Actor, id: ApiKeyId) -> ServiceResult<()> {
    let now = services.now();
    let organization = actor.organization.id;
    let transaction = services.database.begin().await?;
    let visible = visible(&transaction, actor, Permission::ManageApiKeys).await?;
    let key = api_keys::of(organization)
        .filter(api_keys::Column::Id.eq(id.uuid()))
        .lock_exclusive()
        .one(&transaction)
        .await?
        .filter(|key| visible.holds(key))
        .ok_or(ServiceError::NotFound)?;
    if key.revoked_at.is_some() {
        return Ok(());
    }
    api_keys::Entity::update_many()
        .col_expr(api_keys::Column::RevokedAt, Expr::value(now.millis()))
        .col_expr(api_keys::Column::RevokedBy, Expr::value(actor.user_id().map(UserId::uuid)))
        .filter(api_keys::Column::OrganizationId.eq(organization.uuid()))
        .filter(api_keys::Column::Id.eq(id.uuid()))
        .exec(&transaction)
        .await?;
    let change = Change { kind: Kind::ApiKey, organization_id: organization, subject_id: id.uuid() };
    changes::announce(&transaction, now, change).await?;
    let deed = Deed::new("api_key.revoked", "api_key", id)
        .before(json!({ "name": key.name, "created_at": Timestamp::from_millis(key.created_at) }))?;
    audit::record(&transaction, now, organization, &Author::from(actor), deed).await?;
    Ok(transaction.commit().await?)
}
