//! `/v1/organization/projects/{project}/api_keys`: the keys of a project.

use axum::extract::State;
use domain::ids::{ApiKeyId, ProjectId};
use serde::Deserialize;
use services::api_keys::location::KeyLocation;

use super::{
    key_bodies::{CreateKeyBody, EditKeyBody, RotateKeyBody},
    key_object::{DeletedKey, KeyObject},
    keys::{self, IdempotencyKey, KeyResponse},
    list::ListPage,
};
use crate::v1::{
    caller::Caller,
    input::{JsonBody, PathIds, QueryParams},
    state::V1State,
};

/// The parameter of the path of a project's keys.
#[derive(Deserialize)]
pub(super) struct ProjectPath {
    /// The project.
    project: ProjectId,
}

/// The parameters of a key's path.
#[derive(Deserialize)]
pub(super) struct ProjectKeyPath {
    /// The project of the key.
    project: ProjectId,
    /// The key.
    key: ApiKeyId,
}

/// Lists the keys of a project, without revoked ones.
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
pub(super) async fn set_grace(
    State(v1): State<V1State>,
    caller: Caller,
    PathIds(ProjectKeyPath { project, key }): PathIds<ProjectKeyPath>,
    JsonBody(grace): JsonBody<RotateKeyBody>,
) -> KeyResponse<KeyObject> {
    keys::set_grace(&v1, &caller, KeyLocation::Project(project), key, grace).await
}
