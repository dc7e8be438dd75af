//! How long keys may live.

use domain::{api_keys::KeyPolicy, ids::OrganizationId, permissions::Permission};
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::{Actor, ServiceError, ServiceResult, Services, entities::organizations, organizations::key_policy_of};

/// What the organization demands of keys: what the form for a new one offers.
pub async fn policy(services: &Services, actor: &Actor) -> ServiceResult<KeyPolicy> {
    actor.reach(Permission::ManageApiKeys).or_else(|_| actor.reach(Permission::ManageAdminKeys))?;
    of(services.database.read(), actor.organization.id).await
}

/// What this organization demands of keys.
pub(in crate::api_keys) async fn of(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
) -> ServiceResult<KeyPolicy> {
    let row = organizations::Entity::find_by_id(organization.uuid()).one(database).await?;
    row.map(|row| key_policy_of(&row)).ok_or(ServiceError::NotFound)
}
