//! Locks keys that are about to change, and checks their status.

use domain::{
    api_keys::Status,
    ids::{ApiKeyId, OrganizationId},
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use crate::{
    ServiceError, ServiceResult, api_keys::queries::visibility::visible_keys, audited_change::AuditedChange,
    entities::api_keys,
};

/// Keys locked by one statement.
const BATCH_SIZE: usize = 500;
/// Permissions to change keys, of projects or of the organization. Which one a key takes is checked for each.
pub(in crate::api_keys) const MANAGE_PERMISSIONS: [Permission; 2] =
    [Permission::ManageApiKeys, Permission::ManageAdminKeys];

/// Locks the key with this id until the transaction ends. It isn't found unless the actor may change it.
pub(in crate::api_keys) async fn lock_one(change: &AuditedChange, id: ApiKeyId) -> ServiceResult<api_keys::Model> {
    lock_all(change, &[id]).await?.pop().ok_or(ServiceError::NotFound)
}

/// Locks several keys like [`lock_one`]. None is found unless the actor may change all of them.
pub(in crate::api_keys) async fn lock_all(
    change: &AuditedChange,
    ids: &[ApiKeyId],
) -> ServiceResult<Vec<api_keys::Model>> {
    let (transaction, actor) = (change.transaction(), change.actor());
    let visible = visible_keys(transaction, actor, Permission::ManageApiKeys).await?;
    let mut ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    ids.sort_unstable();
    ids.dedup();
    let wanted = ids.len();
    let mut keys = Vec::with_capacity(wanted);
    for ids in ids.chunks(BATCH_SIZE) {
        keys.extend(select_for_update(actor.organization.id, ids.to_vec()).all(transaction).await?);
    }
    if keys.len() == wanted && keys.iter().all(|key| visible.contains(key)) {
        Ok(keys)
    } else {
        Err(ServiceError::NotFound)
    }
}

/// Selects and locks the keys with these ids, always in the same order, so that transactions can't deadlock.
pub(in crate::api_keys) fn select_for_update(organization: OrganizationId, ids: Vec<Uuid>) -> Select<api_keys::Entity> {
    api_keys::of(organization)
        .filter(api_keys::Column::Id.is_in(ids))
        .order_by_asc(api_keys::Column::Id)
        .lock_exclusive()
}

/// Rejects a key that can't be used any more.
pub(in crate::api_keys) fn require_usable(key: &api_keys::Model, now: Timestamp) -> ServiceResult<()> {
    let reason = match key.status(now) {
        Status::Active | Status::Rotating => return Ok(()),
        Status::Revoked => "was revoked",
        Status::Disabled => "was disabled because it leaked",
        Status::Expired => "has expired",
    };
    Err(ServiceError::Conflict(format!("This key {reason}. Create a new one instead.")))
}
