//! Responses with their request ids, and errors for requests that aren't calls.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
};
use domain::ids::CallId;
use services::{Services, metering::new_call_id};

use super::{dialect::Dialect, error::V1Error};

/// Response header with the call's id, as shown in Logs.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Anthropic's name for the same header.
const ANTHROPIC_REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// Adds the call's id, for Anthropic's clients under their name as well.
pub(crate) fn with_request_id(mut response: Response, dialect: Dialect, id: CallId) -> Response {
    // An id is plain ASCII, so this can't fail.
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        if dialect == Dialect::Anthropic {
            response.headers_mut().insert(ANTHROPIC_REQUEST_ID, value.clone());
        }
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Adds a new request id to a response that belongs to no call.
pub(crate) fn with_new_request_id(services: &Services, response: Response) -> Response {
    with_request_id(response, Dialect::OpenAi, new_call_id(services.now()))
}

/// Answers a request that isn't a call with an error, in the form of the API that it was meant for.
pub(crate) fn error_response(services: &Services, path: &str, headers: &HeaderMap, refusal: &V1Error) -> Response {
    let dialect = Dialect::of(path, headers);
    let id = new_call_id(services.now());
    with_request_id(refusal.response_in(dialect, id), dialect, id)
}
