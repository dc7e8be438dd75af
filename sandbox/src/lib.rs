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
mod bodies;
mod chat;
mod completions;
mod embeddings;
mod error;
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
mod seeds;
mod text_format;
mod tokens;
mod tools;
mod turn;

use http::{Method, Response};

pub use self::{
    behaviour::BEHAVIOUR_HEADERS,
    error::SandboxDialect,
    input::SandboxRequestBody,
    request::SandboxRequest,
    scripted_body::{RequestedBreak, SandboxBody},
};
use self::{
    behaviour::Behaviour,
    error::{SandboxError, SandboxResult},
    files::Files,
    input::Input,
    memory::StoredQuestions,
    request::ReceivedRequest,
};

/// A sandbox, with its memory.
#[derive(Debug, Default)]
pub struct Sandbox {
    files: Files,
    stored_questions: StoredQuestions,
}

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
            return Ok(error::failure(dialect, status));
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
