//! API keys.

use domain::{
    api_keys::{ApiKey, CreatedApiKey, NewApiKey},
    errors::ApiError,
    ids::ApiKeyId,
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// The keys the asker may see, the newest first.
#[server(prefix = "/api", endpoint = "api_keys/list", input = Json)]
pub async fn list(organization: String) -> Result<Vec<ApiKey>, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::api_keys::list(&services, &actor).await.map_err(context::public)
}

/// Makes a key. Its secret is in the answer and never told again.
#[server(prefix = "/api", endpoint = "api_keys/create", input = Json)]
pub async fn create(organization: String, input: NewApiKey) -> Result<CreatedApiKey, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::api_keys::create(&services, &actor, input).await.map_err(context::public)
}

/// Ends a key for good. Revoking it again changes nothing.
#[server(prefix = "/api", endpoint = "api_keys/revoke", input = Json)]
pub async fn revoke(organization: String, id: ApiKeyId) -> Result<(), ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::api_keys::revoke(&services, &actor, id).await.map_err(context::public)
}
