//! Revokes keys.

use domain::{
    errors::FieldErrors,
    ids::{ApiKeyId, UserId},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use uuid::Uuid;

use super::lock;
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    api_keys::{MAX_REVOKED_AT_ONCE, queries::descendants},
    audit::AuditEvent,
    audited_change::AuditedChange,
    changes::ChangeKind,
    entities::api_keys,
};

/// Keys revoked by one statement.
const BATCH_SIZE: usize = 500;

/// Revokes keys, on every server within a second: all of them, or none. Revoking one again changes nothing.
pub async fn revoke(services: &Services, actor: &Actor, ids: &[ApiKeyId]) -> ServiceResult<()> {
    revoke_all(services, actor, ids, false).await.map(drop)
}

/// Revokes keys together with their descendants, the keys that they made or gave a secret to, and returns the
/// ids of those. Rejected unless all of them are the actor's to revoke.
pub async fn revoke_with_descendants(
    services: &Services,
    actor: &Actor,
    ids: &[ApiKeyId],
) -> ServiceResult<Vec<ApiKeyId>> {
    revoke_all(services, actor, ids, true).await
}

async fn revoke_all(
    services: &Services,
    actor: &Actor,
    ids: &[ApiKeyId],
    with_descendants: bool,
) -> ServiceResult<Vec<ApiKeyId>> {
    if ids.len() > MAX_REVOKED_AT_ONCE {
        return Err(FieldErrors::of("ids", format!("Choose at most {MAX_REVOKED_AT_ONCE} keys.")).into());
    }
    let mut change = AuditedChange::begin(services, actor, &lock::MANAGE_PERMISSIONS).await?;
    let mut keys = lock::lock_all(&change, ids).await?;
    let mut descendants = Vec::new();
    if with_descendants {
        // The keys are locked, and can make no more.
        descendants = descendants::find_ids(services, change.transaction(), actor.organization.id, ids).await?;
        let explain = |error| match error {
            ServiceError::NotFound => {
                let message = "You can't revoke some of the keys that these keys created. Nothing was revoked.";
                ServiceError::Forbidden(message.to_owned())
            }
            other => other,
        };
        keys.extend(lock::lock_all(&change, &descendants).await.map_err(explain)?);
    }
    keys.retain(|key| key.revoked_at.is_none());
    for keys in keys.chunks(BATCH_SIZE) {
        revoke_batch(&mut change, keys).await?;
    }
    change.commit().await?;
    Ok(descendants)
}

async fn revoke_batch(change: &mut AuditedChange, keys: &[api_keys::Model]) -> ServiceResult<()> {
    let (now, actor) = (change.now(), change.actor());
    let ids: Vec<Uuid> = keys.iter().map(|key| key.id).collect();
    api_keys::Entity::update_many()
        .col_expr(api_keys::Column::RevokedAt, Expr::value(now.millis()))
        .col_expr(api_keys::Column::RevokedBy, Expr::value(actor.user_id().map(UserId::uuid)))
        .filter(api_keys::Column::OrganizationId.eq(actor.organization.id.uuid()))
        .filter(api_keys::Column::Id.is_in(ids.iter().copied()))
        .exec(change.transaction())
        .await?;
    for key in keys {
        let before = json!({ "name": key.name, "created_at": Timestamp::from_millis(key.created_at) });
        change.record(AuditEvent::new("api_key.revoked", "api_key", ApiKeyId::new(key.id)).before(before)?);
    }
    change.announce(ChangeKind::ApiKey, ids);
    Ok(())
}
