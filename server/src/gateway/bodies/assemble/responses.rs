//! Assembles streams of responses.

use serde_json::Value;

/// Returns the response in the last event, which is complete; `None` if that event is missing.
pub(super) fn assemble(events: &[Value]) -> Option<Value> {
    let kind = |event: &Value| event["type"].as_str().unwrap_or_default().to_owned();
    let is_last = |event: &&Value| {
        matches!(&*kind(event), "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled")
    };
    let mut response = Some(events.iter().rev().find(is_last)?["response"].clone()).filter(Value::is_object)?;
    // Some providers leave out the output that earlier events contained.
    if response["output"].as_array().is_none_or(Vec::is_empty) {
        let done = events.iter().filter(|event| kind(event) == "response.output_item.done");
        let items: Vec<Value> = done.map(|event| event["item"].clone()).filter(Value::is_object).collect();
        if !items.is_empty() {
            response["output"] = Value::Array(items);
        }
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_last_event_leaves_out_was_told_before() {
        let item = |text: &str| json!({ "type": "message", "content": [{ "type": "output_text", "text": text }] });
        let done = |text: &str| json!({ "type": "response.output_item.done", "item": item(text) });
        let last = |output: Value| json!({ "type": "response.completed", "response": { "id": "r", "output": output } });
        let response = assemble(&[done("a"), done("b"), last(json!([]))]).unwrap();
        assert_eq!(response, json!({ "id": "r", "output": [item("a"), item("b")] }));
        assert_eq!(assemble(&[done("a"), last(json!([item("c")]))]).unwrap()["output"], json!([item("c")]));
        assert_eq!(assemble(&[done("a")]), None);
    }
}
