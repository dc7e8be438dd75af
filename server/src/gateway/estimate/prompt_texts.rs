//! Finds the texts of a request that a model reads.
//!
//! Everything counts unless it is known not to be read: texts under any key, tools and schemas, and the
//! numbers of tokenized prompts. Excluded are images, audio, and short values of keys that are only settings.

mod field;

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};

use self::field::PromptField;
use crate::gateway::json::base64::{is_base64, is_medium_url};

/// Longest value of a setting, in bytes. OpenAI's values of `metadata` have at most 512 characters.
const MAX_PLAIN_LENGTH: usize = 64;
const MAX_METADATA_LENGTH: usize = 512;
/// Longest address of an image or audio file, in bytes.
const MAX_ADDRESS_LENGTH: usize = 2048;

/// A part of a prompt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PromptPiece<'a> {
    Text(&'a str),
    /// The size of data that can't be counted as text.
    Bytes(usize),
    /// A token of a tokenized prompt, or another number.
    Token,
}

/// Calls `take` with each part of the prompt in `json`. Invalid JSON is one part, of all its bytes.
pub(super) fn for_each_piece(json: &[u8], take: &mut dyn FnMut(PromptPiece<'_>)) {
    let mut parser = serde_json::Deserializer::from_slice(json);
    let path = PromptPath { name: PromptField::Text, parent: PromptField::Text, level: 0, in_metadata: false };
    let read = PromptWalk { path, take: &mut *take }.deserialize(&mut parser).and_then(|_| parser.end());
    if read.is_err() {
        take(PromptPiece::Bytes(json.len()));
    }
}

#[derive(Clone, Copy, Debug)]
struct PromptPath {
    name: PromptField,
    parent: PromptField,
    /// Number of enclosing objects.
    level: u32,
    in_metadata: bool,
}

struct PromptWalk<'f> {
    path: PromptPath,
    take: &'f mut dyn FnMut(PromptPiece<'_>),
}

impl PromptWalk<'_> {
    fn text(&mut self, text: &str) {
        let PromptPath { name, parent, in_metadata, .. } = self.path;
        let is_left_out = match name {
            PromptField::Plain | PromptField::MediaType => text.len() <= MAX_PLAIN_LENGTH,
            PromptField::Medium => is_medium(text),
            PromptField::Url => parent == PromptField::Medium && is_medium(text),
            PromptField::Data => parent == PromptField::Sound && is_base64(text),
            PromptField::File if is_medium_url(text) => true,
            PromptField::File if is_base64(text.rsplit(',').next().unwrap_or_default()) => {
                (self.take)(PromptPiece::Bytes(text.len() / 4 * 3));
                true
            }
            _ => in_metadata && text.len() <= MAX_METADATA_LENGTH,
        };
        if !is_left_out {
            (self.take)(PromptPiece::Text(text));
        }
    }

    /// Adds the `data` of an image or document, now that its type is known.
    fn data(&mut self, bytes: usize, media_type: &str) {
        let begins = |kind: &str| media_type.get(..kind.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(kind));
        if bytes > 0 && !["image/", "audio/", "video/"].into_iter().any(begins) {
            (self.take)(PromptPiece::Bytes(bytes / 4 * 3));
        }
    }
}

/// Whether a text is an image or audio data, or the address of one.
fn is_medium(text: &str) -> bool {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    let is_address = (begins("http://") || begins("https://")) && text.len() <= MAX_ADDRESS_LENGTH;
    is_medium_url(text) || is_address
}

/// A value that has been read, as far as the object around it needs it.
enum PromptValue {
    Data(usize),
    MediaType(String),
    Other,
}

impl<'de> DeserializeSeed<'de> for PromptWalk<'_> {
    type Value = PromptValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<PromptValue, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PromptWalk<'_> {
    type Value = PromptValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<PromptValue, E> {
        if self.path.name == PromptField::Data && self.path.parent == PromptField::Source && is_base64(text) {
            return Ok(PromptValue::Data(text.len()));
        }
        self.text(text);
        let is_type = self.path.name == PromptField::MediaType && text.len() <= MAX_PLAIN_LENGTH;
        Ok(if is_type { PromptValue::MediaType(text.to_owned()) } else { PromptValue::Other })
    }

    fn visit_unit<E: Error>(self) -> Result<PromptValue, E> {
        Ok(PromptValue::Other)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<PromptValue, E> {
        Ok(PromptValue::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<PromptValue, E> {
        self.visit_f64(0.0)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<PromptValue, E> {
        self.visit_f64(0.0)
    }

    /// Numbers at the top level are settings.
    fn visit_f64<E: Error>(self, _: f64) -> Result<PromptValue, E> {
        if self.path.level > 1 || self.path.name == PromptField::Tokens {
            (self.take)(PromptPiece::Token);
        }
        Ok(PromptValue::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<PromptValue, A::Error> {
        let Self { path, take } = self;
        while list.next_element_seed(PromptWalk { path, take: &mut *take })?.is_some() {}
        Ok(PromptValue::Other)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<PromptValue, A::Error> {
        let mut data = 0;
        let mut media_type = String::new();
        let level = self.path.level + 1;
        while let Some(name) = map.next_key_seed(PromptKeySeed { walk: &mut self, level })? {
            let in_metadata = self.path.in_metadata || (level == 1 && name == PromptField::Metadata);
            let path = PromptPath { name, parent: self.path.name, level, in_metadata };
            match map.next_value_seed(PromptWalk { path, take: &mut *self.take })? {
                PromptValue::Data(bytes) => data += bytes,
                // With two types, neither is trusted.
                PromptValue::MediaType(new) if media_type.is_empty() => media_type = new,
                PromptValue::MediaType(_) => "two".clone_into(&mut media_type),
                PromptValue::Other => {}
            }
        }
        self.data(data, &media_type);
        Ok(PromptValue::Other)
    }
}

struct PromptKeySeed<'w, 'f> {
    walk: &'w mut PromptWalk<'f>,
    level: u32,
}

impl<'de> DeserializeSeed<'de> for PromptKeySeed<'_, '_> {
    type Value = PromptField;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for PromptKeySeed<'_, '_> {
    type Value = PromptField;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        let (name, is_known) = PromptField::from_key(key);
        let is_setting = self.level == 1 && key.len() <= MAX_PLAIN_LENGTH;
        if !is_known && !is_setting && !self.walk.path.in_metadata {
            (self.walk.take)(PromptPiece::Text(key));
        }
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (String, usize, usize) {
        let (mut texts, mut bytes, mut tokens) = (Vec::new(), 0, 0);
        for_each_piece(json.as_bytes(), &mut |piece| match piece {
            PromptPiece::Text(text) => texts.push(text.to_owned()),
            PromptPiece::Bytes(more) => bytes += more,
            PromptPiece::Token => tokens += 1,
        });
        (texts.join("|"), bytes, tokens)
    }

    fn texts(json: &str) -> String {
        read(json).0
    }

    #[test]
    fn what_a_model_reads_counts_wherever_it_stands() {
        let chat = r#"{"model":"m","user":"u","n":1,"temperature":0.5,"messages":[{"role":"user","content":"a"},
            {"role":"user","content":[{"type":"text","text":"b"},
                {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"high"}}]},
            {"role":"assistant","tool_calls":[{"id":"i","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]}]}"#;
        assert_eq!(texts(chat), "a|b|f|{\"x\":1}");
        assert_eq!(texts(r#"{"input":["a","b"],"instructions":"c"}"#), "a|b|c");
        let tools = r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"where to":{"enum":["a","b"]}}}}}]}"#;
        assert_eq!(texts(tools), "f|where to|a|b");
        assert_eq!(
            texts(r#"{"messages":[{"content":[{"type":"tool_use","id":"t","name":"f","input":{"q":"x"}}]}]}"#),
            "f|q|x"
        );
        assert_eq!(texts(r#"{"metadata":{"a":"b"},"anything":{"deep":["c"]}}"#), "deep|c");
    }

    #[test]
    fn a_text_isnt_left_out_because_it_looks_like_something_else() {
        let words = "data: many words";
        for json in [
            format!(r#"{{"prompt":"{words}"}}"#),
            format!(r#"{{"messages":[{{"role":"user","content":"{words}"}}]}}"#),
            format!(r#"{{"messages":[{{"content":[{{"type":"image_url","image_url":{{"url":"{words}"}}}}]}}]}}"#),
            format!(r#"{{"messages":[{{"content":[{{"type":"input_audio","input_audio":{{"data":"{words}"}}}}]}}]}}"#),
            format!(r#"{{"input":[{{"content":[{{"type":"input_file","file_data":"{words}"}}]}}]}}"#),
            format!(r#"{{"messages":[{{"content":[{{"source":{{"media_type":"image/png","data":"{words}"}}}}]}}]}}"#),
            format!(r#"{{"b64_json":"{words}"}}"#),
        ] {
            assert_eq!(texts(&json), words, "{json}");
        }
        for name in ["role", "type", "user", "id"] {
            assert_eq!(texts(&format!(r#"{{"x":{{"{name}":"{}"}}}}"#, "a ".repeat(40))), "a ".repeat(40), "{name}");
        }
        assert_eq!(texts(&format!(r#"{{"metadata":{{"a":"{}"}}}}"#, "b ".repeat(400))), "b ".repeat(400));
    }

    #[test]
    fn pictures_and_sounds_are_left_out_and_documents_are_not() {
        let source = |kind: &str| {
            format!(r#"{{"messages":[{{"content":[{{"source":{{"data":"AAAABBBB","media_type":"{kind}"}}}}]}}]}}"#)
        };
        assert_eq!(read(&source("image/png")), (String::new(), 0, 0));
        assert_eq!(read(&source("application/pdf")), (String::new(), 6, 0));
        assert_eq!(
            read(r#"{"x":[{"input_audio":{"data":"AAAA","format":"wav"}},{"image_url":"https://a.example/b c"}]}"#),
            (String::new(), 0, 0)
        );
        assert_eq!(
            read(r#"{"input":[{"file_data":"data:application/pdf;base64,AAAABBBBCCCC"}]}"#),
            (String::new(), 30, 0)
        );
        assert_eq!(read(r#"{"input":[{"file_data":"data:image/png;base64,AAAA"}]}"#), (String::new(), 0, 0));
    }

    #[test]
    fn tokens_count_as_what_they_are() {
        assert_eq!(read(r#"{"input":[[1,2,3],[4]],"dimensions":5}"#).2, 4);
        assert_eq!(read(r#"{"prompt":[1,2,3],"max_tokens":5}"#).2, 3);
    }

    #[test]
    fn what_cant_be_read_counts_by_its_bytes() {
        for json in ["{", "no", "{\"a\":\"\\ud800\"}", "{\"a\":1e999}"] {
            assert_eq!(read(json).1, json.len(), "{json}");
        }
    }
}
