//! Lists: as long as required, or of one item if the length is free.

use serde_json::Value;

use super::{
    Filler, Place,
    parts::{Parts, array},
};

/// Longest list that is generated.
const MAX_ITEMS: usize = 1_000;
/// Number of values that are tried for an item that must be unique.
const MAX_TRIES: usize = 64;

impl<'s> Filler<'s> {
    pub(super) fn list(&self, parts: &Parts<'s>, place: &Place<'s>) -> Option<Value> {
        let contained: Vec<&Value> = parts.all("contains").collect();
        let containing = if contained.is_empty() { 0 } else { parts.lower_bound("minContains").max(1) };
        let min_items = parts.lower_bound("minItems").max(containing);
        let prefix_length = parts.plain.iter().map(|part| prefix(part).len()).max().unwrap_or(0);
        let has_rest = parts.plain.iter().any(|part| rest(part).is_some_and(|rest| *rest != Value::Bool(false)));
        let length = min_items.max(prefix_length).max(usize::from(has_rest)).min(parts.upper_bound("maxItems"));
        if min_items > length || min_items > MAX_ITEMS {
            return None;
        }
        let is_unique = parts.all("uniqueItems").any(|is_unique| *is_unique == Value::Bool(true));
        let mut items: Vec<Value> = Vec::new();
        for index in 0..length.min(MAX_ITEMS) {
            let item_schema =
                |part: &&'s serde_json::Map<String, Value>| prefix(part).get(index).or_else(|| rest(part));
            let mut schemas: Vec<&Value> = parts.plain.iter().filter_map(item_schema).collect();
            if index < containing {
                schemas.extend(&contained);
            }
            let tries = if is_unique { MAX_TRIES } else { 1 };
            let mut tried = (0..tries).map(|attempt| self.fill(&schemas, place.child(place.nth + index + attempt)));
            match tried.find(|item| !is_unique || item.as_ref().is_none_or(|item| !items.contains(item))).flatten() {
                Some(item) => items.push(item),
                None if index >= min_items => break,
                None => return None,
            }
        }
        Some(Value::Array(items))
    }
}

/// Returns the schemas of the first items; before 2020-12 these were in `items`.
fn prefix(part: &serde_json::Map<String, Value>) -> &[Value] {
    match array(part, "prefixItems") {
        [] => array(part, "items"),
        items => items,
    }
}

/// Returns the schema of all further items.
fn rest(part: &serde_json::Map<String, Value>) -> Option<&Value> {
    part.get("items").filter(|items| !items.is_array()).or_else(|| part.get("additionalItems"))
}
