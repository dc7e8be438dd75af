//! Answers the dashboard's server functions at `/api/<area>/<verb>`.

use std::sync::LazyLock;

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::errors::ApiError;
use leptos::{prelude::provide_context, server_fn::error::SERVER_FN_ERROR_HEADER};

use crate::{context::RequestInfo, hub::Hub, zeros};

/// Maximum input of a server function, in bytes: forms, never files.
const MAX_INPUT_BYTES: usize = 64 * 1024;

/// Sorted. All server functions are registered when the program starts.
static PATHS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut paths: Vec<_> = leptos::server_fn::axum::server_fn_paths()
        .filter(|(_, method)| *method == Method::POST)
        .map(|(path, _)| path)
        .collect();
    paths.sort_unstable();
    paths
});

/// All paths of server functions, sorted; all are POST.
pub fn paths() -> &'static [&'static str] {
    &PATHS
}

pub(crate) async fn answer(State(hub): State<Hub>, info: RequestInfo, request: Request) -> Response {
    if paths().binary_search(&request.uri().path()).is_err() {
        return error_response(ApiError::NotFound);
    }
    if request.method() != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response();
    }
    let (mut parts, body) = request.into_parts();
    // With these headers Leptos would answer a plain form with a redirect; the dashboard has no plain forms.
    parts.headers.remove(header::ACCEPT);
    parts.headers.remove(header::REFERER);
    let Ok(body) = axum::body::to_bytes(body, MAX_INPUT_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if zeros::is_in_json(&body) {
        return error_response(zeros::error().into());
    }
    let request = Request::from_parts(parts, Body::from(body));
    let context = info.for_server_functions(&hub);
    let provide = move || provide_context(context.clone());
    with_status(leptos_axum::handle_server_fns_with_context(provide, request).await.into_response()).await
}

/// A public error with its status, in the form of server functions' errors.
pub(crate) fn error_response(error: ApiError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error)).into_response()
}

/// Sets a response's status from its error: Leptos answers every error with 500.
async fn with_status(response: Response) -> Response {
    if !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_INPUT_BYTES).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Ok(error) = serde_json::from_slice::<ApiError>(&body) {
        parts.status = StatusCode::from_u16(error.status()).unwrap_or(parts.status);
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Response::from_parts(parts, Body::from(body))
}
