//! What the gateway answers when it doesn't forward a call, in the form of the client's API.

mod reasons;

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use domain::{api_keys::Secret, ids::CallId};
use serde::Serialize;

use crate::gateway::endpoint::Dialect;

/// What kind of error it is that a limit allows no more for now, at OpenAI and Anthropic alike.
const RATE_LIMITED: &str = "rate_limit_error";
/// The same of a provider that has too much to do; Anthropic's name for it.
const OVERLOADED: &str = "overloaded_error";

/// Tells OpenAI's clients whether to try again.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// An error that comes from here and not from a provider. What it says is for the client to read.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    kind: &'static str,
    pub(crate) code: &'static str,
    param: Option<Cow<'static, str>>,
    message: Cow<'static, str>,
    retry: Retry,
}

/// Whether to try the same again, beyond what the status says of it.
#[derive(Clone, Copy, Debug)]
enum Retry {
    AsUsual,
    /// OpenAI's clients would, on a status that is usually passing.
    Never,
    /// In so many seconds.
    After(u64),
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, kind, code, param: None, message: message.into(), retry: Retry::AsUsual }
    }

    fn about(self, param: impl Into<Cow<'static, str>>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// The same about another part of the request.
    pub(crate) fn of_param(self, param: &'static str) -> Self {
        self.about(param)
    }

    fn not_to_be_repeated(self) -> Self {
        Self { retry: Retry::Never, ..self }
    }

    /// Whether it says that a provider has too much to do: then what the provider says of that is told, too.
    pub(crate) fn is_of_a_busy_provider(&self) -> bool {
        matches!(self.kind, RATE_LIMITED | OVERLOADED)
    }

    /// In how many seconds to try again, where that is known.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self.retry {
            Retry::After(seconds) => Some(seconds),
            Retry::AsUsual | Retry::Never => None,
        }
    }

    /// What it says, without what may be a secret in the wrong place.
    pub(crate) fn message(&self) -> String {
        Secret::redact(&self.message)
    }

    /// The JSON that says it.
    pub(crate) fn json(&self) -> String {
        self.json_called(self.code)
    }

    /// The same under another code.
    fn json_called(&self, code: &str) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            error: Inner<'a>,
        }
        #[derive(Serialize)]
        struct Inner<'a> {
            message: &'a str,
            r#type: &'a str,
            param: Option<&'a str>,
            code: &'a str,
        }
        let Self { kind, param, .. } = self;
        // It may quote what the client said, which may be a secret in the wrong place.
        let message = &*Secret::redact(&self.message);
        let error = Inner { message, r#type: kind, param: param.as_deref(), code };
        // Texts always have a JSON form.
        serde_json::to_string(&Document { error }).unwrap_or_default()
    }

    /// The JSON that says it to a client of `dialect`, about the call with this id.
    pub(crate) fn json_in(&self, dialect: Dialect, id: CallId) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            r#type: &'static str,
            error: Inner<'a>,
            request_id: String,
        }
        #[derive(Serialize)]
        struct Inner<'a> {
            r#type: &'static str,
            message: &'a str,
        }
        match dialect {
            Dialect::OpenAi => self.json(),
            Dialect::Anthropic => {
                let message = &*Secret::redact(&self.message);
                let error = Inner { r#type: self.anthropic_type(), message };
                let document = Document { r#type: "error", error, request_id: id.to_string() };
                serde_json::to_string(&document).unwrap_or_default()
            }
        }
    }

    /// Anthropic's name for it. Source: "Errors" in its API reference.
    fn anthropic_type(&self) -> &'static str {
        match self.status.as_u16() {
            _ if self.kind == OVERLOADED => OVERLOADED,
            400 | 405 | 409 | 415 | 426 => "invalid_request_error",
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => RATE_LIMITED,
            408 | 504 => "timeout_error",
            _ => "api_error",
        }
    }

    pub(crate) fn response(&self) -> Response {
        self.response_with(self.json())
    }

    /// The answer to a client of `dialect`, about the call with this id.
    pub(crate) fn response_in(&self, dialect: Dialect, id: CallId) -> Response {
        self.response_with(self.json_in(dialect, id))
    }

    /// The same under the code that a provider has for it.
    pub(crate) fn response_called(&self, code: &str, dialect: Dialect, id: CallId) -> Response {
        self.response_with(match dialect {
            Dialect::OpenAi => self.json_called(code),
            Dialect::Anthropic => self.json_in(dialect, id),
        })
    }

    fn response_with(&self, json: String) -> Response {
        let mut response = Response::new(Body::from(json));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        match self.retry {
            Retry::AsUsual => {}
            Retry::Never => drop(headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"))),
            Retry::After(seconds) => drop(headers.insert(RETRY_AFTER, HeaderValue::from(seconds))),
        }
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.response()
    }
}
