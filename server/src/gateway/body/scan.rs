//! Finds top-level values of a JSON object, and checks the rest by the strict grammar.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    names::{BodyField, fold_case},
    parameters::ParameterEffect,
    path::JsonPath,
    strict::{BodyNotes, ValueSeed},
    tags::TagField,
};
use crate::v1::error::V1Error;

pub(super) struct ScanResult<'a, const N: usize> {
    pub(super) values: [Option<&'a RawValue>; N],
    pub(super) is_empty: bool,
    pub(super) notes: BodyNotes,
}

/// The key whose value isn't a mention.
const MODEL: &str = "model";

/// Finds the values of `names` in a JSON object, which is read to its end. A name that is repeated, or
/// differs only in case, is rejected, since the provider might use another one. The value of `model`, if that
/// is one of the names, isn't noted as a mention: it is checked against the models on offer.
pub(super) fn scan<'a, const N: usize>(
    bytes: &'a [u8],
    names: &[&'static str; N],
) -> Result<ScanResult<'a, N>, V1Error> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut notes = BodyNotes::default();
    let scanned = json.deserialize_map(ScanVisitor { names, notes: &mut notes }).and_then(|found| {
        json.end()?;
        Ok(found)
    });
    match (scanned, notes.error.take()) {
        (Ok((values, is_empty)), _) => Ok(ScanResult { values, is_empty, notes }),
        (Err(_), Some(error)) => Err(error),
        (Err(error), None) if error.is_data() => Err(V1Error::malformed("The body must be a JSON object.")),
        (Err(error), None) => Err(V1Error::malformed(format!("The body isn't valid JSON: {error}."))),
    }
}

/// The error for an invalid value in the body, without its position, which is relative to the value.
fn invalid_value(error: &serde_json::Error) -> V1Error {
    let error = error.to_string();
    let reason = error.split(" at line").next().unwrap_or_default();
    V1Error::malformed(format!("The body isn't valid JSON: {reason}."))
}

struct ScanVisitor<'n, const N: usize> {
    names: &'n [&'static str; N],
    notes: &'n mut BodyNotes,
}

impl<'de, const N: usize> Visitor<'de> for ScanVisitor<'_, N> {
    type Value = ([Option<&'de RawValue>; N], bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Self { names, notes } = self;
        let mut values = [None; N];
        let mut is_empty = true;
        while let Some(ScannedKey { key_match, field, effect, tag_field }) =
            map.next_key_seed(KeySeed { names, notes: &mut *notes })?
        {
            is_empty = false;
            let path = JsonPath::BODY.child(field);
            let value = map.next_value::<&'de RawValue>()?;
            if value.get() != "null" {
                notes.content.add_parameter(effect);
            }
            if let Some(tag_field) = tag_field {
                notes.tags.add(tag_field, value.get());
            }
            match key_match {
                KeyMatch::None => {}
                KeyMatch::Exact(index) if values[index].is_none() => {
                    values[index] = Some(value);
                    if names[index] == MODEL {
                        continue;
                    }
                }
                KeyMatch::Exact(index) | KeyMatch::Misspelled(index) => {
                    let message = format!("`{}` must occur only once, spelled exactly like this.", names[index]);
                    notes.error = Some(V1Error::invalid(names[index], message));
                    return Err(A::Error::custom("repeated"));
                }
            }
            // Until now the value was only skipped.
            if let Err(error) = ValueSeed::new(&mut *notes, path).read(value.get()) {
                notes.error.get_or_insert_with(|| invalid_value(&error));
                return Err(A::Error::custom("unreadable"));
            }
        }
        Ok((values, is_empty))
    }
}

/// Whether a key is one of the names.
enum KeyMatch {
    Exact(usize),
    /// Equal only without regard to case and surrounding whitespace.
    Misspelled(usize),
    None,
}

/// A key at the top level.
struct ScannedKey {
    key_match: KeyMatch,
    field: BodyField,
    effect: ParameterEffect,
    tag_field: Option<TagField>,
}

/// Compares a key with the names, without copying it.
struct KeySeed<'n, const N: usize> {
    names: &'n [&'static str; N],
    notes: &'n mut BodyNotes,
}

impl<'de, const N: usize> DeserializeSeed<'de> for KeySeed<'_, N> {
    type Value = ScannedKey;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<const N: usize> Visitor<'_> for KeySeed<'_, N> {
    type Value = ScannedKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        self.notes.mentions.add_text(key);
        let key_match = match self.names.iter().position(|name| *name == key) {
            Some(index) => KeyMatch::Exact(index),
            None => {
                let folded = fold_case(key);
                let same = |name: &&str| **name == *folded.trim();
                self.names.iter().position(same).map_or(KeyMatch::None, KeyMatch::Misspelled)
            }
        };
        Ok(ScannedKey {
            key_match,
            field: BodyField::from_key(key),
            effect: ParameterEffect::of(key),
            tag_field: TagField::from_key(key),
        })
    }
}
