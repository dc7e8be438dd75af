//! Server functions for usage.

use domain::{
    errors::ApiError,
    usage::{ModelKeyTokens, UsageQuery, UsageReport},
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Reports usage by bucket and group, for chart, tiles and table.
#[server(prefix = "/api", endpoint = "usage/report", input = Json)]
pub async fn report(organization: String, query: UsageQuery) -> Result<UsageReport, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    let report = services::usage::report(&services, &actor, &query);
    services.shared_reads().read(&actor, "usage/report", &query, report).await.map_err(context::public_error)
}

/// Sums tokens by model and key, the largest first.
#[server(prefix = "/api", endpoint = "usage/model_keys", input = Json)]
pub async fn model_keys(organization: String, query: UsageQuery) -> Result<Vec<ModelKeyTokens>, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::usage::model_keys(&services, &actor, &query).await.map_err(context::public_error)
}
