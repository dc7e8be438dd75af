//! Server functions for rate limits of an organization and its projects. A key's are set with the key.

use domain::{
    errors::ApiError,
    ids::ProjectId,
    rate_limits::{RateLimits, SharedLimits},
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Lists the organization's limits, then those of its projects by name.
#[server(prefix = "/api", endpoint = "rate_limits/list", input = Json)]
pub async fn list(organization: String) -> Result<Vec<SharedLimits>, ApiError> {
    let configured = context::request()?.configured_limits;
    let (services, actor) = context::actor(&organization).await?;
    services::rate_limits::list(&services, &actor, configured).await.map_err(context::public_error)
}

/// Sets the limits of a project, or without one of the organization.
#[server(prefix = "/api", endpoint = "rate_limits/set", input = Json)]
pub async fn set(organization: String, project: Option<ProjectId>, limits: RateLimits) -> Result<(), ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::rate_limits::set(&services, &actor, project, limits).await.map_err(context::public_error)
}
