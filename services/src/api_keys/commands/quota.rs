//! The quota of an organization's keys.

use domain::{ids::OrganizationId, time::Timestamp};
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter};

use crate::{Actor, ActorKind, ServiceError, ServiceResult, database::DatabaseTransaction, entities::api_keys};

/// Rejects a key that was just added if the organization now has more than `max` that can still be used.
///
/// The organization is locked by the change, so that of two keys made at once the second sees the first. The
/// operator isn't limited.
pub(in crate::api_keys) async fn require_quota(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    actor: &Actor,
    max: u32,
) -> ServiceResult<()> {
    if matches!(actor.kind, ActorKind::Operator(_))
        || count_usable(transaction, now, actor.organization.id).await? <= max.into()
    {
        return Ok(());
    }
    Err(ServiceError::Conflict(format!(
        "This organization has reached its limit of {max} usable keys. Revoke some first."
    )))
}

async fn count_usable(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: OrganizationId,
) -> ServiceResult<u64> {
    let is_unexpired =
        Condition::any().add(api_keys::Column::ExpiresAt.is_null()).add(api_keys::Column::ExpiresAt.gt(now.millis()));
    let usable = api_keys::Entity::find()
        .filter(api_keys::Column::OrganizationId.eq(organization.uuid()))
        .filter(api_keys::Column::RevokedAt.is_null())
        .filter(api_keys::Column::DisabledAt.is_null())
        .filter(is_unexpired);
    Ok(usable.count(transaction).await?)
}
