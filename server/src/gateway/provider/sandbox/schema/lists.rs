//! Lists: as long as they must be, and of one item where that is free.

use serde_json::Value;

use super::{Filler, Parts, Place, array};

/// Longest list that is made.
const LONGEST: usize = 1_000;
/// How many further values are tried for an item that mustn't be there already.
const TRIED: usize = 64;

impl<'s> Filler<'s> {
    pub(super) fn list(&self, parts: &Parts<'s>, place: &Place<'s>) -> Option<Value> {
        let contained: Vec<&Value> = parts.all("contains").collect();
        let containing = if contained.is_empty() { 0 } else { parts.most("minContains").max(1) };
        let least = parts.most("minItems").max(containing);
        let places = parts.plain.iter().map(|part| prefix(part).len()).max().unwrap_or(0);
        let repeats = parts.plain.iter().any(|part| rest(part).is_some_and(|rest| *rest != Value::Bool(false)));
        let wanted = least.max(places).max(usize::from(repeats)).min(parts.least("maxItems"));
        if least > wanted || least > LONGEST {
            return None;
        }
        let unique = parts.all("uniqueItems").any(|unique| *unique == Value::Bool(true));
        let mut items: Vec<Value> = Vec::new();
        for index in 0..wanted.min(LONGEST) {
            let of_part = |part: &&'s serde_json::Map<String, Value>| prefix(part).get(index).or_else(|| rest(part));
            let mut schemas: Vec<&Value> = parts.plain.iter().filter_map(of_part).collect();
            if index < containing {
                schemas.extend(&contained);
            }
            let tries = if unique { TRIED } else { 1 };
            let mut tried = (0..tries).map(|more| self.fill(&schemas, place.within(place.nth + index + more)));
            match tried.find(|item| !unique || item.as_ref().is_none_or(|item| !items.contains(item))).flatten() {
                Some(item) => items.push(item),
                None if index >= least => break,
                None => return None,
            }
        }
        Some(Value::Array(items))
    }
}

/// What is said of the first items one by one; before 2020-12 that was said by `items`.
fn prefix(part: &serde_json::Map<String, Value>) -> &[Value] {
    match array(part, "prefixItems") {
        [] => array(part, "items"),
        items => items,
    }
}

/// What all further items must fit.
fn rest(part: &serde_json::Map<String, Value>) -> Option<&Value> {
    part.get("items").filter(|items| !items.is_array()).or_else(|| part.get("additionalItems"))
}
