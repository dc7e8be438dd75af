//! Rotates keys: gives a key a new secret, while the old one still works for a grace period.
//!
//! A key has one secret without an end, the newest. Rotating gives that one an end and makes another: at most
//! two work at any moment. Ended secrets stay stored, so that a client that still uses one learns the reason.

use domain::{
    api_keys::{ApiKey, RotatedApiKey, Rotation, Secret, validated_grace},
    ids::ApiKeyId,
    time::Timestamp,
};
use serde_json::json;

use super::{delegation, lock, secrets};
use crate::{
    Actor, ServiceError, ServiceResult, Services, api_keys::queries::get, audit::AuditEvent,
    audited_change::AuditedChange, changes::ChangeKind, entities::key_secrets,
};

/// Rotates a key. The new secret is returned only this once; the rest of the key stays as it is. A repeated
/// request makes no other secret, and returns none.
pub async fn rotate(
    services: &Services,
    actor: &Actor,
    id: ApiKeyId,
    rotation: Rotation,
) -> ServiceResult<RotatedApiKey> {
    let rotation = rotation.validated()?;
    // As stored.
    let rotation = Rotation { request: rotation.request.as_deref().map(Secret::redact), ..rotation };
    let mut change = AuditedChange::begin(services, actor, &lock::MANAGE_PERMISSIONS).await?;
    let now = change.now();
    // Locked: of concurrent requests, on any servers, each sees what the one before it did.
    let key = lock::lock_one(&change, id).await?;
    let found = secrets::load_all(change.transaction(), actor.organization.id, id).await?;
    if rotation.request.is_some() && found.iter().any(|secret| secret.request == rotation.request) {
        change.roll_back().await?;
        let api_key = get::load(services, &actor.organization, id).await?;
        return Ok(RotatedApiKey { api_key, secret: None });
    }
    lock::require_usable(&key, now)?;
    delegation::of(&change)?.check(&key)?;
    if let Some(end) = secrets::find_old(&found, now).and_then(|old| old.expires_at) {
        let end = Timestamp::from_millis(end);
        return Err(ServiceError::Conflict(format!("This key is rotating until {end}. End that rotation first.")));
    }
    let newest = found.iter().find(|secret| secret.expires_at.is_none());
    let newest = newest.ok_or_else(|| ServiceError::Internal(format!("{id} has no secret")))?;
    let secret = secrets::generate(key.parse_level()?)?;
    replace(&mut change, newest, &secret, rotation).await?;
    change.commit().await?;
    let api_key = get::load(services, &actor.organization, id).await?;
    Ok(RotatedApiKey { api_key, secret: Some(secret.reveal().to_owned()) })
}

/// Ends `old` after the grace period and stores `new` beside it.
async fn replace(
    change: &mut AuditedChange,
    old: &key_secrets::Model,
    new: &Secret,
    rotation: Rotation,
) -> ServiceResult<()> {
    let id = ApiKeyId::new(old.api_key_id);
    let end = end_of_grace(change.now(), rotation.grace_seconds);
    secrets::end_at(change, old.id, end).await?;
    secrets::insert(change, id, new, rotation.request).await?;
    change.announce(ChangeKind::ApiKey, [old.api_key_id]);
    let event = AuditEvent::new("api_key.rotated", "api_key", id)
        .before(json!({ "last_four": old.last_four }))?
        .after(json!({ "last_four": new.last_four(), "old_secret_ends_at": end }))?;
    change.record(event);
    Ok(())
}

/// Lets the old secret of a rotating key work for this many seconds more; 0 ends it at once.
pub async fn set_grace(services: &Services, actor: &Actor, id: ApiKeyId, grace_seconds: u32) -> ServiceResult<ApiKey> {
    let grace_seconds = validated_grace(grace_seconds)?;
    let organization = &actor.organization;
    let mut change = AuditedChange::begin(services, actor, &lock::MANAGE_PERMISSIONS).await?;
    let now = change.now();
    let end = end_of_grace(now, grace_seconds);
    let key = lock::lock_one(&change, id).await?;
    lock::require_usable(&key, now)?;
    delegation::of(&change)?.check_until(&key, end)?;
    let found = secrets::load_all(change.transaction(), organization.id, id).await?;
    let old = secrets::find_old(&found, now);
    let old = old.ok_or_else(|| ServiceError::Conflict("This key isn't rotating.".to_owned()))?;
    secrets::end_at(&change, old.id, end).await?;
    change.announce(ChangeKind::ApiKey, [key.id]);
    let event = AuditEvent::new("api_key.grace_changed", "api_key", id)
        .before(json!({ "old_secret_ends_at": old.expires_at.map(Timestamp::from_millis) }))?
        .after(json!({ "old_secret_ends_at": end }))?;
    change.record(event);
    change.commit().await?;
    get::load(services, organization, id).await
}

fn end_of_grace(now: Timestamp, seconds: u32) -> Timestamp {
    now.plus_millis(i64::from(seconds) * 1000)
}
