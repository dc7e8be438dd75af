//! What the gateway answers when it doesn't forward a call, in OpenAI's form.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::Response,
};
use serde::Serialize;

/// An error that comes from here and not from a provider. What it says is for the client to read.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    kind: &'static str,
    pub(super) code: &'static str,
    param: Option<&'static str>,
    message: Cow<'static, str>,
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, kind, code, param: None, message: message.into() }
    }

    fn about(self, param: &'static str) -> Self {
        Self { param: Some(param), ..self }
    }

    /// 401: no key, or none that counts.
    pub(super) fn key(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", "invalid_api_key", message)
    }

    pub(super) fn insufficient_permissions() -> Self {
        let message = "A read key can't call models. Use a standard key.";
        Self::new(StatusCode::FORBIDDEN, "permission_error", "insufficient_permissions", message)
    }

    pub(super) fn project_archived() -> Self {
        let message = "This key's project is archived, so it takes no calls. Use a key of another project.";
        Self::new(StatusCode::FORBIDDEN, "permission_error", "project_archived", message)
    }

    pub(super) fn model_not_allowed(model: &str) -> Self {
        let message = format!("This key may not call {model:?}. GET /v1/models lists those it may.");
        Self::new(StatusCode::FORBIDDEN, "permission_error", "model_not_allowed", message).about("model")
    }

    pub(super) fn model_not_found(model: &str) -> Self {
        let shown: String = model.chars().take(100).collect();
        let message = format!("There is no model {shown:?}. GET /v1/models lists those there are.");
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "model_not_found", message).about("model")
    }

    /// 400: something in the body, which `param` names, makes no sense.
    pub(super) fn invalid(param: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::malformed(message).about(param)
    }

    /// 400: the body as a whole makes no sense.
    pub(super) fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", "invalid_request_error", message)
    }

    pub(super) fn body_too_large(most: usize) -> Self {
        let message = format!("The body is larger than {most} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", "request_too_large", message)
    }

    pub(super) fn body_too_slow() -> Self {
        let message = "The body didn't arrive in time.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "invalid_request_error", "request_timeout", message)
    }

    pub(super) fn no_such_path() -> Self {
        let message = "There is no such path under /v1.";
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "not_found", message)
    }

    pub(super) fn wrong_method() -> Self {
        let message = "This path doesn't take this method; the `allow` header says which it takes.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", "method_not_allowed", message)
    }

    pub(super) fn upstream_error(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "upstream_error", "upstream_error", message)
    }

    pub(super) fn upstream_timeout(message: &'static str) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "upstream_error", "upstream_timeout", message)
    }

    /// 503: what must be looked up or stored can't be, so that nothing is let through.
    pub(super) fn unavailable() -> Self {
        let message = "The gateway's database can't be reached or is busy. Try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", "service_unavailable", message)
    }

    /// 500: a defect of ours.
    pub(super) fn internal() -> Self {
        let message = "Something went wrong in the gateway.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "internal_error", message)
    }

    /// The JSON that says it.
    pub(super) fn json(&self) -> String {
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
        let Self { kind, code, param, message, .. } = self;
        let error = Inner { message, r#type: kind, param: *param, code };
        // Texts always have a JSON form.
        serde_json::to_string(&Document { error }).unwrap_or_default()
    }

    pub(super) fn response(&self) -> Response {
        let mut response = Response::new(Body::from(self.json()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    /// The same for a path that takes `methods` only.
    pub(super) fn response_allowing(&self, methods: &'static str) -> Response {
        let mut response = self.response();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
        response
    }
}
