//! Sends queries and changes as the signed-in user, and notices if the session has ended.

use domain::errors::ApiError;

use super::{
    json::Json,
    server_query::{RequestPurpose, ServerQuery, arguments, post, read},
    session::CurrentSession,
};

/// Sends a query as the signed-in user.
pub async fn query_as<Q: ServerQuery>(session: CurrentSession, query: &Q) -> Result<Q::Output, ApiError> {
    read(post_as(session, RequestPurpose::Query, Q::PATH, arguments(query)).await?)
}

/// Sends a change as the signed-in user.
pub async fn mutate_as<Q: ServerQuery>(session: CurrentSession, change: &Q) -> Result<Q::Output, ApiError> {
    read(post_as(session, RequestPurpose::Mutation, Q::PATH, arguments(change)).await?)
}

/// Sends arguments to the server function at `path` as the signed-in user; see [`post`].
pub(super) async fn post_as(
    session: CurrentSession,
    purpose: RequestPurpose,
    path: &'static str,
    arguments: String,
) -> Result<Json, ApiError> {
    let generation = session.generation();
    let result = post(purpose, path, arguments).await;
    if let Err(error) = &result {
        session.check_error(error, generation);
    }
    result
}
