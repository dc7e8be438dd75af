//! Values that fit a JSON schema. Source: JSON Schema, <https://json-schema.org/specification>,
//! drafts 4 to 2020-12.
//!
//! A value must fit several schemas at once: a schema, the target of its reference, the schemas in its
//! `allOf`, and one of each of its `anyOf` and `oneOf`. Nothing is copied, and the work is bounded,
//! regardless of the schema.

mod hints;
mod lists;
mod numbers;
mod objects;
mod parts;
mod texts;

use std::cell::Cell;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

pub(super) use self::hints::with_described_keywords;
use self::parts::{Parts, array};

/// Most schemas that are read for one value. Output counts as well, one step for each 16 bytes, so that a
/// small request can't have a large answer.
const MAX_STEPS: usize = 20_000;
/// Number of steps that a pattern counts as.
const PATTERN_STEPS: usize = 100;
/// Most schemas that one value must fit at once.
const MAX_PARTS: usize = 256;
/// Most levels of nested values, including the choices on the way.
const MAX_DEPTH: usize = 100;
/// Most levels of a schema within itself. Fewer are tried first.
const MAX_RECURSION: usize = 3;

/// Returns a value that fits a schema, if one is found: always the same one.
pub(super) fn fill(schema: &Value) -> Option<Value> {
    let steps = Cell::new(0);
    (1..=MAX_RECURSION).find_map(|max_recursion| {
        let filler = Filler { root: schema, max_recursion, steps: &steps };
        filler.fill(&[schema], Place::default())
    })
}

/// A search for a value of one schema.
struct Filler<'s> {
    root: &'s Value,
    /// Number of times that a reference may be followed within its own target.
    max_recursion: usize,
    steps: &'s Cell<usize>,
}

/// The position of a value.
#[derive(Clone, Default)]
struct Place<'s> {
    depth: usize,
    /// The number of the value among those of its kind, so that several in a list differ.
    nth: usize,
    /// The references that were followed to it.
    references: Vec<&'s str>,
}

impl Place<'_> {
    fn child(&self, nth: usize) -> Self {
        Self { depth: self.depth + 1, nth, references: self.references.clone() }
    }
}

impl<'s> Filler<'s> {
    fn spend(&self, steps: usize) -> Option<()> {
        self.steps.set(self.steps.get() + steps);
        (self.steps.get() <= MAX_STEPS).then_some(())
    }

    /// Returns a value that fits all of these schemas.
    fn fill(&self, schemas: &[&'s Value], place: Place<'s>) -> Option<Value> {
        self.choose(Parts::default(), schemas.iter().rev().copied().collect(), place)
    }

    /// Adds the `pending` schemas to `parts`, then tries the choices one after the other.
    fn choose(&self, mut parts: Parts<'s>, mut pending: Vec<&'s Value>, mut place: Place<'s>) -> Option<Value> {
        if place.depth > MAX_DEPTH {
            return None;
        }
        while let Some(schema) = pending.pop() {
            self.spend(1)?;
            let map = match schema {
                Value::Bool(true) => continue,
                Value::Object(map) => map,
                _ => return None,
            };
            if map.get("not").is_some_and(|not| *not == Value::Bool(true) || not.as_object().is_some_and(Map::is_empty))
            {
                return None;
            }
            if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                if place.references.iter().filter(|followed| **followed == reference).count() >= self.max_recursion {
                    return None;
                }
                place.references.push(reference);
                pending.push(self.resolve_reference(reference)?);
            }
            pending.extend(array(map, "allOf").iter().rev());
            parts
                .choices
                .extend(["anyOf", "oneOf"].map(|name| array(map, name)).into_iter().filter(|all| !all.is_empty()));
            parts.plain.push(map);
            if parts.plain.len() + parts.choices.len() > MAX_PARTS {
                return None;
            }
        }
        let Some(variants) = parts.choices.pop() else { return self.value(&parts, &place) };
        let (nulls, others): (Vec<_>, Vec<_>) = variants.iter().partition(|variant| is_null(variant));
        let mut tried = others.into_iter().chain(nulls);
        tried.find_map(|variant| self.choose(parts.clone(), vec![variant], place.child(place.nth)))
    }

    /// Finds the target of a reference. External ones can't be read, so no value fits them.
    fn resolve_reference(&self, reference: &str) -> Option<&'s Value> {
        let pointer = percent_decode_str(reference.strip_prefix('#')?).decode_utf8().ok()?;
        self.root.pointer(&pointer)
    }

    fn value(&self, parts: &Parts<'s>, place: &Place<'s>) -> Option<Value> {
        self.spend(1)?;
        let constant = parts.find("const").map(std::slice::from_ref);
        if let Some(values) = constant.or_else(|| parts.find("enum")?.as_array().map(Vec::as_slice)) {
            return self.choose_value(values, parts, place.nth);
        }
        match parts.kind()? {
            "null" => Some(Value::Null),
            "boolean" => Some(place.nth.is_multiple_of(2).into()),
            kind @ ("integer" | "number") => {
                self.spend(parts.all("multipleOf").count())?;
                numbers::number(parts, place.nth, kind == "integer")
            }
            "string" => self.text(parts, place).map(Value::String),
            "array" => self.list(parts, place),
            _ => self.object(parts, place),
        }
    }

    /// Chooses one of the values in a schema that all others allow.
    fn choose_value(&self, values: &[Value], parts: &Parts<'s>, nth: usize) -> Option<Value> {
        self.spend(values.len())?;
        let rules = self.rules(parts)?;
        let is_valid = |value: &&Value| {
            parts.is_allowed(value)
                && match value {
                    Value::String(text) => self.is_valid_text(&rules, text),
                    Value::Number(number) => number.as_f64().is_none_or(|number| numbers::is_valid(parts, number)),
                    _ => true,
                }
        };
        let valid: Vec<&Value> = values.iter().filter(is_valid).collect();
        let chosen = valid.iter().filter(|value| !value.is_null()).nth(nth);
        let value = *chosen.or(valid.first())?;
        self.spend(value.to_string().len() / 16)?;
        Some(value.clone())
    }
}

fn is_null(schema: &Value) -> bool {
    schema["type"] == "null" || schema.get("const").is_some_and(Value::is_null)
}

#[cfg(test)]
mod tests;
