//! The input items of a response.

use serde_json::{Value, json};

use crate::error::SandboxError;

/// Default and maximum number of items on a page.
const DEFAULT_PAGE_SIZE: usize = 20;
const MAX_PAGE_SIZE: usize = 100;

/// Reads the items of an `input`; a text is one of the user's. `hash` distinguishes ids in
/// different responses.
pub(super) fn input_items(input: &Value, hash: u64) -> Vec<Value> {
    let message = || json!({"role": "user", "content": input});
    let items: Vec<Value> = match input {
        Value::String(_) => vec![message()],
        Value::Array(items) => items.iter().filter(|item| item.is_object()).cloned().collect(),
        _ => Vec::new(),
    };
    items.into_iter().enumerate().map(|(index, item)| complete_item(item, hash, index)).collect()
}

/// Adds the fields that clients may leave out.
fn complete_item(mut item: Value, hash: u64, index: usize) -> Value {
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

/// Returns a page of the items, the latest first unless another order is requested.
pub(super) fn list(input: &Value, hash: u64, query: &str) -> Result<Value, SandboxError> {
    let parameter = |name: &str| {
        let mut all = form_urlencoded::parse(query.as_bytes());
        all.find(|(found_name, _)| found_name == name).map(|(_, value)| value.into_owned())
    };
    let limit = parameter("limit").map_or(Ok(DEFAULT_PAGE_SIZE), |limit| limit.parse()).ok();
    let limit = limit.filter(|limit| (1..=MAX_PAGE_SIZE).contains(limit));
    let limit =
        limit.ok_or_else(|| SandboxError::invalid("limit", format!("`limit` must be 1 to {MAX_PAGE_SIZE}.")))?;
    let mut items = input_items(input, hash);
    if parameter("order").as_deref() != Some("asc") {
        items.reverse();
    }
    if let Some(after) = parameter("after") {
        let position = items.iter().position(|item| item["id"] == *after);
        items.drain(..position.map_or(0, |position| position + 1));
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
        let input = json!([
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "d"},
        ]);
        let page = |query: &str| list(&input, 7, query).unwrap_or_else(|error| panic!("{}", error.message));
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
        assert!(list(&input, 7, "limit=0").is_err());
        assert_eq!(page("after=fc_1")["has_more"], false);
        assert_eq!(input_items(&json!("a"), 7)[0]["role"], "user");
    }
}
