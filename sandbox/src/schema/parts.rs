//! The schemas of one value, and what their keywords demand of it together.

use serde_json::{Map, Value};

/// The schemas that a value must fit, all at once.
#[derive(Clone, Default)]
pub(super) struct Parts<'s> {
    pub(super) plain: Vec<&'s Map<String, Value>>,
    /// Lists of schemas, of each of which one must fit.
    pub(super) choices: Vec<&'s [Value]>,
}

impl<'s> Parts<'s> {
    /// Returns the first value of a keyword.
    pub(super) fn find(&self, name: &str) -> Option<&'s Value> {
        self.all(name).next()
    }

    pub(super) fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'s Value> + 'p {
        self.plain.iter().filter_map(move |part| part.get(name))
    }

    /// Returns the strictest lower bound in a keyword.
    pub(super) fn lower_bound(&self, name: &str) -> usize {
        self.all(name).filter_map(as_count).max().unwrap_or(0)
    }

    /// Returns the strictest upper bound in a keyword.
    pub(super) fn upper_bound(&self, name: &str) -> usize {
        self.all(name).filter_map(as_count).min().unwrap_or(usize::MAX)
    }

    /// Whether all schemas allow the type of a value in one of them, and the value itself.
    pub(super) fn is_allowed(&self, value: &Value) -> bool {
        let kind = kind_of(value);
        self.all("type").all(|types| is_kind_allowed(types, kind))
            && self.all("const").all(|other| other == value)
            && self.all("enum").all(|values| values.as_array().is_none_or(|values| values.contains(value)))
    }

    /// Returns the first type that all schemas allow; null only if no other is allowed.
    pub(super) fn kind(&self) -> Option<&'s str> {
        let named = || self.all("type").flat_map(names);
        if named().next().is_none() {
            return Some(self.implied_kind());
        }
        let is_allowed = |kind: &&str| self.all("type").all(|types| is_kind_allowed(types, kind));
        named().filter(is_allowed).find(|kind| *kind != "null").or_else(|| named().find(is_allowed))
    }

    /// Returns the type that a schema's keywords imply.
    fn implied_kind(&self) -> &'static str {
        let has_any = |names: &[&str]| names.iter().any(|name| self.find(name).is_some());
        match () {
            () if has_any(&["properties", "required", "additionalProperties", "minProperties"]) => "object",
            () if has_any(&["items", "prefixItems", "minItems", "contains"]) => "array",
            () if has_any(&["pattern", "format", "minLength", "maxLength"]) => "string",
            () if has_any(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) => "number",
            () => "object",
        }
    }
}

/// Returns the items of a list in a schema; empty if it has none.
pub(super) fn array<'s>(map: &'s Map<String, Value>, name: &str) -> &'s [Value] {
    map.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Iterates over a string, or the strings of a list.
pub(super) fn names(value: &Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    value.as_str().into_iter().chain(many)
}

/// Reads a count, perhaps written as 1.0.
fn as_count(value: &Value) -> Option<usize> {
    let number = value.as_f64().filter(|number| *number >= 0.0)?;
    // The cast saturates, which is more than is ever generated.
    Some(number.ceil() as usize)
}

/// Whether `type` contains this type.
fn is_kind_allowed(types: &Value, kind: &str) -> bool {
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
