//! Making a key.

use domain::{
    api_keys::{CreatedApiKey, Level, NewApiKey, Secret},
    errors::FieldErrors,
    ids::{ApiKeyId, ProjectId, UserId},
    permissions::Permission,
    time::Timestamp,
};
use sea_orm::EntityTrait;
use serde_json::json;

use super::{create_once, delegation, quota, secrets};
use crate::api_keys::queries::{get, policy};
use crate::{
    Actor, ServiceResult, Services, audit::Deed, audited_change::Acting, entities::api_keys, models::Catalog, projects,
    random,
};

/// Makes a key. Its secret is in the answer and never told again: only its hash is stored.
pub async fn create(services: &Services, actor: &Actor, input: NewApiKey) -> ServiceResult<CreatedApiKey> {
    make(services, actor, input, None).await
}

/// Makes a key for `request`, if that is told.
///
/// # Errors
/// A conflict where that request made one already.
pub(in crate::api_keys) async fn make(
    services: &Services,
    actor: &Actor,
    input: NewApiKey,
    request: Option<&str>,
) -> ServiceResult<CreatedApiKey> {
    require_permission(actor, input.level)?;
    let input = input.validated(services.now())?;
    require_offered(&services.catalog, &input.models)?;

    let mut acting = Acting::begin(services, actor, &[permission(input.level)]).await?;
    let (now, organization) = (acting.now(), actor.organization.id);
    let policy = policy::of(acting.transaction(), organization).await?;
    policy.check(now, input.life.ends_at(now)).map_err(|why| FieldErrors::of("life", why))?;
    if let Some(project) = input.project_id {
        projects::require_usable(&acting, Permission::ManageApiKeys, project).await?;
    }
    let row = row(now, acting.actor(), &input)?;
    delegation::of(&acting)?.check(&row)?;
    let id = ApiKeyId::new(row.id);
    let secret = secrets::new(input.level)?;
    if let Some(request) = request {
        create_once::note(acting.transaction(), organization, request, id).await?;
    }
    insert(&acting, row, &secret).await?;
    let deed = Deed::new("api_key.created", "api_key", id).after(json!({
        "name": input.name,
        "level": input.level,
        "project": input.project_id,
        "scopes": input.scopes,
        "models": input.models,
        "ip_allowlist": input.ip_allowlist,
        "expires_at": input.life.ends_at(now),
        "rotate_every_days": input.rotate_every_days,
        "rate_limits": (!input.rate_limits.is_none()).then_some(input.rate_limits),
        "last_four": secret.last_four(),
    }))?;
    quota::require(acting.transaction(), now, acting.actor(), services.quotas.get().keys).await?;
    acting.tell(deed);
    acting.commit().await?;
    let api_key = get::shown(services, &actor.organization, id).await?;
    Ok(CreatedApiKey { api_key, secret: secret.reveal().to_owned() })
}

/// Refuses who may make no key of this level anywhere.
pub(in crate::api_keys) fn require_permission(actor: &Actor, level: Level) -> ServiceResult<()> {
    actor.reach(permission(level)).map(drop)
}

fn permission(level: Level) -> Permission {
    if level == Level::Admin { Permission::ManageAdminKeys } else { Permission::ManageApiKeys }
}

/// Refuses a model that isn't offered.
pub(in crate::api_keys) fn require_offered<'a>(
    catalog: &Catalog,
    models: impl IntoIterator<Item = &'a String>,
) -> Result<(), FieldErrors> {
    models
        .into_iter()
        .find(|model| !catalog.offers(model))
        .map_or(Ok(()), |unknown| Err(FieldErrors::of("models", format!("There is no model {unknown:?}."))))
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
    })
}

/// Stores a key with its first secret.
async fn insert(acting: &Acting, row: api_keys::Model, secret: &Secret) -> ServiceResult<()> {
    let id = ApiKeyId::new(row.id);
    api_keys::Entity::insert(api_keys::ActiveModel::from(row)).exec_without_returning(acting.transaction()).await?;
    secrets::insert(acting, id, secret, None).await
}
