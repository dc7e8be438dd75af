//! Giving a key a new secret, while the old one lives on for a while.
//!
//! A key has one secret without an end, the newest. Rotating gives that one an end, and makes another: at most two work
//! at any moment. Secrets that have ended stay known, so that whoever still uses one is told what happened.

use domain::{
    api_keys::{ApiKey, Level, RotatedApiKey, Rotation, Secret, validated_grace},
    ids::ApiKeyId,
    time::Timestamp,
};
use serde_json::json;

use super::{delegation, lock, secrets};
use crate::api_keys::queries::get;
use crate::{
    Actor, ServiceError, ServiceResult, Services, audit::Deed, audited_change::Acting, changes::Kind,
    entities::key_secrets,
};

/// Gives a key a new secret, which is in the answer and never told again; the key stays what it is. The same request
/// again makes no other, and is answered without the secret.
pub async fn rotate(
    services: &Services,
    actor: &Actor,
    id: ApiKeyId,
    rotation: Rotation,
) -> ServiceResult<RotatedApiKey> {
    let rotation = rotation.validated()?;
    // As it is stored.
    let rotation = Rotation { request: rotation.request.as_deref().map(Secret::redact), ..rotation };
    let mut acting = Acting::begin(services, actor, &lock::MANAGING).await?;
    let now = acting.now();
    // Locked: of requests that come at once, on whatever servers, each sees what the one before it did.
    let key = lock::one(&acting, id).await?;
    let found = secrets::of(acting.transaction(), actor.organization.id, id).await?;
    if rotation.request.is_some() && found.iter().any(|secret| secret.request == rotation.request) {
        acting.abandon().await?;
        let api_key = get::shown(services, &actor.organization, id).await?;
        return Ok(RotatedApiKey { api_key, secret: None });
    }
    lock::require_usable(&key, now)?;
    delegation::of(&acting)?.check(&key)?;
    if let Some(end) = secrets::old(&found, now).and_then(|old| old.expires_at) {
        let end = Timestamp::from_millis(end);
        return Err(ServiceError::Conflict(format!("This key is rotating until {end}; end that first.")));
    }
    let newest = found.iter().find(|secret| secret.expires_at.is_none());
    let newest = newest.ok_or_else(|| ServiceError::Internal(format!("{id} has no secret")))?;
    let level: Level = key.level.parse().map_err(ServiceError::Internal)?;
    let secret = secrets::new(level)?;
    replace(&mut acting, newest, &secret, rotation).await?;
    acting.commit().await?;
    let api_key = get::shown(services, &actor.organization, id).await?;
    Ok(RotatedApiKey { api_key, secret: Some(secret.reveal().to_owned()) })
}

/// Ends `old` after the grace period and stores `new` beside it.
async fn replace(acting: &mut Acting, old: &key_secrets::Model, new: &Secret, rotation: Rotation) -> ServiceResult<()> {
    let id = ApiKeyId::new(old.api_key_id);
    let end = end_of_grace(acting.now(), rotation.grace_seconds);
    secrets::end_at(acting, old.id, end).await?;
    secrets::insert(acting, id, new, rotation.request).await?;
    acting.announce(Kind::ApiKey, [old.api_key_id]);
    let deed = Deed::new("api_key.rotated", "api_key", id)
        .before(json!({ "last_four": old.last_four }))?
        .after(json!({ "last_four": new.last_four(), "old_secret_ends_at": end }))?;
    acting.tell(deed);
    Ok(())
}

/// Lets the old secret of a rotating key work so many seconds from now on; 0 ends it at once.
pub async fn set_grace(services: &Services, actor: &Actor, id: ApiKeyId, grace_seconds: u32) -> ServiceResult<ApiKey> {
    let grace_seconds = validated_grace(grace_seconds)?;
    let organization = &actor.organization;
    let mut acting = Acting::begin(services, actor, &lock::MANAGING).await?;
    let now = acting.now();
    let end = end_of_grace(now, grace_seconds);
    let key = lock::one(&acting, id).await?;
    lock::require_usable(&key, now)?;
    delegation::of(&acting)?.check_until(&key, end)?;
    let found = secrets::of(acting.transaction(), organization.id, id).await?;
    let old = secrets::old(&found, now);
    let old = old.ok_or_else(|| ServiceError::Conflict("This key isn't rotating.".to_owned()))?;
    secrets::end_at(&acting, old.id, end).await?;
    acting.announce(Kind::ApiKey, [key.id]);
    let deed = Deed::new("api_key.grace_changed", "api_key", id)
        .before(json!({ "old_secret_ends_at": old.expires_at.map(Timestamp::from_millis) }))?
        .after(json!({ "old_secret_ends_at": end }))?;
    acting.tell(deed);
    acting.commit().await?;
    get::shown(services, organization, id).await
}

fn end_of_grace(now: Timestamp, seconds: u32) -> Timestamp {
    now.plus_millis(i64::from(seconds) * 1000)
}
