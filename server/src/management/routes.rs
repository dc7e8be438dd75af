//! The paths, with who answers them.

use axum::{
    Router,
    http::Method,
    routing::{MethodRouter, any, delete, get, post},
};

use super::{Management, costs, keys, leaks, usage};
use crate::{
    checks::{authz, verify},
    events,
    v1::error::Refusal,
};

/// Each path with a method that it takes. A path may stand here several times.
fn table() -> Vec<(Method, &'static str, MethodRouter<Management>)> {
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
        (Method::POST, events::PATH, post(events::take)),
        (Method::POST, verify::PATH, post(verify::verify)),
        // Whatever the method: it is the client's.
        (Method::GET, authz::PATH, any(authz::authorize)),
        (Method::GET, authz::UNDER_PATH, any(authz::authorize)),
    ]
}

/// Every method and path of the management API, with `{…}` for what changes.
pub fn listed() -> Vec<(Method, &'static str)> {
    table().into_iter().map(|(method, path, _)| (method, path)).collect()
}

pub(super) fn router() -> Router<Management> {
    let routes = table().into_iter().fold(Router::new(), |router, (_, path, answer)| router.route(path, answer));
    routes.method_not_allowed_fallback(async || Refusal::wrong_method())
}
