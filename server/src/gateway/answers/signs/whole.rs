//! Whole answers that aren't what their status says.

use axum::http::StatusCode;

use super::{Failure, Members, Value, Way, choices, error_of};
use crate::gateway::json::raw::value;

/// Which answer is expected.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::gateway) struct Expected {
    /// Whether it has choices.
    pub(in crate::gateway) choices: bool,
    /// Whether it may be about something that failed: a job, a file, or a response that is asked for again.
    pub(in crate::gateway) thing: bool,
    /// Whether it may be empty.
    pub(in crate::gateway) nothing: bool,
}

/// How a whole answer failed that came with the status of a success; `None` where it didn't.
pub(in crate::gateway) fn failure_of(json: &[u8], expected: Expected) -> Option<Failure> {
    let text = json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json).trim_ascii();
    match (text.first(), text.last()) {
        (None, _) if expected.nothing => return None,
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) => {}
        (Some(b'{' | b'['), _) => return Some(Failure::unnamed(Way::Half)),
        _ if is_stream(text) => return Some(Failure::unnamed(Way::Unasked)),
        _ => return Some(Failure::unnamed(Way::NoAnswer)),
    }
    let top = match Members::of(text) {
        Some(top) => top,
        None if is_cut(text) => return Some(Failure::unnamed(Way::Half)),
        // Some answer with a list around the error; of any other list, as of what can't be read, nothing is known.
        None => {
            let mut first: Option<Value<'_>> = None;
            value(text)?.items(|item| {
                first.get_or_insert(item);
            })?;
            return error_of(&Members::in_value(first?));
        }
    };
    let is_thing = expected.thing && ["id", "object"].iter().any(|name| top.text(name).is_some());
    let has_status = expected.thing && top.text("status").is_some_and(|status| status != "error");
    if (is_thing || has_status) && top.text("object").as_deref() != Some("error") {
        return None;
    }
    let (choices, within) = choices(&top);
    let has_failed = matches!(top.text("status").as_deref(), Some("failed" | "cancelled"));
    let failure = error_of(&top).or(within).or_else(|| match top.text("type").as_deref() {
        Some("error") => Some(Failure::of_object(&top)),
        _ if has_failed => Some(Failure::unnamed(Way::Within)),
        _ if expected.choices && top.is_null("choices") => {
            Some(Failure::unnamed(Way::Instead(StatusCode::BAD_GATEWAY)))
        }
        _ => complaint(&top),
    });
    // There is an answer around it, as far as it came.
    let is_around = has_failed || choices.seen != 0;
    failure.map(|failure| if is_around { failure.within() } else { failure })
}

/// Whether lists, objects or a text are open at the end.
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

/// Whether a text is a stream of events, whatever it is called.
fn is_stream(text: &[u8]) -> bool {
    [&b"data:"[..], b"event:", b"id:", b"retry:", b":"].iter().any(|begin| text.starts_with(begin))
}

/// What an object says that complains and answers nothing, as proxies and frameworks do.
pub(super) fn complaint(top: &Members<'_>) -> Option<Failure> {
    const ANSWERS: [&str; 13] = [
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
    // Baidu's has an id.
    let is_told = ["error_code", "error_msg"].iter().all(|name| top.get(name).is_some());
    if !is_told && ANSWERS.iter().any(|name| top.get(name).is_some()) {
        return None;
    }
    let complains = top.get("success").is_some_and(|value| value.raw() == b"false")
        || ["errors", "detail", "error_code", "error_msg", "error_message"].iter().any(|name| top.get(name).is_some())
        || ["message", "msg"].iter().any(|name| top.text(name).is_some());
    complains.then(|| Failure::of_object(top))
}
