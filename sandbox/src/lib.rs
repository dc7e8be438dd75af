//! A simulated provider, which gives the same answer to the same request.
//!
//! Answers have OpenAI's and Anthropic's forms, with usage, streamed or not, so that everything around the
//! sandbox can be tried without an account anywhere; they are slow, or fail, on request. `docs/sandbox.md` is
//! its manual.
#![warn(missing_docs)]

mod answer_text;
mod anthropic;
mod audio;
mod behaviour;
mod chat;
mod completions;
mod embeddings;
mod files;
mod images;
mod input;
mod jobs;
mod memory;
mod moderations;
mod reply;
mod request;
mod responses;
mod schema;
mod scripted_body;
mod text_format;
mod tokens;
mod tools;
mod turn;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

pub use self::{
    behaviour::BEHAVIOUR_HEADERS,
    request::{SandboxDialect, SandboxRequest, SandboxRequestBody},
    scripted_body::{RequestedBreak, SandboxBody},
};
use self::{
    behaviour::Behaviour,
    files::Files,
    input::Input,
    memory::StoredQuestions,
    tokens::{tokens, tokens_of_bytes},
};

/// A sandbox, with its memory.
#[derive(Debug, Default)]
pub struct Sandbox {
    files: Files,
    stored_questions: StoredQuestions,
}

/// A request whose body has arrived, with the relevant parts of its head.
struct ReceivedRequest<'a> {
    /// The id in its path; empty if there is none.
    id: &'a str,
    /// The query string.
    query: &'a str,
    input: Input,
    /// Earlier requests.
    stored_questions: &'a StoredQuestions,
    /// Whether answers report usage.
    reports_usage: bool,
    /// Duration of jobs, in milliseconds.
    job_ms: u64,
}

type SandboxResult = Result<Response<SandboxBody>, SandboxError>;

impl Sandbox {
    /// Answers a request, and invalid ones with an error of their dialect.
    ///
    /// # Errors
    /// The request asks for a connection that breaks off without an answer.
    pub async fn answer(&self, request: SandboxRequest) -> Result<Response<SandboxBody>, RequestedBreak> {
        let SandboxRequest { method, route, path, headers, dialect, body } = request;
        let input = match Input::read(&headers, body).await {
            Ok(input) => input,
            Err(error) => return Ok(error.response(dialect)),
        };
        let behaviour = match Behaviour::read(&headers, &input) {
            Ok(behaviour) => behaviour,
            Err(error) => return Ok(error.response(dialect)),
        };
        tokio::time::sleep(behaviour.delay).await;
        if behaviour.hangs_up {
            return Err(RequestedBreak);
        }
        if let Some(status) = behaviour.status {
            return Ok(behaviour::failure(dialect, status));
        }
        let (path, query) = path.split_once('?').unwrap_or((path.as_str(), ""));
        let request = ReceivedRequest {
            id: id(route, path),
            query,
            input,
            stored_questions: &self.stored_questions,
            reports_usage: behaviour.reports_usage,
            job_ms: behaviour.job_ms,
        };
        let result = self.answer_to(&method, route, &request);
        let mut response = result.unwrap_or_else(|error| error.response(dialect));
        behaviour.apply(response.body_mut());
        Ok(response)
    }

    fn answer_to(&self, method: &Method, route: &str, request: &ReceivedRequest<'_>) -> SandboxResult {
        match route {
            "/v1/chat/completions" => chat::answer(request),
            _ if route.starts_with("/v1/chat/completions/") => chat::stored(method, route, request),
            "/v1/completions" => completions::answer(request),
            "/v1/embeddings" => embeddings::answer(request.input.json()?),
            "/v1/moderations" => moderations::answer(request),
            "/v1/messages" => anthropic::answer(request),
            "/v1/messages/count_tokens" => anthropic::count(request),
            _ if route.starts_with("/v1/responses") => responses::answer(method, route, request),
            _ if route.starts_with("/v1/images/") => images::answer(route, request),
            _ if route.starts_with("/v1/audio/") => audio::answer(route, request),
            _ if route.starts_with("/v1/files") => self.files.answer(method, route, request),
            _ if route.starts_with("/v1/videos") => jobs::video(method, route, request),
            _ if route.starts_with("/v1/fine_tuning/") => jobs::fine_tuning(method, route, request),
            _ => Err(SandboxError::not_found()),
        }
    }
}

/// Returns the segment of `path`, which begins after `/v1`, at the position of `{id}` in `route`.
fn id<'p>(route: &str, path: &'p str) -> &'p str {
    let position = route.split('/').position(|part| part == "{id}");
    position.and_then(|position| path.split('/').nth(position - 1)).unwrap_or_default()
}

/// The error for an invalid request, in the form of OpenAI or Anthropic.
struct SandboxError {
    status: StatusCode,
    param: Option<&'static str>,
    message: String,
}

impl SandboxError {
    fn invalid(param: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, param: Some(param), message: message.into() }
    }

    fn not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, param: None, message: "The sandbox has nothing like that.".to_owned() }
    }

    fn response(self, dialect: SandboxDialect) -> Response<SandboxBody> {
        let kind = match self.status {
            StatusCode::NOT_FOUND => "not_found_error",
            _ => "invalid_request_error",
        };
        let document = match dialect {
            SandboxDialect::Anthropic => json!({"type": "error", "error": {"type": kind, "message": self.message}}),
            SandboxDialect::OpenAi => json!({"error": {
                "message": self.message,
                "type": "invalid_request_error",
                "param": self.param,
                "code": if self.status == StatusCode::NOT_FOUND { "not_found" } else { "invalid_request_error" },
            }}),
        };
        let mut response = json_response(&document);
        *response.status_mut() = self.status;
        response
    }
}

impl From<serde_json::Error> for SandboxError {
    fn from(error: serde_json::Error) -> Self {
        let message = format!("The body has another form than expected: {error}.");
        Self { status: StatusCode::BAD_REQUEST, param: None, message }
    }
}

fn json_response(document: &impl Serialize) -> Response<SandboxBody> {
    body_response(vec![to_bytes(document)], "application/json")
}

fn body_response(pieces: Vec<Bytes>, content_type: &'static str) -> Response<SandboxBody> {
    let mut response = Response::new(SandboxBody::new(pieces));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn to_bytes(document: &impl Serialize) -> Bytes {
    // These documents consist of strings and numbers, which always serialize.
    serde_json::to_vec(document).unwrap_or_default().into()
}

/// Builds an event of a stream.
fn event(document: &impl Serialize) -> Bytes {
    [b"data: ", &*to_bytes(document), b"\n\n"].concat().into()
}

/// Builds an event named by its `type`, as in OpenAI's responses and Anthropic's messages.
fn named_event(document: &serde_json::Value) -> Bytes {
    let name = document["type"].as_str().unwrap_or_default();
    [b"event: ", name.as_bytes(), b"\ndata: ", &*to_bytes(document), b"\n\n"].concat().into()
}

/// Hashes the bytes.
fn fingerprint(bytes: &[u8]) -> u64 {
    let hash = Sha256::digest(bytes);
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Returns the current time, in milliseconds of Unix time, which jobs progress by.
fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Creation time of all answers but jobs, in seconds of Unix time: equal requests get equal bytes.
const CREATED: u64 = 1_767_225_600;
