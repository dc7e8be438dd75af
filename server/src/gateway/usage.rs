//! Reads from a provider's answer what was used.
//!
//! Source: the `usage` objects of OpenAI's API reference (chat completions and completions, responses, embeddings,
//! images, transcriptions; whole and in streams), and of Anthropic's (messages). OpenAI counts cached tokens within its
//! input, Anthropic beside it: here they are within.

mod counts;
mod lenient;
pub(super) mod texts;

use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) use counts::Reports;
use counts::Usage;
use lenient::{Choices, ErrorObject, Length, read};

/// What an answer, or an event of one, says beyond its content.
#[derive(Debug, Default)]
pub(super) struct Reported<'a> {
    pub(super) reports: Reports,
    /// The code of the error that it reports instead of an answer.
    pub(super) error_code: Option<String>,
    /// Whether there is usage and nothing else in it: the chunk that a client may not have asked for.
    pub(super) only_usage: bool,
    /// What kind of event it is.
    pub(super) kind: EventKind,
    /// The id that the provider gave to the answer, unread.
    id: Option<&'a RawValue>,
}

/// What an event of a stream is for its end.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum EventKind {
    #[default]
    Other,
    /// Content that the model goes on with.
    Content,
    /// The last of its stream.
    Last,
    /// It may be the last.
    PerhapsLast,
}

impl EventKind {
    /// By its `type`; OpenAI's chunks of chat have none.
    fn of(name: Option<&str>) -> Self {
        match name {
            None => Self::Content,
            Some(
                "response.completed"
                | "response.incomplete"
                | "response.failed"
                | "message_stop"
                | "transcript.text.done"
                | "speech.audio.done",
            ) => Self::Last,
            Some("image_generation.completed" | "image_edit.completed" | "error") => Self::PerhapsLast,
            Some(name) if name.ends_with("delta") && name != "message_delta" => Self::Content,
            Some(_) => Self::Other,
        }
    }
}

impl<'a> Reported<'a> {
    /// Reads a JSON text. What isn't one, or has another form, reports nothing.
    pub(super) fn read(json: &'a [u8]) -> Self {
        let Ok(answer) = serde_json::from_slice::<Answer<'a>>(json) else { return Self::default() };
        // No name of a type has an escape in it.
        let name: Option<&str> = read(answer.r#type);
        let kind = EventKind::of(name);
        // Where the whole answer is within an event: `response` at OpenAI, `message` at Anthropic.
        let inner: Option<Inner<'a>> = read(answer.response).or_else(|| read(answer.message));
        let inner = inner.unwrap_or_default();
        let usage: Option<Usage> = read(answer.usage).or_else(|| read(inner.usage));
        let choices: Option<Choices> = read(answer.choices);
        let mut reports = usage.map(Usage::reports).unwrap_or_default();
        // Anthropic's first event counts what is still to come as one token or so.
        reports.is_final = reports.is_any() && name != Some("message_start");
        reports.images = match kind {
            EventKind::PerhapsLast if name != Some("error") => Some(1),
            _ => read::<Length>(answer.data).map(|list| list.0),
        };
        if reports.media_ms.is_none() {
            reports.media_ms = read::<f64>(answer.duration).and_then(counts::millis);
        }
        let error: Option<ErrorObject> = read(answer.error).or_else(|| read(inner.error));
        let empty = matches!(choices, Some(Choices { empty: true }));
        Self {
            only_usage: reports.is_final && empty,
            error_code: error.map(ErrorObject::code),
            kind,
            id: answer.id.or(inner.id),
            reports,
        }
    }

    /// The id that the provider gave to the answer.
    pub(super) fn id(&self) -> Option<String> {
        read(self.id)
    }
}

/// The parts of an answer that matter here, unread: whatever form they have, the others can be read.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    r#type: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    choices: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    duration: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Inner<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests;
