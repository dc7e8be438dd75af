//! Responses, in the form of OpenAI's API reference:
//! <https://platform.openai.com/docs/api-reference/responses>.
//!
//! A response's id contains the seed of its words, so that every server can repeat them at any time. The rest
//! of it, and whether it was cancelled, is known as long as its request is remembered.

mod forms;
mod items;
mod request;
mod seed;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use self::{forms::ResponseAnswer, request::ResponsesRequest, seed::ResponseSeed};
use crate::{
    bodies::{body_response, json_response},
    error::{SandboxError, SandboxResult},
    memory::StoredQuestion,
    reply::Reply,
    request::ReceivedRequest,
    seeds::{CREATED, fingerprint, now_ms},
    tokens::tokens,
};

/// The status of a response that was cancelled.
const CANCELLED: &str = "cancelled";

pub(super) fn answer(method: &Method, route: &str, request: &ReceivedRequest<'_>) -> SandboxResult {
    match (method, route) {
        (&Method::POST, "/v1/responses") => create(request),
        (&Method::POST, "/v1/responses/input_tokens") => {
            Ok(json_response(&json!({"object": "response.input_tokens", "input_tokens": request.input.tokens()?})))
        }
        (&Method::POST, "/v1/responses/compact") => compact(request),
        (&Method::DELETE, _) => {
            ResponseSeed::of(request.id)?;
            Ok(json_response(&json!({"id": request.id, "object": "response", "deleted": true})))
        }
        (&Method::GET, route) if route.ends_with("/input_items") => {
            let seed = ResponseSeed::of(request.id)?;
            let input = find_stored(request).1.map(|parsed| parsed.input).unwrap_or_default();
            Ok(json_response(&items::list(&input, seed.seed, request.query)?))
        }
        (&Method::POST, _) => cancel(request),
        (&Method::GET, _) => retrieve(request),
        _ => Err(SandboxError::not_found()),
    }
}

fn create(request: &ReceivedRequest<'_>) -> SandboxResult {
    let parsed: ResponsesRequest = request.input.parse()?;
    let max_tokens = parsed.max_output_tokens.unwrap_or(i64::from(u32::MAX));
    if max_tokens < 1 {
        return Err(SandboxError::invalid("max_output_tokens", "`max_output_tokens` must be at least 1."));
    }
    let is_background = parsed.background == Some(true);
    let previous_id = parsed.previous_response_id.as_deref().unwrap_or_default();
    let seed = ResponseSeed {
        // The previous id contributes to the seed, since a conversation may repeat a text, but not an id.
        seed: fingerprint(format!("{previous_id}{}", parsed.input).as_bytes()),
        input_tokens: request.input.tokens()?,
        max_tokens,
        done_ms: if is_background { now_ms() + request.job_ms } else { 0 },
    };
    let reply = parsed.reply(&seed, request.stored_questions)?;
    let json = request.input.json()?;
    // A background response has a unique id, since it can be cancelled.
    let id = seed.id(if is_background { fastrand::u64(..) } else { fingerprint(json) });
    if parsed.store != Some(false) {
        request.stored_questions.remember(id.clone(), json);
    }
    let answer = ResponseAnswer {
        id: &id,
        seed: &seed,
        request: Some(&parsed),
        reply,
        stopped_status: None,
        reports_usage: request.reports_usage,
    };
    match parsed.stream {
        Some(true) => stream(&answer, 0),
        _ => Ok(json_response(&answer.document())),
    }
}

/// Finds an earlier request by the id of its response, and parses it if it is remembered.
fn find_stored(request: &ReceivedRequest<'_>) -> (StoredQuestion, Option<ResponsesRequest>) {
    let question = request.stored_questions.find(request.id).unwrap_or_default();
    let parsed = serde_json::from_slice(&question.body).ok();
    (question, parsed)
}

fn retrieve(request: &ReceivedRequest<'_>) -> SandboxResult {
    let seed = ResponseSeed::of(request.id)?;
    let (question, parsed) = find_stored(request);
    let reply = match &parsed {
        Some(parsed) => parsed.reply(&seed, request.stored_questions)?,
        None => Reply::words(seed.seed, seed.max_tokens),
    };
    let answer = ResponseAnswer {
        id: request.id,
        seed: &seed,
        request: parsed.as_ref(),
        reply,
        stopped_status: question.stopped_status,
        reports_usage: request.reports_usage,
    };
    let parameters = || form_urlencoded::parse(request.query.as_bytes());
    if !parameters().any(|(name, value)| name == "stream" && value == "true") {
        return Ok(json_response(&answer.document()));
    }
    let after = parameters().find(|(name, _)| name == "starting_after").map(|(_, value)| value.parse::<usize>());
    let invalid = |_| SandboxError::invalid("starting_after", "`starting_after` must be the number of an event.");
    stream(&answer, after.transpose().map_err(invalid)?.map_or(0, |after| after.saturating_add(1)))
}

/// Streams the events from this number on, and waits until the response is done.
fn stream(answer: &ResponseAnswer<'_>, first: usize) -> SandboxResult {
    let events: Vec<_> = answer.events().into_iter().skip(first).collect();
    if events.is_empty() {
        return Err(SandboxError::invalid(
            "starting_after",
            "`starting_after` must be the number of an event before the last.",
        ));
    }
    let mut response = body_response(events, "text/event-stream");
    let wait = if answer.stopped_status.is_none() { answer.seed.done_ms.saturating_sub(now_ms()) } else { 0 };
    response.body_mut().wait_after(forms::EVENTS_BEFORE_WORK.saturating_sub(first), wait);
    Ok(response)
}

fn cancel(request: &ReceivedRequest<'_>) -> SandboxResult {
    let seed = ResponseSeed::of(request.id)?;
    if seed.done_ms == 0 {
        let message = "Only a response in the background can be cancelled.".to_owned();
        return Err(SandboxError { status: StatusCode::BAD_REQUEST, param: None, message });
    }
    if !seed.is_done() {
        request.stored_questions.change(request.id, |question| question.stopped_status = Some(CANCELLED));
    }
    retrieve(request)
}

/// Compacts a conversation to the user's messages and an item that stands for the rest.
fn compact(request: &ReceivedRequest<'_>) -> SandboxResult {
    let parsed: ResponsesRequest = request.input.parse()?;
    let hash = fingerprint(request.input.json()?);
    let mut output = items::input_items(&parsed.input, hash);
    output.retain(|item| item["type"] == "message" && item["role"] == "user");
    let content = STANDARD.encode(format!("sandbox {hash:016x}"));
    let usage = forms::usage(request.input.tokens()?, tokens(&content), 0);
    output.push(json!({"type": "compaction", "id": format!("cmp_{hash:016x}"), "encrypted_content": content}));
    Ok(json_response(&json!({
        "id": format!("resp_sandbox_compaction_{hash:016x}"),
        "object": "response.compaction",
        "created_at": CREATED,
        "output": output,
        "usage": if request.reports_usage { usage } else { Value::Null },
    })))
}
