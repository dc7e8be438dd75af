//! Bodies of answers: JSON documents, and events of a stream.

use bytes::Bytes;
use http::{HeaderValue, Response, header::CONTENT_TYPE};
use serde::Serialize;
use serde_json::Value;

use crate::scripted_body::SandboxBody;

pub(super) fn json_response(document: &impl Serialize) -> Response<SandboxBody> {
    body_response(vec![to_bytes(document)], "application/json")
}

pub(super) fn body_response(pieces: Vec<Bytes>, content_type: &'static str) -> Response<SandboxBody> {
    let mut response = Response::new(SandboxBody::new(pieces));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

pub(super) fn to_bytes(document: &impl Serialize) -> Bytes {
    // These documents consist of strings and numbers, which always serialize.
    serde_json::to_vec(document).unwrap_or_default().into()
}

/// Builds an event of a stream.
pub(super) fn event(document: &impl Serialize) -> Bytes {
    [b"data: ", &*to_bytes(document), b"\n\n"].concat().into()
}

/// Builds an event named by its `type`, as in OpenAI's responses and Anthropic's messages.
pub(super) fn named_event(document: &Value) -> Bytes {
    let name = document["type"].as_str().unwrap_or_default();
    [b"event: ", name.as_bytes(), b"\ndata: ", &*to_bytes(document), b"\n\n"].concat().into()
}
