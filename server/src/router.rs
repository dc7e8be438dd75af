//! All routes, on one port. Paths that aren't listed here aren't reachable.

mod path_correction;

use app::addresses::BodyFileAddress;
use axum::{
    Router,
    extract::FromRef,
    http::Method,
    middleware,
    routing::{MethodRouter, any, get},
};
use domain::exports::FILE_PATH;
use services::events::Events;
use tower_http::{CompressionLevel, compression::CompressionLayer, limit::RequestBodyLimitLayer};

use crate::{
    body_files,
    checks::{self, ChecksState},
    dashboard,
    events::{self, EventsState},
    exports,
    gateway::{self, Gateway},
    hub::Hub,
    live, management, monitors, openapi, security, server_functions,
    v1::{
        routes::{self, Route},
        state::V1State,
    },
    zeros,
};

/// The paths that need neither a session nor a key; a test compares this list with the actual answers.
pub const PUBLIC_PATHS: &[&str] = &[
    "/healthz",
    "/readyz",
    openapi::PATH,
    "/api/accounts/welcome",
    "/api/accounts/session_end",
    "/api/accounts/sign_in",
    "/api/accounts/sign_up",
    "/v1/keys/report-leak",
];

/// The routes under `/api` that aren't server functions; all are GET and require a session.
fn session_routes() -> Vec<(&'static str, MethodRouter<Hub>)> {
    vec![
        ("/api/api_keys/export.csv", get(exports::api_keys)),
        (BodyFileAddress::MEDIA_PATH, get(body_files::media)),
        (BodyFileAddress::TEXT_PATH, get(body_files::text)),
        ("/api/calls/export.csv", get(exports::calls)),
        ("/api/calls/export.jsonl", get(exports::calls_as_json_lines)),
        (FILE_PATH, get(exports::download)),
        ("/api/live", get(live::connect)),
        ("/api/usage/export.csv", get(exports::usage)),
        ("/api/usage/focus.csv", get(exports::cost)),
    ]
}

/// The paths for monitoring; their answers contain no organization's data.
const MONITOR_PATHS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

fn monitor_routes() -> Vec<(&'static str, MethodRouter<(Hub, Gateway)>)> {
    let answers = [get(monitors::healthz), get(monitors::readyz), get(monitors::metrics)];
    MONITOR_PATHS.into_iter().zip(answers).collect()
}

impl FromRef<(Hub, Gateway)> for Hub {
    fn from_ref((hub, _): &(Hub, Gateway)) -> Self {
        hub.clone()
    }
}

/// The paths that take a session and aren't server functions.
pub fn session_paths() -> Vec<&'static str> {
    session_routes().into_iter().map(|(path, _)| path).collect()
}

/// The methods and paths under `/v1` that aren't the gateway's: management, checks and events.
pub fn api_routes() -> Vec<(Method, &'static str)> {
    let management = methods_and_paths(management::routes());
    management.chain(methods_and_paths(checks::routes())).chain(methods_and_paths(events::routes())).collect()
}

fn methods_and_paths<S>(routes: Vec<Route<S>>) -> impl Iterator<Item = (Method, &'static str)> {
    routes.into_iter().map(|(method, path, _)| (method, path))
}

/// All methods and paths, with `{…}` for parameters, except the dashboard's pages and files.
pub fn all_routes() -> Vec<(Method, &'static str)> {
    let monitors = MONITOR_PATHS.into_iter().map(|path| (Method::GET, path));
    let sessions = session_paths().into_iter().map(|path| (Method::GET, path));
    let functions = server_functions::paths().iter().map(|path| (Method::POST, *path));
    let document = [(Method::GET, openapi::PATH)];
    let programs = api_routes().into_iter().chain(gateway::routes());
    monitors.chain(sessions).chain(functions).chain(document).chain(programs).collect()
}

fn add_routes<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    routes: Vec<(&'static str, MethodRouter<S>)>,
) -> Router<S> {
    routes.into_iter().fold(router, |router, (path, answer)| router.route(path, answer))
}

/// Maximum body size of requests except the gateway's, in bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;

pub fn router(hub: Hub, v1: V1State, gateway: Gateway) -> Router {
    let functions = add_routes(Router::new(), session_routes())
        .route("/api/{*path}", any(server_functions::answer))
        .route("/api", any(server_functions::answer))
        .route("/api/", any(server_functions::answer))
        .layer(middleware::from_fn_with_state(hub.clone(), security::guard_origin))
        .layer(middleware::from_fn_with_state(hub.clone(), security::events::log_refusals));
    let dashboard = Router::new()
        .merge(functions)
        .route(openapi::PATH, get(openapi::show))
        .fallback(dashboard::show)
        .layer(middleware::from_fn(zeros::reject_zeros))
        .layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES))
        // The files are compressed already; this is for responses, the OpenAPI document, and the page with its boot
        // data.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .with_state(hub.clone());
    let monitors = add_routes(Router::new(), monitor_routes()).with_state((hub.clone(), gateway.clone()));
    let programs = api(v1.clone(), gateway.clone())
        .merge(gateway::router(gateway.clone()))
        .layer(middleware::from_fn_with_state(v1, routes::reject_zeros));
    let all = Router::new().merge(monitors).merge(programs).fallback_service(dashboard);
    // Path correction must run before routing.
    let corrected = Router::new()
        .fallback_service(all)
        .layer(middleware::from_fn_with_state(gateway, path_correction::correct_path));
    corrected.layer(middleware::from_fn_with_state(hub, security::add_headers))
}

/// Builds the router of the paths under `/v1` that aren't the gateway's.
fn api(v1: V1State, gateway: Gateway) -> Router {
    let events = EventsState { events: Events::start(v1.services()), v1: v1.clone() };
    routes::router(management::routes(), v1.clone())
        .merge(routes::router(checks::routes(), ChecksState { v1, gateway }))
        .merge(routes::router(events::routes(), events))
}
