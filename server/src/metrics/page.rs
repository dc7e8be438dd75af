//! `GET /metrics`.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, State},
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use subtle::ConstantTimeEq;

use crate::{gateway::Gateway, hub::Hub, security::client_ip};

/// The text format's version 0.0.4.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All figures, for this machine, or for whoever has the configured token.
pub(crate) async fn show(State((hub, gateway)): State<(Hub, Gateway)>, request: Parts) -> Response {
    let config = hub.config();
    let token = config.metrics_token.as_ref();
    let known = token.is_some_and(|token| shows(&request.headers, token.reveal()));
    if !known && !is_local(&request, &config.trusted_proxies) {
        return match token {
            Some(_) => (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], "The metrics' token is missing.\n"),
            None => (StatusCode::FORBIDDEN, [(WWW_AUTHENTICATE, "Bearer")], "Metrics are for this machine only.\n"),
        }
        .into_response();
    }
    match gateway.metrics_text() {
        Ok(text) => ([(CONTENT_TYPE, FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics can't be told");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Whether the request comes from this machine, and wasn't passed on here for somebody else.
fn is_local(request: &Parts, trusted: &[ipnet::IpNet]) -> bool {
    let Some(ConnectInfo(peer)) = request.extensions.get::<ConnectInfo<SocketAddr>>() else { return false };
    let passed_on = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];
    let passed_on = passed_on.iter().any(|name| request.headers.contains_key(*name));
    // Of a trusted proxy it is known whom it speaks for; of others only that they speak for somebody.
    let ip = client_ip::client(peer.ip(), &request.headers, trusted);
    ip.to_canonical().is_loopback() && (!passed_on || client_ip::is_trusted(peer.ip(), trusted))
}

/// Whether the request shows this token, in a time that doesn't depend on how much of it is right.
fn shows(headers: &HeaderMap, token: &str) -> bool {
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, shown) = shown.split_once(' ').unwrap_or_default();
    scheme.eq_ignore_ascii_case("bearer") && shown.trim().as_bytes().ct_eq(token.as_bytes()).into()
}
