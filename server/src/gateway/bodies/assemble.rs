//! Assembles a streamed answer from its events.
//!
//! Sources: the streaming sections of OpenAI's and Anthropic's API references. A stream of another form is
//! kept as the list of its events.

mod chat;
mod merge;
mod messages;
mod responses;

use serde_json::Value;

use crate::gateway::sse::{Splitter, fields};

/// Replaces an event that isn't JSON if fields are redacted.
const REDACTED_EVENT: &str = "[redacted]";

/// Assembles the events in `text` to an answer in JSON. If fields are `redacted`, events that aren't JSON are
/// left out, since their fields can't be found.
pub(super) fn assemble(path: &str, text: &str, redacted: bool) -> String {
    let events = events(text, redacted);
    let answer = match path {
        "/v1/chat/completions" | "/v1/completions" => chat::assemble(&events),
        "/v1/messages" => messages::assemble(&events),
        "/v1/responses" => responses::assemble(&events),
        _ => None,
    };
    answer.unwrap_or(Value::Array(events)).to_string()
}

/// Parses the data of all events. Data that isn't JSON stays text, or is left out if fields are `redacted`.
fn events(text: &str, redacted: bool) -> Vec<Value> {
    let mut splitter = Splitter::of_any_size();
    let bytes = bytes::Bytes::copy_from_slice(text.as_bytes());
    let (ready, rest) = (splitter.push(bytes), splitter.finish());
    let mut events = Vec::new();
    for ready in [ready, rest] {
        for part in ready.parts {
            let Some(data) = fields(&ready.bytes[part.range]).data else { continue };
            if data.trim_ascii() == b"[DONE]" {
                continue;
            }
            events.push(serde_json::from_slice(&data).unwrap_or_else(|_| match redacted {
                true => REDACTED_EVENT.into(),
                false => String::from_utf8_lossy(&data).into(),
            }));
        }
    }
    events
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
    fn an_event_is_whole_whatever_its_size() {
        let picture = "A".repeat(3 << 20);
        let text = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{picture}\"}}}}]}}\n\ndata: [DONE]\n\n");
        let answer = assembled("/v1/chat/completions", &text);
        assert_eq!(answer["choices"][0]["message"]["content"].as_str().unwrap().len(), picture.len());
    }

    #[test]
    fn other_streams_are_kept_as_their_events() {
        let text = "data: {\"a\":1}\n\ndata: not json\n\n: comment\n\ndata: [DONE]\n\n";
        assert_eq!(assembled("/v1/audio/speech", text), json!([{ "a": 1 }, "not json"]));
        assert_eq!(assembled("/v1/chat/completions", ""), json!([]));
    }
}
