//! What can be done with keys: at the organization, or in a project.

use axum::{Json, extract::FromRequestParts, http::request::Parts};
use domain::{api_keys::ApiKey, ids::ApiKeyId, permissions::Permission};
use services::{
    Actor, Services,
    api_keys::{
        self,
        location::{self, KeyLocation},
    },
};
use utoipa::{
    IntoParams, PartialSchema,
    openapi::path::{Parameter, ParameterIn},
};

use super::{
    key_bodies::{CreateKeyBody, EditKeyBody, RotateKeyBody},
    key_object::{DeletedKey, KeyObject},
    list::{self, ListPage},
};
use crate::v1::{caller::Caller, error::V1Error, input::QueryParams, parameters::header_param, state::V1State};

pub(super) type KeyResponse<T> = Result<Json<T>, V1Error>;

/// Lists the keys of a project or the organization, without revoked ones.
pub(super) async fn list(
    v1: &V1State,
    caller: &Caller,
    location: KeyLocation,
    query: QueryParams,
) -> KeyResponse<ListPage<KeyObject>> {
    let actor = caller.with(location.permission(Permission::ViewApiKeys))?;
    let services = v1.services();
    let (keys, has_more) = location::page(services, &actor, location, list::cursor(query)?).await?;
    Ok(Json(ListPage::new(to_objects(services, &actor, location, keys).await?, |key| key.id, has_more)))
}

/// Creates a key, and returns its secret. Repeated with one idempotency key, it creates no second key and
/// returns no secret.
pub(super) async fn create(
    v1: &V1State,
    caller: &Caller,
    location: KeyLocation,
    IdempotencyKey(request): IdempotencyKey,
    body: CreateKeyBody,
) -> KeyResponse<KeyObject> {
    let actor = caller.with(location.permission(Permission::ManageApiKeys))?;
    let services = v1.services();
    location::require(services, &actor, location).await?;
    let new_key = body.into_new_key(location, services.now())?;
    let (key, secret) = match request {
        Some(request) => api_keys::create_once(services, &actor, new_key, request).await?,
        None => {
            let created = api_keys::create(services, &actor, new_key).await?;
            (created.api_key, Some(created.secret))
        }
    };
    Ok(Json(to_object(services, &actor, key).await?.with_value(secret)))
}

pub(super) async fn retrieve(
    v1: &V1State,
    caller: &Caller,
    location: KeyLocation,
    key: ApiKeyId,
) -> KeyResponse<KeyObject> {
    let actor = caller.with(location.permission(Permission::ViewApiKeys))?;
    let services = v1.services();
    let key = location::get_at(services, &actor, location, key).await?;
    Ok(Json(to_object(services, &actor, key).await?))
}

pub(super) async fn modify(
    v1: &V1State,
    caller: &Caller,
    location: KeyLocation,
    key: ApiKeyId,
    changes: EditKeyBody,
) -> KeyResponse<KeyObject> {
    let services = v1.services();
    let actor = require_manager(caller, services, location, key).await?;
    let key = api_keys::edit(services, &actor, key, changes.into_changes()?).await?;
    Ok(Json(to_object(services, &actor, key).await?))
}

/// Rotates a key's secret, and returns the new one. Repeated with one idempotency key, it rotates nothing
/// and returns no secret.
pub(super) async fn rotate(
    v1: &V1State,
    caller: &Caller,
    location: KeyLocation,
    key: ApiKeyId,
    IdempotencyKey(request): IdempotencyKey,
    grace: RotateKeyBody,
) -> KeyResponse<KeyObject> {
    let services = v1.services();
    let actor = require_manager(caller, services, location, key).await?;
    let rotated = api_keys::rotate(services, &actor, key, grace.rotation(request)).await?;
    Ok(Json(to_object(services, &actor, rotated.api_key).await?.with_value(rotated.secret)))
}

/// Ends the old secret of a rotating key, or extends its grace period.
pub(super) async fn set_grace(
    v1: &V1State,
    caller: &Caller,
    location: KeyLocation,
    key: ApiKeyId,
    grace: RotateKeyBody,
) -> KeyResponse<KeyObject> {
    let services = v1.services();
    let actor = require_manager(caller, services, location, key).await?;
    let key = api_keys::set_grace(services, &actor, key, grace.grace_seconds).await?;
    Ok(Json(to_object(services, &actor, key).await?))
}

/// Revokes a key. Returns the keys that it created or rotated; with `descendants=true` they are revoked too.
pub(super) async fn revoke(
    v1: &V1State,
    caller: &Caller,
    location: KeyLocation,
    key: ApiKeyId,
    query: QueryParams,
) -> KeyResponse<DeletedKey> {
    let services = v1.services();
    let with_descendants = query.reject_unknown(&["descendants"])?.one("descendants", |text| match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("Must be true or false."),
    })?;
    let actor = require_manager(caller, services, location, key).await?;
    let is_admin = location == KeyLocation::Organization;
    if with_descendants.unwrap_or(false) {
        let descendants = api_keys::revoke_with_descendants(services, &actor, &[key]).await?;
        return Ok(Json(DeletedKey::new(key, is_admin).with_descendants(descendants)));
    }
    // Only admin keys create keys. They are read before this key ends, since it may be the caller's own.
    let descendants =
        if is_admin { Some(api_keys::revocable_descendants(services, &actor, &[key]).await?) } else { None };
    api_keys::revoke(services, &actor, &[key]).await?;
    Ok(Json(DeletedKey::new(key, is_admin).with_usable_descendants(descendants)))
}

/// Returns the actor if it may manage the key and the key is at this location.
async fn require_manager(
    caller: &Caller,
    services: &Services,
    location: KeyLocation,
    key: ApiKeyId,
) -> Result<Actor, V1Error> {
    let actor = caller.with(location.permission(Permission::ManageApiKeys))?;
    location::require_manageable(services, &actor, location, key).await?;
    Ok(actor)
}

async fn to_objects(
    services: &Services,
    actor: &Actor,
    location: KeyLocation,
    keys: Vec<ApiKey>,
) -> Result<Vec<KeyObject>, V1Error> {
    let owners = api_keys::owners(services, actor, location, &keys).await?;
    Ok(keys.into_iter().map(|key| KeyObject::new(key, &owners)).collect())
}

/// Converts a key at its current location: it may just have been moved.
async fn to_object(services: &Services, actor: &Actor, key: ApiKey) -> Result<KeyObject, V1Error> {
    let location = key.project.as_ref().map_or(KeyLocation::Organization, |project| KeyLocation::Project(project.id));
    let owners = api_keys::owners(services, actor, location, std::slice::from_ref(&key)).await?;
    Ok(KeyObject::new(key, &owners))
}

/// The header that identifies a repeated request.
pub(super) struct IdempotencyKey(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = V1Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, V1Error> {
        let text = parts.headers.get("idempotency-key").map(|value| value.to_str().map(str::to_owned));
        text.transpose().map(Self).map_err(|_| V1Error::malformed("Idempotency-Key must be printable ASCII."))
    }
}

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "Idempotency key of this request, chosen by the client: 1 to 100 characters on one line. A repeated \
                           request with the same one changes nothing, and returns the same key with `value` as `null`.";
        vec![header_param("Idempotency-Key", description, String::schema())]
    }
}
