//! Errors of the HTTP APIs below `/v1`, in the form of the client's API.

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
use domain::{api_keys::Secret, calls::RejectionRule, ids::CallId};
use serde::Serialize;
use utoipa::ToSchema;

use super::dialect::Dialect;

/// The error type for exceeded limits, at OpenAI and Anthropic alike.
const RATE_LIMITED: &str = "rate_limit_error";
/// The error type for an overloaded provider; Anthropic's.
const OVERLOADED: &str = "overloaded_error";

/// Header by which OpenAI's clients decide whether to retry.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// An error of the gateway itself, not of a provider. Clients see its message.
#[derive(Clone, Debug)]
pub(crate) struct V1Error {
    pub(crate) status: StatusCode,
    kind: &'static str,
    pub(crate) code: &'static str,
    param: Option<Cow<'static, str>>,
    message: Cow<'static, str>,
    retry: Retry,
    /// The rule that a call breaks, for the log.
    pub(crate) rule: RejectionRule,
}

/// Whether clients should retry, beyond what the status implies.
#[derive(Clone, Copy, Debug)]
enum Retry {
    /// As the status implies.
    Default,
    /// Never, although OpenAI's clients would by the status.
    Never,
    /// After this number of seconds.
    After(u64),
}

/// The response to a rejected request, in OpenAI's form.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorDocument<'a> {
    error: ErrorDetails<'a>,
}

/// An error, in OpenAI's form.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorDetails<'a> {
    /// What is wrong and how to change it, for people. The text may change.
    message: &'a str,
    /// Kind of the error, such as `invalid_request_error`.
    r#type: &'a str,
    /// Part of the request that the error is about; `null` if it is about the whole request.
    #[schema(required)]
    param: Option<&'a str>,
    /// Code of the error, for programs.
    code: &'a str,
}

impl V1Error {
    fn new(status: StatusCode, kind: &'static str, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let rule = match code {
            "insufficient_permissions" => RejectionRule::Scope,
            "ip_not_allowed" => RejectionRule::Network,
            "model_not_allowed" => RejectionRule::Model,
            "model_not_found" => RejectionRule::UnknownModel,
            "project_archived" => RejectionRule::ArchivedProject,
            "rate_limit_exceeded" => RejectionRule::Concurrency,
            _ if status.is_server_error() => RejectionRule::Server,
            _ => RejectionRule::Request,
        };
        Self { status, kind, code, param: None, message: message.into(), retry: Retry::Default, rule }
    }

    /// Sets the rule that a call breaks, where the code doesn't say it.
    pub(crate) fn by_rule(self, rule: RejectionRule) -> Self {
        Self { rule, ..self }
    }

    fn with_param(self, param: impl Into<Cow<'static, str>>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// Sets the part of the request that the error is about.
    pub(crate) fn of_param(self, param: &'static str) -> Self {
        self.with_param(param)
    }

    fn without_retry(self) -> Self {
        Self { retry: Retry::Never, ..self }
    }

    /// Whether it means that a provider is busy; then the client gets the provider's
    /// code and headers as well.
    pub(crate) fn is_provider_busy(&self) -> bool {
        matches!(self.kind, RATE_LIMITED | OVERLOADED)
    }

    /// The number of seconds until a retry, if known.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self.retry {
            Retry::After(seconds) => Some(seconds),
            Retry::Default | Retry::Never => None,
        }
    }

    /// The message, with secrets redacted that the client may have put in the wrong place.
    pub(crate) fn message(&self) -> String {
        Secret::redact(&self.message)
    }

    /// The JSON document of the error, in OpenAI's form.
    pub(crate) fn json(&self) -> String {
        self.json_with_code(self.code)
    }

    /// The JSON document of the error with another code.
    fn json_with_code(&self, code: &str) -> String {
        let Self { kind, param, .. } = self;
        // It may quote the request, which may contain a secret in the wrong place.
        let message = &*Secret::redact(&self.message);
        let error = ErrorDetails { message, r#type: kind, param: param.as_deref(), code };
        // Texts always have a JSON form.
        serde_json::to_string(&ErrorDocument { error }).unwrap_or_default()
    }

    /// The JSON document for a client of `dialect`, about the call with this id.
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

    /// Anthropic's error type. Source: "Errors" in its API reference.
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

    /// The response to a client of `dialect`, about the call with this id.
    pub(crate) fn response_in(&self, dialect: Dialect, id: CallId) -> Response {
        self.response_with(self.json_in(dialect, id))
    }

    /// The response with a provider's code.
    pub(crate) fn response_with_code(&self, code: &str, dialect: Dialect, id: CallId) -> Response {
        self.response_with(match dialect {
            Dialect::OpenAi => self.json_with_code(code),
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
            Retry::Default => {}
            Retry::Never => drop(headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"))),
            Retry::After(seconds) => drop(headers.insert(RETRY_AFTER, HeaderValue::from(seconds))),
        }
        response
    }
}

impl IntoResponse for V1Error {
    fn into_response(self) -> Response {
        self.response()
    }
}
