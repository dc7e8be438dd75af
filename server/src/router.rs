//! All routes, on one port. What isn't listed here isn't reachable.

mod path_correction;

use axum::{
    Router,
    extract::FromRef,
    http::Method,
    middleware,
    routing::{MethodRouter, any, get},
};
use tower_http::{CompressionLevel, compression::CompressionLayer, limit::RequestBodyLimitLayer};

use crate::{
    dashboard, exports,
    gateway::{self, Gateway},
    health,
    hub::Hub,
    live, management, metrics, security, server_functions,
};

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
fn of_sessions() -> Vec<(&'static str, MethodRouter<Hub>)> {
    vec![
        ("/api/api_keys/export.csv", get(exports::api_keys)),
        ("/api/calls/export.csv", get(exports::calls)),
        ("/api/live", get(live::connect)),
        ("/api/usage/export.csv", get(exports::usage)),
    ]
}

/// What watches the server asks; none of it tells of an organization.
const MONITORS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

fn of_monitors() -> Vec<(&'static str, MethodRouter<(Hub, Gateway)>)> {
    let answers = [get(health::healthz), get(health::readyz), get(metrics::show)];
    MONITORS.into_iter().zip(answers).collect()
}

impl FromRef<(Hub, Gateway)> for Hub {
    fn from_ref((hub, _): &(Hub, Gateway)) -> Self {
        hub.clone()
    }
}

/// The paths that take a session and are no server functions.
pub fn session_paths() -> Vec<&'static str> {
    of_sessions().into_iter().map(|(path, _)| path).collect()
}

/// Every method and path that is answered, with `{…}` for what changes, but for the pages and files of the dashboard.
pub fn listed() -> Vec<(Method, &'static str)> {
    let monitors = MONITORS.into_iter().map(|path| (Method::GET, path));
    let sessions = session_paths().into_iter().map(|path| (Method::GET, path));
    let functions = server_functions::paths().iter().map(|path| (Method::POST, *path));
    monitors.chain(sessions).chain(functions).chain(management::routes()).chain(gateway::routes()).collect()
}

/// Adds each of these to `router`.
fn with<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    routes: Vec<(&'static str, MethodRouter<S>)>,
) -> Router<S> {
    routes.into_iter().fold(router, |router, (path, answer)| router.route(path, answer))
}

/// Largest body of anything but the gateway, in bytes.
const LARGEST_BODY: usize = 256 * 1024;

pub fn router(hub: Hub, gateway: Gateway) -> Router {
    let api = with(Router::new(), of_sessions())
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
    let monitors = with(Router::new(), of_monitors()).with_state((hub.clone(), gateway.clone()));
    let programs = management::router(hub.clone(), gateway.clone())
        .merge(gateway::router(gateway.clone()))
        .layer(middleware::from_fn_with_state(gateway.clone(), security::zeros::refuse_programs));
    let all = Router::new().merge(monitors).merge(programs).fallback_service(dashboard);
    // What changes a path must stand before what goes by it.
    let corrected =
        Router::new().fallback_service(all).layer(middleware::from_fn_with_state(gateway, path_correction::take));
    corrected.layer(middleware::from_fn_with_state(hub, security::add_headers))
}
