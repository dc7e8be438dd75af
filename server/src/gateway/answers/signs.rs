//! Reads how a call goes from an answer or a stream event. Its usage is read by the `usage` module.
//!
//! Sources: the API references of OpenAI and Anthropic, streamed and not.

mod whole_answer;

use std::borrow::Cow;

pub(in crate::gateway) use self::whole_answer::{ExpectedAnswer, failure_of};
use super::{
    failure::{Failure, FailureForm},
    members::Members,
};
use crate::gateway::json::raw::RawJson;

/// Signs of how a call goes in one stream event.
#[derive(Debug, Default)]
pub(in crate::gateway) struct EventSigns<'a> {
    /// The error that the event reports.
    pub(in crate::gateway) failure: Option<Failure>,
    pub(in crate::gateway) kind: StreamEventKind,
    pub(in crate::gateway) choices: Choices,
    /// Whether the event has usage of any form.
    pub(in crate::gateway) has_usage: bool,
    /// Whether the event has a form whose end is known.
    pub(in crate::gateway) is_known: bool,
    /// Whether the event has no choices, no other known form and no error. With usage, it is the chunk that a
    /// client may not have requested.
    pub(in crate::gateway) is_bare: bool,
    /// The provider's id of the answer, unparsed.
    id: Option<RawJson<'a>>,
}

/// The role of an event in its stream.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::gateway) enum StreamEventKind {
    #[default]
    Other,
    /// Content of the model.
    Content,
    /// A partial picture, which a complete one follows.
    Unfinished,
    /// A complete picture, perhaps the last.
    Picture,
    /// The model's stop reason: only the end follows.
    Stop,
    /// The last event of its stream.
    Last,
}

impl StreamEventKind {
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

/// Whether events of this name have a form whose end is known.
fn is_known(name: &str) -> bool {
    let families =
        ["response.", "image_generation.", "image_edit.", "transcript.", "speech.", "message_", "content_block_"];
    families.iter().any(|family| name.starts_with(family))
}

/// Whether events of this name precede all content, so that their counts aren't final: Anthropic's first
/// event counts the coming output as a token or so.
pub(in crate::gateway) fn is_initial_event(name: &str) -> bool {
    matches!(name, "message_start" | "response.created" | "response.in_progress" | "response.queued")
}

/// The choices of a chunk, one bit for each index; indexes from 127 on share one.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Choices {
    pub(in crate::gateway) seen: u128,
    pub(in crate::gateway) finished: u128,
}

impl<'a> EventSigns<'a> {
    /// Reads an event with the name of its `event` field, if any; `None` if its data isn't a JSON object.
    pub(in crate::gateway) fn of_event(json: &'a [u8], name: Option<&str>) -> Option<Self> {
        let top = Members::of(json)?;
        let is_error = name == Some("error");
        let has_choices = top.get("choices").is_some();
        let kind = top.text("type");
        let name: Option<Cow<'_, str>> = match (&kind, name) {
            (Some(kind), _) => Some(Cow::Borrowed(&**kind)),
            // Some providers name the event in its `event` field only.
            (None, Some(name)) if !has_choices && (name == "error" || is_known(name)) => Some(Cow::Borrowed(name)),
            (None, _) => None,
        };
        // The member with the whole answer: `response` at OpenAI, `message` at Anthropic.
        let inner = top.nested("response").or_else(|| top.nested("message")).unwrap_or_default();
        let (choices, choice_failure) = choices(&top);
        let failure = error_of(&top).or_else(|| inner.get("error").and_then(Failure::of_error)).or(choice_failure);
        let failure = failure.or_else(|| match name.as_deref() {
            // Regardless of the type in its data: OpenAI's has the error's fields at the top.
            _ if is_error => Some(Failure::of_object(&top)),
            Some("error") => Some(Failure::of_object(&top)),
            Some("response.failed" | "response.cancelled") => Some(Failure::unnamed(FailureForm::Within)),
            None if !has_choices => whole_answer::unlabeled_error(&top),
            _ => None,
        });
        let is_nested = matches!(name.as_deref(), Some("response.failed" | "response.cancelled"));
        let failure = failure.map(|failure| if is_nested { failure.nested() } else { failure });
        let has_counts = |members: &Members<'_>| members.get("usage").is_some_and(RawJson::is_object);
        let has_usage = has_counts(&top) || (!name.as_deref().is_some_and(is_initial_event) && has_counts(&inner));
        let has_stop_reason =
            || top.nested("delta").is_some_and(|delta| delta.get("stop_reason").is_some()) || has_usage;
        Some(Self {
            kind: match name.as_deref().map(StreamEventKind::of) {
                None => StreamEventKind::Content,
                Some(StreamEventKind::Stop) if !has_stop_reason() => StreamEventKind::Other,
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

    /// Returns the signs of an event with unreadable data.
    pub(in crate::gateway) fn of_unreadable(name: Option<&str>) -> Self {
        let failure = (name == Some("error")).then(|| Failure::of_object(&Members::default()));
        Self { failure, ..Self::default() }
    }

    /// Returns the provider's id of the answer.
    pub(in crate::gateway) fn id(&self) -> Option<String> {
        self.id?.text().map(Cow::into_owned)
    }
}

/// Reads the choices, and the failure that one of them reports.
fn choices(top: &Members<'_>) -> (Choices, Option<Failure>) {
    let mut choices = Choices::default();
    let mut failure = None;
    let mut position = 0;
    // A value that isn't a list has no items.
    let _ = top.get("choices").and_then(|list| {
        list.items(|choice| {
            let choice = Members::in_value(choice);
            let index = choice.number::<usize>("index").unwrap_or(position).min(127);
            position += 1;
            choices.seen |= 1 << index;
            let reason = choice.text("finish_reason");
            let has_reason = reason.as_ref().is_some_and(|reason| !reason.is_empty());
            if has_reason || (reason.is_none() && choice.get("finish_reason").is_some()) {
                choices.finished |= 1 << index;
            }
            let reported = choice.get("error").and_then(Failure::of_error).map(Failure::nested);
            let reported = reported.or_else(|| reason.as_deref().and_then(Failure::of_finish));
            failure = failure.take().or(reported);
        })
    });
    (choices, failure)
}

/// Returns the code of the error that an answer consists of.
pub(in crate::gateway) fn code_in(json: &[u8]) -> Option<String> {
    Members::of(json).and_then(|top| error_of(&top)).map(|failure| failure.code)
}

/// Finds the error at the top level of an answer or event.
fn error_of(top: &Members<'_>) -> Option<Failure> {
    if let Some(failure) = top.get("error").and_then(Failure::of_error) {
        return Some(failure);
    }
    // FastChat, and old versions of vLLM.
    if top.text("object").as_deref() == Some("error") {
        return Some(Failure::of_object(top));
    }
    // MiniMax.
    let status = top.nested("base_resp").and_then(|status| status.number::<i64>("status_code"));
    status.filter(|status| *status != 0).map(|_| Failure::of_object(&Members::default()))
}

#[cfg(test)]
mod tests;
