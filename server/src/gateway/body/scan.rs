//! Finds values at the top of a JSON object, and reads the rest by the same grammar.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    names::{Name, folded},
    strict::{Notes, Place, Value},
};
use crate::v1::error::Refusal;

pub(super) struct Found<'a, const N: usize> {
    pub(super) values: [Option<&'a RawValue>; N],
    pub(super) is_empty: bool,
    pub(super) notes: Notes,
}

/// The one whose value isn't among what is mentioned.
const MODEL: &str = "model";

/// The values of `names` in a JSON object, which is read to its end. A name that is there twice, or that differs only in
/// case, is refused: the provider might go by another one than we do. The value of `model`, if that is one of the names,
/// isn't among what is mentioned: it is a model that is on offer, or nothing.
pub(super) fn scan<'a, const N: usize>(bytes: &'a [u8], names: &[&'static str; N]) -> Result<Found<'a, N>, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut notes = Notes::default();
    let scanned = json.deserialize_map(Scan { names, notes: &mut notes }).and_then(|found| {
        json.end()?;
        Ok(found)
    });
    match (scanned, notes.fault.take()) {
        (Ok((values, is_empty)), _) => Ok(Found { values, is_empty, notes }),
        (Err(_), Some(fault)) => Err(fault),
        (Err(error), None) if error.is_data() => Err(Refusal::malformed("The body must be a JSON object.")),
        (Err(error), None) => Err(Refusal::malformed(format!("The body is not JSON: {error}."))),
    }
}

/// Why a value within the body can't be read; its place in the value says nothing of that in the body.
fn unreadable(error: &serde_json::Error) -> Refusal {
    let error = error.to_string();
    let what = error.split(" at line").next().unwrap_or_default();
    Refusal::malformed(format!("The body is not JSON: {what}."))
}

struct Scan<'n, const N: usize> {
    names: &'n [&'static str; N],
    notes: &'n mut Notes,
}

impl<'de, const N: usize> Visitor<'de> for Scan<'_, N> {
    type Value = ([Option<&'de RawValue>; N], bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Self { names, notes } = self;
        let mut values = [None; N];
        let mut is_empty = true;
        while let Some((which, name)) = map.next_key_seed(Key { names, notes: &mut *notes })? {
            is_empty = false;
            let place = Place::BODY.of(name);
            let value = map.next_value::<&'de RawValue>()?;
            match which {
                Which::Other => {}
                Which::Named(index) if values[index].is_none() => {
                    values[index] = Some(value);
                    if names[index] == MODEL {
                        continue;
                    }
                }
                Which::Named(index) | Which::Misspelt(index) => {
                    let message = format!("`{}` must be there once, spelt like this.", names[index]);
                    notes.fault = Some(Refusal::invalid(names[index], message));
                    return Err(A::Error::custom("repeated"));
                }
            }
            // It was only skipped until now.
            if let Err(error) = Value::new(&mut *notes, place).read(value.get()) {
                notes.fault.get_or_insert_with(|| unreadable(&error));
                return Err(A::Error::custom("unreadable"));
            }
        }
        Ok((values, is_empty))
    }
}

enum Which {
    Named(usize),
    /// The same name to somebody who doesn't care for case.
    Misspelt(usize),
    Other,
}

/// Tells which name a key is, without copying it.
struct Key<'n, const N: usize> {
    names: &'n [&'static str; N],
    notes: &'n mut Notes,
}

impl<'de, const N: usize> DeserializeSeed<'de> for Key<'_, N> {
    type Value = (Which, Name);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<const N: usize> Visitor<'_> for Key<'_, N> {
    type Value = (Which, Name);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        self.notes.mentions.text(key);
        let name = Name::of(key);
        if let Some(index) = self.names.iter().position(|name| *name == key) {
            return Ok((Which::Named(index), name));
        }
        let folded = folded(key);
        let same = |name: &&str| **name == *folded.trim();
        Ok((self.names.iter().position(same).map_or(Which::Other, Which::Misspelt), name))
    }
}
