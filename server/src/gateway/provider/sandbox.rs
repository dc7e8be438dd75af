//! A provider that asks nobody: the same question always gets the same answer.
//!
//! It answers in OpenAI's and Anthropic's forms, with usage, whole or streamed, so that everything around it can be
//! tried without an account anywhere; and it is slow, or fails, where it is told to. A text has one token for each four
//! bytes of UTF-8 that it began; that rule is its own. `docs/sandbox.md` is its manual.

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
mod responses;
mod schema;
mod scripted_body;
mod text_format;
mod tools;
mod turn;

use axum::http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

pub(super) use self::scripted_body::Pieces;
use self::{behaviour::Behaviour, files::Files, input::Input, memory::Questions};
use super::{ProviderBody, ProviderError, ProviderRequest};
use crate::gateway::endpoint::{Dialect, Verb};

/// What tells it how to behave; other providers never see that.
pub(super) const OWN_HEADERS: &str = "x-sandbox-*";

#[derive(Debug, Default)]
pub(super) struct Sandbox {
    files: Files,
    questions: Questions,
}

/// A question, with what matters of how it came.
struct Question<'a> {
    /// The id in its path, or an empty text.
    id: &'a str,
    /// What stands behind the path.
    query: &'a str,
    input: Input,
    /// Those that were asked before.
    questions: &'a Questions,
    /// Whether usage is to be reported.
    reports: bool,
    /// How long jobs take, in milliseconds.
    job_ms: u64,
}

type Answer = Result<Response<ProviderBody>, Wrong>;

impl Sandbox {
    pub(super) async fn answer(&self, request: ProviderRequest) -> Result<Response<ProviderBody>, ProviderError> {
        let ProviderRequest { endpoint, path, headers, body, .. } = request;
        let dialect = endpoint.dialect;
        let input = match Input::read(&headers, &body).await {
            Ok(input) => input,
            Err(wrong) => return Ok(wrong.response(dialect)),
        };
        let behaviour = match Behaviour::read(&headers, &input) {
            Ok(behaviour) => behaviour,
            Err(wrong) => return Ok(wrong.response(dialect)),
        };
        tokio::time::sleep(behaviour.delay).await;
        if behaviour.hangs_up {
            return Err(ProviderError::Broken);
        }
        if let Some(status) = behaviour.status {
            return Ok(behaviour::failure(dialect, status));
        }
        let (path, query) = path.split_once('?').unwrap_or((path.as_str(), ""));
        let question = Question {
            id: id(endpoint.path, path),
            query,
            input,
            questions: &self.questions,
            reports: behaviour.reports,
            job_ms: behaviour.job_ms,
        };
        let answer = self.answer_to(endpoint.verb, endpoint.path, &question);
        let mut response = answer.unwrap_or_else(|wrong| wrong.response(dialect));
        if let ProviderBody::Sandbox(pieces) = response.body_mut() {
            behaviour.apply(pieces);
        }
        Ok(response)
    }

    fn answer_to(&self, verb: Verb, path: &str, question: &Question<'_>) -> Answer {
        match (verb, path) {
            (_, "/v1/chat/completions") => chat::answer(question),
            (_, path) if path.starts_with("/v1/chat/completions/") => chat::stored(verb, path, question),
            (_, "/v1/completions") => completions::answer(question),
            (_, "/v1/embeddings") => embeddings::answer(question.input.json()?),
            (_, "/v1/moderations") => moderations::answer(question),
            (_, "/v1/messages") => anthropic::answer(question),
            (_, "/v1/messages/count_tokens") => anthropic::count(question),
            (_, path) if path.starts_with("/v1/responses") => responses::answer(verb, path, question),
            (_, path) if path.starts_with("/v1/images/") => images::answer(path, question),
            (_, path) if path.starts_with("/v1/audio/") => audio::answer(path, question),
            (_, path) if path.starts_with("/v1/files") => self.files.answer(verb, path, question),
            (_, path) if path.starts_with("/v1/videos") => jobs::video(verb, path, question),
            (_, path) if path.starts_with("/v1/fine_tuning/") => jobs::fine_tuning(verb, path, question),
            _ => Err(Wrong::not_found()),
        }
    }
}

/// What stands in `path` where the endpoint's has `{id}`; there is no `/v1` before it.
fn id<'p>(endpoint: &str, path: &'p str) -> &'p str {
    let place = endpoint.split('/').position(|part| part == "{id}");
    place.and_then(|place| path.split('/').nth(place - 1)).unwrap_or_default()
}

/// A question that makes no sense, answered as OpenAI or Anthropic would.
struct Wrong {
    status: StatusCode,
    param: Option<&'static str>,
    message: String,
}

impl Wrong {
    fn about(param: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, param: Some(param), message: message.into() }
    }

    fn not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, param: None, message: "The sandbox has nothing like that.".to_owned() }
    }

    fn response(self, dialect: Dialect) -> Response<ProviderBody> {
        let kind = match self.status {
            StatusCode::NOT_FOUND => "not_found_error",
            _ => "invalid_request_error",
        };
        let document = match dialect {
            Dialect::Anthropic => json!({"type": "error", "error": {"type": kind, "message": self.message}}),
            Dialect::OpenAi => json!({"error": {
                "message": self.message,
                "type": "invalid_request_error",
                "param": self.param,
                "code": if self.status == StatusCode::NOT_FOUND { "not_found" } else { "invalid_request_error" },
            }}),
        };
        let mut response = json(&document);
        *response.status_mut() = self.status;
        response
    }
}

impl From<serde_json::Error> for Wrong {
    fn from(error: serde_json::Error) -> Self {
        let message = format!("The body has another form than expected: {error}.");
        Self { status: StatusCode::BAD_REQUEST, param: None, message }
    }
}

fn json(document: &impl Serialize) -> Response<ProviderBody> {
    body(vec![to_bytes(document)], "application/json")
}

fn body(pieces: Vec<Bytes>, content_type: &'static str) -> Response<ProviderBody> {
    let mut response = Response::new(ProviderBody::Sandbox(Pieces::new(pieces)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn to_bytes(document: &impl Serialize) -> Bytes {
    // These documents hold texts and numbers only, which always have a JSON form.
    serde_json::to_vec(document).unwrap_or_default().into()
}

/// An event of a stream.
fn event(document: &impl Serialize) -> Bytes {
    [b"data: ", &*to_bytes(document), b"\n\n"].concat().into()
}

/// An event whose name is its `type`, as with responses and Anthropic.
fn named_event(document: &serde_json::Value) -> Bytes {
    let name = document["type"].as_str().unwrap_or_default();
    [b"event: ", name.as_bytes(), b"\ndata: ", &*to_bytes(document), b"\n\n"].concat().into()
}

/// How many tokens a text has by the sandbox's rule.
fn tokens(text: &str) -> i64 {
    tokens_of_bytes(text.len())
}

/// How many a text of so many bytes has.
fn tokens_of_bytes(bytes: usize) -> i64 {
    i64::try_from(bytes.div_ceil(4)).unwrap_or(i64::MAX)
}

/// A number that is the same for the same bytes.
fn fingerprint(bytes: &[u8]) -> u64 {
    let hash = Sha256::digest(bytes);
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The moment, in milliseconds of Unix time: jobs get on with it.
fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// When every answer that isn't a job says it was made, in seconds of Unix time: the same question gets the same bytes.
const CREATED: u64 = 1_767_225_600;
