//! Objects: with what is required, or with all that they may have where nothing is.

use serde_json::{Map, Value};

use super::{Filler, PATTERN_STEPS, Parts, Place, names, texts};

/// Most names that are made up.
const MADE_UP: usize = 1_000;

impl<'s> Filler<'s> {
    pub(super) fn object(&self, parts: &Parts<'s>, place: &Place<'s>) -> Option<Value> {
        let mut object = Map::new();
        for name in parts.all("required").flat_map(names) {
            if !object.contains_key(name) {
                object.insert(name.to_owned(), self.property(parts, name, place)?);
            }
        }
        let least = parts.most("minProperties");
        let fills_all = object.is_empty();
        for name in parts.all("properties").filter_map(Value::as_object).flat_map(Map::keys) {
            let wanted = fills_all || object.len() < least;
            if wanted && !object.contains_key(name) && object.len() < parts.least("maxProperties") {
                object.extend(self.property(parts, name, place).map(|value| (name.clone(), value)));
            }
        }
        for nth in 0..MADE_UP {
            if object.len() >= least {
                break;
            }
            let name = self.made_up_name(parts, place, nth)?;
            object.insert(name.clone(), self.property(parts, &name, place)?);
        }
        (object.len() >= least).then_some(Value::Object(object))
    }

    fn property(&self, parts: &Parts<'s>, name: &str, place: &Place<'s>) -> Option<Value> {
        self.spend(name.len() / 16)?;
        let schemas: Vec<&Value> = parts.plain.iter().flat_map(|part| self.said_of(part, name)).collect();
        self.fill(&schemas, place.within(place.nth))
    }

    /// What a schema says of a property.
    fn said_of(&self, part: &'s Map<String, Value>, name: &str) -> Vec<&'s Value> {
        let by_name = part.get("properties").and_then(|properties| properties.get(name));
        let patterns = part.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
        let by_pattern = patterns.filter(|(pattern, _)| {
            self.spend(PATTERN_STEPS + name.len()).is_some() && texts::Pattern::read(pattern).holds(name)
        });
        let said: Vec<&Value> = by_name.into_iter().chain(by_pattern.map(|(_, schema)| schema)).collect();
        match said.is_empty() {
            true => part.get("additionalProperties").into_iter().collect(),
            false => said,
        }
    }

    fn made_up_name(&self, parts: &Parts<'s>, place: &Place<'s>, nth: usize) -> Option<String> {
        let schemas: Vec<&Value> = parts.all("propertyNames").collect();
        if !schemas.is_empty() {
            return match self.fill(&schemas, place.within(nth))? {
                Value::String(name) => Some(name),
                _ => None,
            };
        }
        // It may be that only names of a pattern are allowed.
        match parts.all("patternProperties").filter_map(Value::as_object).flat_map(Map::keys).next() {
            Some(pattern) => self.text_of_pattern(pattern, nth),
            None => Some(texts::plain(nth)),
        }
    }
}
