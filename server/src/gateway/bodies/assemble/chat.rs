//! Assembles streams of chat completions and of legacy completions.

use serde_json::{Map, Value};

use super::merge::merge;

/// Assembles chunks to a completion; `None` if the events aren't chunks.
pub(super) fn assemble(events: &[Value]) -> Option<Value> {
    let mut answer = Map::new();
    for event in events {
        let mut chunk = event.as_object()?.clone();
        if chunk.get("choices").is_some_and(Value::is_null) {
            chunk.remove("choices");
        }
        if let Some(Value::Array(choices)) = chunk.get_mut("choices") {
            for choice in choices.iter_mut().filter_map(Value::as_object_mut) {
                // Some providers leave out the index of a single choice.
                choice.entry("index").or_insert(Value::from(0));
                if let Some(delta) = choice.remove("delta") {
                    choice.insert("message".to_owned(), delta);
                }
            }
        }
        // Repeated in every chunk: the last one counts.
        for name in ["created", "system_fingerprint", "service_tier", "obfuscation"] {
            if let Some(new) = chunk.remove(name) {
                answer.insert(name.to_owned(), new);
            }
        }
        merge(&mut answer, &chunk);
    }
    if let Some(Value::String(object)) = answer.get_mut("object") {
        *object = object.trim_end_matches(".chunk").to_owned();
    }
    answer.remove("obfuscation");
    answer.contains_key("choices").then_some(Value::Object(answer))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_tools_and_usage_come_together() {
        let chunk = |choices: Value| {
            json!({
                "id": "c1", "object": "chat.completion.chunk", "created": 5, "model": "m", "system_fingerprint": "f", "choices": choices,
            })
        };
        let events = [
            chunk(json!([{ "index": 0, "delta": { "role": "assistant", "content": "" }, "finish_reason": null }])),
            chunk(json!([{ "index": 0, "delta": { "content": "Hel" } }])),
            chunk(json!([{ "index": 1, "delta": { "role": "assistant", "content": "other" } }])),
            chunk(json!([{ "index": 0, "delta": { "role": "assistant", "content": "lo" } }])),
            chunk(json!([{ "index": 0, "delta": { "tool_calls": [
                { "index": 0, "id": "t1", "type": "function", "function": { "name": "f", "arguments": "" } },
            ] } }])),
            chunk(
                json!([{ "index": 0, "delta": { "tool_calls": [{ "index": 0, "function": { "arguments": "{\"a\"" } }] } }]),
            ),
            chunk(
                json!([{ "index": 0, "delta": { "tool_calls": [{ "index": 0, "function": { "arguments": ":1}" } }] } }]),
            ),
            chunk(json!([{ "index": 0, "delta": {}, "finish_reason": "tool_calls" }])),
            {
                let mut last = chunk(json!([]));
                last["usage"] = json!({ "prompt_tokens": 3 });
                last
            },
        ];
        let answer = assemble(&events).unwrap();
        assert_eq!(
            answer,
            json!({
                "id": "c1", "object": "chat.completion", "created": 5, "model": "m", "system_fingerprint": "f",
                "choices": [
                    { "index": 0, "finish_reason": "tool_calls", "message": { "role": "assistant", "content": "Hello", "tool_calls": [
                        { "index": 0, "id": "t1", "type": "function", "function": { "name": "f", "arguments": "{\"a\":1}" } },
                    ] } },
                    { "index": 1, "message": { "role": "assistant", "content": "other" } },
                ],
                "usage": { "prompt_tokens": 3 },
            })
        );
    }

    #[test]
    fn completions_go_on_in_their_text() {
        let chunk =
            |text: &str| json!({ "id": "c", "object": "text_completion", "choices": [{ "index": 0, "text": text }] });
        let answer = assemble(&[chunk("Hel"), chunk("lo")]).unwrap();
        assert_eq!(answer["choices"], json!([{ "index": 0, "text": "Hello" }]));
    }

    #[test]
    fn what_is_no_chunk_isnt_assembled() {
        assert_eq!(assemble(&[json!("text")]), None);
        assert_eq!(assemble(&[json!({ "error": {} })]), None);
    }
}
