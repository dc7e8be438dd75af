//! Errors, in the form of OpenAI or Anthropic.

use http::{HeaderValue, Response, StatusCode, header::RETRY_AFTER};
use serde_json::json;

use crate::{bodies::json_response, scripted_body::SandboxBody};

/// An API, which decides the form of errors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SandboxDialect {
    /// OpenAI's.
    OpenAi,
    /// Anthropic's.
    Anthropic,
}

/// An answer, or the error for an invalid request.
pub(super) type SandboxResult = Result<Response<SandboxBody>, SandboxError>;

/// The error for an invalid request, in the form of OpenAI or Anthropic.
pub(super) struct SandboxError {
    pub(super) status: StatusCode,
    pub(super) param: Option<&'static str>,
    pub(super) message: String,
}

impl SandboxError {
    pub(super) fn invalid(param: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, param: Some(param), message: message.into() }
    }

    pub(super) fn not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, param: None, message: "The sandbox has nothing like that.".to_owned() }
    }

    pub(super) fn response(self, dialect: SandboxDialect) -> Response<SandboxBody> {
        let kind = match self.status {
            StatusCode::NOT_FOUND => "not_found_error",
            _ => "invalid_request_error",
        };
        let document = match dialect {
            SandboxDialect::Anthropic => json!({"type": "error", "error": {"type": kind, "message": self.message}}),
            SandboxDialect::OpenAi => json!({"error": {
                "message": self.message,
                "type": "invalid_request_error",
                "param": self.param,
                "code": if self.status == StatusCode::NOT_FOUND { "not_found" } else { "invalid_request_error" },
            }}),
        };
        let mut response = json_response(&document);
        *response.status_mut() = self.status;
        response
    }
}

impl From<serde_json::Error> for SandboxError {
    fn from(error: serde_json::Error) -> Self {
        let message = format!("The body has another form than expected: {error}.");
        Self { status: StatusCode::BAD_REQUEST, param: None, message }
    }
}

/// Builds an error with the requested status.
pub(super) fn failure(dialect: SandboxDialect, status: StatusCode) -> Response<SandboxBody> {
    let message = "The sandbox fails, as it was told to.";
    let document = match dialect {
        SandboxDialect::OpenAi => {
            json!({"error": {"message": message, "type": "sandbox_error", "param": null, "code": "sandbox_error"}})
        }
        SandboxDialect::Anthropic => {
            json!({"type": "error", "error": {"type": anthropic_error_type(status), "message": message}})
        }
    };
    let mut response = json_response(&document);
    *response.status_mut() = status;
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// Returns Anthropic's type of errors with a status: <https://platform.claude.com/docs/en/api/errors>.
fn anthropic_error_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        status if status < 500 => "invalid_request_error",
        _ => "api_error",
    }
}
