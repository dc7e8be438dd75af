//! Allows calls from browsers for pages of the configured origins ([Fetch], "CORS protocol"). Without
//! configured origins no CORS headers are sent.
//!
//! A page sends a key like any program, and never a cookie. Request headers aren't restricted here, since
//! only listed ones reach a provider; Anthropic's `anthropic-dangerous-direct-browser-access` is one of them.
//!
//! [Fetch]: https://fetch.spec.whatwg.org/#http-cors-protocol

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Gateway;

/// The methods of calls.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, DELETE");
/// How long browsers cache a preflight's answer, in seconds.
const PREFLIGHT_MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// Response headers that scripts may read, besides those they always may: those that the official SDKs read.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "content-disposition, openai-model, openai-processing-ms, openai-version, request-id, retry-after, retry-after-ms, \
     x-ratelimit-limit-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-requests, x-ratelimit-remaining-tokens, \
     x-ratelimit-reset-requests, x-ratelimit-reset-tokens, x-request-id, x-should-retry",
);

/// Answers preflights, and lets pages of allowed origins read the answers of calls.
pub(super) async fn apply(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    if gateway.cors_origins().is_empty() {
        return next.run(request).await;
    }
    let origin = allowed_origin(&gateway, request.headers());
    let response = match origin {
        Some(_) if is_preflight(request.method(), request.headers()) => answer_preflight(request.headers()),
        _ => next.run(request).await,
    };
    add_headers(response, origin)
}

/// Applies CORS to an existing answer, such as that of an unknown path.
pub(super) fn apply_to_answer(gateway: &Gateway, request: &Parts, answer: Response) -> Response {
    if gateway.cors_origins().is_empty() {
        return answer;
    }
    let origin = allowed_origin(gateway, &request.headers);
    let is_preflight = origin.is_some() && is_preflight(&request.method, &request.headers);
    add_headers(if is_preflight { answer_preflight(&request.headers) } else { answer }, origin)
}

/// Returns the requesting page's origin, if it is configured.
fn allowed_origin(gateway: &Gateway, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    gateway.cors_origins().iter().any(|allowed| origin == &**allowed).then(|| origin.clone())
}

fn add_headers(mut response: Response, origin: Option<HeaderValue>) -> Response {
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

/// Whether a request only asks if a call is allowed.
fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn answer_preflight(request: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE);
    if let Some(requested) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, requested.clone());
    }
    response
}
