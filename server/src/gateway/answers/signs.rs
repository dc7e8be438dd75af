//! What an answer, or an event of a stream, says of how its call goes. What it says of what was used, `usage` reads.
//!
//! Sources: the API references of OpenAI and Anthropic, whole and streamed.

mod whole;

use std::borrow::Cow;

pub(in crate::gateway) use self::whole::{Expected, failure_of};
use super::{
    failure::{Failure, Way},
    members::Members,
};
use crate::gateway::json::raw::Value;

/// What an event says.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Signs<'a> {
    /// The error that it tells of.
    pub(in crate::gateway) failure: Option<Failure>,
    pub(in crate::gateway) kind: EventKind,
    pub(in crate::gateway) choices: Choices,
    /// Whether there is something that is called usage, whatever it says.
    pub(in crate::gateway) has_usage: bool,
    /// Whether it is of one of the forms whose ends are known.
    pub(in crate::gateway) is_known: bool,
    /// Whether it has no choices, is of no other form, and tells of no error: with usage, it is the chunk that a client may not have
    /// asked for.
    pub(in crate::gateway) is_bare: bool,
    /// The id that the provider gave to the answer, unread.
    id: Option<Value<'a>>,
}

/// What an event is for its stream.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::gateway) enum EventKind {
    #[default]
    Other,
    /// Content that the model goes on with.
    Content,
    /// A part of a picture that is yet to be completed.
    Unfinished,
    /// A whole picture: perhaps the last.
    Picture,
    /// It says why the model stopped: what follows is the end.
    Stop,
    /// The last of its stream.
    Last,
}

impl EventKind {
    fn of(name: &str) -> Self {
        match name {
            "response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled"
            | "message_stop"
            | "transcript.text.done"
            | "speech.audio.done" => Self::Last,
            "image_generation.completed" | "image_edit.completed" => Self::Picture,
            "message_delta" => Self::Stop,
            name if name.ends_with("partial_image") && !name.starts_with("response.") => Self::Unfinished,
            name if name.ends_with("delta") => Self::Content,
            _ => Self::Other,
        }
    }
}

/// Whether an event by this name is of a form whose end is known.
fn is_known(name: &str) -> bool {
    let families =
        ["response.", "image_generation.", "image_edit.", "transcript.", "speech.", "message_", "content_block_"];
    families.iter().any(|family| name.starts_with(family))
}

/// Whether an event by this name comes before anything was said, so that what it counts isn't all: Anthropic's first counts
/// what is still to come as a token or so.
pub(in crate::gateway) fn begins(name: &str) -> bool {
    matches!(name, "message_start" | "response.created" | "response.in_progress" | "response.queued")
}

/// The choices of a chunk, by a bit for each index; those from 127 on share one.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Choices {
    pub(in crate::gateway) seen: u128,
    pub(in crate::gateway) finished: u128,
}

impl<'a> Signs<'a> {
    /// Reads an event that came by this name, if it had one; `None` where its data is no JSON object.
    pub(in crate::gateway) fn of_event(json: &'a [u8], name: Option<&str>) -> Option<Self> {
        let top = Members::of(json)?;
        let is_error = name == Some("error");
        let has_choices = top.get("choices").is_some();
        let kind = top.text("type");
        let name: Option<Cow<'_, str>> = match (&kind, name) {
            (Some(kind), _) => Some(Cow::Borrowed(&**kind)),
            // Some leave out of the data what the event is called anyway.
            (None, Some(name)) if !has_choices && (name == "error" || is_known(name)) => Some(Cow::Borrowed(name)),
            (None, _) => None,
        };
        // Where the whole answer is within an event: `response` at OpenAI, `message` at Anthropic.
        let inner = top.within("response").or_else(|| top.within("message")).unwrap_or_default();
        let (choices, within) = choices(&top);
        let failure = error_of(&top).or_else(|| inner.get("error").and_then(Failure::of_error)).or(within);
        let failure = failure.or_else(|| match name.as_deref() {
            // Whatever its data is called; OpenAI's has its fields at the top.
            _ if is_error => Some(Failure::of_object(&top)),
            Some("error") => Some(Failure::of_object(&top)),
            Some("response.failed" | "response.cancelled") => Some(Failure::unnamed(Way::Within)),
            None if !has_choices => whole::complaint(&top),
            _ => None,
        });
        let in_form = matches!(name.as_deref(), Some("response.failed" | "response.cancelled"));
        let failure = failure.map(|failure| if in_form { failure.within() } else { failure });
        let counts = |members: &Members<'_>| members.get("usage").is_some_and(Value::is_object);
        let has_usage = counts(&top) || (!name.as_deref().is_some_and(begins) && counts(&inner));
        let stops = || top.within("delta").is_some_and(|delta| delta.get("stop_reason").is_some()) || has_usage;
        Some(Self {
            kind: match name.as_deref().map(EventKind::of) {
                None => EventKind::Content,
                Some(EventKind::Stop) if !stops() => EventKind::Other,
                Some(kind) => kind,
            },
            is_known: has_choices || name.as_deref().is_some_and(is_known),
            is_bare: choices.seen == 0
                && !name.as_deref().is_some_and(|name| !has_choices || is_known(name))
                && failure.is_none(),
            choices,
            has_usage,
            failure,
            id: top.get("id").or_else(|| inner.get("id")),
        })
    }

    /// What an event says whose data can't be read.
    pub(in crate::gateway) fn of_unread(name: Option<&str>) -> Self {
        let failure = (name == Some("error")).then(|| Failure::of_object(&Members::default()));
        Self { failure, ..Self::default() }
    }

    /// The id that the provider gave to the answer.
    pub(in crate::gateway) fn id(&self) -> Option<String> {
        self.id?.text().map(Cow::into_owned)
    }
}

/// The choices, and the failure that one of them tells of.
fn choices(top: &Members<'_>) -> (Choices, Option<Failure>) {
    let mut choices = Choices::default();
    let mut failure = None;
    let mut place = 0;
    // What is no list has none.
    let _ = top.get("choices").and_then(|list| {
        list.items(|choice| {
            let choice = Members::in_value(choice);
            let index = choice.number::<usize>("index").unwrap_or(place).min(127);
            place += 1;
            choices.seen |= 1 << index;
            let reason = choice.text("finish_reason");
            let has_reason = reason.as_ref().is_some_and(|reason| !reason.is_empty());
            if has_reason || (reason.is_none() && choice.get("finish_reason").is_some()) {
                choices.finished |= 1 << index;
            }
            let told = choice.get("error").and_then(Failure::of_error).map(Failure::within);
            let told = told.or_else(|| reason.as_deref().and_then(Failure::of_finish));
            failure = failure.take().or(told);
        })
    });
    (choices, failure)
}

/// The code of the error that an answer consists of.
pub(in crate::gateway) fn code_in(json: &[u8]) -> Option<String> {
    Members::of(json).and_then(|top| error_of(&top)).map(|failure| failure.code)
}

/// The error that stands at the top of an answer, or of an event.
fn error_of(top: &Members<'_>) -> Option<Failure> {
    if let Some(failure) = top.get("error").and_then(Failure::of_error) {
        return Some(failure);
    }
    // FastChat, and vLLM of old.
    if top.text("object").as_deref() == Some("error") {
        return Some(Failure::of_object(top));
    }
    // MiniMax.
    let status = top.within("base_resp").and_then(|status| status.number::<i64>("status_code"));
    status.filter(|status| *status != 0).map(|_| Failure::of_object(&Members::default()))
}

#[cfg(test)]
mod tests;
