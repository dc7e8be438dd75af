//! The server function for usage.

use domain::{
    errors::ApiError,
    usage::{UsageQuery, UsageReport},
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Reports usage by bucket and group, for chart, tiles and table.
#[server(prefix = "/api", endpoint = "usage/report", input = Json)]
pub async fn report(organization: String, query: UsageQuery) -> Result<UsageReport, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::usage::report(&services, &actor, &query).await.map_err(context::public_error)
}
