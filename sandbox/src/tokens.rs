//! Numbers of tokens, by a rule of the sandbox's own: one for each four bytes of UTF-8 begun.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// Returns the number of tokens in a text.
pub(super) fn tokens(text: &str) -> i64 {
    tokens_of_bytes(text.len())
}

/// Returns the number of tokens in a text of this length.
pub(super) fn tokens_of_bytes(bytes: usize) -> i64 {
    i64::try_from(bytes.div_ceil(4)).unwrap_or(i64::MAX)
}

/// Returns the number of tokens in all texts of a JSON document that a model reads, also where a key repeats.
pub(super) fn tokens_in_json(json: &[u8]) -> Result<i64, serde_json::Error> {
    Ok(serde_json::from_slice::<ValueTokens>(json)?.nested)
}

/// The tokens of a JSON value.
#[derive(Default)]
struct ValueTokens {
    /// Tokens of the text, or of the texts in the list; they count if the value's key is one for texts.
    own: i64,
    /// Tokens of texts that have keys of their own.
    nested: i64,
}

impl<'de> Deserialize<'de> for ValueTokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TokensVisitor)
    }
}

struct TokensVisitor;

impl<'de> Visitor<'de> for TokensVisitor {
    type Value = ValueTokens;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ValueTokens, E> {
        Ok(ValueTokens { own: tokens(text), nested: 0 })
    }

    fn visit_unit<E: Error>(self) -> Result<ValueTokens, E> {
        Ok(ValueTokens::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<ValueTokens, E> {
        Ok(ValueTokens::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<ValueTokens, E> {
        Ok(ValueTokens::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<ValueTokens, E> {
        Ok(ValueTokens::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<ValueTokens, E> {
        Ok(ValueTokens::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ValueTokens, A::Error> {
        let mut sum = ValueTokens::default();
        while let Some(item) = list.next_element::<ValueTokens>()? {
            sum.own += item.own;
            sum.nested += item.nested;
        }
        Ok(sum)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ValueTokens, A::Error> {
        let mut sum = ValueTokens::default();
        while let Some(key) = map.next_key::<String>()? {
            if is_media(&key) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value: ValueTokens = map.next_value()?;
            sum.nested += value.nested + if is_text(&key) { value.own } else { 0 };
        }
        Ok(sum)
    }
}

/// Whether a model reads the value of a key.
fn is_text(key: &str) -> bool {
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
            | "transcript"
    )
}

/// Whether the value of a key is a picture or sound.
fn is_media(key: &str) -> bool {
    matches!(key, "image_url" | "b64_json" | "data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_a_model_reads_count_and_nothing_else() {
        for (json, expected) in [
            (
                r#"{"model":"m","n":1.5,"user":null,"stream":true,"seed":-1,"messages":[{"role":"user","content":"12345"}]}"#,
                2,
            ),
            (r#"{"input":["1234",["12345"],{"text":"1","other":"2"}],"instructions":"1"}"#, 5),
            (r#"{"content":[{"type":"image_url","image_url":{"text":"1234"}},{"type":"text","text":"1"}]}"#, 1),
            (r#"{"tools":[{"description":"1","parameters":{"input":{"description":"1","type":"string"}}}]}"#, 2),
            (r#"{"input":"1","input":"12345","data":1e999}"#, 3),
            (r#"["1234"]"#, 0),
        ] {
            assert_eq!(tokens_in_json(json.as_bytes()).unwrap(), expected, "{json}");
        }
        assert!(tokens_in_json(b"{").is_err() && tokens_in_json(b"{} {}").is_err());
    }
}
