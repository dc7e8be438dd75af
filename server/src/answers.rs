//! Responses that several handlers send.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::errors::ApiError;

/// A public error with its status, in the form of server functions' errors.
pub(crate) fn error_response(error: ApiError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error)).into_response()
}
