//! Keys that act through the management API.

use std::net::IpAddr;

use domain::{
    api_keys::allows,
    ids::{ApiKeyId, OrganizationId, ProjectId, SecretId},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};

use crate::{
    ActorKind, ServiceError, ServiceResult,
    database::DatabaseTransaction,
    entities::{api_keys, key_secrets},
};

/// Locks the acting key, so that it isn't revoked, changed or rotated until the transaction ends.
///
/// Its cached record may be a second old: a key that was revoked meanwhile must leave nothing behind.
pub(super) async fn lock_acting(
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
    (id, secret): (ApiKeyId, SecretId),
    ip: Option<IpAddr>,
    now: Timestamp,
) -> ServiceResult<api_keys::Model> {
    let by_id = api_keys::Column::Id.eq(id.uuid());
    let key = api_keys::of(organization).filter(by_id).lock_shared().one(transaction).await?;
    let presented = key_secrets::of(organization)
        .filter(key_secrets::Column::Id.eq(secret.uuid()))
        .filter(key_secrets::Column::ApiKeyId.eq(id.uuid()))
        .lock_shared()
        .one(transaction)
        .await?;
    let is_working = presented.is_some_and(|secret| secret.is_working(now));
    let key = key.filter(|key| is_working && key.status(now).is_usable());
    let key = key.ok_or_else(|| ServiceError::Forbidden("This key no longer works.".to_owned()))?;
    let networks = key.parse_networks()?;
    if networks.is_empty() || ip.is_some_and(|ip| allows(&networks, ip)) {
        Ok(key)
    } else {
        Err(ServiceError::Forbidden("This key can no longer be used from this address.".to_owned()))
    }
}

/// Returns the acting key as an actor, with its level and scopes.
pub(super) fn key_actor(key: &api_keys::Model, secret: SecretId) -> ServiceResult<ActorKind> {
    Ok(ActorKind::ApiKey {
        id: ApiKeyId::new(key.id),
        secret,
        name: key.name.clone(),
        level: key.parse_level()?,
        scopes: key.parse_scopes()?,
        project_id: key.project_id.map(ProjectId::new),
    })
}
