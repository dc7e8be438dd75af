//! Puts the answer together that a stream told in pieces.
//!
//! Sources: the streaming sections of OpenAI's and Anthropic's API references.
//! A stream that isn't understood is kept as the list of its events.

mod chat;
mod messages;

use serde_json::{Map, Value};

use crate::gateway::sse::{Splitter, data};

/// What stands in the place of an event that can't be understood.
const LEFT_OUT: &str = "[redacted]";

/// The answer that the events in `text` add up to, as JSON; without events that can't be understood if something is to be
/// left out of them.
pub(super) fn assemble(path: &str, text: &str, redacted: bool) -> String {
    let events = events(text, redacted);
    let whole = match path {
        "/v1/chat/completions" | "/v1/completions" => chat::assemble(&events),
        "/v1/messages" => messages::assemble(&events),
        "/v1/responses" => finished_response(&events),
        _ => None,
    };
    let whole = whole.unwrap_or(Value::Array(events));
    whole.to_string()
}

/// The data of all events; what is no JSON stays a text, or is left out.
fn events(text: &str, redacted: bool) -> Vec<Value> {
    let mut splitter = Splitter::new();
    let bytes = bytes::Bytes::copy_from_slice(text.as_bytes());
    let (ready, rest) = (splitter.push(bytes), splitter.finish());
    let mut events = Vec::new();
    for ready in [ready, rest] {
        for event in ready.events {
            let Some(data) = data(&ready.bytes[event.place]) else { continue };
            if data.trim_ascii() == b"[DONE]" {
                continue;
            }
            events.push(serde_json::from_slice(&data).unwrap_or_else(|_| match redacted {
                true => LEFT_OUT.into(),
                false => String::from_utf8_lossy(&data).into(),
            }));
        }
    }
    events
}

/// The last event of a response holds all of it.
fn finished_response(events: &[Value]) -> Option<Value> {
    let ended = |event: &&Value| {
        let kind = event["type"].as_str().unwrap_or_default();
        matches!(kind, "response.completed" | "response.incomplete" | "response.failed")
    };
    Some(events.iter().rev().find(ended)?["response"].clone()).filter(Value::is_object)
}

/// Adds what a piece says to what is known: texts go on, lists go on by their items' `index`, the rest is replaced.
fn merge(whole: &mut Map<String, Value>, piece: &Map<String, Value>) {
    for (name, new) in piece {
        match (whole.get_mut(name), new) {
            (Some(_), Value::Null) => {}
            (Some(Value::String(text)), Value::String(more)) if goes_on(name) => text.push_str(more),
            (Some(Value::Object(known)), Value::Object(more)) => merge(known, more),
            (Some(Value::Array(items)), Value::Array(more)) => merge_items(items, more),
            (None, Value::Array(more)) => {
                let mut items = Vec::new();
                merge_items(&mut items, more);
                whole.insert(name.clone(), Value::Array(items));
            }
            (_, new) => drop(whole.insert(name.clone(), new.clone())),
        }
    }
}

/// What a provider may say again and again instead of going on with it.
fn goes_on(name: &str) -> bool {
    !matches!(name, "role" | "id" | "type" | "name" | "model" | "object" | "status" | "format" | "finish_reason")
}

fn merge_items(items: &mut Vec<Value>, more: &[Value]) {
    for new in more {
        let index = |item: &Value| item.get("index").and_then(Value::as_u64);
        let known = match index(new) {
            Some(at) => items.iter_mut().find(|item| index(item) == Some(at)),
            None => None,
        };
        match (known, new) {
            (Some(Value::Object(known)), Value::Object(new)) => merge(known, new),
            _ => items.push(new.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn assembled(path: &str, text: &str) -> Value {
        serde_json::from_str(&assemble(path, text, false)).unwrap()
    }

    #[test]
    fn a_response_is_what_its_last_event_says() {
        let text = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"status\":\"in_progress\"}}\n\n\
            event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hi\"}\n\n\
            event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n";
        assert_eq!(assembled("/v1/responses", text), json!({ "status": "completed" }));
        // Cut off before: the events themselves.
        let cut = &text[..text.len() - 90];
        assert_eq!(assembled("/v1/responses", cut)[1]["delta"], "hi");
    }

    #[test]
    fn other_streams_are_kept_as_their_events() {
        let text = "data: {\"a\":1}\n\ndata: not json\n\n: comment\n\ndata: [DONE]\n\n";
        assert_eq!(assembled("/v1/audio/speech", text), json!([{ "a": 1 }, "not json"]));
        assert_eq!(assembled("/v1/chat/completions", ""), json!([]));
    }
}
