//! How many keys an organization may have.

use domain::{ids::OrganizationId, time::Timestamp};
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter};

use crate::{Actor, ServiceError, ServiceResult, Who, database::DatabaseTransaction, entities::api_keys};

/// Refuses a key that was just added where there are more than `most` now that can still be used.
///
/// The organization is locked by whoever acts, so that of two who make one at once the second sees the first's. The command
/// line isn't bound.
pub(in crate::api_keys) async fn require(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    actor: &Actor,
    most: u32,
) -> ServiceResult<()> {
    if matches!(actor.who, Who::CommandLine) || usable(transaction, now, actor.organization.id).await? <= most.into() {
        return Ok(());
    }
    Err(ServiceError::Conflict(format!(
        "This organization has {most} keys that can still be used, and may have no more. Revoke some first."
    )))
}

async fn usable(transaction: &DatabaseTransaction, now: Timestamp, organization: OrganizationId) -> ServiceResult<u64> {
    let lives =
        Condition::any().add(api_keys::Column::ExpiresAt.is_null()).add(api_keys::Column::ExpiresAt.gt(now.millis()));
    let usable = api_keys::Entity::find()
        .filter(api_keys::Column::OrganizationId.eq(organization.uuid()))
        .filter(api_keys::Column::RevokedAt.is_null())
        .filter(api_keys::Column::DisabledAt.is_null())
        .filter(lives);
    Ok(usable.count(transaction).await?)
}
