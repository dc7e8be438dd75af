//! Answers the dashboard's server functions at `/api/<area>/<verb>`.

use std::sync::LazyLock;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::errors::ApiError;
use leptos::{prelude::provide_context, server_fn::error::SERVER_FN_ERROR_HEADER};

use crate::{answers::error, context::RequestInfo, hub::Hub, security::zeros};

/// Largest input of a server function, in bytes: forms, never files.
const LARGEST_INPUT: usize = 64 * 1024;

/// They are all known when the program starts.
static PATHS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut paths: Vec<_> = leptos::server_fn::axum::server_fn_paths()
        .filter(|(_, method)| *method == Method::POST)
        .map(|(path, _)| path)
        .collect();
    paths.sort_unstable();
    paths
});

/// Every path under `/api` that is a server function, in order; all are POST.
pub fn paths() -> &'static [&'static str] {
    &PATHS
}

pub(crate) async fn answer(State(hub): State<Hub>, info: RequestInfo, request: Request) -> Response {
    if paths().binary_search(&request.uri().path()).is_err() {
        return error(ApiError::NotFound);
    }
    if request.method() != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response();
    }
    let (mut parts, body) = request.into_parts();
    // Without these Leptos would answer a plain form with a redirect; there are none.
    parts.headers.remove(header::ACCEPT);
    parts.headers.remove(header::REFERER);
    let Ok(body) = axum::body::to_bytes(body, LARGEST_INPUT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if zeros::is_in_json(&body) {
        return error(zeros::error().into());
    }
    let request = Request::from_parts(parts, Body::from(body));
    let context = info.for_server_functions(&hub);
    let give = move || provide_context(context.clone());
    with_status(leptos_axum::handle_server_fns_with_context(give, request).await.into_response()).await
}

/// Leptos answers every error with 500: the right status follows from which error it is.
async fn with_status(response: Response) -> Response {
    if !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_INPUT).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Ok(error) = serde_json::from_slice::<ApiError>(&body) {
        parts.status = StatusCode::from_u16(error.status()).unwrap_or(parts.status);
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Response::from_parts(parts, Body::from(body))
}
