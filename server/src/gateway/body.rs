//! Reads the parameters of a request's body that the gateway needs, and changes only those.
//!
//! The body isn't parsed into a document and serialized again: the few values that matter are located in the
//! bytes and replaced there. Everything else reaches the provider as the client wrote it.

mod content;
pub(super) mod names;
mod output;
mod parameters;
mod path;
mod scan;
mod splice;
mod strict;
mod tags;
mod tools;

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;
use serde_json::value::RawValue;
use services::provider_objects::ObjectKind;

pub(super) use self::output::{LimitPlacement, positive};
pub(super) use self::tags::{BodyTags, USER};
use self::{
    content::ContentNotes,
    names::BodyField,
    output::{LIMITS, MULTIPLIERS, OutputLimit},
    parameters::ParameterEffect,
    path::JsonPath,
    scan::scan,
    splice::Splice,
    strict::{BodyNotes, ValueSeed},
};
use super::{endpoint::Endpoint, references::Mentions};
use crate::v1::error::V1Error;

/// The keys that are read, in the order of [`RequestBody::read`]. None may be repeated.
const READ_KEYS: [&str; 17] = [
    "model",
    "stream",
    "stream_options",
    "store",
    "background",
    "previous_response_id",
    "training_file",
    "validation_file",
    LIMITS[0],
    LIMITS[1],
    LIMITS[2],
    LIMITS[3],
    LIMITS[4],
    LIMITS[5],
    LIMITS[6],
    MULTIPLIERS[0],
    MULTIPLIERS[1],
];

/// A JSON object in bytes, with the values that the gateway reads and their positions.
#[derive(Debug)]
pub(super) struct RequestBody {
    bytes: Bytes,
    /// The requested model.
    pub(super) model: String,
    /// The position of its name; `None` if it was left out.
    model_range: Option<Range<usize>>,
    /// Whether the object has no fields.
    is_empty: bool,
    /// Whether the answer was requested as a stream.
    pub(super) stream: bool,
    /// Whether the provider is to store the answer; `None` if left out.
    pub(super) store: Option<bool>,
    /// Whether the provider is to work in the background.
    pub(super) background: bool,
    options: Option<StreamOptions>,
    output: OutputLimit,
    /// Mentions of objects that a provider may keep.
    pub(super) mentions: Mentions,
    /// What it contains or asks for that its bytes don't bound.
    pub(super) content: ContentNotes,
    /// Texts that may be tags.
    pub(super) tags: BodyTags,
}

/// The value of `stream_options`.
#[derive(Debug)]
struct StreamOptions {
    range: Range<usize>,
    /// `None` if it is `null`.
    object: Option<OptionsObject>,
}

#[derive(Debug)]
struct OptionsObject {
    is_empty: bool,
    include_usage: Option<(Range<usize>, bool)>,
}

impl RequestBody {
    /// Reads a body. `default` is used if it names no model.
    pub(super) fn read(bytes: Bytes, default: Option<&str>) -> Result<Self, V1Error> {
        let found = scan(&bytes, &READ_KEYS)?;
        let [model, stream, options, store, background, previous, training, validation, rest @ ..] = found.values;
        let [limits @ .., n, best_of] = rest;
        let model_range = model.map(|value| range_of(&bytes, value.get()));
        let named = model.filter(|value| default.is_none() || value.get() != "null");
        let model: Cow<'_, str> = match (named, default) {
            (Some(value), _) => text(value)
                .filter(|model| !model.is_empty())
                .ok_or_else(|| V1Error::invalid("model", "`model` must be a string."))?,
            (None, Some(default)) => Cow::Borrowed(default),
            (None, None) => return Err(V1Error::invalid("model", "Missing required parameter: `model`.")),
        };
        let options = options.map(|value| stream_options(&bytes, value)).transpose()?;
        let mut mentions = found.notes.mentions;
        for (kind, param, value) in [
            (ObjectKind::Response, "previous_response_id", previous),
            (ObjectKind::File, "training_file", training),
            (ObjectKind::File, "validation_file", validation),
        ] {
            if let Some(id) = reference(param, value)? {
                mentions.add_reference(kind, param, &id);
            }
        }
        Ok(Self {
            model: model.into_owned(),
            model_range,
            is_empty: found.is_empty,
            stream: boolean("stream", stream)?.unwrap_or(false),
            store: boolean("store", store)?,
            // For images it is a text.
            background: background.is_some_and(|value| value.get() == "true"),
            options,
            output: OutputLimit::read(&bytes, limits, [n, best_of], found.notes.prompts),
            mentions,
            content: found.notes.content,
            tags: found.notes.tags,
            bytes,
        })
    }

    /// See [`OutputLimit::check`].
    pub(super) fn check_output_limit(
        &self,
        max_tokens: u32,
        endpoint: &Endpoint,
        model: &str,
    ) -> Result<Option<LimitPlacement>, V1Error> {
        self.output.check(max_tokens, endpoint, model)
    }

    /// See [`OutputLimit::prompts`].
    pub(super) fn prompts(&self) -> u64 {
        self.output.prompts()
    }

    /// See [`OutputLimit::answers`].
    pub(super) fn answers(&self, endpoint: &Endpoint) -> Option<u64> {
        self.output.answers(endpoint)
    }

    /// See [`OutputLimit::tokens`].
    pub(super) fn output_tokens(
        &self,
        endpoint: &Endpoint,
        max_tokens: Option<u64>,
        window: Option<u64>,
    ) -> Option<u64> {
        self.output.tokens(endpoint, max_tokens, window)
    }

    /// The body as it was received.
    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether it has `stream_options`.
    pub(super) fn has_stream_options(&self) -> bool {
        self.options.is_some()
    }

    /// Whether the client requests the chunk that reports usage.
    pub(super) fn wants_usage_chunk(&self) -> bool {
        let object = self.options.as_ref().and_then(|options| options.object.as_ref());
        object.and_then(|object| object.include_usage.as_ref()).is_some_and(|(_, include)| *include)
    }

    /// Returns the body with its model replaced by `model_json`, a JSON text, with
    /// `stream_options.include_usage` if `usage` is set, and with the limit. Doesn't copy if nothing changes.
    pub(super) fn spliced(&self, model_json: &str, usage: bool, limit: Option<LimitPlacement>) -> Bytes {
        let mut splice = self.splice(model_json, limit);
        if usage {
            self.ask_for_usage(&mut splice);
        }
        splice.finish()
    }

    /// Returns the body without `stream_options`, for providers that don't know them.
    pub(super) fn spliced_without_options(&self, model_json: &str, limit: Option<LimitPlacement>) -> Bytes {
        let mut splice = self.splice(model_json, limit);
        if let Some(options) = &self.options {
            splice.remove_field(options.range.clone());
        }
        splice.finish()
    }

    fn splice<'a>(&'a self, model_json: &'a str, limit: Option<LimitPlacement>) -> Splice<'a> {
        let mut splice = Splice::new(&self.bytes, self.is_empty);
        match &self.model_range {
            Some(range) => splice.replace(range.clone(), model_json),
            None => splice.add_field("model", model_json),
        }
        match limit {
            None => {}
            Some(LimitPlacement::Value(range, limit)) => splice.replace(range, limit.to_string()),
            Some(LimitPlacement::Field(name, limit)) => splice.add_field(name, &limit.to_string()),
        }
        splice
    }

    /// Makes the provider report usage at the end of its stream.
    fn ask_for_usage(&self, splice: &mut Splice<'_>) {
        const ASKING: &str = r#"{"include_usage":true}"#;
        let Some(options) = &self.options else { return splice.add_field("stream_options", ASKING) };
        let Some(object) = &options.object else { return splice.replace(options.range.clone(), ASKING) };
        match &object.include_usage {
            Some((_, true)) => {}
            Some((range, false)) => splice.replace(range.clone(), "true"),
            None => {
                let brace = options.range.start + 1;
                let comma = if object.is_empty { "" } else { "," };
                splice.replace(brace..brace, format!(r#""include_usage":true{comma}"#));
            }
        }
    }
}

fn boolean(name: &'static str, value: Option<&RawValue>) -> Result<Option<bool>, V1Error> {
    match value.map(RawValue::get) {
        None | Some("null") => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(V1Error::invalid(name, format!("`{name}` must be true or false."))),
    }
}

/// Finds mentions in JSON that calls no model: an object without `model`.
pub(super) fn find_mentions(bytes: &[u8]) -> Result<Mentions, V1Error> {
    let found = scan(bytes, &["model"])?;
    match found.values {
        [None] => Ok(found.notes.mentions),
        [Some(_)] => Err(V1Error::invalid("model", "`model` isn't allowed here.")),
    }
}

/// Returns the name of a form's field if its effect on a call's cost isn't known.
pub(super) fn unknown_field(name: &str) -> Option<String> {
    match ParameterEffect::of(name) {
        ParameterEffect::Known => None,
        ParameterEffect::Reference => Some(name.to_owned()),
        ParameterEffect::Unknown(name) => Some(name),
    }
}

/// Finds mentions in a form's field. Its name may contain a path (`video[id]`), and some providers
/// parse its value if it is JSON.
pub(super) fn find_mentions_in_field(name: &str, text: &str) -> Mentions {
    let mut notes = BodyNotes::default();
    let parts = name.split(['[', ']', '.']).filter(|part| !part.is_empty());
    let path = parts.fold(JsonPath::BODY, |path, part| path.child(BodyField::from_key(part)));
    notes.mentions.add_text(name);
    let is_json = matches!(text.trim_start().as_bytes(), [b'{' | b'[' | b'"', ..])
        && ValueSeed::new(&mut notes, path).read(text).is_ok();
    if !is_json {
        ValueSeed::new(&mut notes, path).add_mentions(text);
    }
    notes.mentions
}

fn reference<'a>(param: &'static str, value: Option<&'a RawValue>) -> Result<Option<Cow<'a, str>>, V1Error> {
    match value {
        None => Ok(None),
        Some(value) if value.get() == "null" => Ok(None),
        Some(value) => match text(value) {
            Some(id) => Ok(Some(id)),
            None => Err(V1Error::invalid(param, format!("`{param}` must be a string."))),
        },
    }
}

fn stream_options(bytes: &Bytes, value: &RawValue) -> Result<StreamOptions, V1Error> {
    let wrong = |_| V1Error::invalid("stream_options", "`stream_options` must be an object without repetitions.");
    let range = range_of(bytes, value.get());
    if value.get() == "null" {
        return Ok(StreamOptions { range, object: None });
    }
    let found = scan(value.get().as_bytes(), &["include_usage"]).map_err(wrong)?;
    let [include_usage] = found.values;
    let include_usage = match include_usage.map(|value| (value.get(), range_of(bytes, value.get()))) {
        None => None,
        Some(("true", range)) => Some((range, true)),
        Some(("false" | "null", range)) => Some((range, false)),
        Some(_) => {
            let message = "`stream_options.include_usage` must be true or false.";
            return Err(V1Error::invalid("stream_options.include_usage", message));
        }
    };
    Ok(StreamOptions { range, object: Some(OptionsObject { is_empty: found.is_empty, include_usage }) })
}

/// The position in `bytes` of `part`, which was borrowed from them.
fn range_of(bytes: &[u8], part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - bytes.as_ptr().addr();
    start..start + part.len()
}

/// Unescapes a JSON text.
fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    match serde_json::from_str::<&str>(value.get()) {
        Ok(text) => Some(Cow::Borrowed(text)),
        // A text with escapes can't be borrowed.
        Err(_) => serde_json::from_str::<String>(value.get()).ok().map(Cow::Owned),
    }
}

#[cfg(test)]
pub(super) mod peers;
#[cfg(test)]
mod tests;
