//! The forms of a response: whole, and as a stream of events.
//!
//! Source for the events and their order: <https://platform.openai.com/docs/api-reference/responses-streaming>.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    super::{
        CREATED, named_event,
        reply::{Reply, Said},
        tools::ToolCall,
    },
    Asked, Seed,
};
use crate::gateway::provider::sandbox::answer_text::Told as Words;

/// How many events come before the work begins.
pub(super) const EVENTS_BEFORE_WORK: usize = 2;
/// The model of a response whose question isn't remembered.
const MODEL: &str = "sandbox-1";

/// All that is answered.
pub(super) struct Told<'a> {
    pub(super) id: &'a str,
    pub(super) seed: &'a Seed,
    /// The question, where it is known.
    pub(super) asked: Option<&'a Asked>,
    pub(super) reply: Reply,
    /// The status that it was given from outside.
    pub(super) stopped: Option<&'static str>,
    pub(super) reports: bool,
}

/// What was used. `thought` is a part of `output`.
pub(super) fn usage(input: i64, output: i64, thought: i64) -> Value {
    json!({
        "input_tokens": input,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": input + output,
    })
}

impl Told<'_> {
    /// How it ends.
    fn ending(&self) -> &'static str {
        self.stopped.unwrap_or(if self.reply.is_cut() { "incomplete" } else { "completed" })
    }

    /// As it is now.
    pub(super) fn document(&self) -> Value {
        match self.stopped.is_some() || self.seed.is_done() {
            true => self.shown(self.ending()),
            false => self.shown("in_progress"),
        }
    }

    fn shown(&self, status: &str) -> Value {
        let is_over = matches!(status, "completed" | "incomplete");
        let (input, output) = (self.seed.input, if is_over { self.reply.tokens() } else { 0 });
        let thought = if is_over { self.reply.thought_tokens() } else { 0 };
        let usage = (self.reports && status != "in_progress").then(|| usage(input, output, thought));
        let items: Vec<Value> = if is_over { self.items().map(|item| item.whole).collect() } else { Vec::new() };
        let completed_at = (status == "completed").then_some(match self.seed.done_ms {
            0 => CREATED,
            done_ms => done_ms / 1000,
        });
        let mut response = self.asked.map(Asked::echo).unwrap_or_else(unknown_echo);
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
            ("model", json!(self.asked.map_or(MODEL, |asked| &asked.model))),
            ("output", json!(items)),
            ("usage", json!(usage)),
        ] {
            response.insert(name.to_owned(), value);
        }
        Value::Object(response)
    }

    fn items(&self) -> impl Iterator<Item = Item> {
        let thought = self.reply.thought.as_ref().map(|thought| self.thought(thought));
        let said = match &self.reply.said {
            Said::Words(told) => self.message(told),
            Said::Call(call) => self.call(call),
        };
        thought.into_iter().chain([said])
    }

    fn item_id(&self, prefix: &str) -> String {
        format!("{prefix}_{:016x}", self.seed.seed)
    }

    fn thought(&self, thought: &Words) -> Item {
        let id = self.item_id("rs");
        let mut begun = json!({"type": "reasoning", "id": id, "summary": []});
        if self.asked.is_some_and(|asked| asked.includes("reasoning.encrypted_content")) {
            begun["encrypted_content"] = STANDARD.encode(thought.text()).into();
        }
        let mut whole = begun.clone();
        let mut events = Vec::new();
        if self.asked.is_some_and(Asked::summarizes) {
            let event = |name: &str, field: &str, value: Value| json!({"type": format!("response.{name}"), "item_id": id, "summary_index": 0, field: value});
            let part = |text: &str| json!({"type": "summary_text", "text": text});
            let text = thought.text();
            events.push(event("reasoning_summary_part.added", "part", part("")));
            let delta = |word: &String| event("reasoning_summary_text.delta", "delta", json!(word));
            events.extend(thought.words.iter().map(delta));
            events.push(event("reasoning_summary_text.done", "text", json!(text)));
            events.push(event("reasoning_summary_part.done", "part", part(&text)));
            whole["summary"] = json!([part(&text)]);
        }
        Item { begun, events, whole }
    }

    fn message(&self, told: &Words) -> Item {
        let id = self.item_id("msg");
        let text = told.text();
        let message = |status: &str, content: Vec<Value>| json!({"type": "message", "id": id, "role": "assistant", "status": status, "content": content});
        let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
        let event = |name: &str, field: &str, value: Value| json!({"type": format!("response.{name}"), "item_id": id, "content_index": 0, field: value});
        let with_logprobs = |mut event: Value| {
            event["logprobs"] = json!([]);
            event
        };
        let mut events = vec![event("content_part.added", "part", part(""))];
        let delta = |word: &String| with_logprobs(event("output_text.delta", "delta", json!(word)));
        events.extend(told.words.iter().map(delta));
        events.push(with_logprobs(event("output_text.done", "text", json!(text))));
        events.push(event("content_part.done", "part", part(&text)));
        let status = if told.is_cut { "incomplete" } else { "completed" };
        Item { begun: message("in_progress", Vec::new()), events, whole: message(status, vec![part(&text)]) }
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
        Item { begun: item("in_progress", ""), events, whole: item("completed", &call.arguments) }
    }

    /// All of it, from the beginning.
    pub(super) fn events(&self) -> Vec<Bytes> {
        let begun = self.shown("in_progress");
        let mut events = vec![
            json!({"type": "response.created", "response": begun}),
            json!({"type": "response.in_progress", "response": begun}),
        ];
        if self.stopped.is_none() {
            for (index, Item { begun, events: between, whole }) in self.items().enumerate() {
                events.push(json!({"type": "response.output_item.added", "output_index": index, "item": begun}));
                events.extend(between.into_iter().map(|mut event| {
                    event["output_index"] = index.into();
                    event
                }));
                events.push(json!({"type": "response.output_item.done", "output_index": index, "item": whole}));
            }
        }
        // There is no event of its own for what was cancelled: it isn't complete.
        let name = if self.ending() == "completed" { "response.completed" } else { "response.incomplete" };
        events.push(json!({"type": name, "response": self.shown(self.ending())}));
        for (number, event) in events.iter_mut().enumerate() {
            event["sequence_number"] = number.into();
        }
        events.iter().map(named_event).collect()
    }
}

/// An item of the output: as it begins, the events on its way, and as it is in the end.
struct Item {
    begun: Value,
    events: Vec<Value>,
    whole: Value,
}

/// What is repeated where the question isn't remembered.
fn unknown_echo() -> Map<String, Value> {
    serde_json::from_value::<Asked>(json!({"model": MODEL})).map(|asked| asked.echo()).unwrap_or_default()
}
