//! Server functions for calls.

use domain::{
    calls::{CallActivity, CallDetails, CallPage, CallQuery, CallSuggestions},
    errors::ApiError,
    ids::CallId,
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Lists a page of calls, the newest first.
#[server(prefix = "/api", endpoint = "calls/list", input = Json)]
pub async fn list(organization: String, query: CallQuery) -> Result<CallPage, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    let calls = services::call_search::list(&services, &actor, &query);
    services.shared_reads().read(&actor, "calls/list", &query, calls).await.map_err(context::public_error)
}

/// Returns one call, with the price that was applied.
#[server(prefix = "/api", endpoint = "calls/get", input = Json)]
pub async fn get(organization: String, id: CallId) -> Result<CallDetails, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::calls::get(&services, &actor, id).await.map_err(context::public_error)
}

/// Counts the calls of a query over time.
#[server(prefix = "/api", endpoint = "calls/activity", input = Json)]
pub async fn activity(organization: String, query: CallQuery) -> Result<CallActivity, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    let activity = services::calls::activity(&services, &actor, &query);
    services.shared_reads().read(&actor, "calls/activity", &query, activity).await.map_err(context::public_error)
}

/// Counts the calls of a query by the values of each dimension.
#[server(prefix = "/api", endpoint = "calls/facets", input = Json)]
pub async fn facets(organization: String, query: CallQuery) -> Result<domain::calls::Facets, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    let facets = services::calls::facets(&services, &actor, &query);
    services.shared_reads().read(&actor, "calls/facets", &query, facets).await.map_err(context::public_error)
}

/// Finds calls by their ID, and values of filters by a part of their names; those of tags among the calls of a query.
#[server(prefix = "/api", endpoint = "calls/suggest", input = Json)]
pub async fn suggest(organization: String, query: CallQuery, text: String) -> Result<CallSuggestions, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::call_search::suggest(&services, &actor, &query, &text).await.map_err(context::public_error)
}
