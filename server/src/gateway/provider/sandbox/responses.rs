//! Responses, in the form of OpenAI's API reference: <https://platform.openai.com/docs/api-reference/responses>.
//!
//! An answer's id holds what its words follow from, so that every server can give them again, at any time. What else it
//! said, and that it was cancelled, is known as long as its question is remembered.

mod forms;
mod items;
mod request;

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use self::{forms::Told, request::Asked};
use super::{
    Answer, CREATED, Question, Wrong, body, fingerprint, json as whole, memory::Remembered, now_ms, reply::Reply,
    tokens,
};
use crate::gateway::{endpoint::Verb, json::texts, provider::ProviderBody};

/// The status of a response that was cancelled.
const CANCELLED: &str = "cancelled";

/// What an answer follows from.
struct Seed {
    seed: u64,
    input: i64,
    most: i64,
    /// When it is done, in milliseconds of Unix time; 0 for at once.
    done_ms: u64,
}

impl Seed {
    /// `tag` tells answers apart that say the same.
    fn id(&self, tag: u64) -> String {
        format!("resp_sandbox_{:x}_{:x}_{:x}_{:x}_{tag:x}", self.seed, self.input, self.most, self.done_ms)
    }

    fn of(id: &str) -> Result<Self, Wrong> {
        let mut parts = id.strip_prefix("resp_sandbox_").unwrap_or_default().split('_');
        let mut part = || u64::from_str_radix(parts.next()?, 16).ok();
        let found = (|| {
            let (seed, input, most, done_ms) = (part()?, part()?, part()?, part()?);
            Some(Self { seed, input: i64::try_from(input).ok()?, most: i64::try_from(most).ok()?, done_ms })
        })();
        found.ok_or_else(Wrong::not_found)
    }

    fn is_done(&self) -> bool {
        now_ms() >= self.done_ms
    }
}

pub(super) fn answer(verb: Verb, path: &str, question: &Question<'_>) -> Answer {
    match (verb, path) {
        (Verb::Post, "/v1/responses") => create(question),
        (Verb::Post, "/v1/responses/input_tokens") => {
            Ok(whole(&json!({"object": "response.input_tokens", "input_tokens": read(question)?})))
        }
        (Verb::Post, "/v1/responses/compact") => compact(question),
        (Verb::Delete, _) => {
            Seed::of(question.id)?;
            Ok(whole(&json!({"id": question.id, "object": "response", "deleted": true})))
        }
        (Verb::Get, path) if path.ends_with("/input_items") => {
            let seed = Seed::of(question.id)?;
            let input = known(question).1.map(|asked| asked.input).unwrap_or_default();
            Ok(whole(&items::list(&input, seed.seed, question.query)?))
        }
        (Verb::Post, _) => cancel(question),
        (Verb::Get, _) => retrieve(question),
    }
}

fn read(question: &Question<'_>) -> Result<i64, Wrong> {
    let mut count = 0;
    texts::find(question.input.json()?, &mut |text| count += tokens(text))?;
    Ok(count)
}

fn create(question: &Question<'_>) -> Answer {
    let asked: Asked = question.input.parse()?;
    let most = asked.max_output_tokens.unwrap_or(i64::from(u32::MAX));
    if most < 1 {
        return Err(Wrong::about("max_output_tokens", "`max_output_tokens` must be at least 1."));
    }
    let is_job = asked.background == Some(true);
    let before = asked.previous_response_id.as_deref().unwrap_or_default();
    let seed = Seed {
        // Of what came before as well: the same is said twice in a conversation, and its ids must differ.
        seed: fingerprint(format!("{before}{}", asked.input).as_bytes()),
        input: read(question)?,
        most,
        done_ms: if is_job { now_ms() + question.job_ms } else { 0 },
    };
    let reply = asked.reply(&seed, question.questions)?;
    let json = question.input.json()?;
    // What can be cancelled is a thing of its own.
    let id = seed.id(if is_job { fastrand::u64(..) } else { fingerprint(json) });
    if asked.store != Some(false) {
        question.questions.note(id.clone(), json);
    }
    let told = Told { id: &id, seed: &seed, asked: Some(&asked), reply, stopped: None, reports: question.reports };
    match asked.stream {
        Some(true) => stream(&told, 0),
        _ => Ok(whole(&told.document())),
    }
}

/// A question that was answered before, as far as it is remembered.
fn known(question: &Question<'_>) -> (Remembered, Option<Asked>) {
    let remembered = question.questions.find(question.id).unwrap_or_default();
    let asked = serde_json::from_slice(&remembered.body).ok();
    (remembered, asked)
}

fn retrieve(question: &Question<'_>) -> Answer {
    let seed = Seed::of(question.id)?;
    let (remembered, asked) = known(question);
    let reply = match &asked {
        Some(asked) => asked.reply(&seed, question.questions)?,
        None => Reply::words(seed.seed, seed.most),
    };
    let stopped = remembered.stopped;
    let told = Told { id: question.id, seed: &seed, asked: asked.as_ref(), reply, stopped, reports: question.reports };
    let parameters = || form_urlencoded::parse(question.query.as_bytes());
    if !parameters().any(|(name, value)| name == "stream" && value == "true") {
        return Ok(whole(&told.document()));
    }
    let after = parameters().find(|(name, _)| name == "starting_after").map(|(_, value)| value.parse::<usize>());
    let wrong = |_| Wrong::about("starting_after", "`starting_after` must be the number of an event.");
    stream(&told, after.transpose().map_err(wrong)?.map_or(0, |after| after.saturating_add(1)))
}

/// The events from the one with this number on; what isn't done yet is waited for.
fn stream(told: &Told<'_>, first: usize) -> Answer {
    let events: Vec<_> = told.events().into_iter().skip(first).collect();
    if events.is_empty() {
        return Err(Wrong::about("starting_after", "`starting_after` must be the number of an event before the last."));
    }
    let mut response = body(events, "text/event-stream");
    if let ProviderBody::Sandbox(pieces) = response.body_mut() {
        let wait = if told.stopped.is_none() { told.seed.done_ms.saturating_sub(now_ms()) } else { 0 };
        pieces.wait_after(forms::EVENTS_BEFORE_WORK.saturating_sub(first), wait);
    }
    Ok(response)
}

fn cancel(question: &Question<'_>) -> Answer {
    let seed = Seed::of(question.id)?;
    if seed.done_ms == 0 {
        let message = "Only a response in the background can be cancelled.".to_owned();
        return Err(Wrong { status: StatusCode::BAD_REQUEST, param: None, message });
    }
    if !seed.is_done() {
        question.questions.change(question.id, |remembered| remembered.stopped = Some(CANCELLED));
    }
    retrieve(question)
}

/// What is left of a conversation to go on with: what the user said, and an item that stands for the rest.
fn compact(question: &Question<'_>) -> Answer {
    let asked: Asked = question.input.parse()?;
    let hash = fingerprint(question.input.json()?);
    let mut output = items::input(&asked.input, hash);
    output.retain(|item| item["type"] == "message" && item["role"] == "user");
    let content = STANDARD.encode(format!("sandbox {hash:016x}"));
    let usage = forms::usage(read(question)?, tokens(&content), 0);
    output.push(json!({"type": "compaction", "id": format!("cmp_{hash:016x}"), "encrypted_content": content}));
    Ok(whole(&json!({
        "id": format!("resp_sandbox_compaction_{hash:016x}"),
        "object": "response.compaction",
        "created_at": CREATED,
        "output": output,
        "usage": if question.reports { usage } else { Value::Null },
    })))
}
