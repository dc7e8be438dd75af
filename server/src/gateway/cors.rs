//! Lets pages of the origins that the operator names call from a browser ([Fetch], "CORS protocol"). Nobody else's may, and
//! unless some are named nothing here is said at all.
//!
//! A page shows a key as any program does, and never a cookie. Which headers it may send isn't narrowed here, since only
//! listed ones go on; Anthropic's `anthropic-dangerous-direct-browser-access` is one of them.
//!
//! [Fetch]: https://fetch.spec.whatwg.org/#http-cors-protocol

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Gateway;

/// The methods that calls are made by.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, DELETE");
/// For how long a browser remembers that it may ask, in seconds.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");
/// What scripts may read of an answer besides what they always may: what the official SDKs do.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "content-disposition, openai-model, openai-processing-ms, openai-version, request-id, retry-after, retry-after-ms, \
     x-ratelimit-limit-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-requests, x-ratelimit-remaining-tokens, \
     x-ratelimit-reset-requests, x-ratelimit-reset-tokens, x-request-id, x-should-retry",
);

/// Answers what a browser asks before a call, and lets it read the call's answer.
pub(super) async fn share(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    if gateway.cors_origins().is_empty() {
        return next.run(request).await;
    }
    let origin = named(&gateway, request.headers());
    let response = match origin {
        Some(_) if asks_before(request.method(), request.headers()) => may_ask(request.headers()),
        _ => next.run(request).await,
    };
    readable(response, origin)
}

/// The same where the answer is there already, such as that there is nothing at a path.
pub(super) fn share_answer(gateway: &Gateway, request: &Parts, answer: Response) -> Response {
    if gateway.cors_origins().is_empty() {
        return answer;
    }
    let origin = named(gateway, &request.headers);
    let asks = origin.is_some() && asks_before(&request.method, &request.headers);
    readable(if asks { may_ask(&request.headers) } else { answer }, origin)
}

/// The origin of the page that asks, if the operator named it.
fn named(gateway: &Gateway, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    gateway.cors_origins().iter().any(|named| origin == &**named).then(|| origin.clone())
}

fn readable(mut response: Response, origin: Option<HeaderValue>) -> Response {
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

/// Whether it isn't a call, but the question whether one may be made.
fn asks_before(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn may_ask(asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED);
    if let Some(wanted) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    response
}
