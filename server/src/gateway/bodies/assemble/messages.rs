//! Assembles streams of Anthropic's messages.

use serde_json::{Map, Value, json};

use super::merge::merge;

/// Assembles events to a message; `None` if they don't begin with one.
pub(super) fn assemble(events: &[Value]) -> Option<Value> {
    let mut message: Option<Map<String, Value>> = None;
    let mut blocks = Blocks::default();
    for event in events {
        let index = event["index"].as_u64();
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => message = event["message"].as_object().cloned(),
            "content_block_start" => blocks.begin(index, event["content_block"].clone()),
            "content_block_delta" => append_delta(blocks.find_or_begin(index, &event["delta"])?, &event["delta"]),
            "content_block_stop" => blocks.find_last(index).into_iter().for_each(|block| finish(block, true)),
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
    // A block whose end is missing keeps its partial input.
    let mut message = message?;
    blocks.blocks.iter_mut().filter_map(Value::as_object_mut).for_each(|block| finish(block, false));
    message.insert("content".to_owned(), Value::Array(blocks.blocks));
    Some(Value::Object(message))
}

/// The blocks of a message. Some providers don't begin with index 0, or use an index twice.
#[derive(Default)]
struct Blocks {
    blocks: Vec<Value>,
    /// The index that each block was sent with.
    indexes: Vec<Option<u64>>,
}

impl Blocks {
    fn begin(&mut self, index: Option<u64>, block: Value) {
        self.blocks.push(block);
        self.indexes.push(index);
    }

    /// Finds the last block with this index.
    fn find_last(&mut self, index: Option<u64>) -> Option<&mut Map<String, Value>> {
        let position = self.indexes.iter().rposition(|known| *known == index)?;
        self.blocks.get_mut(position)?.as_object_mut()
    }

    /// Finds the block that a delta belongs to, or begins it if its start event is missing.
    fn find_or_begin(&mut self, index: Option<u64>, delta: &Value) -> Option<&mut Map<String, Value>> {
        if !self.indexes.contains(&index) {
            let block = match delta["type"].as_str().unwrap_or_default() {
                "thinking_delta" | "signature_delta" => json!({ "type": "thinking", "thinking": "" }),
                "input_json_delta" => json!({ "type": "tool_use", "input": {} }),
                _ => json!({ "type": "text", "text": "" }),
            };
            self.begin(index, block);
        }
        self.find_last(index)
    }
}

/// Field that collects the input of a tool.
const PARTIAL: &str = "partial_json";

fn append_delta(block: &mut Map<String, Value>, delta: &Value) {
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

/// Parses a tool's collected input. Invalid JSON becomes a text if the block has ended,
/// and stays partial otherwise.
fn finish(block: &mut Map<String, Value>, has_ended: bool) {
    let Some(Value::String(json)) = block.get(PARTIAL) else { return };
    let input = match serde_json::from_str(json) {
        Ok(input) => Some(input),
        Err(_) if json.is_empty() => None,
        Err(_) if has_ended => Some(Value::from(json.as_str())),
        Err(_) => return,
    };
    block.remove(PARTIAL);
    block.extend(input.map(|input| ("input".to_owned(), input)));
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

    #[test]
    fn blocks_that_are_numbered_alike_or_from_1_stay_apart() {
        let message = json!({ "type": "message_start", "message": { "id": "m1" } });
        let start = |index: u64, name: &str| json!({ "type": "content_block_start", "index": index, "content_block": { "type": "tool_use", "name": name, "input": {} } });
        let delta = |index: u64, json: &str| json!({ "type": "content_block_delta", "index": index, "delta": { "type": "input_json_delta", "partial_json": json } });
        let tool = |name: &str, input: Value| json!({ "type": "tool_use", "name": name, "input": input });
        for (first, second) in [(0, 0), (1, 2)] {
            let events = [
                &message,
                &start(first, "f"),
                &delta(first, "{\"a\":1}"),
                &start(second, "g"),
                &delta(second, "{\"b\":2}"),
            ];
            let message = assemble(&events.map(Clone::clone)).unwrap();
            assert_eq!(message["content"], json!([tool("f", json!({ "a": 1 })), tool("g", json!({ "b": 2 }))]));
        }
        let unannounced =
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "hi" } });
        let cut = [message, unannounced, start(1, "f"), delta(1, "{\"a\":")];
        let message = assemble(&cut).unwrap();
        assert_eq!(message["content"][0], json!({ "type": "text", "text": "hi" }));
        assert_eq!(message["content"][1]["partial_json"], "{\"a\":");
    }
}
