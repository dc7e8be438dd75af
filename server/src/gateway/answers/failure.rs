//! Errors that come with the status of a success.
//!
//! Sources: the error objects of OpenAI's and Anthropic's API references, in streams and without; OpenRouter's "Errors and
//! debugging" (an error within a choice, `finish_reason: "error"`); DeepSeek's and Zhipu's reasons to finish; what vLLM, FastChat,
//! Ollama, Cloudflare and MiniMax send.

use axum::http::StatusCode;

use super::members::Members;
use crate::gateway::json::raw::Value;

/// Reasons to finish that say that the provider failed: OpenRouter's `error`, vLLM's and SGLang's `abort`, DeepSeek's
/// `insufficient_system_resource`, Zhipu's `network_error`.
const FAILED_FINISHES: [&str; 4] = ["error", "abort", "insufficient_system_resource", "network_error"];

/// That a call failed, though its answer has the status of a success.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::gateway) struct Failure {
    /// As the log keeps it: short, and plain ASCII whatever the provider sent.
    pub(in crate::gateway) code: String,
    pub(in crate::gateway) way: Way,
}

/// How it is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::gateway) enum Way {
    /// Within an answer that its client understands, such as a response that says that it failed.
    Within,
    /// In place of an answer. The error stands for this status, as far as it says.
    Instead(StatusCode),
    /// There is nothing that could be the answer: a page, or nothing at all.
    NoAnswer,
    /// There is half an answer.
    Half,
    /// There is a stream, which wasn't asked for.
    Unasked,
}

/// What isn't told by a better name.
const UNNAMED: &str = "upstream_error";

impl Failure {
    pub(crate) fn new(code: &str, way: Way) -> Self {
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let code: String = code.chars().filter(plain).take(64).collect();
        Self { code: if code.is_empty() { UNNAMED.to_owned() } else { code }, way }
    }

    pub(crate) fn unnamed(way: Way) -> Self {
        Self::new(UNNAMED, way)
    }

    /// What an `error` says: an object, a text, or a list of them; nothing where it says that there is none.
    pub(crate) fn of_error(error: Value<'_>) -> Option<Self> {
        if matches!(error.raw(), b"null" | b"false" | b"0" | b"\"\"" | b"[]") {
            return None;
        }
        let mut first = None;
        // What is no list has no items.
        let _ = error.items(|item| {
            first.get_or_insert(item);
        });
        Some(Self::of_object(&Members::in_value(first.unwrap_or(error))))
    }

    /// What an object says that is an error.
    pub(crate) fn of_object(error: &Members<'_>) -> Self {
        let kind = error.text("type").filter(|kind| kind != "error");
        let code = match error.get("code") {
            Some(_) => error.text("code"),
            // Anthropic's errors have a type instead.
            None => kind.clone(),
        };
        let code = code.unwrap_or_default();
        let status = ["code", "status", "status_code", "http_code"].into_iter().find_map(|name| number(error, name));
        let named = || code_status(&code).or_else(|| code_status(kind.as_deref().unwrap_or_default()));
        let status = status.or_else(named).unwrap_or(StatusCode::BAD_GATEWAY);
        Self::new(&code, Way::Instead(status))
    }

    /// What a reason to finish says.
    pub(crate) fn of_finish(reason: &str) -> Option<Self> {
        FAILED_FINISHES.contains(&reason).then(|| match reason {
            "error" | "abort" => Self::unnamed(Way::Within),
            reason => Self::new(reason, Way::Within),
        })
    }

    /// The same within an answer.
    pub(crate) fn within(self) -> Self {
        Self { way: Way::Within, ..self }
    }
}

/// The status of a failure that a member names by its number.
fn number(error: &Members<'_>, name: &str) -> Option<StatusCode> {
    let number = error.number(name)?;
    StatusCode::from_u16(number).ok().filter(|status| status.is_client_error() || status.is_server_error())
}

/// The status that goes with a code or type. Source: the error references of OpenAI and Anthropic, and vLLM's types.
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

    fn told(error: &str) -> Option<(String, u16)> {
        let error = value(error.as_bytes()).unwrap();
        Failure::of_error(error).map(|failure| match failure.way {
            Way::Instead(status) => (failure.code, status.as_u16()),
            way => panic!("{way:?}"),
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
            assert_eq!(told(error).unwrap().0, code, "{error}");
        }
        let long = format!(r#"{{"code":"{}"}}"#, "x".repeat(100));
        assert_eq!(told(&long).unwrap().0.len(), 64);
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
            assert_eq!(told(error).unwrap().1, status, "{error}");
        }
    }

    #[test]
    fn no_error_is_no_failure() {
        for error in ["null", "false", "0", "\"\"", "[]"] {
            assert_eq!(told(error), None, "{error}");
        }
    }
}
