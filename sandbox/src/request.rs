//! A request to the sandbox, as it is sent and as it is received.

use http::{HeaderMap, Method};

use crate::{
    error::SandboxDialect,
    input::{Input, SandboxRequestBody},
    memory::StoredQuestions,
};

/// A request to the sandbox.
#[derive(Debug)]
pub struct SandboxRequest {
    /// The method: GET, POST or DELETE.
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

/// A request whose body has arrived, with the relevant parts of its head.
pub(super) struct ReceivedRequest<'a> {
    /// The id in its path; empty if there is none.
    pub(super) id: &'a str,
    /// The query string.
    pub(super) query: &'a str,
    pub(super) input: Input,
    /// Earlier requests.
    pub(super) stored_questions: &'a StoredQuestions,
    /// Whether answers report usage.
    pub(super) reports_usage: bool,
    /// Duration of jobs, in milliseconds.
    pub(super) job_ms: u64,
}
