//! The management API's paths with their handlers.

use axum::{
    http::Method,
    routing::{delete, get, post},
};

use super::{admin_keys, costs, leaks, media_usage, project_keys, usage};
use crate::v1::{routes::Route, state::V1State};

/// The routes of the management API.
pub(crate) fn routes() -> Vec<Route<V1State>> {
    const ADMIN_KEYS: &str = "/v1/organization/admin_api_keys";
    const ADMIN_KEY: &str = "/v1/organization/admin_api_keys/{key}";
    const PROJECT_KEYS: &str = "/v1/organization/projects/{project}/api_keys";
    const PROJECT_KEY: &str = "/v1/organization/projects/{project}/api_keys/{key}";
    vec![
        (Method::GET, ADMIN_KEYS, get(admin_keys::list)),
        (Method::POST, ADMIN_KEYS, post(admin_keys::create)),
        (Method::GET, ADMIN_KEY, get(admin_keys::retrieve)),
        (Method::POST, ADMIN_KEY, post(admin_keys::modify)),
        (Method::DELETE, ADMIN_KEY, delete(admin_keys::revoke)),
        (Method::GET, "/v1/organization/admin_api_keys/{key}/descendants", get(admin_keys::descendants)),
        (Method::POST, "/v1/organization/admin_api_keys/{key}/rotate", post(admin_keys::rotate)),
        (Method::POST, "/v1/organization/admin_api_keys/{key}/grace", post(admin_keys::set_grace)),
        (Method::GET, PROJECT_KEYS, get(project_keys::list)),
        (Method::POST, PROJECT_KEYS, post(project_keys::create)),
        (Method::GET, PROJECT_KEY, get(project_keys::retrieve)),
        (Method::POST, PROJECT_KEY, post(project_keys::modify)),
        (Method::DELETE, PROJECT_KEY, delete(project_keys::revoke)),
        (Method::POST, "/v1/organization/projects/{project}/api_keys/{key}/rotate", post(project_keys::rotate)),
        (Method::POST, "/v1/organization/projects/{project}/api_keys/{key}/grace", post(project_keys::set_grace)),
        (Method::GET, "/v1/organization/usage/completions", get(usage::completions)),
        (Method::GET, "/v1/organization/usage/embeddings", get(usage::embeddings)),
        (Method::GET, "/v1/organization/usage/moderations", get(usage::moderations)),
        (Method::GET, "/v1/organization/usage/decisions", get(usage::decisions)),
        (Method::GET, "/v1/organization/usage/web_search_calls", get(usage::web_search_calls)),
        (Method::GET, "/v1/organization/usage/file_search_calls", get(usage::file_search_calls)),
        (Method::GET, "/v1/organization/usage/vector_stores", get(usage::vector_stores)),
        (Method::GET, "/v1/organization/usage/code_interpreter_sessions", get(usage::code_interpreter_sessions)),
        (Method::GET, "/v1/organization/usage/images", get(media_usage::images)),
        (Method::GET, "/v1/organization/usage/audio_speeches", get(media_usage::audio_speeches)),
        (Method::GET, "/v1/organization/usage/audio_transcriptions", get(media_usage::audio_transcriptions)),
        (Method::GET, "/v1/organization/usage/videos", get(media_usage::videos)),
        (Method::GET, "/v1/organization/usage/latencies", get(media_usage::latencies)),
        (Method::GET, "/v1/organization/costs", get(costs::costs)),
        (Method::POST, leaks::PATH, post(leaks::report)),
    ]
}
