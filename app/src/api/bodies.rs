//! The server function for call bodies.

use domain::{bodies::BodiesState, errors::ApiError, ids::CallId};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Returns the request and response bodies of one call.
#[server(prefix = "/api", endpoint = "bodies/get", input = Json)]
pub async fn get(organization: String, id: CallId) -> Result<BodiesState, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::bodies::get(&services, &actor, id).await.map_err(context::public_error)
}
