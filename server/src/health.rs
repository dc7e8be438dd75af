//! Health checks: whether the server is alive, and able to serve.

use axum::{extract::State, http::StatusCode, response::IntoResponse};

use crate::hub::Hub;

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
