//! The server function for the overview page.

use domain::{errors::ApiError, overview::Overview};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Returns the month's figures, recent usage and latest calls, as far as the caller may see them.
#[server(prefix = "/api", endpoint = "overview/get", input = Json)]
pub async fn get(organization: String) -> Result<Overview, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    let base_url = context::request()?.base_url;
    let overview = services::overview::get(&services, &actor, base_url.clone());
    services.shared_reads().read(&actor, "overview/get", &base_url, overview).await.map_err(context::public_error)
}
