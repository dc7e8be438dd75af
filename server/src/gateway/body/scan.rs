//! Finds values at the top of a JSON object, without decoding the rest.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::gateway::refusal::Refusal;

pub(super) struct Found<'a, const N: usize> {
    pub(super) values: [Option<&'a RawValue>; N],
    pub(super) is_empty: bool,
}

/// The values of `names` in a JSON object. A name that is there twice, or that differs only in case, is refused: the
/// provider might go by another one than we do.
pub(super) fn scan<'a, const N: usize>(bytes: &'a [u8], names: &[&'static str; N]) -> Result<Found<'a, N>, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut repeated = None;
    let scanned = json.deserialize_map(Scan { names, repeated: &mut repeated }).and_then(|found| {
        json.end()?;
        Ok(found)
    });
    scanned.map_err(|error| match repeated {
        Some(name) => Refusal::invalid(name, format!("`{name}` must be there once, spelt like this.")),
        None if error.is_data() => Refusal::malformed("The body must be a JSON object."),
        None => Refusal::malformed(format!("The body is not JSON: {error}.")),
    })
}

struct Scan<'n, const N: usize> {
    names: &'n [&'static str; N],
    repeated: &'n mut Option<&'static str>,
}

impl<'de, const N: usize> Visitor<'de> for Scan<'_, N> {
    type Value = Found<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Found { values: [None; N], is_empty: true };
        while let Some(key) = map.next_key_seed(Key { names: self.names })? {
            found.is_empty = false;
            match key {
                Which::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
                Which::Named(index) if found.values[index].is_none() => {
                    found.values[index] = Some(map.next_value::<&'de RawValue>()?);
                }
                Which::Named(index) | Which::Misspelt(index) => {
                    *self.repeated = Some(self.names[index]);
                    return Err(A::Error::custom("repeated"));
                }
            }
        }
        Ok(found)
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
}

impl<'de, const N: usize> DeserializeSeed<'de> for Key<'_, N> {
    type Value = Which;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Which, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<const N: usize> Visitor<'_> for Key<'_, N> {
    type Value = Which;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Which, E> {
        if let Some(index) = self.names.iter().position(|name| *name == key) {
            return Ok(Which::Named(index));
        }
        let same = |name: &&str| match key.is_ascii() {
            true => name.eq_ignore_ascii_case(key),
            false => same_but_for_case(name, key),
        };
        Ok(self.names.iter().position(same).map_or(Which::Other, Which::Misspelt))
    }
}

/// As Unicode folds case, which turns `ſ` to `s` and the Kelvin sign to `k`; Go's JSON decoder does so.
fn same_but_for_case(name: &str, key: &str) -> bool {
    let folded = key.chars().flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    name.chars().map(|c| c.to_ascii_uppercase()).eq(folded)
}
