//! An organization's policy for the life of keys.

use domain::{api_keys::KeyPolicy, ids::OrganizationId, permissions::Permission};
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::{Actor, ServiceError, ServiceResult, Services, entities::organizations, organizations::key_policy_of};

/// Returns the organization's policy for keys, which limits the form for a new one.
pub async fn policy(services: &Services, actor: &Actor) -> ServiceResult<KeyPolicy> {
    actor.reach(Permission::ManageApiKeys).or_else(|_| actor.reach(Permission::ManageAdminKeys))?;
    load(services.database.read(), actor.organization.id).await
}

/// Loads this organization's policy for keys.
pub(in crate::api_keys) async fn load(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
) -> ServiceResult<KeyPolicy> {
    let row = organizations::Entity::find_by_id(organization.uuid()).one(database).await?;
    row.map(|row| key_policy_of(&row)).ok_or(ServiceError::NotFound)
}
