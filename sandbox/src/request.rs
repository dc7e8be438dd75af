//! A request to the sandbox.

use std::error::Error;

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body_util::combinators::UnsyncBoxBody;

/// A request to the sandbox.
#[derive(Debug)]
pub struct SandboxRequest {
    /// The method, which `route` takes.
    pub method: Method,
    /// The path as API references write it, such as `/v1/files/{id}`.
    pub route: &'static str,
    /// The path after `/v1`, with the query.
    pub path: String,
    /// The headers. Only the body's type and those that match [`BEHAVIOUR_HEADERS`](crate::BEHAVIOUR_HEADERS)
    /// are read.
    pub headers: HeaderMap,
    /// The API that the route belongs to.
    pub dialect: SandboxDialect,
    /// The body.
    pub body: SandboxRequestBody,
}

/// The body of a request.
#[derive(Debug)]
pub enum SandboxRequestBody {
    /// JSON, or nothing.
    Json(Bytes),
    /// A form, whose boundary is in the headers.
    Form(UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>),
}

/// An API, which decides the form of errors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SandboxDialect {
    /// OpenAI's.
    OpenAi,
    /// Anthropic's.
    Anthropic,
}
