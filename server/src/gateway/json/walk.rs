//! Walks through a JSON document for the texts of certain keys at any depth, without keeping the rest.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// The treatment of a key's value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::gateway) enum WalkStep {
    /// Take a text, or each text of a list; descend into anything else.
    Take,
    /// Only descend.
    Descend,
    Skip,
}

/// Passes each text of `json` whose key is to be [taken](WalkStep::Take) to `take`. Invalid JSON is walked as
/// far as it is valid, and returns an error.
pub(in crate::gateway) fn texts(
    json: &[u8],
    step_at: fn(&str) -> WalkStep,
    take: &mut dyn FnMut(&str),
) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(json);
    Walk { takes: false, step_at, take }.deserialize(&mut json)?;
    json.end()
}

struct Walk<'f> {
    /// Whether texts are taken here.
    takes: bool,
    step_at: fn(&str) -> WalkStep,
    take: &'f mut dyn FnMut(&str),
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.takes {
            (self.take)(text);
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { takes, step_at, take } = self;
        while list.next_element_seed(Walk { takes, step_at, take: &mut *take })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { step_at, take, .. } = self;
        while let Some(step) = map.next_key_seed(Key(step_at))? {
            match step {
                WalkStep::Skip => drop(map.next_value::<IgnoredAny>()?),
                WalkStep::Take | WalkStep::Descend => {
                    map.next_value_seed(Walk { takes: step == WalkStep::Take, step_at, take: &mut *take })?
                }
            }
        }
        Ok(())
    }
}

struct Key(fn(&str) -> WalkStep);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = WalkStep;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<WalkStep, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = WalkStep;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<WalkStep, E> {
        Ok((self.0)(key))
    }
}
