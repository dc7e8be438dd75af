//! The server function for models.

use domain::{errors::ApiError, models::Model};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Lists all models, by name.
#[server(prefix = "/api", endpoint = "models/list", input = Json)]
pub async fn list(organization: String) -> Result<Vec<Model>, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::models::list(&services, &actor).await.map_err(context::public_error)
}
