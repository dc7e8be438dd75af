//! A provider that asks nobody: the same question always gets the same answer.
//!
//! It answers in OpenAI's form, with usage, whole or streamed, so that
//! everything around it can be tried without an account anywhere. A text has
//! one token for each four bytes of UTF-8 that it began; that rule is its own.

mod chat;
mod embeddings;

use std::vec;

use axum::http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Endpoint, ProviderBody, ProviderRequest};

#[derive(Debug)]
pub(super) struct Sandbox;

impl Sandbox {
    pub(super) fn answer(&self, request: &ProviderRequest) -> Response<ProviderBody> {
        let answer = match request.endpoint {
            Endpoint::ChatCompletions => chat::answer(&request.body),
            Endpoint::Embeddings => embeddings::answer(&request.body),
        };
        answer.unwrap_or_else(Wrong::response)
    }
}

/// An answer's body: whole, or an event at a time.
#[derive(Debug)]
pub(crate) struct Pieces(vec::IntoIter<Bytes>);

impl Pieces {
    pub(super) fn next(&mut self) -> Option<Bytes> {
        self.0.next()
    }

    /// How many bytes are left.
    pub(super) fn len(&self) -> u64 {
        self.0.as_slice().iter().map(|piece| piece.len() as u64).sum()
    }
}

/// A question that makes no sense, answered as OpenAI would.
struct Wrong {
    param: Option<&'static str>,
    message: String,
}

impl Wrong {
    fn about(param: &'static str, message: impl Into<String>) -> Self {
        Self { param: Some(param), message: message.into() }
    }

    fn response(self) -> Response<ProviderBody> {
        #[derive(Serialize)]
        struct Document {
            error: Inner,
        }
        #[derive(Serialize)]
        struct Inner {
            message: String,
            r#type: &'static str,
            param: Option<&'static str>,
            code: Option<&'static str>,
        }
        let Self { message, param } = self;
        let error = Inner { message, r#type: "invalid_request_error", param, code: Some("invalid_request_error") };
        let mut response = json(&Document { error });
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response
    }
}

impl From<serde_json::Error> for Wrong {
    fn from(error: serde_json::Error) -> Self {
        Self { param: None, message: format!("The body has another form than expected: {error}.") }
    }
}

fn json(document: &impl Serialize) -> Response<ProviderBody> {
    body(vec![to_bytes(document)], "application/json")
}

fn body(pieces: Vec<Bytes>, content_type: &'static str) -> Response<ProviderBody> {
    let mut response = Response::new(ProviderBody::Sandbox(Pieces(pieces.into_iter())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn to_bytes(document: &impl Serialize) -> Bytes {
    // These documents hold texts and numbers only, which always have a JSON form.
    serde_json::to_vec(document).unwrap_or_default().into()
}

/// How many tokens a text has by the sandbox's rule.
fn tokens(text: &str) -> i64 {
    i64::try_from(text.len().div_ceil(4)).unwrap_or(i64::MAX)
}

/// A number that is the same for the same bytes.
fn fingerprint(bytes: &[u8]) -> u64 {
    let hash = Sha256::digest(bytes);
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}
