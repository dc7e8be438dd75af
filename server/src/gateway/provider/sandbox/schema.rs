//! Values that fit a JSON schema. Source: JSON Schema, <https://json-schema.org/specification>, drafts 4 to 2020-12.
//!
//! What a value must fit is a list of schemas, all at once: a schema, what it refers to, what is in its `allOf`, and one
//! of each of its `anyOf` and `oneOf`. Nothing is copied, and how much is tried is bounded, whatever a client sends.

mod hints;
mod lists;
mod numbers;
mod objects;
mod texts;

use std::cell::Cell;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

pub(super) use hints::spelled_out;

/// Most schemas that are looked at for one value. What is made counts too, a step for each 16 bytes, so that a small
/// question can't have a large answer.
const MOST_STEPS: usize = 20_000;
/// How many steps a pattern counts as.
const PATTERN_STEPS: usize = 100;
/// Most schemas that one value must fit at once.
const MOST_PARTS: usize = 256;
/// How deep values lie in each other, with the choices on the way.
const DEEPEST: usize = 100;
/// How often a schema may stand within itself: no more often than is needed.
const MOST_TURNS: usize = 3;

/// A value that fits, if one is found: the same each time.
pub(super) fn fill(schema: &Value) -> Option<Value> {
    let steps = Cell::new(0);
    (1..=MOST_TURNS).find_map(|turns| {
        let filler = Filler { root: schema, turns, steps: &steps };
        filler.fill(&[schema], Place::default())
    })
}

struct Filler<'s> {
    root: &'s Value,
    /// How often a reference may be on the way to what it refers to.
    turns: usize,
    steps: &'s Cell<usize>,
}

/// Where a value stands.
#[derive(Clone, Default)]
struct Place<'s> {
    depth: usize,
    /// The how-manieth of its kind it is, so that several in a list differ.
    nth: usize,
    /// The references on the way to it.
    through: Vec<&'s str>,
}

impl Place<'_> {
    fn within(&self, nth: usize) -> Self {
        Self { depth: self.depth + 1, nth, through: self.through.clone() }
    }
}

/// What a value must fit, all of it.
#[derive(Clone, Default)]
struct Parts<'s> {
    plain: Vec<&'s Map<String, Value>>,
    /// Of each of these, one.
    choices: Vec<&'s [Value]>,
}

impl<'s> Filler<'s> {
    fn spend(&self, steps: usize) -> Option<()> {
        self.steps.set(self.steps.get() + steps);
        (self.steps.get() <= MOST_STEPS).then_some(())
    }

    /// A value that fits all of these.
    fn fill(&self, schemas: &[&'s Value], place: Place<'s>) -> Option<Value> {
        self.settle(Parts::default(), schemas.iter().rev().copied().collect(), place)
    }

    /// Takes in what is still `open`, and then tries one choice after the other.
    fn settle(&self, mut parts: Parts<'s>, mut open: Vec<&'s Value>, mut place: Place<'s>) -> Option<Value> {
        if place.depth > DEEPEST {
            return None;
        }
        while let Some(schema) = open.pop() {
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
                if place.through.iter().filter(|on_the_way| **on_the_way == reference).count() >= self.turns {
                    return None;
                }
                place.through.push(reference);
                open.push(self.referred(reference)?);
            }
            open.extend(array(map, "allOf").iter().rev());
            parts
                .choices
                .extend(["anyOf", "oneOf"].map(|name| array(map, name)).into_iter().filter(|all| !all.is_empty()));
            parts.plain.push(map);
            if parts.plain.len() + parts.choices.len() > MOST_PARTS {
                return None;
            }
        }
        let Some(variants) = parts.choices.pop() else { return self.value(&parts, &place) };
        let (nothing, something): (Vec<_>, Vec<_>) = variants.iter().partition(|variant| is_null(variant));
        let mut tried = something.into_iter().chain(nothing);
        tried.find_map(|variant| self.settle(parts.clone(), vec![variant], place.within(place.nth)))
    }

    /// What a reference is to. What is kept elsewhere can't be looked at, so nothing is known to fit it.
    fn referred(&self, reference: &str) -> Option<&'s Value> {
        let pointer = percent_decode_str(reference.strip_prefix('#')?).decode_utf8().ok()?;
        self.root.pointer(&pointer)
    }

    fn value(&self, parts: &Parts<'s>, place: &Place<'s>) -> Option<Value> {
        self.spend(1)?;
        let named = parts.find("const").map(std::slice::from_ref);
        if let Some(values) = named.or_else(|| parts.find("enum")?.as_array().map(Vec::as_slice)) {
            return self.one_of(values, parts, place.nth);
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

    /// Of the values that a schema names itself, one that all the others allow.
    fn one_of(&self, values: &[Value], parts: &Parts<'s>, nth: usize) -> Option<Value> {
        self.spend(values.len())?;
        let rules = self.rules(parts)?;
        let accepts = |value: &&Value| {
            parts.accept(value)
                && match value {
                    Value::String(text) => self.keeps(&rules, text),
                    Value::Number(number) => number.as_f64().is_none_or(|number| numbers::fits(parts, number)),
                    _ => true,
                }
        };
        let fitting: Vec<&Value> = values.iter().filter(accepts).collect();
        let something = fitting.iter().filter(|value| !value.is_null()).nth(nth);
        let value = *something.or(fitting.first())?;
        self.spend(value.to_string().len() / 16)?;
        Some(value.clone())
    }
}

impl<'s> Parts<'s> {
    /// The first that is said by this name.
    fn find(&self, name: &str) -> Option<&'s Value> {
        self.all(name).next()
    }

    fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'s Value> + 'p {
        self.plain.iter().filter_map(move |part| part.get(name))
    }

    /// The strictest of the lower bounds by this name.
    fn most(&self, name: &str) -> usize {
        self.all(name).filter_map(whole).max().unwrap_or(0)
    }

    /// The strictest of the upper bounds by this name.
    fn least(&self, name: &str) -> usize {
        self.all(name).filter_map(whole).min().unwrap_or(usize::MAX)
    }

    /// Whether a value that a schema names itself is of a type, and one of those, that the others allow.
    fn accept(&self, value: &Value) -> bool {
        let kind = kind_of(value);
        self.all("type").all(|types| allows(types, kind))
            && self.all("const").all(|other| other == value)
            && self.all("enum").all(|values| values.as_array().is_none_or(|values| values.contains(value)))
    }

    /// The first of the types that all allow; null where nothing else is.
    fn kind(&self) -> Option<&'s str> {
        let named = || self.all("type").flat_map(names);
        if named().next().is_none() {
            return Some(self.implied_kind());
        }
        let allowed = |kind: &&str| self.all("type").all(|types| allows(types, kind));
        named().filter(allowed).find(|kind| *kind != "null").or_else(|| named().find(allowed))
    }

    /// What a schema without a type is about.
    fn implied_kind(&self) -> &'static str {
        let says = |names: &[&str]| names.iter().any(|name| self.find(name).is_some());
        match () {
            () if says(&["properties", "required", "additionalProperties", "minProperties"]) => "object",
            () if says(&["items", "prefixItems", "minItems", "contains"]) => "array",
            () if says(&["pattern", "format", "minLength", "maxLength"]) => "string",
            () if says(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) => "number",
            () => "object",
        }
    }
}

fn array<'s>(map: &'s Map<String, Value>, name: &str) -> &'s [Value] {
    map.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A text, or the texts of a list.
fn names(value: &Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    value.as_str().into_iter().chain(many)
}

/// A number of things, also where it is written as 1.0.
fn whole(value: &Value) -> Option<usize> {
    let number = value.as_f64().filter(|number| *number >= 0.0)?;
    // Whatever is beyond is more than is ever made.
    Some(number.ceil() as usize)
}

fn allows(types: &Value, kind: &str) -> bool {
    names(types).any(|name| name == kind || name == "number" && kind == "integer")
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_null(schema: &Value) -> bool {
    schema["type"] == "null" || schema.get("const").is_some_and(Value::is_null)
}

#[cfg(test)]
mod tests;
