//! Server functions for call bodies.

use domain::{
    bodies::{BodiesState, BodyDeletion, BodyForm, BodyViews, Conversation},
    calls::CallQuery,
    errors::ApiError,
    ids::CallId,
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Returns the beginnings of the request and response of one call.
#[server(prefix = "/api", endpoint = "bodies/get", input = Json)]
pub async fn get(organization: String, id: CallId, form: BodyForm) -> Result<BodiesState<BodyViews>, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::bodies::view(&services, &actor, id, form).await.map_err(context::public_error)
}

/// Returns the request and response of one call as a conversation, if they are one.
#[server(name = ConversationRequest, prefix = "/api", endpoint = "bodies/conversation", input = Json)]
pub async fn conversation(organization: String, id: CallId) -> Result<Option<Conversation>, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::bodies::conversation(&services, &actor, id).await.map_err(context::public_error)
}

/// Deletes the bodies of calls that match a query, as many as a few seconds allow.
#[server(prefix = "/api", endpoint = "bodies/delete", input = Json)]
pub async fn delete(organization: String, query: CallQuery) -> Result<BodyDeletion, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::bodies::delete(&services, &actor, &query).await.map_err(context::public_error)
}
