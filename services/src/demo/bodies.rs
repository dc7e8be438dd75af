//! Requests and responses of the company's latest calls, made up to fit each call's model, tokens and result.

use std::collections::VecDeque;

use domain::{
    bodies::{DEFAULT_BODY_DAYS, StoredBody},
    calls::Outcome,
    models::Service,
};
use rand::RngExt;
use rand_pcg::Pcg64;
use serde_json::{Value, json};

use super::{company::Company, keys::DemoKey, scripts::Script};
use crate::{
    ServiceResult, Services,
    bodies::{self, NewBodies},
    metering::CallRecord,
};

/// Number of calls with bodies.
const CALLS: usize = 200;
/// Characters of English text for each token, about.
const CHARACTERS_PER_TOKEN: i64 = 4;
/// Bytes of an event of a stream, which holds one token.
const EVENT_BYTES: i64 = 190;
/// Numbers of an embedding.
const DIMENSIONS: usize = 64;

/// The calls that get bodies: the latest ones, and the latest that failed.
#[derive(Default)]
pub(super) struct RecentCalls {
    calls: VecDeque<CallRecord>,
    failed: Option<CallRecord>,
}

impl RecentCalls {
    /// Adds calls, in the order of their time. Rejected ones have no bodies.
    pub(super) fn extend(&mut self, calls: &[CallRecord]) {
        let admitted = || calls.iter().rev().filter(|call| call.outcome != Outcome::Refused);
        let latest: Vec<&CallRecord> = admitted().take(CALLS).collect();
        self.calls.extend(latest.into_iter().rev().cloned());
        self.calls.drain(..self.calls.len().saturating_sub(CALLS));
        if let Some(failed) = admitted().find(|call| call.outcome == Outcome::Failed) {
            self.failed = Some(failed.clone());
        }
    }
}

/// Makes and stores the bodies of calls.
pub(super) async fn store(
    services: &Services,
    company: &Company,
    calls: RecentCalls,
    mut random: Pcg64,
) -> ServiceResult<()> {
    let RecentCalls { calls, failed } = calls;
    let failed = failed.filter(|failed| calls.iter().all(|call| call.id != failed.id));
    let new = failed.iter().chain(&calls).filter_map(|call| {
        let key = company.keys.iter().find(|key| key.id == call.api_key_id)?;
        Some(bodies_of(call, key, &mut random))
    });
    bodies::store(services, new.collect()).await.map(drop)
}

fn bodies_of(call: &CallRecord, key: &DemoKey, random: &mut Pcg64) -> NewBodies {
    let script = Script::of_project(key.plan.project);
    let (request, response) = match (call.service, call.outcome) {
        (Service::Embeddings, Outcome::Succeeded) => embedding(call, script, random),
        (Service::Embeddings, _) => (embedding(call, script, random).0, error(call)),
        (_, Outcome::Succeeded) => (chat_request(call, script, random), chat_response(call, script, random)),
        _ => (chat_request(call, script, random), error(call)),
    };
    let agent = key.plan.clients.first().map_or("", |(_, agent)| *agent);
    let sent = [("authorization", "[redacted]"), ("content-type", "application/json"), ("user-agent", agent)];
    let request = StoredBody { headers: headers(&sent), ..body(&request) };
    let id = call.id.to_string();
    let media_type = if call.streamed { "text/event-stream" } else { "application/json" };
    let mut response = StoredBody {
        headers: headers(&[("content-type", media_type), ("x-request-id", id.as_str())]),
        assembled: call.streamed,
        ..body(&response)
    };
    if call.streamed {
        response.bytes = (call.used.tokens_out * EVENT_BYTES).unsigned_abs();
    }
    NewBodies {
        organization_id: call.organization_id,
        call_id: call.id,
        started_at: call.started_at,
        days: DEFAULT_BODY_DAYS,
        request,
        response,
    }
}

fn body(content: &Value) -> StoredBody {
    let text = content.to_string();
    StoredBody { bytes: text.len() as u64, text: Some(text), ..StoredBody::default() }
}

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The number of characters of a text with this many tokens.
fn characters(tokens: i64) -> usize {
    usize::try_from(tokens * CHARACTERS_PER_TOKEN).unwrap_or_default()
}

fn chat_request(call: &CallRecord, script: &Script, random: &mut Pcg64) -> Value {
    let question = script.question(random);
    let rest = characters(call.used.tokens_in).saturating_sub(script.instruction.len() + question.len());
    let context = script.context(random, rest);
    let mut request = json!({
        "model": *call.model,
        "messages": [
            { "role": "system", "content": script.instruction },
            { "role": "user", "content": format!("{question}\n\n{context}") },
        ],
    });
    if call.streamed {
        request["stream"] = true.into();
        request["stream_options"] = json!({ "include_usage": true });
    }
    request
}

fn chat_response(call: &CallRecord, script: &Script, random: &mut Pcg64) -> Value {
    let used = call.used;
    json!({
        "id": format!("chatcmpl-{}", call.id.uuid().simple()),
        "object": "chat.completion",
        "created": call.started_at.millis() / 1000,
        "model": *call.model,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": script.answer(random, characters(used.tokens_out)) },
            "finish_reason": "stop",
        }],
        "usage": {
            "prompt_tokens": used.tokens_in,
            "completion_tokens": used.tokens_out,
            "total_tokens": used.tokens_in + used.tokens_out,
            "prompt_tokens_details": { "cached_tokens": used.cached_tokens_in },
        },
    })
}

/// The request and response of a call for embeddings.
fn embedding(call: &CallRecord, script: &Script, random: &mut Pcg64) -> (Value, Value) {
    let passages: Vec<String> =
        script.context(random, characters(call.used.tokens_in)).split("\n\n").map(str::to_owned).collect();
    let vector = |(index, _)| {
        let number = |_| f64::from(random.random_range(-99_999..99_999_i32)) / 1e6;
        let numbers: Vec<f64> = (0..DIMENSIONS).map(number).collect();
        json!({ "object": "embedding", "index": index, "embedding": numbers })
    };
    let data: Vec<Value> = passages.iter().enumerate().map(vector).collect();
    let request = json!({ "model": *call.model, "input": passages, "dimensions": DIMENSIONS });
    let usage = json!({ "prompt_tokens": call.used.tokens_in, "total_tokens": call.used.tokens_in });
    (request, json!({ "object": "list", "model": *call.model, "data": data, "usage": usage }))
}

/// The error of a call that failed at its provider.
fn error(call: &CallRecord) -> Value {
    let (kind, message) = match call.status {
        429 => ("requests", format!("Rate limit reached for {}. Please try again in 94ms.", call.model)),
        504 => ("upstream_error", "The provider took too long to answer.".to_owned()),
        502 => ("upstream_error", "The provider can't be reached.".to_owned()),
        _ => ("server_error", "The server had an error while processing your request. Sorry about that!".to_owned()),
    };
    json!({ "error": { "message": message, "type": kind, "param": null, "code": call.error_code } })
}
