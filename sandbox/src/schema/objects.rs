//! Objects with all required properties, or with all known ones if none is required.

use serde_json::{Map, Value};

use super::{
    Filler, PATTERN_STEPS, Place,
    parts::{Parts, names},
    texts,
};

/// Most property names that are generated.
const MAX_GENERATED_NAMES: usize = 1_000;

impl<'s> Filler<'s> {
    pub(super) fn object(&self, parts: &Parts<'s>, place: &Place<'s>) -> Option<Value> {
        let mut object = Map::new();
        for name in parts.all("required").flat_map(names) {
            if !object.contains_key(name) {
                object.insert(name.to_owned(), self.property(parts, name, place)?);
            }
        }
        let min_properties = parts.lower_bound("minProperties");
        let fills_all = object.is_empty();
        for name in parts.all("properties").filter_map(Value::as_object).flat_map(Map::keys) {
            let is_wanted = fills_all || object.len() < min_properties;
            if is_wanted && !object.contains_key(name) && object.len() < parts.upper_bound("maxProperties") {
                object.extend(self.property(parts, name, place).map(|value| (name.clone(), value)));
            }
        }
        for nth in 0..MAX_GENERATED_NAMES {
            if object.len() >= min_properties {
                break;
            }
            let name = self.generate_name(parts, place, nth)?;
            object.insert(name.clone(), self.property(parts, &name, place)?);
        }
        (object.len() >= min_properties).then_some(Value::Object(object))
    }

    fn property(&self, parts: &Parts<'s>, name: &str, place: &Place<'s>) -> Option<Value> {
        self.spend(name.len() / 16)?;
        let schemas: Vec<&Value> = parts.plain.iter().flat_map(|part| self.schemas_of_property(part, name)).collect();
        self.fill(&schemas, place.child(place.nth))
    }

    /// Returns the schemas that one schema has for a property.
    fn schemas_of_property(&self, part: &'s Map<String, Value>, name: &str) -> Vec<&'s Value> {
        let by_name = part.get("properties").and_then(|properties| properties.get(name));
        let patterns = part.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
        let by_pattern = patterns.filter(|(pattern, _)| {
            self.spend(PATTERN_STEPS + name.len()).is_some() && texts::Pattern::read(pattern).is_match(name)
        });
        let schemas: Vec<&Value> = by_name.into_iter().chain(by_pattern.map(|(_, schema)| schema)).collect();
        match schemas.is_empty() {
            true => part.get("additionalProperties").into_iter().collect(),
            false => schemas,
        }
    }

    /// Generates a property name that the schemas allow.
    fn generate_name(&self, parts: &Parts<'s>, place: &Place<'s>, nth: usize) -> Option<String> {
        let schemas: Vec<&Value> = parts.all("propertyNames").collect();
        if !schemas.is_empty() {
            return match self.fill(&schemas, place.child(nth))? {
                Value::String(name) => Some(name),
                _ => None,
            };
        }
        // The schema may allow only names of a pattern.
        match parts.all("patternProperties").filter_map(Value::as_object).flat_map(Map::keys).next() {
            Some(pattern) => self.text_of_pattern(pattern, nth),
            None => Some(texts::plain(nth)),
        }
    }
}
