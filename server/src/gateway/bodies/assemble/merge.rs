//! Merges the pieces of a streamed JSON object.

use serde_json::{Map, Value, json};

/// Merges a piece into an object: texts are appended, lists are merged item by item,
/// other values are replaced.
pub(super) fn merge(object: &mut Map<String, Value>, piece: &Map<String, Value>) {
    for (name, new) in piece {
        match (object.get_mut(name), new) {
            (Some(_), Value::Null) => {}
            (Some(Value::String(text)), Value::String(more)) if is_appended_field(name) => text.push_str(more),
            // Some providers send the value once, and empty texts after that.
            (Some(Value::String(_)), Value::String(more)) if more.is_empty() => {}
            (Some(Value::Object(known)), Value::Object(more)) => merge(known, more),
            (Some(Value::Array(items)), Value::Array(more)) => merge_items(items, more),
            // Mistral sends lists of parts while a model reasons, and plain texts after that.
            (Some(Value::Array(items)), Value::String(more)) if is_appended_field(name) => add_text(items, more),
            (Some(known @ Value::String(_)), Value::Array(more)) if is_appended_field(name) => {
                let mut items = Vec::new();
                add_text(&mut items, known.as_str().unwrap_or_default());
                merge_items(&mut items, more);
                *known = Value::Array(items);
            }
            (None, Value::Array(more)) => {
                let mut items = Vec::new();
                merge_items(&mut items, more);
                object.insert(name.clone(), Value::Array(items));
            }
            (_, new) => drop(object.insert(name.clone(), new.clone())),
        }
    }
}

/// Whether pieces of this field's text are appended. Providers may repeat the other fields in every piece.
fn is_appended_field(name: &str) -> bool {
    !matches!(name, "role" | "id" | "type" | "name" | "model" | "object" | "status" | "format" | "finish_reason")
}

fn add_text(items: &mut Vec<Value>, more: &str) {
    match items.last_mut() {
        _ if more.is_empty() => {}
        Some(Value::Object(part)) if part.get("type").is_some_and(|kind| kind == "text") => {
            if let Some(Value::String(text)) = part.get_mut("text") {
                text.push_str(more);
            }
        }
        _ => items.push(json!({ "type": "text", "text": more })),
    }
}

/// Merges each new item into the last one with its `index`, unless it begins another item. Items without an
/// index are appended, except for parts of tool calls.
fn merge_items(items: &mut Vec<Value>, more: &[Value]) {
    for new in more {
        // Other items are never continued, and lists may be long.
        let may_continue = new.get("index").is_some() || new.get("function").is_some();
        let known = if may_continue { items.iter_mut().rev().find(|known| continues(known, new)) } else { None };
        match (known, new) {
            (Some(Value::Object(known)), Value::Object(new)) => merge(known, new),
            _ => items.push(new.clone()),
        }
    }
}

/// Whether `new` continues the item `known`.
fn continues(known: &Value, new: &Value) -> bool {
    let index = |item: &Value| item.get("index").and_then(Value::as_u64);
    let is_next = match (index(known), index(new)) {
        (Some(known), Some(new)) => known == new,
        (None, None) => known.get("function").is_some() && new.get("function").is_some(),
        _ => false,
    };
    is_next && !begins_another(known, new)
}

/// Whether an item with a known index is another item nevertheless: Gemini and others give parallel tool
/// calls one index, and different ids or none.
fn begins_another(known: &Value, new: &Value) -> bool {
    let text = |item: &Value, name: &str| item[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let differ = |name| matches!((text(known, name), text(new, name)), (Some(known), Some(new)) if known != new);
    match (text(known, "id"), text(new, "id")) {
        _ if differ("type") => return true,
        (Some(known), Some(new)) => return known != new,
        (Some(_), None) => return false,
        (None, _) => {}
    }
    let (known, new) = (&known["function"], &new["function"]);
    let Some(new_name) = text(new, "name") else { return false };
    let is_complete = || {
        let arguments = known["arguments"].as_str().unwrap_or_default();
        let begins = new["arguments"].as_str().is_some_and(|more| more.trim_start().starts_with('{'));
        begins && serde_json::from_str::<Map<String, Value>>(arguments).is_ok()
    };
    text(known, "name").is_some_and(|known| known != new_name || is_complete())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(pieces: &[Value]) -> Value {
        let mut object = Map::new();
        pieces.iter().for_each(|piece| merge(&mut object, piece.as_object().unwrap()));
        Value::Object(object)
    }

    /// Merges the pieces, and returns the names and arguments of the calls.
    fn calls(pieces: &[Value]) -> Vec<(String, String)> {
        let pieces: Vec<Value> = pieces.iter().map(|piece| json!({ "tool_calls": piece })).collect();
        let message = merged(&pieces);
        let function = |call: &Value, name: &str| call["function"][name].as_str().unwrap_or_default().to_owned();
        let calls = message["tool_calls"].as_array().unwrap();
        calls.iter().map(|call| (function(call, "name"), function(call, "arguments"))).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, arguments)| ((*name).to_owned(), (*arguments).to_owned())).collect()
    }

    #[test]
    fn parallel_calls_that_are_numbered_alike_stay_apart() {
        let call = |id: &str, name: &str, arguments: &str| json!({ "index": 0, "id": id, "type": "function", "function": { "name": name, "arguments": arguments } });
        let two = pairs(&[("f", r#"{"a":1}"#), ("f", r#"{"a":2}"#)]);
        // In one chunk, in two, in pieces, and without ids.
        assert_eq!(calls(&[json!([call("1", "f", r#"{"a":1}"#), call("2", "f", r#"{"a":2}"#)])]), two);
        assert_eq!(calls(&[json!([call("1", "f", r#"{"a":1}"#)]), json!([call("2", "f", r#"{"a":2}"#)])]), two);
        let more = |arguments: &str| json!([{ "index": 0, "function": { "arguments": arguments } }]);
        let pieces = [
            json!([call("1", "f", "")]),
            more(r#"{"a""#),
            more(":1}"),
            json!([call("2", "f", "")]),
            more(r#"{"a":2}"#),
        ];
        assert_eq!(calls(&pieces), two);
        assert_eq!(calls(&[json!([call("", "f", r#"{"a":1}"#)]), json!([call("", "f", r#"{"a":2}"#)])]), two);
        let other = pairs(&[("f", "{}"), ("g", "{}")]);
        assert_eq!(calls(&[json!([call("", "f", "{}")]), json!([call("", "g", "{}")])]), other);
    }

    #[test]
    fn calls_without_numbers_go_on_where_they_were() {
        let pieces = [
            json!([{ "id": "1", "function": { "name": "f", "arguments": "" } }]),
            json!([{ "function": { "arguments": "{}" } }]),
            json!([{ "id": "2", "function": { "name": "g", "arguments": "{" } }]),
            json!([{ "function": { "arguments": "}" } }]),
        ];
        assert_eq!(calls(&pieces), pairs(&[("f", "{}"), ("g", "{}")]));
    }

    #[test]
    fn what_is_said_again_or_left_empty_replaces_nothing() {
        let piece = |id: &str, name: &str, arguments: &str| json!([{ "index": 0, "id": id, "function": { "name": name, "arguments": arguments } }]);
        assert_eq!(calls(&[piece("1", "f", "{"), piece("", "", "}")]), pairs(&[("f", "{}")]));
        assert_eq!(calls(&[piece("1", "f", "{"), piece("1", "f", "}")]), pairs(&[("f", "{}")]));
        assert_eq!(merged(&[json!({ "role": "assistant" }), json!({ "role": "" })]), json!({ "role": "assistant" }));
    }

    #[test]
    fn a_text_may_begin_as_a_list() {
        let part =
            |text: &str| json!({ "content": [{ "type": "thinking", "thinking": [{ "type": "text", "text": text }] }] });
        let message =
            merged(&[json!({ "content": "" }), part("hm"), json!({ "content": "Hel" }), json!({ "content": "lo" })]);
        let thought = json!({ "type": "thinking", "thinking": [{ "type": "text", "text": "hm" }] });
        assert_eq!(message["content"], json!([thought, { "type": "text", "text": "Hello" }]));
    }
}
