//! `/v1/organization/projects/{project}/api_keys`: the keys of a project.

use axum::extract::State;
use domain::ids::{ApiKeyId, ProjectId};
use serde::Deserialize;
use services::api_keys::location::KeyLocation;
use utoipa::IntoParams;

use super::{
    key_bodies::{CreateKeyBody, EditKeyBody, RotateKeyBody},
    key_object::{DeletedKey, KeyObject},
    keys::{self, IdempotencyKey, KeyResponse},
    list::{KeyListParams, ListPage},
};
use crate::v1::{
    caller::Caller,
    error::ErrorDocument,
    input::{JsonBody, PathIds, QueryParams},
    state::V1State,
};

/// The parameter of the path of a project's keys.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ProjectPath {
    /// The project.
    project: ProjectId,
}

/// The parameters of a key's path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ProjectKeyPath {
    /// The project of the key.
    project: ProjectId,
    /// The key.
    key: ApiKeyId,
}

/// Lists the keys of a project, without revoked ones.
#[utoipa::path(
    get,
    path = "/v1/organization/projects/{project}/api_keys",
    operation_id = "list-project-api-keys",
    tag = "Project keys",
    security(("bearer" = ["api_keys.read"])),
    params(ProjectPath, KeyListParams),
    responses((status = 200, description = "A page of keys", body = ListPage<KeyObject>))
)]
pub(super) async fn list(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(ProjectPath { project }): PathIds<ProjectPath>,
    query: QueryParams,
) -> KeyResponse<ListPage<KeyObject>> {
    keys::list(&v1, &caller, KeyLocation::Project(project), query).await
}

/// Creates a key of a project.
///
/// The new key may do no more than the key that creates it, and expires with it at the latest. Only this
/// response contains its secret.
#[utoipa::path(
    post,
    path = "/v1/organization/projects/{project}/api_keys",
    operation_id = "create-project-api-key",
    tag = "Project keys",
    security(("bearer" = ["api_keys.write"])),
    params(ProjectPath, IdempotencyKey),
    request_body = CreateKeyBody,
    responses(
        (status = 200, description = "The key, with its secret in `value`", body = KeyObject),
        (status = 409, description = "Another key has this idempotency key, or there are too many keys", body = ErrorDocument)
    )
)]
pub(super) async fn create(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(ProjectPath { project }): PathIds<ProjectPath>,
    request: IdempotencyKey,
    JsonBody(body): JsonBody<CreateKeyBody>,
) -> KeyResponse<KeyObject> {
    keys::create(&v1, &caller, KeyLocation::Project(project), request, body).await
}

/// Returns a key of a project.
#[utoipa::path(
    get,
    path = "/v1/organization/projects/{project}/api_keys/{key}",
    operation_id = "retrieve-project-api-key",
    tag = "Project keys",
    security(("bearer" = ["api_keys.read"])),
    params(ProjectKeyPath),
    responses((status = 200, description = "The key", body = KeyObject))
)]
pub(super) async fn retrieve(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(ProjectKeyPath { project, key }): PathIds<ProjectKeyPath>,
) -> KeyResponse<KeyObject> {
    keys::retrieve(&v1, &caller, KeyLocation::Project(project), key).await
}

/// Changes a key of a project.
///
/// Fields that are left out don't change.
#[utoipa::path(
    post,
    path = "/v1/organization/projects/{project}/api_keys/{key}",
    operation_id = "modify-project-api-key",
    tag = "Project keys",
    security(("bearer" = ["api_keys.write"])),
    params(ProjectKeyPath),
    request_body = EditKeyBody,
    responses(
        (status = 200, description = "The updated key", body = KeyObject),
        (status = 409, description = "The key has expired or is disabled", body = ErrorDocument)
    )
)]
pub(super) async fn modify(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(ProjectKeyPath { project, key }): PathIds<ProjectKeyPath>,
    JsonBody(changes): JsonBody<EditKeyBody>,
) -> KeyResponse<KeyObject> {
    keys::modify(&v1, &caller, KeyLocation::Project(project), key, changes).await
}

/// Revokes a key of a project.
///
/// The key stops working within a second, and its calls stay in the log.
#[utoipa::path(
    delete,
    path = "/v1/organization/projects/{project}/api_keys/{key}",
    operation_id = "delete-project-api-key",
    tag = "Project keys",
    security(("bearer" = ["api_keys.write"])),
    params(
        ProjectKeyPath,
        ("descendants" = Option<bool>, Query, description = "Only admin keys have descendants to revoke")
    ),
    responses((status = 200, description = "The key is revoked", body = DeletedKey))
)]
pub(super) async fn revoke(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(ProjectKeyPath { project, key }): PathIds<ProjectKeyPath>,
    query: QueryParams,
) -> KeyResponse<DeletedKey> {
    keys::revoke(&v1, &caller, KeyLocation::Project(project), key, query).await
}

/// Gives a key of a project a new secret.
///
/// Only this response contains it. The old secret works until its grace period ends. This operation isn't in
/// OpenAI's API.
#[utoipa::path(
    post,
    path = "/v1/organization/projects/{project}/api_keys/{key}/rotate",
    operation_id = "rotate-project-api-key",
    tag = "Project keys",
    security(("bearer" = ["api_keys.write"])),
    params(ProjectKeyPath, IdempotencyKey),
    request_body(content = ref("#/components/schemas/RotateKeyBody")),
    responses(
        (status = 200, description = "The key, with its new secret in `value`", body = KeyObject),
        (status = 409, description = "The key has expired, is disabled, or is rotating already", body = ErrorDocument)
    )
)]
pub(super) async fn rotate(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(ProjectKeyPath { project, key }): PathIds<ProjectKeyPath>,
    request: IdempotencyKey,
    JsonBody(grace): JsonBody<RotateKeyBody>,
) -> KeyResponse<KeyObject> {
    keys::rotate(&v1, &caller, KeyLocation::Project(project), key, request, grace).await
}

/// Changes the grace period of a project key's old secret.
///
/// The period counts from now; 0 ends the old secret at once. This operation isn't in OpenAI's API.
#[utoipa::path(
    post,
    path = "/v1/organization/projects/{project}/api_keys/{key}/grace",
    operation_id = "set-project-api-key-grace",
    tag = "Project keys",
    security(("bearer" = ["api_keys.write"])),
    params(ProjectKeyPath),
    request_body(content = ref("#/components/schemas/RotateKeyBody")),
    responses(
        (status = 200, description = "The key", body = KeyObject),
        (status = 409, description = "The key isn't rotating", body = ErrorDocument)
    )
)]
pub(super) async fn set_grace(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(ProjectKeyPath { project, key }): PathIds<ProjectKeyPath>,
    JsonBody(grace): JsonBody<RotateKeyBody>,
) -> KeyResponse<KeyObject> {
    keys::set_grace(&v1, &caller, KeyLocation::Project(project), key, grace).await
}
