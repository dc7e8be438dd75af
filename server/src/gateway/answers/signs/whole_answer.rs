//! Finds failures in whole answers with the status of a success.

use axum::http::StatusCode;

use super::{Failure, FailureForm, Members, RawJson, choices, error_of};
use crate::gateway::json::raw::value;

/// The answer that an endpoint is expected to give.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::gateway) struct ExpectedAnswer {
    /// Whether the answer has choices.
    pub(in crate::gateway) has_choices: bool,
    /// Whether the answer may describe something that failed: a job, a file, or a response
    /// that is fetched again.
    pub(in crate::gateway) may_be_failed_object: bool,
    /// Whether the answer may be empty.
    pub(in crate::gateway) may_be_empty: bool,
}

/// Finds the failure in an answer with the status of a success, if any.
pub(in crate::gateway) fn failure_of(json: &[u8], expected: ExpectedAnswer) -> Option<Failure> {
    let text = json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json).trim_ascii();
    match (text.first(), text.last()) {
        (None, _) if expected.may_be_empty => return None,
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) => {}
        (Some(b'{' | b'['), _) => return Some(Failure::unnamed(FailureForm::Half)),
        _ if is_stream(text) => return Some(Failure::unnamed(FailureForm::Unasked)),
        _ => return Some(Failure::unnamed(FailureForm::NoAnswer)),
    }
    let top = match Members::of(text) {
        Some(top) => top,
        None if is_cut(text) => return Some(Failure::unnamed(FailureForm::Half)),
        // Some providers put a list around the error. Of other lists and of unreadable text nothing is known.
        None => {
            let mut first: Option<RawJson<'_>> = None;
            value(text)?.items(|item| {
                first.get_or_insert(item);
            })?;
            return error_of(&Members::in_value(first?));
        }
    };
    let is_object = expected.may_be_failed_object && ["id", "object"].iter().any(|name| top.text(name).is_some());
    let has_status = expected.may_be_failed_object && top.text("status").is_some_and(|status| status != "error");
    if (is_object || has_status) && top.text("object").as_deref() != Some("error") {
        return None;
    }
    let (choices, choice_failure) = choices(&top);
    let has_failed = matches!(top.text("status").as_deref(), Some("failed" | "cancelled"));
    let failure = error_of(&top).or(choice_failure).or_else(|| match top.text("type").as_deref() {
        Some("error") => Some(Failure::of_object(&top)),
        _ if has_failed => Some(Failure::unnamed(FailureForm::Within)),
        _ if expected.has_choices && top.is_null("choices") => {
            Some(Failure::unnamed(FailureForm::Instead(StatusCode::BAD_GATEWAY)))
        }
        _ => unlabeled_error(&top),
    });
    // The error is within an answer, perhaps an incomplete one.
    let is_nested = has_failed || choices.seen != 0;
    failure.map(|failure| if is_nested { failure.nested() } else { failure })
}

/// Whether an object, a list or a string is still open at the end.
fn is_cut(text: &[u8]) -> bool {
    let (mut depth, mut in_text, mut is_escaped) = (0_i64, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth -= 1,
            _ => {}
        }
    }
    in_text || depth > 0
}

/// Whether a text looks like a stream of events.
fn is_stream(text: &[u8]) -> bool {
    [&b"data:"[..], b"event:", b"id:", b"retry:", b":"].iter().any(|prefix| text.starts_with(prefix))
}

/// Finds the failure that an object reports without being an answer, as proxies and frameworks send it.
pub(super) fn unlabeled_error(top: &Members<'_>) -> Option<Failure> {
    const ANSWER_MEMBERS: [&str; 13] = [
        "id",
        "choices",
        "output",
        "content",
        "data",
        "text",
        "results",
        "usage",
        "object",
        "input_tokens",
        "segments",
        "task",
        "words",
    ];
    // Baidu's errors have an id.
    let is_baidus = ["error_code", "error_msg"].iter().all(|name| top.get(name).is_some());
    if !is_baidus && ANSWER_MEMBERS.iter().any(|name| top.get(name).is_some()) {
        return None;
    }
    let is_error = top.get("success").is_some_and(|value| value.raw() == b"false")
        || ["errors", "detail", "error_code", "error_msg", "error_message"].iter().any(|name| top.get(name).is_some())
        || ["message", "msg"].iter().any(|name| top.text(name).is_some());
    is_error.then(|| Failure::of_object(top))
}
