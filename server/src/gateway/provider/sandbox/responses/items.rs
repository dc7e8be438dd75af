//! What a response was asked with, item by item.

use serde_json::{Value, json};

use super::super::Wrong;

/// How many items a page has where nothing else is asked for, and at most.
const PAGE: usize = 20;
const LARGEST_PAGE: usize = 100;

/// The items of an `input`: a text is one of the user's. `hash` tells those of different responses apart.
pub(super) fn input(input: &Value, hash: u64) -> Vec<Value> {
    let of_text = || json!({"role": "user", "content": input});
    let items: Vec<Value> = match input {
        Value::String(_) => vec![of_text()],
        Value::Array(items) => items.iter().filter(|item| item.is_object()).cloned().collect(),
        _ => Vec::new(),
    };
    items.into_iter().enumerate().map(|(index, item)| whole(item, hash, index)).collect()
}

/// An item with all that clients may leave out.
fn whole(mut item: Value, hash: u64, index: usize) -> Value {
    let kind = item["type"].as_str().unwrap_or("message").to_owned();
    if let Some(text) = item["content"].as_str().filter(|_| kind == "message").map(str::to_owned) {
        item["content"] = match item["role"].as_str() {
            Some("assistant") => json!([{"type": "output_text", "text": text, "annotations": []}]),
            _ => json!([{"type": "input_text", "text": text}]),
        };
    }
    let prefix = match &*kind {
        "message" => "msg",
        "function_call" => "fc",
        "reasoning" => "rs",
        _ => "item",
    };
    if item["id"].is_null() {
        item["id"] = format!("{prefix}_{hash:016x}_{index}").into();
    }
    if item["status"].is_null() && kind != "reasoning" && kind != "compaction" {
        item["status"] = "completed".into();
    }
    item["type"] = kind.into();
    item
}

/// A page of the items, the last first unless it is asked otherwise.
pub(super) fn list(asked: &Value, hash: u64, query: &str) -> Result<Value, Wrong> {
    let parameter = |name: &str| {
        let mut all = form_urlencoded::parse(query.as_bytes());
        all.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    };
    let limit = parameter("limit").map_or(Ok(PAGE), |limit| limit.parse()).ok();
    let limit = limit.filter(|limit| (1..=LARGEST_PAGE).contains(limit));
    let limit = limit.ok_or_else(|| Wrong::about("limit", format!("`limit` must be 1 to {LARGEST_PAGE}.")))?;
    let mut items = input(asked, hash);
    if parameter("order").as_deref() != Some("asc") {
        items.reverse();
    }
    if let Some(after) = parameter("after") {
        let place = items.iter().position(|item| item["id"] == *after);
        items.drain(..place.map_or(0, |place| place + 1));
    }
    let has_more = items.len() > limit;
    items.truncate(limit);
    let id = |item: Option<&Value>| item.map(|item| item["id"].clone());
    let (first, last) = (id(items.first()), id(items.last()));
    Ok(json!({"object": "list", "data": items, "first_id": first, "last_id": last, "has_more": has_more}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_told_page_by_page() {
        let asked = json!([
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "d"},
        ]);
        let page = |query: &str| list(&asked, 7, query).unwrap_or_else(|wrong| panic!("{}", wrong.message));
        let kinds = |page: &Value| -> Vec<String> {
            page["data"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(kinds(&page("")), ["function_call_output", "function_call", "message", "message"]);
        let first = page("limit=2&order=asc");
        assert_eq!((kinds(&first).len(), first["has_more"].as_bool()), (2, Some(true)));
        assert_eq!(first["data"][0]["content"][0], json!({"type": "input_text", "text": "a"}));
        assert_eq!(first["data"][1]["content"][0]["type"], "output_text");
        let after = format!("order=asc&after={}", first["last_id"].as_str().unwrap());
        assert_eq!(page(&after)["first_id"], "fc_1");
        assert!(list(&asked, 7, "limit=0").is_err());
        assert_eq!(page("after=fc_1")["has_more"], false);
        assert_eq!(input(&json!("a"), 7)[0]["role"], "user");
    }
}
