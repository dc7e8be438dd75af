//! Reads from a request's body what is decided upon, and changes only that.
//!
//! The body isn't parsed into a document and written again: the few values that
//! matter are found by their place in the bytes, and new ones are put there.
//! Everything else reaches the provider as the client wrote it.

pub(super) mod names;
mod output;
mod scan;
mod splice;
mod strict;

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;
use serde_json::value::RawValue;
use services::provider_objects::Kind;

pub(super) use self::output::PutIn;
use self::{
    names::Name,
    output::{LIMITS, Output, TIMES},
    scan::scan,
    splice::Splice,
    strict::{Notes, Place, Value},
};
use super::{endpoint::Endpoint, references::Mentions};
use crate::v1::error::Refusal;

/// The keys that something is decided by, in the order of [`RequestBody::read`]. Each may be there once.
const DECIDED_BY: [&str; 17] = [
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
    TIMES[0],
    TIMES[1],
];

/// A JSON object in bytes, and where in it the values are that are decided upon.
#[derive(Debug)]
pub(super) struct RequestBody {
    bytes: Bytes,
    /// The model that was asked for.
    pub(super) model: String,
    /// Where it stands; `None` where it was left out.
    model_place: Option<Range<usize>>,
    /// Whether nothing is in it.
    is_empty: bool,
    /// Whether the answer was asked for as a stream.
    pub(super) stream: bool,
    /// Whether the provider was asked to keep the answer; `None` where nothing was said.
    pub(super) store: Option<bool>,
    /// Whether the provider was asked to work on it later.
    pub(super) background: bool,
    options: Option<StreamOptions>,
    output: Output,
    /// What it mentions that a provider may keep.
    pub(super) mentions: Mentions,
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
    /// Reads a body in which `default` stands for a model that isn't named, if there is one.
    pub(super) fn read(bytes: Bytes, default: Option<&str>) -> Result<Self, Refusal> {
        let found = scan(&bytes, &DECIDED_BY)?;
        let [model, stream, options, store, background, previous, training, validation, rest @ ..] = found.values;
        let [limits @ .., n, best_of] = rest;
        let model_place = model.map(|value| place(&bytes, value.get()));
        let named = model.filter(|value| default.is_none() || value.get() != "null");
        let model: Cow<'_, str> = match (named, default) {
            (Some(value), _) => text(value)
                .filter(|model| !model.is_empty())
                .ok_or_else(|| Refusal::invalid("model", "`model` must be a text that names a model."))?,
            (None, Some(default)) => Cow::Borrowed(default),
            (None, None) => return Err(Refusal::invalid("model", "Name a model: `model` is missing.")),
        };
        let options = options.map(|value| stream_options(&bytes, value)).transpose()?;
        let mut mentions = found.notes.mentions;
        for (kind, param, value) in [
            (Kind::Response, "previous_response_id", previous),
            (Kind::File, "training_file", training),
            (Kind::File, "validation_file", validation),
        ] {
            if let Some(id) = reference(param, value)? {
                mentions.named(kind, param, &id);
            }
        }
        Ok(Self {
            model: model.into_owned(),
            model_place,
            is_empty: found.is_empty,
            stream: yes_or_no("stream", stream)?.unwrap_or(false),
            store: yes_or_no("store", store)?,
            // Of a picture to be drawn it is a text.
            background: background.is_some_and(|value| value.get() == "true"),
            options,
            output: Output::read(&bytes, limits, [n, best_of], found.notes.prompts),
            mentions,
            bytes,
        })
    }

    /// See [`Output::within`].
    pub(super) fn within(&self, most: u32, endpoint: &Endpoint, model: &str) -> Result<Option<PutIn>, Refusal> {
        self.output.within(most, endpoint, model)
    }

    /// The bytes as they came.
    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether it says how it is to be streamed.
    pub(super) fn has_stream_options(&self) -> bool {
        self.options.is_some()
    }

    /// Whether the client asked for the chunk that reports usage.
    pub(super) fn wants_usage_chunk(&self) -> bool {
        let object = self.options.as_ref().and_then(|options| options.object.as_ref());
        object.and_then(|object| object.include_usage.as_ref()).is_some_and(|(_, wanted)| *wanted)
    }

    /// The same bytes with `model_json`, a JSON text, in place of the model, with `stream_options.include_usage` set if
    /// `usage` is, and with a limit put in. Without anything to change, the very same bytes.
    pub(super) fn spliced(&self, model_json: &str, usage: bool, limit: Option<PutIn>) -> Bytes {
        let mut splice = self.splice(model_json, limit);
        if usage {
            self.ask_for_usage(&mut splice);
        }
        splice.finish()
    }

    /// The same without `stream_options`, for providers that don't know them.
    pub(super) fn spliced_without_options(&self, model_json: &str, limit: Option<PutIn>) -> Bytes {
        let mut splice = self.splice(model_json, limit);
        if let Some(options) = &self.options {
            splice.take_out(options.place.clone());
        }
        splice.finish()
    }

    fn splice<'a>(&'a self, model_json: &'a str, limit: Option<PutIn>) -> Splice<'a> {
        let mut splice = Splice::new(&self.bytes, self.is_empty);
        match &self.model_place {
            Some(place) => splice.put(place.clone(), model_json),
            None => splice.add("model", model_json),
        }
        match limit {
            None => {}
            Some(PutIn::Value(place, limit)) => splice.put(place, limit.to_string()),
            Some(PutIn::Field(name, limit)) => splice.add(name, &limit.to_string()),
        }
        splice
    }

    /// Makes the provider report usage at the end of its stream.
    fn ask_for_usage(&self, splice: &mut Splice<'_>) {
        const ASKING: &str = r#"{"include_usage":true}"#;
        let Some(options) = &self.options else { return splice.add("stream_options", ASKING) };
        let Some(object) = &options.object else { return splice.put(options.place.clone(), ASKING) };
        match &object.include_usage {
            Some((_, true)) => {}
            Some((place, false)) => splice.put(place.clone(), "true"),
            None => {
                let brace = options.place.start + 1;
                let comma = if object.is_empty { "" } else { "," };
                splice.put(brace..brace, format!(r#""include_usage":true{comma}"#));
            }
        }
    }
}

fn yes_or_no(name: &'static str, value: Option<&RawValue>) -> Result<Option<bool>, Refusal> {
    match value.map(RawValue::get) {
        None | Some("null") => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(Refusal::invalid(name, format!("`{name}` must be true or false."))),
    }
}

/// What a JSON text mentions that isn't a call of a model: it must be an object that names none.
pub(super) fn mentions(bytes: &[u8]) -> Result<Mentions, Refusal> {
    let found = scan(bytes, &["model"])?;
    match found.values {
        [None] => Ok(found.notes.mentions),
        [Some(_)] => Err(Refusal::invalid("model", "No model can be named here.")),
    }
}

/// What a form's field mentions, whose name may be that of something within (`video[id]`): a text, which some providers read
/// as JSON where it is some.
pub(super) fn mentions_of_field(name: &str, text: &str) -> Mentions {
    let mut notes = Notes::default();
    let parts = name.split(['[', ']', '.']).filter(|part| !part.is_empty());
    let place = parts.fold(Place::BODY, |place, part| place.of(Name::of(part)));
    notes.mentions.text(name);
    let is_json = matches!(text.trim_start().as_bytes(), [b'{' | b'[' | b'"', ..])
        && Value::new(&mut notes, place).read(text).is_ok();
    if !is_json {
        Value::new(&mut notes, place).note(text);
    }
    notes.mentions
}

fn reference<'a>(param: &'static str, value: Option<&'a RawValue>) -> Result<Option<Cow<'a, str>>, Refusal> {
    match value {
        None => Ok(None),
        Some(value) if value.get() == "null" => Ok(None),
        Some(value) => match text(value) {
            Some(id) => Ok(Some(id)),
            None => Err(Refusal::invalid(param, format!("`{param}` must be a text."))),
        },
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

#[cfg(test)]
pub(super) mod peers;
#[cfg(test)]
mod tests;
