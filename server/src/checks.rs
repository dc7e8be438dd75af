//! Checks of keys for other gateways: `POST /v1/keys/verify`, and `/v1/authz` for proxies that check each
//! request before they let it through. `docs/authz.md` describes both.
//!
//! The caller has an admin key and learns of keys of its own organization only: another organization's key
//! gets the answer for an unknown one.

mod authz;
mod key_check;
mod verify;

use axum::{
    extract::FromRef,
    http::Method,
    routing::{any, post},
};
use utoipa::OpenApi;

use crate::{
    gateway::Gateway,
    v1::{routes::Route, state::V1State},
};

/// The handlers' state. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ChecksState {
    pub(crate) v1: V1State,
    pub(crate) gateway: Gateway,
}

impl FromRef<ChecksState> for V1State {
    fn from_ref(state: &ChecksState) -> Self {
        state.v1.clone()
    }
}

/// The routes of the checks.
pub(crate) fn routes() -> Vec<Route<ChecksState>> {
    vec![
        (Method::POST, verify::PATH, post(verify::verify)),
        // Any method is accepted, since it is the client's.
        (Method::GET, authz::PATH, any(authz::authorize)),
        (Method::GET, authz::SUBPATH, any(authz::authorize_subpath)),
    ]
}

/// The checks' part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(verify::verify, authz::authorize, authz::authorize_subpath),
    tags((name = "Checks", description = "Checks of keys for other gateways and proxies."))
)]
pub(crate) struct ChecksDocument;
