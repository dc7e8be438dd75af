//! Anthropic's messages.

use serde_json::{Map, Value};

use super::merge;

/// `None` where it doesn't begin with a message.
pub(super) fn assemble(events: &[Value]) -> Option<Value> {
    let mut message: Option<Map<String, Value>> = None;
    let mut blocks: Vec<Value> = Vec::new();
    for event in events {
        let place = event["index"].as_u64().and_then(|index| usize::try_from(index).ok());
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => message = event["message"].as_object().cloned(),
            "content_block_start" if place == Some(blocks.len()) => blocks.push(event["content_block"].clone()),
            "content_block_delta" => {
                if let Some(block) = place.and_then(|place| blocks.get_mut(place)).and_then(Value::as_object_mut) {
                    go_on(block, &event["delta"]);
                }
            }
            "content_block_stop" => {
                if let Some(block) = place.and_then(|place| blocks.get_mut(place)).and_then(Value::as_object_mut) {
                    finish(block);
                }
            }
            "message_delta" => {
                let message = message.as_mut()?;
                message.extend(event["delta"].as_object().cloned().unwrap_or_default());
                if let (Some(Value::Object(known)), Some(new)) = (message.get_mut("usage"), event["usage"].as_object())
                {
                    known.extend(new.clone());
                }
            }
            "error" => {
                message.as_mut()?.insert("error".to_owned(), event["error"].clone());
            }
            _ => {}
        }
    }
    // A block whose end is missing has its input as far as it came.
    let mut message = message?;
    message.insert("content".to_owned(), Value::Array(blocks));
    Some(Value::Object(message))
}

/// Where the input of a tool is put together.
const PARTIAL: &str = "partial_json";

fn go_on(block: &mut Map<String, Value>, delta: &Value) {
    let Some(delta) = delta.as_object() else { return };
    let mut delta = delta.clone();
    delta.remove("type");
    if let Some(citation) = delta.remove("citation")
        && let Value::Array(citations) = block.entry("citations").or_insert(Value::Array(Vec::new()))
    {
        citations.push(citation);
    }
    merge(block, &delta);
}

fn finish(block: &mut Map<String, Value>) {
    if let Some(Value::String(json)) = block.remove(PARTIAL)
        && !json.is_empty()
    {
        let input = serde_json::from_str(&json).unwrap_or(Value::String(json));
        block.insert("input".to_owned(), input);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_thoughts_and_tools_come_together() {
        let delta = |index: u64, delta: Value| json!({ "type": "content_block_delta", "index": index, "delta": delta });
        let start =
            |index: u64, block: Value| json!({ "type": "content_block_start", "index": index, "content_block": block });
        let stop = |index: u64| json!({ "type": "content_block_stop", "index": index });
        let events = [
            json!({ "type": "message_start", "message": {
                "id": "m1", "role": "assistant", "content": [], "stop_reason": null, "usage": { "input_tokens": 9, "output_tokens": 1 },
            } }),
            start(0, json!({ "type": "thinking", "thinking": "" })),
            delta(0, json!({ "type": "thinking_delta", "thinking": "hm" })),
            delta(0, json!({ "type": "signature_delta", "signature": "s" })),
            stop(0),
            json!({ "type": "ping" }),
            start(1, json!({ "type": "text", "text": "" })),
            delta(1, json!({ "type": "text_delta", "text": "Hel" })),
            delta(1, json!({ "type": "text_delta", "text": "lo" })),
            stop(1),
            start(2, json!({ "type": "tool_use", "id": "t1", "name": "f", "input": {} })),
            delta(2, json!({ "type": "input_json_delta", "partial_json": "{\"a\":" })),
            delta(2, json!({ "type": "input_json_delta", "partial_json": "1}" })),
            stop(2),
            json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" }, "usage": { "output_tokens": 7 } }),
            json!({ "type": "message_stop" }),
        ];
        assert_eq!(
            assemble(&events).unwrap(),
            json!({
                "id": "m1", "role": "assistant", "stop_reason": "tool_use", "usage": { "input_tokens": 9, "output_tokens": 7 },
                "content": [
                    { "type": "thinking", "thinking": "hm", "signature": "s" },
                    { "type": "text", "text": "Hello" },
                    { "type": "tool_use", "id": "t1", "name": "f", "input": { "a": 1 } },
                ],
            })
        );
        assert_eq!(assemble(&events[1..]), None);
    }
}
