//! Making a key that is asked for under a name (an idempotency key), so that asking twice makes one.

use domain::{
    api_keys::{ApiKey, NewApiKey, Secret, validated_request},
    ids::{ApiKeyId, OrganizationId},
    permissions::Permission,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::create;
use crate::api_keys::{queries::get, visible};
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    database::DatabaseTransaction,
    entities::{api_keys, key_requests},
};

/// Makes a key; its secret comes with it. The same request again makes no other, and is answered without the secret.
pub async fn create_once(
    services: &Services,
    actor: &Actor,
    input: NewApiKey,
    request: String,
) -> ServiceResult<(ApiKey, Option<String>)> {
    // As it is stored.
    let request = Secret::redact(&validated_request(request)?);
    create::require_permission(actor, input.level)?;
    if let Some(made) = made(services, actor, &input, &request).await? {
        return Ok((made, None));
    }
    match create::make(services, actor, input.clone(), Some(&request)).await {
        Ok(created) => Ok((created.api_key, Some(created.secret))),
        // Where the same came at the same time, the other may have been quicker.
        Err(conflict @ ServiceError::Conflict(_)) => match made(services, actor, &input, &request).await? {
            Some(made) => Ok((made, None)),
            None => Err(conflict),
        },
        Err(error) => Err(error),
    }
}

/// Notes which key a request made. A conflict where it made one already.
pub(in crate::api_keys) async fn note(
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

/// The key that this request made, if it did, whatever has become of the key. Refused where that is none such as is
/// asked for now.
async fn made(services: &Services, actor: &Actor, input: &NewApiKey, request: &str) -> ServiceResult<Option<ApiKey>> {
    let database = services.database.read();
    let organization = &actor.organization;
    let id = (organization.id.uuid(), request.to_owned());
    let Some(known) = key_requests::Entity::find_by_id(id).one(database).await? else { return Ok(None) };
    let visible = visible(database, actor, Permission::ManageApiKeys).await?;
    let key = api_keys::of(organization.id).filter(api_keys::Column::Id.eq(known.api_key_id)).one(database).await?;
    let alike = |key: &api_keys::Model| {
        let project = input.project_id.map(|id| id.uuid());
        visible.holds(key) && key.level == input.level.name() && key.project_id == project
    };
    let key = key.filter(alike).ok_or_else(|| ServiceError::Conflict("This request made another key.".to_owned()))?;
    get::shown(services, organization, ApiKeyId::new(key.id)).await.map(Some)
}
