//! `/v1/organization/admin_api_keys`: the organization's own keys.

use axum::{Json, extract::State};
use domain::{ids::ApiKeyId, permissions::Permission};
use serde::Deserialize;
use services::api_keys::{self, location};
use utoipa::IntoParams;

use super::{
    key_bodies::{CreateKeyBody, EditKeyBody, RotateKeyBody},
    key_object::{DeletedKey, DescendantKeys, KeyObject},
    keys::{self, IdempotencyKey, KeyResponse},
    list::{KeyListParams, ListPage},
};
use crate::v1::{
    caller::Caller,
    error::ErrorDocument,
    input::{JsonBody, PathIds, QueryParams},
    state::V1State,
};

const LOCATION: location::KeyLocation = location::KeyLocation::Organization;

/// The parameters of a key's path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AdminKeyPath {
    /// The admin key.
    key: ApiKeyId,
}

/// Lists the organization's admin keys, without revoked ones.
#[utoipa::path(
    get,
    path = "/v1/organization/admin_api_keys",
    operation_id = "admin-api-keys-list",
    tag = "Admin keys",
    security(("bearer" = ["admin_api_keys.read"])),
    params(KeyListParams),
    responses((status = 200, description = "A page of keys", body = ListPage<KeyObject>))
)]
pub(super) async fn list(
    State(v1): State<V1State>,
    caller: Caller,
    query: QueryParams,
) -> KeyResponse<ListPage<KeyObject>> {
    keys::list(&v1, &caller, LOCATION, query).await
}

/// Creates an admin key.
///
/// The new key may do no more than the key that creates it, and expires with it at the latest. Only this
/// response contains its secret.
#[utoipa::path(
    post,
    path = "/v1/organization/admin_api_keys",
    operation_id = "admin-api-keys-create",
    tag = "Admin keys",
    security(("bearer" = ["admin_api_keys.write"])),
    params(IdempotencyKey),
    request_body = CreateKeyBody,
    responses(
        (status = 200, description = "The key, with its secret in `value`", body = KeyObject),
        (status = 409, description = "Another key has this idempotency key, or there are too many keys", body = ErrorDocument)
    )
)]
pub(super) async fn create(
    State(v1): State<V1State>,
    caller: Caller,
    request: IdempotencyKey,
    JsonBody(body): JsonBody<CreateKeyBody>,
) -> KeyResponse<KeyObject> {
    keys::create(&v1, &caller, LOCATION, request, body).await
}

/// Returns an admin key.
#[utoipa::path(
    get,
    path = "/v1/organization/admin_api_keys/{key}",
    operation_id = "admin-api-keys-get",
    tag = "Admin keys",
    security(("bearer" = ["admin_api_keys.read"])),
    params(AdminKeyPath),
    responses((status = 200, description = "The key", body = KeyObject))
)]
pub(super) async fn retrieve(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(AdminKeyPath { key }): PathIds<AdminKeyPath>,
) -> KeyResponse<KeyObject> {
    keys::retrieve(&v1, &caller, LOCATION, key).await
}

/// Changes an admin key.
///
/// Fields that are left out don't change. This operation isn't in OpenAI's API.
#[utoipa::path(
    post,
    path = "/v1/organization/admin_api_keys/{key}",
    operation_id = "admin-api-keys-modify",
    tag = "Admin keys",
    security(("bearer" = ["admin_api_keys.write"])),
    params(AdminKeyPath),
    request_body = EditKeyBody,
    responses(
        (status = 200, description = "The updated key", body = KeyObject),
        (status = 409, description = "The key has expired or is disabled", body = ErrorDocument)
    )
)]
pub(super) async fn modify(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(AdminKeyPath { key }): PathIds<AdminKeyPath>,
    JsonBody(changes): JsonBody<EditKeyBody>,
) -> KeyResponse<KeyObject> {
    keys::modify(&v1, &caller, LOCATION, key, changes).await
}

/// Revokes an admin key.
///
/// The key stops working within a second, and its calls stay in the log. The response lists the keys that it
/// created or rotated and that still work; with `descendants=true` they are revoked too, all or none.
#[utoipa::path(
    delete,
    path = "/v1/organization/admin_api_keys/{key}",
    operation_id = "admin-api-keys-delete",
    tag = "Admin keys",
    security(("bearer" = ["admin_api_keys.write"])),
    params(
        AdminKeyPath,
        ("descendants" = Option<bool>, Query, description = "Whether to also revoke the keys that it created or rotated")
    ),
    responses((status = 200, description = "The key is revoked", body = DeletedKey))
)]
pub(super) async fn revoke(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(AdminKeyPath { key }): PathIds<AdminKeyPath>,
    query: QueryParams,
) -> KeyResponse<DeletedKey> {
    keys::revoke(&v1, &caller, LOCATION, key, query).await
}

/// Lists the keys that an admin key created or rotated and that still work.
///
/// Their secrets were returned to the holder of the admin key. This operation isn't in OpenAI's API.
#[utoipa::path(
    get,
    path = "/v1/organization/admin_api_keys/{key}/descendants",
    operation_id = "admin-api-keys-list-descendants",
    tag = "Admin keys",
    security(("bearer" = ["admin_api_keys.read"])),
    params(AdminKeyPath),
    responses((status = 200, description = "The keys, oldest first", body = DescendantKeys))
)]
pub(super) async fn descendants(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(AdminKeyPath { key }): PathIds<AdminKeyPath>,
) -> KeyResponse<DescendantKeys> {
    let actor = caller.with(LOCATION.permission(Permission::ViewApiKeys))?;
    let services = v1.services();
    location::get_at(services, &actor, LOCATION, key).await?;
    Ok(Json(DescendantKeys::new(api_keys::descendants(services, &actor, &[key]).await?)))
}

/// Gives an admin key a new secret.
///
/// Only this response contains it. The old secret works until its grace period ends. This operation isn't in
/// OpenAI's API.
#[utoipa::path(
    post,
    path = "/v1/organization/admin_api_keys/{key}/rotate",
    operation_id = "admin-api-keys-rotate",
    tag = "Admin keys",
    security(("bearer" = ["admin_api_keys.write"])),
    params(AdminKeyPath, IdempotencyKey),
    request_body(content = ref("#/components/schemas/RotateKeyBody")),
    responses(
        (status = 200, description = "The key, with its new secret in `value`", body = KeyObject),
        (status = 409, description = "The key has expired, is disabled, or is rotating already", body = ErrorDocument)
    )
)]
pub(super) async fn rotate(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(AdminKeyPath { key }): PathIds<AdminKeyPath>,
    request: IdempotencyKey,
    JsonBody(grace): JsonBody<RotateKeyBody>,
) -> KeyResponse<KeyObject> {
    keys::rotate(&v1, &caller, LOCATION, key, request, grace).await
}

/// Changes the grace period of an admin key's old secret.
///
/// The period counts from now; 0 ends the old secret at once. This operation isn't in OpenAI's API.
#[utoipa::path(
    post,
    path = "/v1/organization/admin_api_keys/{key}/grace",
    operation_id = "admin-api-keys-set-grace",
    tag = "Admin keys",
    security(("bearer" = ["admin_api_keys.write"])),
    params(AdminKeyPath),
    request_body(content = ref("#/components/schemas/RotateKeyBody")),
    responses(
        (status = 200, description = "The key", body = KeyObject),
        (status = 409, description = "The key isn't rotating", body = ErrorDocument)
    )
)]
pub(super) async fn set_grace(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(AdminKeyPath { key }): PathIds<AdminKeyPath>,
    JsonBody(grace): JsonBody<RotateKeyBody>,
) -> KeyResponse<KeyObject> {
    keys::set_grace(&v1, &caller, LOCATION, key, grace).await
}
