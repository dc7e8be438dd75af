//! `/v1/organization/admin_api_keys`: the organization's own keys.

use axum::{Json, extract::State};
use domain::ids::ApiKeyId;
use serde::Deserialize;
use services::api_keys::{self, location};

use super::{
    key_bodies::{CreateKeyBody, EditKeyBody, RotateKeyBody},
    key_object::{DeletedKey, DescendantKeys, KeyObject},
    keys::{self, IdempotencyKey, KeyResponse},
    list::ListPage,
};
use crate::v1::{
    caller::Caller,
    input::{JsonBody, PathIds, QueryParams},
    state::V1State,
};

const LOCATION: location::KeyLocation = location::KeyLocation::Organization;

/// The parameters of a key's path.
#[derive(Deserialize)]
pub(super) struct AdminKeyPath {
    /// The admin key.
    key: ApiKeyId,
}

/// Lists the organization's admin keys, without revoked ones.
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
pub(super) async fn create(
    State(v1): State<V1State>,
    caller: Caller,
    request: IdempotencyKey,
    JsonBody(body): JsonBody<CreateKeyBody>,
) -> KeyResponse<KeyObject> {
    keys::create(&v1, &caller, LOCATION, request, body).await
}

/// Returns an admin key.
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
pub(super) async fn descendants(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(AdminKeyPath { key }): PathIds<AdminKeyPath>,
) -> KeyResponse<DescendantKeys> {
    let actor = caller.with(keys::read_scope(LOCATION))?;
    let services = v1.services();
    location::get_at(services, &actor, LOCATION, key).await?;
    Ok(Json(DescendantKeys::new(api_keys::descendants(services, &actor, &[key]).await?)))
}

/// Gives an admin key a new secret.
///
/// Only this response contains it. The old secret works until its grace period ends. This operation isn't in
/// OpenAI's API.
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
pub(super) async fn set_grace(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(AdminKeyPath { key }): PathIds<AdminKeyPath>,
    JsonBody(grace): JsonBody<RotateKeyBody>,
) -> KeyResponse<KeyObject> {
    keys::set_grace(&v1, &caller, LOCATION, key, grace).await
}
