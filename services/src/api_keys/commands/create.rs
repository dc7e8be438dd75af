//! Creates keys; those with an idempotency key once, however often the request is repeated.

use domain::{
    api_keys::{ApiKey, CreatedApiKey, Level, NewApiKey, Secret, validated_request},
    errors::FieldErrors,
    ids::{ApiKeyId, OrganizationId, ProjectId, UserId},
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::{delegation, quota, secrets};
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    api_keys::{
        queries::{get, visibility::visible_keys},
        search_texts::{self, KeyTexts},
    },
    audit::AuditEvent,
    audited_change::AuditedChange,
    database::DatabaseTransaction,
    entities::{api_keys, key_requests},
    models::Catalog,
    organizations, projects, random,
};

/// Creates a key. Its secret is returned only this once: only its hash is stored.
pub async fn create(services: &Services, actor: &Actor, input: NewApiKey) -> ServiceResult<CreatedApiKey> {
    insert_key(services, actor, input, None).await
}

/// Creates a key, and returns it with its secret. A repeated request returns the same key without it.
pub async fn create_once(
    services: &Services,
    actor: &Actor,
    input: NewApiKey,
    request: String,
) -> ServiceResult<(ApiKey, Option<String>)> {
    // As stored.
    let request = Secret::redact(&validated_request(request)?);
    require_permission(actor, input.level)?;
    if let Some(created) = find_created(services, actor, &input, &request).await? {
        return Ok((created, None));
    }
    match insert_key(services, actor, input.clone(), Some(&request)).await {
        Ok(created) => Ok((created.api_key, Some(created.secret))),
        // A concurrent repetition of the request may have been quicker.
        Err(conflict @ ServiceError::Conflict(_)) => match find_created(services, actor, &input, &request).await? {
            Some(created) => Ok((created, None)),
            None => Err(conflict),
        },
        Err(error) => Err(error),
    }
}

/// Creates a key, on behalf of `request` if there is one.
///
/// # Errors
/// A conflict, if that request made a key already.
async fn insert_key(
    services: &Services,
    actor: &Actor,
    input: NewApiKey,
    request: Option<&str>,
) -> ServiceResult<CreatedApiKey> {
    require_permission(actor, input.level)?;
    let input = input.validated(services.now())?;
    require_offered(&services.catalog, &input.models)?;

    let mut change = AuditedChange::begin(services, actor, &[permission(input.level)]).await?;
    let (now, organization) = (change.now(), actor.organization.id);
    let policy = organizations::load_key_policy(change.transaction(), organization).await?;
    policy.check(now, input.life.ends_at(now)).map_err(|reason| FieldErrors::of("life", reason))?;
    if let Some(project) = input.project_id {
        projects::require_usable(&change, Permission::ManageApiKeys, project).await?;
    }
    let row = row(now, change.actor(), &input)?;
    delegation::of(&change)?.check(&row)?;
    let id = ApiKeyId::new(row.id);
    let secret = secrets::generate(input.level)?;
    if let Some(request) = request {
        record_request(change.transaction(), organization, request, id).await?;
    }
    insert(&change, row, &secret).await?;
    let event = AuditEvent::new("api_key.created", "api_key", id).after(json!({
        "name": input.name,
        "level": input.level,
        "project": input.project_id,
        "scopes": input.scopes,
        "models": input.models,
        "ip_allowlist": input.ip_allowlist,
        "expires_at": input.life.ends_at(now),
        "rotate_every_days": input.rotate_every_days,
        "rate_limits": (!input.rate_limits.is_none()).then_some(input.rate_limits),
        "metadata_only": input.metadata_only.then_some(true),
        "last_four": secret.last_four(),
    }))?;
    quota::require_quota(change.transaction(), now, change.actor(), services.quotas.get().keys).await?;
    change.record(event);
    change.commit().await?;
    let api_key = get::load(services, &actor.organization, id).await?;
    Ok(CreatedApiKey { api_key, secret: secret.reveal().to_owned() })
}

/// Rejects an actor who may make no key of this level anywhere.
fn require_permission(actor: &Actor, level: Level) -> ServiceResult<()> {
    actor.reach(permission(level)).map(drop)
}

fn permission(level: Level) -> Permission {
    if level == Level::Admin { Permission::ManageAdminKeys } else { Permission::ManageApiKeys }
}

/// Rejects models that aren't offered.
pub(in crate::api_keys) fn require_offered<'a>(
    catalog: &Catalog,
    models: impl IntoIterator<Item = &'a String>,
) -> Result<(), FieldErrors> {
    models
        .into_iter()
        .find(|model| !catalog.offers(model))
        .map_or(Ok(()), |unknown| Err(FieldErrors::of("models", format!("The model {unknown:?} doesn't exist."))))
}

fn row(now: Timestamp, actor: &Actor, input: &NewApiKey) -> ServiceResult<api_keys::Model> {
    Ok(api_keys::Model {
        organization_id: actor.organization.id.uuid(),
        id: random::uuid(now)?,
        project_id: input.project_id.map(ProjectId::uuid),
        name: input.name.clone(),
        description: input.description.clone(),
        level: input.level.name().to_owned(),
        scopes: json!(input.scopes),
        models: json!(input.models),
        ip_allowlist: json!(input.ip_allowlist),
        rotate_every_days: input.rotate_every_days.and_then(|days| i32::try_from(days).ok()),
        created_by: actor.user_id().map(UserId::uuid),
        created_at: now.millis(),
        expires_at: input.life.ends_at(now).map(Timestamp::millis),
        revoked_at: None,
        revoked_by: None,
        disabled_at: None,
        calls_per_minute: input.rate_limits.calls_per_minute.map(i64::from),
        tokens_per_minute: input.rate_limits.tokens_per_minute.map(i64::from),
        metadata_only: input.metadata_only,
    })
}

/// Stores a key with its first secret.
async fn insert(change: &AuditedChange, row: api_keys::Model, secret: &Secret) -> ServiceResult<()> {
    let (id, organization) = (ApiKeyId::new(row.id), row.organization_id);
    let texts = KeyTexts { id: row.id, name: row.name.clone(), description: row.description.clone() };
    api_keys::Entity::insert(api_keys::ActiveModel::from(row)).exec_without_returning(change.transaction()).await?;
    search_texts::store(change.transaction(), organization, &[texts]).await?;
    secrets::insert(change, id, secret, None).await
}

/// Records which key a request made.
///
/// # Errors
/// A conflict, if it made one already.
async fn record_request(
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
    let other = || ServiceError::Conflict("This idempotency key was already used for a different key.".to_owned());
    let key = key.filter(is_alike).ok_or_else(other)?;
    get::load(services, organization, ApiKeyId::new(key.id)).await.map(Some)
}
