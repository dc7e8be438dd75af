//! Walks through a JSON text for the texts at certain keys, however deep, without keeping the rest.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// What to do with the value of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::gateway) enum At {
    /// Take it where it is a text, or a list of texts; look into it where it isn't.
    Take,
    /// Look into it only.
    Look,
    Skip,
}

/// Gives `take` each text of `json` whose key is one [to be taken](At::Take). What isn't JSON is read as far as it goes, and
/// is an error.
pub(in crate::gateway) fn texts(
    json: &[u8],
    at: fn(&str) -> At,
    take: &mut dyn FnMut(&str),
) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(json);
    Walk { takes: false, at, take }.deserialize(&mut json)?;
    json.end()
}

struct Walk<'f> {
    /// Whether a text here is taken.
    takes: bool,
    at: fn(&str) -> At,
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
        let Self { takes, at, take } = self;
        while list.next_element_seed(Walk { takes, at, take: &mut *take })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { at, take, .. } = self;
        while let Some(here) = map.next_key_seed(Key(at))? {
            match here {
                At::Skip => drop(map.next_value::<IgnoredAny>()?),
                At::Take | At::Look => map.next_value_seed(Walk { takes: here == At::Take, at, take: &mut *take })?,
            }
        }
        Ok(())
    }
}

struct Key(fn(&str) -> At);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = At;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<At, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = At;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<At, E> {
        Ok((self.0)(key))
    }
}
