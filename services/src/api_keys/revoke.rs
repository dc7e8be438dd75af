//! Ending keys.

use domain::{
    errors::FieldErrors,
    ids::{ApiKeyId, UserId},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use uuid::Uuid;

use super::{bounds, locked};
use crate::{
    Actor, ServiceResult, Services,
    audit::{self, Author, Deed},
    changes::{self, Kind},
    entities::api_keys,
};

/// How many keys can be revoked at once.
pub const MOST_AT_ONCE: usize = 500;

/// Ends keys for good, on every server within a second: all of them, or none. Revoking one again changes nothing.
pub async fn revoke(services: &Services, actor: &Actor, ids: &[ApiKeyId]) -> ServiceResult<()> {
    if ids.len() > MOST_AT_ONCE {
        return Err(FieldErrors::of("ids", format!("Choose at most {MOST_AT_ONCE} keys.")).into());
    }
    let now = services.now();
    let organization = actor.organization.id;
    let transaction = services.database.begin().await?;
    bounds::of(&transaction, actor, now).await?;
    let mut keys = locked::all(&transaction, actor, ids).await?;
    keys.retain(|key| key.revoked_at.is_none());
    if keys.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = keys.iter().map(|key| key.id).collect();
    api_keys::Entity::update_many()
        .col_expr(api_keys::Column::RevokedAt, Expr::value(now.millis()))
        .col_expr(api_keys::Column::RevokedBy, Expr::value(actor.user_id().map(UserId::uuid)))
        .filter(api_keys::Column::OrganizationId.eq(organization.uuid()))
        .filter(api_keys::Column::Id.is_in(ids.iter().copied()))
        .exec(&transaction)
        .await?;
    changes::announce(&transaction, now, organization, Kind::ApiKey, ids).await?;
    let deed = |key: &api_keys::Model| {
        let before = json!({ "name": key.name, "created_at": Timestamp::from_millis(key.created_at) });
        Deed::new("api_key.revoked", "api_key", ApiKeyId::new(key.id)).before(before)
    };
    let deeds = keys.iter().map(deed).collect::<ServiceResult<Vec<_>>>()?;
    audit::record_all(&transaction, now, organization, &Author::from(actor), deeds).await?;
    Ok(transaction.commit().await?)
}
