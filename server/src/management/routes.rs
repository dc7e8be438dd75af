//! The management API's paths with their handlers.

use axum::{
    Router,
    http::Method,
    routing::{MethodRouter, any, delete, get, post},
};

use super::{Management, costs, keys, leaks, usage};
use crate::{
    checks::{authz, verify},
    events,
    v1::error::V1Error,
};

/// All paths with a method and its handler. A path may occur several times.
fn handlers() -> Vec<(Method, &'static str, MethodRouter<Management>)> {
    const ADMIN_KEYS: &str = "/v1/organization/admin_api_keys";
    const ADMIN_KEY: &str = "/v1/organization/admin_api_keys/{key}";
    const PROJECT_KEYS: &str = "/v1/organization/projects/{project}/api_keys";
    const PROJECT_KEY: &str = "/v1/organization/projects/{project}/api_keys/{key}";
    vec![
        (Method::GET, ADMIN_KEYS, get(keys::list)),
        (Method::POST, ADMIN_KEYS, post(keys::create)),
        (Method::GET, ADMIN_KEY, get(keys::retrieve)),
        (Method::POST, ADMIN_KEY, post(keys::modify)),
        (Method::DELETE, ADMIN_KEY, delete(keys::revoke)),
        (Method::GET, "/v1/organization/admin_api_keys/{key}/descendants", get(keys::descendants)),
        (Method::POST, "/v1/organization/admin_api_keys/{key}/rotate", post(keys::rotate)),
        (Method::POST, "/v1/organization/admin_api_keys/{key}/grace", post(keys::set_grace)),
        (Method::GET, PROJECT_KEYS, get(keys::list)),
        (Method::POST, PROJECT_KEYS, post(keys::create)),
        (Method::GET, PROJECT_KEY, get(keys::retrieve)),
        (Method::POST, PROJECT_KEY, post(keys::modify)),
        (Method::DELETE, PROJECT_KEY, delete(keys::revoke)),
        (Method::POST, "/v1/organization/projects/{project}/api_keys/{key}/rotate", post(keys::rotate)),
        (Method::POST, "/v1/organization/projects/{project}/api_keys/{key}/grace", post(keys::set_grace)),
        (Method::GET, "/v1/organization/usage/completions", get(usage::completions)),
        (Method::GET, "/v1/organization/usage/embeddings", get(usage::embeddings)),
        (Method::GET, "/v1/organization/costs", get(costs::costs)),
        (Method::POST, leaks::PATH, post(leaks::report)),
        (Method::POST, events::PATH, post(events::receive)),
        (Method::POST, verify::PATH, post(verify::verify)),
        // Any method is accepted, since it is the client's.
        (Method::GET, authz::PATH, any(authz::authorize)),
        (Method::GET, authz::SUBPATH, any(authz::authorize)),
    ]
}

/// All methods and paths of the management API, with `{…}` for parameters.
pub fn all_routes() -> Vec<(Method, &'static str)> {
    handlers().into_iter().map(|(method, path, _)| (method, path)).collect()
}

pub(super) fn router() -> Router<Management> {
    let routes = handlers().into_iter().fold(Router::new(), |router, (_, path, handler)| router.route(path, handler));
    routes.method_not_allowed_fallback(async || V1Error::wrong_method())
}
