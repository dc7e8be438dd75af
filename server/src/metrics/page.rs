//! `GET /metrics`.

use axum::{
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, HOST, WWW_AUTHENTICATE},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use subtle::ConstantTimeEq;

use crate::{
    config::Config,
    context::{is_loopback_host, peer},
    gateway::Gateway,
    hub::Hub,
    security::client_ip,
};

/// The text format's version 0.0.4.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All figures, for this machine, or for whoever has the configured token.
pub(crate) async fn show(State((hub, gateway)): State<(Hub, Gateway)>, request: Parts) -> Response {
    let config = hub.config();
    let token = config.metrics_token.as_ref();
    let known = token.is_some_and(|token| shows(&request.headers, token.reveal()));
    if !known && (is_public(&config) || !is_local(&request)) {
        let (status, advice) = match token {
            Some(_) => (StatusCode::UNAUTHORIZED, "The metrics' token is missing.\n"),
            None => (StatusCode::FORBIDDEN, "Metrics take the token of [metrics] in tollhouse.toml, which has none.\n"),
        };
        return (status, [(WWW_AUTHENTICATE, "Bearer")], advice).into_response();
    }
    match gateway.metrics_text() {
        Ok(text) => ([(CONTENT_TYPE, FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics can't be told");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Whether the server is reached by others than this machine: then there is a proxy, which may be on this very machine and
/// say nothing of whom it speaks for.
fn is_public(config: &Config) -> bool {
    let host = |url: &str| url.split_once("://").map(|(_, host)| is_loopback_host(host));
    config.public_url.as_deref().is_some_and(|url| host(url) != Some(true))
}

/// Whether the request comes from this machine, wasn't passed on here for somebody else, and is meant for this machine: a
/// page elsewhere may have its own name lead here.
fn is_local(request: &Parts) -> bool {
    let is_here = peer(&request.extensions).is_some_and(|peer| peer.to_canonical().is_loopback());
    let named = request.headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_meant = named.is_some_and(is_loopback_host)
        && request.uri.authority().is_none_or(|authority| is_loopback_host(authority.as_str()));
    is_here && is_meant && !client_ip::is_passed_on(&request.headers)
}

/// Whether the request shows this token, in a time that doesn't depend on how much of it is right.
fn shows(headers: &HeaderMap, token: &str) -> bool {
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, shown) = shown.split_once(' ').unwrap_or_default();
    scheme.eq_ignore_ascii_case("bearer") && shown.trim().as_bytes().ct_eq(token.as_bytes()).into()
}
