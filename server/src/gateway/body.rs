//! Reads from a request's body what is decided upon, and changes only that.
//!
//! The body isn't parsed into a document and written again: the few values that
//! matter are found by their place in the bytes, and new ones are put there.
//! Everything else reaches the provider as the client wrote it.

use std::{borrow::Cow, fmt, ops::Range};

use bytes::Bytes;
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::refusal::Refusal;

/// A JSON object in bytes, and where in it the values are that are decided upon.
#[derive(Debug)]
pub(super) struct RequestBody {
    bytes: Bytes,
    /// The model that was asked for.
    pub(super) model: String,
    model_place: Range<usize>,
    /// Whether the answer was asked for as a stream.
    pub(super) stream: bool,
    options: Option<StreamOptions>,
}

/// The value of `stream_options`.
#[derive(Debug)]
struct StreamOptions {
    place: Range<usize>,
    /// `None` where it is `null`.
    object: Option<OptionsObject>,
}

#[derive(Debug)]
struct OptionsObject {
    is_empty: bool,
    include_usage: Option<(Range<usize>, bool)>,
}

impl RequestBody {
    pub(super) fn read(bytes: Bytes) -> Result<Self, Refusal> {
        let found = scan(&bytes, &["model", "stream", "stream_options"])?;
        let [model, stream, options] = found.values;
        let model_value = model.ok_or_else(|| Refusal::invalid("model", "Name a model: `model` is missing."))?;
        let model: Cow<'_, str> = text(model_value)
            .filter(|model| !model.is_empty())
            .ok_or_else(|| Refusal::invalid("model", "`model` must be a text that names a model."))?;
        let stream = match stream.map(RawValue::get) {
            None | Some("null" | "false") => false,
            Some("true") => true,
            Some(_) => return Err(Refusal::invalid("stream", "`stream` must be true or false.")),
        };
        let options = options.map(|value| stream_options(&bytes, value)).transpose()?;
        Ok(Self { model: model.into_owned(), model_place: place(&bytes, model_value.get()), stream, options, bytes })
    }

    /// Whether the client asked for the chunk that reports usage.
    pub(super) fn wants_usage_chunk(&self) -> bool {
        let object = self.options.as_ref().and_then(|options| options.object.as_ref());
        object.and_then(|object| object.include_usage.as_ref()).is_some_and(|(_, wanted)| *wanted)
    }

    /// The same bytes with `model_json`, a JSON text, in place of the model, and with `stream_options.include_usage`
    /// set if `usage` is. Without anything to change, the very same bytes.
    pub(super) fn spliced(&self, model_json: &str, usage: bool) -> Bytes {
        let mut edits: Vec<(Range<usize>, Cow<'_, str>)> = Vec::with_capacity(2);
        if self.bytes[self.model_place.clone()] != *model_json.as_bytes() {
            edits.push((self.model_place.clone(), Cow::Borrowed(model_json)));
        }
        if usage {
            edits.extend(self.usage_edit());
        }
        if edits.is_empty() {
            return self.bytes.clone();
        }
        edits.sort_by_key(|(place, _)| place.start);
        let longer: usize = edits.iter().map(|(_, text)| text.len()).sum();
        let mut spliced = Vec::with_capacity(self.bytes.len() + longer);
        let mut end = 0;
        for (place, text) in edits {
            spliced.extend_from_slice(&self.bytes[end..place.start]);
            spliced.extend_from_slice(text.as_bytes());
            end = place.end;
        }
        spliced.extend_from_slice(&self.bytes[end..]);
        spliced.into()
    }

    /// What makes the provider report usage at the end of its stream.
    fn usage_edit(&self) -> Option<(Range<usize>, Cow<'static, str>)> {
        let Some(options) = &self.options else {
            // Right behind the brace that opens the body, which has a `model` at least.
            let brace = self.bytes.iter().position(|byte| *byte == b'{')? + 1;
            return Some((brace..brace, Cow::Borrowed(r#""stream_options":{"include_usage":true},"#)));
        };
        let Some(object) = &options.object else {
            return Some((options.place.clone(), Cow::Borrowed(r#"{"include_usage":true}"#)));
        };
        match &object.include_usage {
            Some((_, true)) => None,
            Some((place, false)) => Some((place.clone(), Cow::Borrowed("true"))),
            None => {
                let brace = options.place.start + 1;
                let comma = if object.is_empty { "" } else { "," };
                Some((brace..brace, Cow::Owned(format!(r#""include_usage":true{comma}"#))))
            }
        }
    }
}

fn stream_options(bytes: &Bytes, value: &RawValue) -> Result<StreamOptions, Refusal> {
    let wrong = |_| Refusal::invalid("stream_options", "`stream_options` must be an object without repetitions.");
    let place = place(bytes, value.get());
    if value.get() == "null" {
        return Ok(StreamOptions { place, object: None });
    }
    let found = scan(value.get().as_bytes(), &["include_usage"]).map_err(wrong)?;
    let [include_usage] = found.values;
    let include_usage = match include_usage.map(|value| (value.get(), self::place(bytes, value.get()))) {
        None => None,
        Some(("true", place)) => Some((place, true)),
        Some(("false" | "null", place)) => Some((place, false)),
        Some(_) => {
            let message = "`stream_options.include_usage` must be true or false.";
            return Err(Refusal::invalid("stream_options.include_usage", message));
        }
    };
    Ok(StreamOptions { place, object: Some(OptionsObject { is_empty: found.is_empty, include_usage }) })
}

/// Where `part`, which was borrowed from `bytes`, lies in them.
fn place(bytes: &[u8], part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - bytes.as_ptr().addr();
    start..start + part.len()
}

/// A JSON text's content.
fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    match serde_json::from_str::<&str>(value.get()) {
        Ok(text) => Some(Cow::Borrowed(text)),
        // With an escape in it, it can't be borrowed.
        Err(_) => serde_json::from_str::<String>(value.get()).ok().map(Cow::Owned),
    }
}

struct Found<'a, const N: usize> {
    values: [Option<&'a RawValue>; N],
    is_empty: bool,
}

/// The values of `names` in a JSON object. A name that is there twice, or that differs only in case, is refused: the
/// provider might go by another one than we do.
fn scan<'a, const N: usize>(bytes: &'a [u8], names: &[&'static str; N]) -> Result<Found<'a, N>, Refusal> {
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
        Ok(match self.names.iter().position(|name| same_but_for_case(name, key)) {
            None => Which::Other,
            Some(index) if self.names[index] == key => Which::Named(index),
            Some(index) => Which::Misspelt(index),
        })
    }
}

/// As Unicode folds case, which turns `ſ` to `s` and the Kelvin sign to `k`; Go's JSON decoder does so.
fn same_but_for_case(name: &str, key: &str) -> bool {
    let folded = key.chars().flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    name.chars().map(|c| c.to_ascii_uppercase()).eq(folded)
}

#[cfg(test)]
mod tests;
