//! Keys that act, through the management API.

use std::net::IpAddr;

use domain::{
    api_keys::{Network, allows},
    ids::{ApiKeyId, OrganizationId, ProjectId, SecretId},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};

use super::{delegation, lock, secrets};
use crate::{
    ServiceError, ServiceResult, Who,
    database::DatabaseTransaction,
    entities::{api_keys, key_secrets},
};

/// The key that acts, as it stands: nobody revokes, changes or rotates it until the transaction ends.
///
/// What was known when it was presented may be a second old: one that was revoked meanwhile must leave nothing behind.
pub(crate) async fn lock_acting(
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
    (id, secret): (ApiKeyId, SecretId),
    ip: Option<IpAddr>,
    now: Timestamp,
) -> ServiceResult<api_keys::Model> {
    let its = api_keys::Column::Id.eq(id.uuid());
    let key = api_keys::of(organization).filter(its).lock_shared().one(transaction).await?;
    let presented = key_secrets::of(organization)
        .filter(key_secrets::Column::Id.eq(secret.uuid()))
        .filter(key_secrets::Column::ApiKeyId.eq(id.uuid()))
        .lock_shared()
        .one(transaction)
        .await?;
    let works = presented.is_some_and(|secret| secrets::works(&secret, now));
    let key = key.filter(|key| works && lock::ended(key, now).is_usable());
    let key = key.ok_or_else(|| ServiceError::Forbidden("This key can't be used any more.".to_owned()))?;
    let networks: Vec<Network> = delegation::list(&key.ip_allowlist, &key)?;
    if networks.is_empty() || ip.is_some_and(|ip| allows(&networks, ip)) {
        Ok(key)
    } else {
        Err(ServiceError::Forbidden("This key can't be used from this address any more.".to_owned()))
    }
}

/// Who holds a key, and what it may do.
pub(crate) fn holder(key: &api_keys::Model, secret: SecretId) -> ServiceResult<Who> {
    Ok(Who::ApiKey {
        id: ApiKeyId::new(key.id),
        secret,
        name: key.name.clone(),
        level: key.level.parse().map_err(ServiceError::Internal)?,
        scopes: delegation::list(&key.scopes, key)?,
        project_id: key.project_id.map(ProjectId::new),
    })
}
