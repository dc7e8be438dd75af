//! Builds the routers of the APIs below `/v1` that don't forward calls, and checks the requests of all of them.

use axum::{
    Router,
    extract::{FromRef, Request, State},
    http::{HeaderValue, Method, header},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::MethodRouter,
};
use services::security::SecurityEvent;

use super::{error::V1Error, respond, state::V1State};
use crate::{context::KnownCaller, security::events, zeros};

/// A method and a path, with its handler. A path may occur several times.
pub(crate) type Route<S> = (Method, &'static str, MethodRouter<S>);

/// Builds the router of an API. The gateway answers unknown paths, as all others under `/v1`.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(routes: Vec<Route<S>>, state: S) -> Router
where
    V1State: FromRef<S>,
{
    let v1 = V1State::from_ref(&state);
    routes
        .into_iter()
        .fold(Router::new(), |router, (_, path, handler)| router.route(path, handler))
        .method_not_allowed_fallback(async || V1Error::wrong_method())
        .layer(from_fn_with_state(v1, finish))
        .with_state(state)
}

/// Records refusals, and adds the headers of every response: the request's id, and `no-store`.
async fn finish(State(v1): State<V1State>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let (ip, caller) = (v1.client_ip(&parts), KnownCaller::default());
    parts.extensions.insert(caller.clone());
    let request = Request::from_parts(parts, body);
    let route = events::matched_route(&request);
    let answer = next.run(request).await;
    let services = v1.services();
    // Requests with an invalid key are recorded where the key is looked up.
    if let (Some(kind), Some(caller)) = (events::kind_of(&answer), caller.get()) {
        services.security().record(services.now(), SecurityEvent { kind, ip, caller: Some(caller), route: &route });
    }
    let mut response = respond::with_new_request_id(services, answer);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Middleware that refuses the character U+0000, in the form of the API that the path belongs to.
pub(crate) async fn reject_zeros(State(v1): State<V1State>, request: Request, next: Next) -> Response {
    if zeros::is_in_uri(request.uri()) {
        let (path, error) = (request.uri().path(), V1Error::malformed(zeros::MESSAGE));
        return respond::error_response(v1.services(), path, request.headers(), &error);
    }
    next.run(request).await
}
