//! Ending keys.

use domain::{
    errors::FieldErrors,
    ids::{ApiKeyId, UserId},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use uuid::Uuid;

use super::lock;
use crate::api_keys::queries::descendants;
use crate::{
    Actor, ServiceError, ServiceResult, Services, audit::Deed, audited_change::Acting, changes::Kind,
    entities::api_keys,
};

/// How many keys can be revoked at once, their descendants apart.
pub const MOST_AT_ONCE: usize = 500;
/// Keys that one statement changes.
const IN_ONE_STATEMENT: usize = 500;

/// Ends keys for good, on every server within a second: all of them, or none. Revoking one again changes nothing.
pub async fn revoke(services: &Services, actor: &Actor, ids: &[ApiKeyId]) -> ServiceResult<()> {
    end(services, actor, ids, false).await.map(drop)
}

/// The same, and whatever these keys made, or gave a secret to, ends with them; tells which those are. Refused where they
/// aren't all the actor's to revoke.
pub async fn revoke_with_descendants(
    services: &Services,
    actor: &Actor,
    ids: &[ApiKeyId],
) -> ServiceResult<Vec<ApiKeyId>> {
    end(services, actor, ids, true).await
}

async fn end(
    services: &Services,
    actor: &Actor,
    ids: &[ApiKeyId],
    with_descendants: bool,
) -> ServiceResult<Vec<ApiKeyId>> {
    if ids.len() > MOST_AT_ONCE {
        return Err(FieldErrors::of("ids", format!("Choose at most {MOST_AT_ONCE} keys.")).into());
    }
    let mut acting = Acting::begin(services, actor, &lock::MANAGING).await?;
    let mut keys = lock::all(&acting, ids).await?;
    let mut descendants = Vec::new();
    if with_descendants {
        // The keys are locked: from here on they make no more.
        descendants = descendants::all(services, acting.transaction(), actor.organization.id, ids).await?;
        let hidden = |error| match error {
            ServiceError::NotFound => {
                let why = "Some of the keys that these made aren't yours to revoke. Nothing was revoked.";
                ServiceError::Forbidden(why.to_owned())
            }
            other => other,
        };
        keys.extend(lock::all(&acting, &descendants).await.map_err(hidden)?);
    }
    keys.retain(|key| key.revoked_at.is_none());
    for keys in keys.chunks(IN_ONE_STATEMENT) {
        revoke_some(&mut acting, keys).await?;
    }
    acting.commit().await?;
    Ok(descendants)
}

async fn revoke_some(acting: &mut Acting, keys: &[api_keys::Model]) -> ServiceResult<()> {
    let (now, actor) = (acting.now(), acting.actor());
    let ids: Vec<Uuid> = keys.iter().map(|key| key.id).collect();
    api_keys::Entity::update_many()
        .col_expr(api_keys::Column::RevokedAt, Expr::value(now.millis()))
        .col_expr(api_keys::Column::RevokedBy, Expr::value(actor.user_id().map(UserId::uuid)))
        .filter(api_keys::Column::OrganizationId.eq(actor.organization.id.uuid()))
        .filter(api_keys::Column::Id.is_in(ids.iter().copied()))
        .exec(acting.transaction())
        .await?;
    for key in keys {
        let before = json!({ "name": key.name, "created_at": Timestamp::from_millis(key.created_at) });
        acting.tell(Deed::new("api_key.revoked", "api_key", ApiKeyId::new(key.id)).before(before)?);
    }
    acting.announce(Kind::ApiKey, ids);
    Ok(())
}
