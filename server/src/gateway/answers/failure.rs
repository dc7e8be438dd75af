//! Errors in answers whose status is that of a success.
//!
//! Sources: the error objects of OpenAI's and Anthropic's API references, streamed and not; OpenRouter's
//! "Errors and debugging" (an error within a choice, `finish_reason: "error"`); the finish reasons of
//! DeepSeek and Zhipu; and the errors that vLLM, FastChat, Ollama, Cloudflare and MiniMax send.

use axum::http::StatusCode;

use super::members::Members;
use crate::gateway::json::raw::RawJson;

/// Finish reasons of a provider's failure: OpenRouter's `error`, vLLM's and SGLang's `abort`, DeepSeek's
/// `insufficient_system_resource`, Zhipu's `network_error`.
const FAILURE_FINISH_REASONS: [&str; 4] = ["error", "abort", "insufficient_system_resource", "network_error"];

/// A failure reported by an answer with the status of a success.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::gateway) struct Failure {
    /// The code for the log: at most 64 characters of plain ASCII, regardless of the provider's text.
    pub(in crate::gateway) code: String,
    pub(in crate::gateway) form: FailureForm,
}

/// The form in which an answer reports a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::gateway) enum FailureForm {
    /// Within an answer that its client understands, such as a response with the status `failed`.
    Within,
    /// In place of an answer: an error with this status, 502 if it names none.
    Instead(StatusCode),
    /// Nothing that could be the answer: a page, or an empty body.
    NoAnswer,
    /// A truncated answer.
    Half,
    /// A stream that the client didn't request.
    Unasked,
}

/// The code of failures without one of their own.
const UNNAMED: &str = "upstream_error";

impl Failure {
    pub(crate) fn new(code: &str, form: FailureForm) -> Self {
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let code: String = code.chars().filter(is_plain).take(64).collect();
        Self { code: if code.is_empty() { UNNAMED.to_owned() } else { code }, form }
    }

    pub(crate) fn unnamed(form: FailureForm) -> Self {
        Self::new(UNNAMED, form)
    }

    /// Reads the value of `error`: an object, a text, or a list of them. `None` if it is empty,
    /// which means no error.
    pub(crate) fn of_error(error: RawJson<'_>) -> Option<Self> {
        if matches!(error.raw(), b"null" | b"false" | b"0" | b"\"\"" | b"[]") {
            return None;
        }
        let mut first = None;
        // A value that isn't a list has no items.
        let _ = error.items(|item| {
            first.get_or_insert(item);
        });
        Some(Self::of_object(&Members::in_value(first.unwrap_or(error))))
    }

    /// Reads an object that is an error.
    pub(crate) fn of_object(error: &Members<'_>) -> Self {
        let kind = error.text("type").filter(|kind| kind != "error");
        let code = match error.get("code") {
            Some(_) => error.text("code"),
            // Anthropic's errors have a type instead.
            None => kind.clone(),
        };
        let code = code.unwrap_or_default();
        let status =
            ["code", "status", "status_code", "http_code"].into_iter().find_map(|name| error_status(error, name));
        let status_by_name = || code_status(&code).or_else(|| code_status(kind.as_deref().unwrap_or_default()));
        let status = status.or_else(status_by_name).unwrap_or(StatusCode::BAD_GATEWAY);
        Self::new(&code, FailureForm::Instead(status))
    }

    /// Returns the failure that a finish reason means, if any.
    pub(crate) fn of_finish(reason: &str) -> Option<Self> {
        FAILURE_FINISH_REASONS.contains(&reason).then(|| match reason {
            "error" | "abort" => Self::unnamed(FailureForm::Within),
            reason => Self::new(reason, FailureForm::Within),
        })
    }

    /// This failure in the form [`FailureForm::Within`].
    pub(crate) fn nested(self) -> Self {
        Self { form: FailureForm::Within, ..self }
    }
}

/// Returns the error status in a numeric member.
fn error_status(error: &Members<'_>, name: &str) -> Option<StatusCode> {
    let number = error.number(name)?;
    StatusCode::from_u16(number).ok().filter(|status| status.is_client_error() || status.is_server_error())
}

/// Returns the status that belongs to a code or type. Source: the error references of OpenAI and
/// Anthropic, and vLLM's types.
fn code_status(code: &str) -> Option<StatusCode> {
    Some(match code {
        "invalid_request_error" | "context_length_exceeded" | "BadRequestError" | "content_policy_violation" => {
            StatusCode::BAD_REQUEST
        }
        "authentication_error" | "invalid_api_key" => StatusCode::UNAUTHORIZED,
        "billing_error" => StatusCode::PAYMENT_REQUIRED,
        "permission_error" => StatusCode::FORBIDDEN,
        "not_found_error" | "model_not_found" | "NotFoundError" => StatusCode::NOT_FOUND,
        "request_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" => StatusCode::TOO_MANY_REQUESTS,
        "api_error" | "server_error" | "internal_error" => StatusCode::INTERNAL_SERVER_ERROR,
        "timeout_error" => StatusCode::GATEWAY_TIMEOUT,
        "overloaded_error" | "server_overloaded" => StatusCode::from_u16(529).ok()?,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::json::raw::value;

    fn code_and_status(error: &str) -> Option<(String, u16)> {
        let error = value(error.as_bytes()).unwrap();
        Failure::of_error(error).map(|failure| match failure.form {
            FailureForm::Instead(status) => (failure.code, status.as_u16()),
            form => panic!("{form:?}"),
        })
    }

    #[test]
    fn an_errors_code_is_kept_short_and_plain() {
        for (error, code) in [
            (r#"{"code":"rate_limit_exceeded"}"#, "rate_limit_exceeded"),
            (r#"{"code":"<b>\n"}"#, "b"),
            (r#"{"code":429,"message":"x"}"#, "upstream_error"),
            (r#"{"type":"overloaded_error"}"#, "overloaded_error"),
            (r#"{"code":null,"type":"server_error"}"#, "server_error"),
            (r#""out of memory""#, "upstream_error"),
            ("true", "upstream_error"),
            ("{}", "upstream_error"),
            (r#"[{"code":"a"}]"#, "a"),
        ] {
            assert_eq!(code_and_status(error).unwrap().0, code, "{error}");
        }
        let long = format!(r#"{{"code":"{}"}}"#, "x".repeat(100));
        assert_eq!(code_and_status(&long).unwrap().0.len(), 64);
    }

    #[test]
    fn an_error_stands_for_the_status_that_it_names() {
        for (error, status) in [
            (r#"{"code":503}"#, 503),
            (r#"{"code":"404"}"#, 404),
            (r#"{"status":"400"}"#, 400),
            (r#"{"code":"x","type":"invalid_request_error"}"#, 400),
            (r#"{"type":"overloaded_error"}"#, 529),
            (r#"{"type":"authentication_error"}"#, 401),
            (r#"{"code":200}"#, 502),
            (r#"{"code":1008}"#, 502),
            (r#"{"code":"something_else"}"#, 502),
        ] {
            assert_eq!(code_and_status(error).unwrap().1, status, "{error}");
        }
    }

    #[test]
    fn no_error_is_no_failure() {
        for error in ["null", "false", "0", "\"\"", "[]"] {
            assert_eq!(code_and_status(error), None, "{error}");
        }
    }
}
