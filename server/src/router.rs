//! All routes, on one port. What isn't listed here isn't reachable.

use axum::{
    Router, middleware,
    routing::{any, get},
};
use tower_http::{CompressionLevel, compression::CompressionLayer, limit::RequestBodyLimitLayer};

use crate::{dashboard, exports, gateway, health, hub::Hub, live, management, metrics, security, server_functions};

/// The paths that answer anybody, without a session or a key; a test holds this list against what answers.
pub const PUBLIC_PATHS: &[&str] = &[
    "/healthz",
    "/readyz",
    "/api/accounts/welcome",
    "/api/accounts/sign_in",
    "/api/accounts/sign_up",
    "/v1/keys/report-leak",
];

/// The routes under `/api` that are no server functions; all are GET and ask for a session.
pub const SESSION_PATHS: &[&str] =
    &["/api/api_keys/export.csv", "/api/calls/export.csv", "/api/live", "/api/usage/export.csv"];

/// Largest body of anything but the gateway, in bytes.
const LARGEST_BODY: usize = 256 * 1024;

pub fn router(hub: Hub, gateway: gateway::Gateway) -> Router {
    let api = Router::new()
        .route("/api/api_keys/export.csv", get(exports::api_keys))
        .route("/api/usage/export.csv", get(exports::usage))
        .route("/api/calls/export.csv", get(exports::calls))
        .route("/api/live", get(live::connect))
        .route("/api/{*path}", any(server_functions::answer))
        .route("/api", any(server_functions::answer))
        .route("/api/", any(server_functions::answer))
        .layer(middleware::from_fn_with_state(hub.clone(), security::guard_origin))
        .layer(middleware::from_fn_with_state(hub.clone(), security::events::note));
    let dashboard = Router::new()
        .merge(api)
        .fallback(dashboard::show)
        .layer(middleware::from_fn(security::zeros::refuse))
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
        // The files are compressed already; this is for answers and for the page with its boot data.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .with_state(hub.clone());
    let health = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .with_state(hub.clone());
    let metrics = Router::new().route("/metrics", get(metrics::show)).with_state((hub.clone(), gateway.clone()));
    let programs = management::router(hub.clone(), gateway.clone())
        .merge(gateway::router(gateway.clone()))
        .layer(middleware::from_fn_with_state(gateway, security::zeros::refuse_programs));
    let all = Router::new().merge(health).merge(metrics).merge(programs).fallback_service(dashboard);
    all.layer(middleware::from_fn_with_state(hub, security::add_headers))
}
