//! Finds what a model reads in a request.
//!
//! Whatever isn't known to be something else counts: texts at any name, what tools and schemas are made of, and the numbers of
//! prompts that are given as tokens. Left out are pictures and sounds, and short values of names that only say how.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};

/// Longest value, in bytes, of a name that only says how. OpenAI's values of `metadata` have 512 characters at most.
const LONGEST_PLAIN: usize = 64;
const LONGEST_METADATA: usize = 512;
/// Longest address, in bytes, of a picture or a sound.
const LONGEST_ADDRESS: usize = 2048;

/// Some of what a model reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    /// So many bytes of something that can't be counted as a text.
    Bytes(usize),
    /// A token that was counted by the client, or a number.
    Token,
}

/// Gives `take` all that a model reads in `json`; what can't be read to its end is told by its bytes.
pub(super) fn pieces(json: &[u8], take: &mut dyn FnMut(Piece<'_>)) {
    let mut parser = serde_json::Deserializer::from_slice(json);
    let place = Place { name: Name::Text, above: Name::Text, level: 0, in_metadata: false };
    let read = Walk { place, take: &mut *take }.deserialize(&mut parser).and_then(|_| parser.end());
    if read.is_err() {
        take(Piece::Bytes(json.len()));
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Name {
    /// What a model may read.
    Text,
    /// What only says how: a model, a role, a type, an id.
    Plain,
    /// The address of a picture or sound, or the object around it.
    Medium,
    /// The object around a sound.
    Sound,
    /// The object around a picture or a document.
    Source,
    Data,
    MediaType,
    /// A file in base64.
    File,
    Url,
    Metadata,
    /// What holds tokens.
    Tokens,
}

impl Name {
    /// Of a key, and whether the key itself is one of the API's.
    fn of(key: &str) -> (Self, bool) {
        let name = match key {
            "model"
            | "role"
            | "type"
            | "id"
            | "object"
            | "status"
            | "detail"
            | "format"
            | "voice"
            | "encoding_format"
            | "user"
            | "service_tier"
            | "tool_choice"
            | "call_id"
            | "tool_call_id"
            | "tool_use_id"
            | "reasoning_effort"
            | "effort"
            | "verbosity"
            | "mode"
            | "truncation"
            | "include"
            | "modalities"
            | "safety_identifier"
            | "prompt_cache_key"
            | "prompt_cache_retention"
            | "previous_response_id"
            | "phase"
            | "ttl"
            | "language"
            | "response_format"
            | "size"
            | "file_id"
            | "file_ids"
            | "betas"
            | "speed" => Self::Plain,
            "image_url" | "video_url" | "audio_url" => Self::Medium,
            "input_audio" | "audio" => Self::Sound,
            "source" => Self::Source,
            "data" => Self::Data,
            "media_type" => Self::MediaType,
            "file_data" | "encrypted_content" => Self::File,
            "url" => Self::Url,
            "metadata" => Self::Metadata,
            "input" | "prompt" => Self::Tokens,
            "content"
            | "text"
            | "name"
            | "function"
            | "arguments"
            | "parameters"
            | "properties"
            | "description"
            | "required"
            | "enum"
            | "items"
            | "messages"
            | "tools"
            | "tool_calls"
            | "system"
            | "instructions"
            | "output"
            | "summary"
            | "reasoning"
            | "thinking"
            | "signature"
            | "schema"
            | "json_schema"
            | "input_schema"
            | "strict"
            | "index"
            | "cache_control"
            | "file"
            | "filename"
            | "image"
            | "additionalProperties"
            | "annotations"
            | "refusal"
            | "logprobs"
            | "title"
            | "context"
            | "citations"
            | "enabled"
            | "budget_tokens"
            | "is_error"
            | "anyOf"
            | "include_usage" => Self::Text,
            _ => return (Self::Text, false),
        };
        (name, true)
    }
}

#[derive(Clone, Copy, Debug)]
struct Place {
    name: Name,
    above: Name,
    /// How many objects are around.
    level: u32,
    in_metadata: bool,
}

struct Walk<'f> {
    place: Place,
    take: &'f mut dyn FnMut(Piece<'_>),
}

impl Walk<'_> {
    fn text(&mut self, text: &str) {
        let Place { name, above, in_metadata, .. } = self.place;
        let is_left_out = match name {
            Name::Plain | Name::MediaType => text.len() <= LONGEST_PLAIN,
            Name::Medium => is_medium(text),
            Name::Url => above == Name::Medium && is_medium(text),
            Name::Data => above == Name::Sound && is_base64(text),
            Name::File if is_medium_inside(text) => true,
            Name::File if is_base64(text.rsplit(',').next().unwrap_or_default()) => {
                (self.take)(Piece::Bytes(text.len() / 4 * 3));
                true
            }
            _ => in_metadata && text.len() <= LONGEST_METADATA,
        };
        if !is_left_out {
            (self.take)(Piece::Text(text));
        }
    }

    /// What a picture's or a document's `data` takes, now that its type is known.
    fn data(&mut self, bytes: usize, media_type: &str) {
        let begins = |kind: &str| media_type.get(..kind.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(kind));
        if bytes > 0 && !["image/", "audio/", "video/"].into_iter().any(begins) {
            (self.take)(Piece::Bytes(bytes / 4 * 3));
        }
    }
}

/// Whether a text is a picture or a sound, or where one is.
fn is_medium(text: &str) -> bool {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    let is_address = (begins("http://") || begins("https://")) && text.len() <= LONGEST_ADDRESS;
    is_medium_inside(text) || is_address
}

fn is_medium_inside(text: &str) -> bool {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    ["data:image/", "data:audio/", "data:video/"].into_iter().any(begins)
        && text.split_once(";base64,").is_some_and(|(kind, data)| kind.len() <= LONGEST_PLAIN && is_base64(data))
}

/// As base64 or base64url is written (RFC 4648), with line ends.
fn is_base64(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b'\r' | b'\n'))
}

/// What a value was: its text, where it is of use for what is around.
enum Was {
    Data(usize),
    MediaType(String),
    Other,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = Was;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Was, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = Was;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<Was, E> {
        if self.place.name == Name::Data && self.place.above == Name::Source && is_base64(text) {
            return Ok(Was::Data(text.len()));
        }
        self.text(text);
        let is_type = self.place.name == Name::MediaType && text.len() <= LONGEST_PLAIN;
        Ok(if is_type { Was::MediaType(text.to_owned()) } else { Was::Other })
    }

    fn visit_unit<E: Error>(self) -> Result<Was, E> {
        Ok(Was::Other)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Was, E> {
        Ok(Was::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Was, E> {
        self.visit_f64(0.0)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Was, E> {
        self.visit_f64(0.0)
    }

    /// At a request's top, numbers say how.
    fn visit_f64<E: Error>(self, _: f64) -> Result<Was, E> {
        if self.place.level > 1 || self.place.name == Name::Tokens {
            (self.take)(Piece::Token);
        }
        Ok(Was::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Was, A::Error> {
        let Self { place, take } = self;
        while list.next_element_seed(Walk { place, take: &mut *take })?.is_some() {}
        Ok(Was::Other)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Was, A::Error> {
        let mut data = 0;
        let mut media_type = String::new();
        let level = self.place.level + 1;
        while let Some(name) = map.next_key_seed(Key { walk: &mut self, level })? {
            let in_metadata = self.place.in_metadata || (level == 1 && name == Name::Metadata);
            let place = Place { name, above: self.place.name, level, in_metadata };
            match map.next_value_seed(Walk { place, take: &mut *self.take })? {
                Was::Data(bytes) => data += bytes,
                // One of two would hide the other.
                Was::MediaType(new) if media_type.is_empty() => media_type = new,
                Was::MediaType(_) => "two".clone_into(&mut media_type),
                Was::Other => {}
            }
        }
        self.data(data, &media_type);
        Ok(Was::Other)
    }
}

struct Key<'w, 'f> {
    walk: &'w mut Walk<'f>,
    level: u32,
}

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        let (name, is_known) = Name::of(key);
        let says_how = self.level == 1 && key.len() <= LONGEST_PLAIN;
        if !is_known && !says_how && !self.walk.place.in_metadata {
            (self.walk.take)(Piece::Text(key));
        }
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (String, usize, usize) {
        let (mut texts, mut bytes, mut tokens) = (Vec::new(), 0, 0);
        pieces(json.as_bytes(), &mut |piece| match piece {
            Piece::Text(text) => texts.push(text.to_owned()),
            Piece::Bytes(more) => bytes += more,
            Piece::Token => tokens += 1,
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
