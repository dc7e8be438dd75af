//! Keys that somebody is about to change.

use domain::{
    api_keys::Status,
    ids::{ApiKeyId, OrganizationId},
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use crate::api_keys::visible;
use crate::{ServiceError, ServiceResult, audited_change::Acting, entities::api_keys};

/// Keys that one statement asks for.
const AT_ONCE: usize = 500;
/// What it takes to change keys, of projects or of the organization; which ones is asked for each of them.
pub(in crate::api_keys) const MANAGING: [Permission; 2] = [Permission::ManageApiKeys, Permission::ManageAdminKeys];

/// The key with this id, which nobody else changes until the transaction ends. Where it isn't the actor's to change, it
/// doesn't exist.
pub(in crate::api_keys) async fn one(acting: &Acting, id: ApiKeyId) -> ServiceResult<api_keys::Model> {
    all(acting, &[id]).await?.pop().ok_or(ServiceError::NotFound)
}

/// The same of several. Where one of them isn't the actor's to change, none is found.
pub(in crate::api_keys) async fn all(acting: &Acting, ids: &[ApiKeyId]) -> ServiceResult<Vec<api_keys::Model>> {
    let (transaction, actor) = (acting.transaction(), acting.actor());
    let visible = visible(transaction, actor, Permission::ManageApiKeys).await?;
    let mut ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    ids.sort_unstable();
    ids.dedup();
    let wanted = ids.len();
    let mut keys = Vec::with_capacity(wanted);
    for ids in ids.chunks(AT_ONCE) {
        keys.extend(select(actor.organization.id, ids.to_vec()).all(transaction).await?);
    }
    if keys.len() == wanted && keys.iter().all(|key| visible.holds(key)) {
        Ok(keys)
    } else {
        Err(ServiceError::NotFound)
    }
}

/// Locks the keys with these ids, always in the same order, so that two who do this at once can't wait for each other.
pub(in crate::api_keys) fn select(organization: OrganizationId, ids: Vec<Uuid>) -> Select<api_keys::Entity> {
    api_keys::of(organization)
        .filter(api_keys::Column::Id.is_in(ids))
        .order_by_asc(api_keys::Column::Id)
        .lock_exclusive()
}

/// Why a key of this kind can't be used any more; [`Status::Active`] where it can, rotating or not.
pub(in crate::api_keys) fn ended(key: &api_keys::Model, now: Timestamp) -> Status {
    if key.revoked_at.is_some() {
        Status::Revoked
    } else if key.disabled_at.is_some() {
        Status::Disabled
    } else if key.expires_at.is_some_and(|at| at <= now.millis()) {
        Status::Expired
    } else {
        Status::Active
    }
}

/// Refuses to change a key that can't be used any more.
pub(in crate::api_keys) fn require_usable(key: &api_keys::Model, now: Timestamp) -> ServiceResult<()> {
    let why = match ended(key, now) {
        Status::Active | Status::Rotating => return Ok(()),
        Status::Revoked => "was revoked",
        Status::Disabled => "was disabled because it leaked",
        Status::Expired => "has expired",
    };
    Err(ServiceError::Conflict(format!("This key {why}: make a new one instead.")))
}
