//! The forms of a response: a document, and a stream of events.
//!
//! Source for the events and their order:
//! <https://platform.openai.com/docs/api-reference/responses-streaming>.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{request::ResponsesRequest, seed::ResponseSeed};
use crate::{
    answer_text::AnswerText,
    bodies::named_event,
    reply::{Reply, ReplyContent},
    seeds::CREATED,
    tools::ToolCall,
};

/// Number of events before the work begins.
pub(super) const EVENTS_BEFORE_WORK: usize = 2;
/// The model of a response whose request isn't remembered.
const DEFAULT_MODEL: &str = "sandbox-1";

/// The content of a response.
pub(super) struct ResponseAnswer<'a> {
    pub(super) id: &'a str,
    pub(super) seed: &'a ResponseSeed,
    /// The request, if it is remembered.
    pub(super) request: Option<&'a ResponsesRequest>,
    pub(super) reply: Reply,
    /// The status of a response that was stopped.
    pub(super) stopped_status: Option<&'static str>,
    pub(super) reports_usage: bool,
}

/// Builds the usage of a response. `thought_tokens` are part of `output_tokens`.
pub(super) fn usage(input_tokens: i64, output_tokens: i64, thought_tokens: i64) -> Value {
    json!({
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": thought_tokens},
        "total_tokens": input_tokens + output_tokens,
    })
}

impl ResponseAnswer<'_> {
    /// Returns the final status.
    fn final_status(&self) -> &'static str {
        self.stopped_status.unwrap_or(if self.reply.is_cut() { "incomplete" } else { "completed" })
    }

    /// Builds the response in its current state.
    pub(super) fn document(&self) -> Value {
        match self.stopped_status.is_some() || self.seed.is_done() {
            true => self.document_with_status(self.final_status()),
            false => self.document_with_status("in_progress"),
        }
    }

    fn document_with_status(&self, status: &str) -> Value {
        let is_over = matches!(status, "completed" | "incomplete");
        let (input_tokens, output_tokens) = (self.seed.input_tokens, if is_over { self.reply.tokens() } else { 0 });
        let thought_tokens = if is_over { self.reply.thought_tokens() } else { 0 };
        let usage =
            (self.reports_usage && status != "in_progress").then(|| usage(input_tokens, output_tokens, thought_tokens));
        let items: Vec<Value> = if is_over { self.items().map(|item| item.complete).collect() } else { Vec::new() };
        let completed_at = (status == "completed").then_some(match self.seed.done_ms {
            0 => CREATED,
            done_ms => done_ms / 1000,
        });
        let mut response = self.request.map(ResponsesRequest::echo).unwrap_or_else(default_echo);
        for (name, value) in [
            ("id", json!(self.id)),
            ("object", json!("response")),
            ("created_at", json!(CREATED)),
            ("completed_at", json!(completed_at)),
            ("status", json!(status)),
            ("background", json!(self.seed.done_ms > 0)),
            ("error", Value::Null),
            (
                "incomplete_details",
                match status {
                    "incomplete" => json!({"reason": "max_output_tokens"}),
                    _ => Value::Null,
                },
            ),
            ("model", json!(self.request.map_or(DEFAULT_MODEL, |request| &request.model))),
            ("output", json!(items)),
            ("usage", json!(usage)),
        ] {
            response.insert(name.to_owned(), value);
        }
        Value::Object(response)
    }

    fn items(&self) -> impl Iterator<Item = Item> {
        let thought = self.reply.thought.as_ref().map(|thought| self.thought(thought));
        let content = match &self.reply.content {
            ReplyContent::Words(text) => self.message(text),
            ReplyContent::Call(call) => self.call(call),
        };
        thought.into_iter().chain([content])
    }

    fn item_id(&self, prefix: &str) -> String {
        format!("{prefix}_{:016x}", self.seed.seed)
    }

    fn thought(&self, thought: &AnswerText) -> Item {
        let id = self.item_id("rs");
        let mut start = json!({"type": "reasoning", "id": id, "summary": []});
        if self.request.is_some_and(|request| request.includes("reasoning.encrypted_content")) {
            start["encrypted_content"] = STANDARD.encode(thought.text()).into();
        }
        let mut complete = start.clone();
        let mut events = Vec::new();
        if self.request.is_some_and(ResponsesRequest::summarizes) {
            let event = |name: &str, field: &str, value: Value| json!({"type": format!("response.{name}"), "item_id": id, "summary_index": 0, field: value});
            let part = |text: &str| json!({"type": "summary_text", "text": text});
            let text = thought.text();
            events.push(event("reasoning_summary_part.added", "part", part("")));
            let delta = |word: &String| event("reasoning_summary_text.delta", "delta", json!(word));
            events.extend(thought.words.iter().map(delta));
            events.push(event("reasoning_summary_text.done", "text", json!(text)));
            events.push(event("reasoning_summary_part.done", "part", part(&text)));
            complete["summary"] = json!([part(&text)]);
        }
        Item { start, events, complete }
    }

    fn message(&self, answer_text: &AnswerText) -> Item {
        let id = self.item_id("msg");
        let text = answer_text.text();
        let message = |status: &str, content: Vec<Value>| json!({"type": "message", "id": id, "role": "assistant", "status": status, "content": content});
        let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
        let event = |name: &str, field: &str, value: Value| json!({"type": format!("response.{name}"), "item_id": id, "content_index": 0, field: value});
        let with_logprobs = |mut event: Value| {
            event["logprobs"] = json!([]);
            event
        };
        let mut events = vec![event("content_part.added", "part", part(""))];
        let delta = |word: &String| with_logprobs(event("output_text.delta", "delta", json!(word)));
        events.extend(answer_text.words.iter().map(delta));
        events.push(with_logprobs(event("output_text.done", "text", json!(text))));
        events.push(event("content_part.done", "part", part(&text)));
        let status = if answer_text.is_cut { "incomplete" } else { "completed" };
        Item { start: message("in_progress", Vec::new()), events, complete: message(status, vec![part(&text)]) }
    }

    fn call(&self, call: &ToolCall) -> Item {
        let (kind, field, prefix) = match call.is_custom {
            false => ("function_call", "arguments", "fc"),
            true => ("custom_tool_call", "input", "ctc"),
        };
        let id = self.item_id(prefix);
        let item = |status: &str, arguments: &str| {
            let call_id = self.item_id("call");
            json!({"type": kind, "id": id, "call_id": call_id, "name": call.name, field: arguments, "status": status})
        };
        let event = |step: &str, name: &str, value: &str| json!({"type": format!("response.{kind}_{field}.{step}"), "item_id": id, name: value});
        let mut events: Vec<Value> = call.pieces().map(|piece| event("delta", "delta", piece)).collect();
        let mut done = event("done", field, &call.arguments);
        if !call.is_custom {
            done["name"] = call.name.as_str().into();
        }
        events.push(done);
        Item { start: item("in_progress", ""), events, complete: item("completed", &call.arguments) }
    }

    /// Builds all events of the stream.
    pub(super) fn events(&self) -> Vec<Bytes> {
        let start = self.document_with_status("in_progress");
        let mut events = vec![
            json!({"type": "response.created", "response": start}),
            json!({"type": "response.in_progress", "response": start}),
        ];
        if self.stopped_status.is_none() {
            for (index, Item { start, events: item_events, complete }) in self.items().enumerate() {
                events.push(json!({"type": "response.output_item.added", "output_index": index, "item": start}));
                events.extend(item_events.into_iter().map(|mut event| {
                    event["output_index"] = index.into();
                    event
                }));
                events.push(json!({"type": "response.output_item.done", "output_index": index, "item": complete}));
            }
        }
        // A cancelled response has no event of its own: it is incomplete.
        let name = if self.final_status() == "completed" { "response.completed" } else { "response.incomplete" };
        events.push(json!({"type": name, "response": self.document_with_status(self.final_status())}));
        for (number, event) in events.iter_mut().enumerate() {
            event["sequence_number"] = number.into();
        }
        events.iter().map(named_event).collect()
    }
}

/// An item of the output: its start, the events after it, and the complete item.
struct Item {
    start: Value,
    events: Vec<Value>,
    complete: Value,
}

/// Builds the repeated parameters of a request that isn't remembered.
fn default_echo() -> Map<String, Value> {
    serde_json::from_value::<ResponsesRequest>(json!({"model": DEFAULT_MODEL}))
        .map(|request| request.echo())
        .unwrap_or_default()
}
