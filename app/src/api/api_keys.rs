//! Server functions for API keys.

use domain::{
    api_keys::{
        ApiKey, ApiKeyChanges, CreatedApiKey, Descendants, KeyPage, KeyPolicy, KeyQuery, NewApiKey, RecentUse,
        RotatedApiKey, Rotation,
    },
    audit::AuditEntry,
    errors::ApiError,
    ids::ApiKeyId,
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Lists a page of the keys that the caller may see.
#[server(prefix = "/api", endpoint = "api_keys/list", input = Json)]
pub async fn list(organization: String, query: KeyQuery) -> Result<KeyPage, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::api_keys::list(&services, &actor, &query).await.map_err(context::public_error)
}

/// Returns one key.
#[server(prefix = "/api", endpoint = "api_keys/get", input = Json)]
pub async fn get(organization: String, id: ApiKeyId) -> Result<ApiKey, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::api_keys::get(&services, &actor, id).await.map_err(context::public_error)
}

/// Lists the changes to a key, the latest first; all of them, since they are few.
#[server(prefix = "/api", endpoint = "api_keys/history", input = Json)]
pub async fn history(organization: String, id: ApiKeyId) -> Result<Vec<AuditEntry>, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::api_keys::history(&services, &actor, id).await.map_err(context::public_error)
}

/// Returns the use of these keys in the last 24 hours.
#[server(name = RecentUseRequest, prefix = "/api", endpoint = "api_keys/recent_use", input = Json)]
pub async fn recent_use(organization: String, ids: Vec<ApiKeyId>) -> Result<Vec<RecentUse>, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::api_keys::recent_use(&services, &actor, &ids).await.map_err(context::public_error)
}

/// Returns the organization's policy on key lifetime, for the form for a new key.
#[server(name = PolicyRequest, prefix = "/api", endpoint = "api_keys/policy", input = Json)]
pub async fn policy(organization: String) -> Result<KeyPolicy, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::organizations::key_policy(&services, &actor).await.map_err(context::public_error)
}

/// Creates a key. Only this answer contains its secret.
#[server(prefix = "/api", endpoint = "api_keys/create", input = Json)]
pub async fn create(organization: String, input: NewApiKey) -> Result<CreatedApiKey, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::api_keys::create(&services, &actor, input).await.map_err(context::public_error)
}

/// Changes a key's editable properties.
#[server(prefix = "/api", endpoint = "api_keys/edit", input = Json)]
pub async fn edit(organization: String, id: ApiKeyId, changes: ApiKeyChanges) -> Result<ApiKey, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::api_keys::edit(&services, &actor, id, changes).await.map_err(context::public_error)
}

/// Gives a key a new secret, while the old one stays valid for its grace period.
#[server(prefix = "/api", endpoint = "api_keys/rotate", input = Json)]
pub async fn rotate(organization: String, id: ApiKeyId, rotation: Rotation) -> Result<RotatedApiKey, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::api_keys::rotate(&services, &actor, id, rotation).await.map_err(context::public_error)
}

/// Sets the grace period of a rotating key's old secret to this many seconds from now; 0 ends it at once.
#[server(prefix = "/api", endpoint = "api_keys/set_grace", input = Json)]
pub async fn set_grace(organization: String, id: ApiKeyId, grace_seconds: u32) -> Result<ApiKey, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::api_keys::set_grace(&services, &actor, id, grace_seconds).await.map_err(context::public_error)
}

/// Lists the usable keys that these keys created or rotated.
#[server(name = DescendantsRequest, prefix = "/api", endpoint = "api_keys/descendants", input = Json)]
pub async fn descendants(organization: String, ids: Vec<ApiKeyId>) -> Result<Descendants, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::api_keys::descendants(&services, &actor, &ids).await.map_err(context::public_error)
}

/// Revokes keys, all or none, with `descendants` also the keys they created or rotated. Revoking a key again
/// changes nothing.
#[server(prefix = "/api", endpoint = "api_keys/revoke", input = Json)]
pub async fn revoke(
    organization: String,
    ids: Vec<ApiKeyId>,
    #[server(default)] descendants: bool,
) -> Result<(), ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    let result = if descendants {
        services::api_keys::revoke_with_descendants(&services, &actor, &ids).await.map(drop)
    } else {
        services::api_keys::revoke(&services, &actor, &ids).await
    };
    result.map_err(context::public_error)
}
