//! Answers monitoring: `/healthz`, `/readyz` and `/metrics`.

use std::time::Duration;

use axum::{
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, HOST, WWW_AUTHENTICATE},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use services::{ServiceResult, background_migrations};
use subtle::ConstantTimeEq;
use tokio::time::timeout;

use crate::{
    client_ip, config::Config, context::peer, gateway::Gateway, hub::Hub, loopback::is_loopback_host,
    metrics::DatabaseCounts,
};

/// The content type of Prometheus' text format 0.0.4.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Time for the database to count what the metrics say of it.
const COUNT_TIMEOUT: Duration = Duration::from_secs(2);

/// Liveness: the process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok"
}

/// Readiness: the database answers too.
pub(crate) async fn readyz(State(hub): State<Hub>) -> impl IntoResponse {
    match hub.services.database().ping().await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database can't be reached")
        }
    }
}

/// Answers with all metrics, for clients on this machine or with the configured token.
pub(crate) async fn metrics(State((hub, gateway)): State<(Hub, Gateway)>, request: Parts) -> Response {
    let config = hub.config();
    let token = config.metrics_token.as_ref();
    let has_token = token.is_some_and(|token| sends_token(&request.headers, token.reveal()));
    if !has_token && (is_public(&config) || !is_local(&request)) {
        let (status, advice) = match token {
            Some(_) => (StatusCode::UNAUTHORIZED, "Missing or incorrect metrics token.\n"),
            None => (StatusCode::FORBIDDEN, "To read metrics from other machines, set a token under [metrics].\n"),
        };
        return (status, [(WWW_AUTHENTICATE, "Bearer")], advice).into_response();
    }
    match gateway.metrics_text(&counts(&hub).await) {
        Ok(text) => ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics can't be told");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Counts background jobs, and rows that background migrations have left; nothing while the database doesn't answer in
/// time, since the other metrics tell why.
async fn counts(hub: &Hub) -> DatabaseCounts {
    let counts = async {
        let jobs = services::jobs::counts(&hub.services).await?;
        let migrations = background_migrations::status(&hub.services).await?;
        ServiceResult::Ok(DatabaseCounts { jobs, migrations })
    };
    match timeout(COUNT_TIMEOUT, counts).await {
        Ok(Ok(counts)) => counts,
        Ok(Err(error)) => {
            tracing::warn!(%error, "can't count jobs for the metrics");
            DatabaseCounts::default()
        }
        Err(_) => DatabaseCounts::default(),
    }
}

/// Whether the server is public: then there is a proxy, which may be on this machine and send no client
/// addresses.
fn is_public(config: &Config) -> bool {
    let host = |url: &str| url.split_once("://").map(|(_, host)| is_loopback_host(host));
    config.public_url.as_deref().is_some_and(|url| host(url) != Some(true))
}

/// Whether the request comes from this machine, wasn't forwarded by a proxy, and names this machine: a page
/// elsewhere may have its own name resolve to this address.
fn is_local(request: &Parts) -> bool {
    let is_from_here = peer(&request.extensions).is_some_and(|peer| peer.to_canonical().is_loopback());
    let host = request.headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_for_here = host.is_some_and(is_loopback_host)
        && request.uri.authority().is_none_or(|authority| is_loopback_host(authority.as_str()));
    is_from_here && is_for_here && !client_ip::is_forwarded(&request.headers)
}

/// Whether the request carries this token, compared in constant time.
fn sends_token(headers: &HeaderMap, token: &str) -> bool {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, value) = value.split_once(' ').unwrap_or_default();
    scheme.eq_ignore_ascii_case("bearer") && value.trim().as_bytes().ct_eq(token.as_bytes()).into()
}
