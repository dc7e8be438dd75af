//! Finds the texts in a request or an answer that a model reads or writes, to estimate their tokens by.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// The keys whose texts a model reads or writes.
fn is_told(key: &str) -> bool {
    matches!(
        key,
        "content"
            | "text"
            | "input"
            | "prompt"
            | "system"
            | "instructions"
            | "arguments"
            | "description"
            | "delta"
            | "partial_json"
            | "thinking"
            | "reasoning_content"
            | "refusal"
            | "output"
    )
}

/// Gives `take` each such text of a JSON text. What isn't JSON has none.
pub(in crate::gateway) fn find(json: &[u8], take: &mut dyn FnMut(&str)) {
    let mut json = serde_json::Deserializer::from_slice(json);
    // What can't be read to its end is read as far as it goes.
    let _ = Find { told: false, take }.deserialize(&mut json);
}

/// What stands at a key.
#[derive(Eq, PartialEq)]
enum Holds {
    Told,
    /// A picture, a sound, or a file, which isn't looked into.
    Encoded,
    Other,
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Holds;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Holds, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Holds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Holds, E> {
        Ok(match key {
            "image_url" | "file_data" | "input_audio" | "b64_json" | "data" | "audio" => Holds::Encoded,
            key if is_told(key) => Holds::Told,
            _ => Holds::Other,
        })
    }
}

struct Find<'f> {
    /// Whether a text here is one.
    told: bool,
    take: &'f mut dyn FnMut(&str),
}

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        // A picture or a sound is no text, wherever it stands.
        if self.told && !text.starts_with("data:") {
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
        let Self { told, take } = self;
        while list.next_element_seed(Find { told, take: &mut *take })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(holds) = map.next_key_seed(Key)? {
            match holds {
                Holds::Encoded => drop(map.next_value::<IgnoredAny>()?),
                Holds::Told | Holds::Other => {
                    map.next_value_seed(Find { told: holds == Holds::Told, take: &mut *self.take })?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Vec<String> {
        let mut all = Vec::new();
        find(json.as_bytes(), &mut |text| all.push(text.to_owned()));
        all
    }

    #[test]
    fn what_a_model_reads_is_found_and_nothing_else() {
        let chat = r#"{"model":"m","user":"u","n":1,"messages":[{"role":"user","content":"a"},
            {"role":"user","content":[{"type":"text","text":"b"},
                {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},
            {"role":"assistant","tool_calls":[{"id":"i","function":{"name":"f","arguments":"{\"x\":1}"}}]}]}"#;
        assert_eq!(found(chat), ["a", "b", "{\"x\":1}"]);
        assert_eq!(found(r#"{"input":["a","b"],"instructions":"c"}"#), ["a", "b", "c"]);
        assert_eq!(found(r#"{"delta":"a","obfuscation":"zzz"}"#), ["a"]);
        assert_eq!(found(r#"{"delta":{"type":"text_delta","text":"a"}}"#), ["a"]);
        assert!(found("{").is_empty() && found("no").is_empty());
    }
}
