//! Creates keys under an idempotency key, so that a repeated request makes one key only.

use domain::{
    api_keys::{ApiKey, NewApiKey, Secret, validated_request},
    ids::{ApiKeyId, OrganizationId},
    permissions::Permission,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::create;
use crate::api_keys::queries::{get, visibility::visible_keys};
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    database::DatabaseTransaction,
    entities::{api_keys, key_requests},
};

/// Creates a key, and returns it with its secret. A repeated request returns the same key without it.
pub async fn create_once(
    services: &Services,
    actor: &Actor,
    input: NewApiKey,
    request: String,
) -> ServiceResult<(ApiKey, Option<String>)> {
    // As stored.
    let request = Secret::redact(&validated_request(request)?);
    create::require_permission(actor, input.level)?;
    if let Some(created) = find_created(services, actor, &input, &request).await? {
        return Ok((created, None));
    }
    match create::insert_key(services, actor, input.clone(), Some(&request)).await {
        Ok(created) => Ok((created.api_key, Some(created.secret))),
        // A concurrent repetition of the request may have been quicker.
        Err(conflict @ ServiceError::Conflict(_)) => match find_created(services, actor, &input, &request).await? {
            Some(created) => Ok((created, None)),
            None => Err(conflict),
        },
        Err(error) => Err(error),
    }
}

/// Records which key a request made.
///
/// # Errors
/// A conflict, if it made one already.
pub(in crate::api_keys) async fn record_request(
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
    request: &str,
    key: ApiKeyId,
) -> ServiceResult<()> {
    let row = key_requests::Model {
        organization_id: organization.uuid(),
        request: request.to_owned(),
        api_key_id: key.uuid(),
    };
    key_requests::Entity::insert(key_requests::ActiveModel::from(row)).exec_without_returning(transaction).await?;
    Ok(())
}

/// Finds the key that this request made, if it made one, even if the key has ended. Rejected if that key
/// isn't like the one requested now.
async fn find_created(
    services: &Services,
    actor: &Actor,
    input: &NewApiKey,
    request: &str,
) -> ServiceResult<Option<ApiKey>> {
    let database = services.database.read();
    let organization = &actor.organization;
    let id = (organization.id.uuid(), request.to_owned());
    let Some(recorded) = key_requests::Entity::find_by_id(id).one(database).await? else { return Ok(None) };
    let visible = visible_keys(database, actor, Permission::ManageApiKeys).await?;
    let key = api_keys::of(organization.id).filter(api_keys::Column::Id.eq(recorded.api_key_id)).one(database).await?;
    let is_alike = |key: &api_keys::Model| {
        let project = input.project_id.map(|id| id.uuid());
        visible.contains(key) && key.level == input.level.name() && key.project_id == project
    };
    let key =
        key.filter(is_alike).ok_or_else(|| ServiceError::Conflict("This request made another key.".to_owned()))?;
    get::load(services, organization, ApiKeyId::new(key.id)).await.map(Some)
}
