//! What was said in calls.

use domain::{bodies::KeptBodies, errors::ApiError, ids::CallId};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// What was said in one call.
#[server(prefix = "/api", endpoint = "bodies/get", input = Json)]
pub async fn get(organization: String, id: CallId) -> Result<KeptBodies, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::bodies::get(&services, &actor, id).await.map_err(context::public)
}
