//! The server function for projects.

use domain::{errors::ApiError, projects::Project};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Lists the projects the caller may see, by name.
#[server(prefix = "/api", endpoint = "projects/list", input = Json)]
pub async fn list(organization: String) -> Result<Vec<Project>, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::projects::list(&services, &actor).await.map_err(context::public_error)
}
