//! The errors of the HTTP APIs below `/v1`, with statuses and codes that clients know.
//!
//! Source: OpenAI's error codes, if it has one for the situation.

use std::{borrow::Cow, net::IpAddr};

use axum::http::StatusCode;
use domain::{
    api_keys::{Level, Scope},
    permissions::Permission,
};

use super::{OVERLOADED, RATE_LIMITED, Retry, V1Error};

/// How much of a path is quoted, in characters.
const MAX_PATH_LENGTH: usize = 200;

impl V1Error {
    /// 401: no key, or no valid one.
    pub(crate) fn key(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", "invalid_api_key", message)
    }

    /// 401: the key was disabled because it leaked.
    pub(crate) fn leaked_key() -> Self {
        Self::key("This API key was disabled because it was reported as leaked. Create a new one.")
    }

    /// 401: the key was disabled during the call because it leaked.
    pub(crate) fn leaked_during_call() -> Self {
        let message = "This API key was disabled during the request because it was reported as leaked.";
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", "api_key_disabled", message)
    }

    /// 403: the key isn't allowed to do this. The message says what to change.
    pub(crate) fn insufficient_permissions(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "permission_error", "insufficient_permissions", message)
    }

    /// 403: the key, which has this level, lacks this scope.
    pub(crate) fn missing_scope(level: Level, scope: Scope) -> Self {
        Self::insufficient_permissions(if Scope::of(level).contains(&scope) {
            format!("This key doesn't have the scope {scope}. Ask an admin to add it.")
        } else {
            let fitting = Level::ALL.into_iter().filter(|level| Scope::of(*level).contains(&scope));
            let fitting: Vec<_> = fitting.map(Level::name).collect();
            let keys = fitting.join(" or ");
            format!("This requires the scope {scope}, which a {level} key can't have. Use a key of level {keys}.")
        })
    }

    /// 403: the key, which has this level, lacks this permission.
    pub(crate) fn missing_permission(level: Level, permission: Permission) -> Self {
        let for_no_key = || Self::insufficient_permissions("Only members can do this, not keys.");
        permission.scope().map_or_else(for_no_key, |scope| Self::missing_scope(level, scope))
    }

    /// 403: the request's address isn't on the key's allowlist.
    pub(crate) fn ip_not_allowed(ip: Option<IpAddr>) -> Self {
        let from = ip.map_or_else(|| "an unknown address".to_owned(), |ip| ip.to_string());
        let message = format!("This key can't be used from {from}, which isn't on its allowlist.");
        Self::new(StatusCode::FORBIDDEN, "permission_error", "ip_not_allowed", message)
    }

    pub(crate) fn project_archived() -> Self {
        let message = "This key's project is archived. Use a key of another project.";
        Self::new(StatusCode::FORBIDDEN, "permission_error", "project_archived", message)
    }

    pub(crate) fn model_not_allowed(model: &str) -> Self {
        let message = format!("This key can't use the model {model:?}. GET /v1/models lists the models it can use.");
        Self::new(StatusCode::FORBIDDEN, "permission_error", "model_not_allowed", message).with_param("model")
    }

    pub(crate) fn model_not_found(model: &str) -> Self {
        let shown: String = model.chars().take(100).collect();
        let message = format!("The model {shown:?} doesn't exist. GET /v1/models lists the available models.");
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "model_not_found", message).with_param("model")
    }

    /// 400: the parameter `param` is invalid.
    pub(crate) fn invalid(param: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::malformed(message).with_param(param)
    }

    /// 400: the request as a whole is invalid.
    pub(crate) fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", "invalid_request_error", message)
    }

    /// 400: a reference to a provider object whose owner isn't known.
    pub(crate) fn untracked(param: &'static str, kind: &'static str) -> Self {
        let message = format!(
            "`{param}` refers to an object that is shared by everyone who uses this gateway, so its owner can't be \
             checked. The operator can allow this with `shared = [\"{kind}\"]` under [gateway]."
        );
        Self::invalid(param, message)
    }

    /// 503: the memory or the disk space for uploads is exhausted.
    pub(crate) fn uploads_full() -> Self {
        let message = "Too many uploads at once. Try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", "service_unavailable", message)
    }

    /// 429: the caller's share of the memory or the disk space for uploads is exhausted.
    pub(crate) fn uploading_too_much(caller: &str) -> Self {
        Self::rate_limited(format!("{caller} has too many uploads at once. Try again in a moment."), 1)
    }

    /// 429: too many calls of the key are running.
    pub(crate) fn too_many_at_once(max_calls: u32) -> Self {
        Self::rate_limited(
            format!("This key is limited to {max_calls} concurrent requests. Try again when one of them has finished."),
            1,
        )
    }

    pub(crate) fn body_too_large(max_bytes: u64) -> Self {
        let message = format!("The body is larger than {max_bytes} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", "request_too_large", message)
    }

    /// 413: the request contains too many items.
    pub(crate) fn too_many(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", "request_too_large", message)
    }

    /// 415: the body's type isn't supported.
    pub(crate) fn wrong_content_type(message: &'static str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request_error", "unsupported_media_type", message)
    }

    /// 431: the request's headers are too large.
    pub(crate) fn head_too_large() -> Self {
        let (status, message) = (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's headers are too large.");
        Self::new(status, "invalid_request_error", "request_too_large", message)
    }

    pub(crate) fn head_too_slow() -> Self {
        let message = "The request's headers didn't arrive in time.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "invalid_request_error", "request_timeout", message)
    }

    pub(crate) fn body_too_slow() -> Self {
        let message = "The body didn't arrive in time.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "invalid_request_error", "request_timeout", message)
    }

    /// 404: the path doesn't exist on the server, whose URL is `origin`. The client's
    /// base URL is probably wrong.
    pub(crate) fn no_such_path(path: &str, origin: &str) -> Self {
        let shown: String = path.chars().take(MAX_PATH_LENGTH).collect();
        let message = format!(
            "Unknown path {shown}. The base URL is {origin}/v1 for OpenAI clients and {origin} for Anthropic clients."
        );
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "not_found", message)
    }

    /// 404: a part of a provider's API that isn't offered, though the base URL is right.
    pub(crate) fn not_offered(path: &str) -> Self {
        let shown: String = path.chars().take(MAX_PATH_LENGTH).collect();
        let message = format!("{shown} isn't available in Anthropic's format.");
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "not_found", message)
    }

    pub(crate) fn wrong_method() -> Self {
        let message = "This method isn't allowed for this path. The `allow` header lists the allowed methods.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", "method_not_allowed", message)
    }

    /// 426: WebSockets aren't supported. Codex tries one first, and continues without it on this status; it
    /// takes any other error for a network failure.
    pub(crate) fn no_websocket() -> Self {
        let message = "WebSocket connections aren't supported here. Use POST.";
        Self::new(StatusCode::UPGRADE_REQUIRED, "invalid_request_error", "upgrade_required", message)
    }

    pub(crate) fn upstream_error(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "upstream_error", "upstream_error", message)
    }

    /// A provider's client error without a message in a form that the client could read.
    pub(crate) fn upstream_refused(status: StatusCode) -> Self {
        let message = format!("The provider rejected the request with status {} and gave no reason.", status.as_u16());
        Self::new(status, "invalid_request_error", "invalid_request_error", message)
    }

    /// 429: the operator's account with a provider is rate-limited.
    pub(crate) fn upstream_busy() -> Self {
        let message = "The provider is rate-limiting this gateway. Try again later.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, RATE_LIMITED, "rate_limit_exceeded", message)
    }

    /// 503 or 529: the provider is overloaded. Clients know both statuses, and wait.
    pub(crate) fn upstream_overloaded(status: StatusCode) -> Self {
        let message = "The provider is overloaded. Try again later.";
        Self::new(status, OVERLOADED, OVERLOADED, message)
    }

    /// 502: the operator's account with a provider has no credit left, which clients can't change.
    pub(crate) fn upstream_unpaid() -> Self {
        let message = "The gateway's account with the provider has no quota or credit left. Contact the operator.";
        Self::upstream_error(message)
    }

    pub(crate) fn upstream_timeout(message: &'static str) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "upstream_error", "upstream_timeout", message)
    }

    /// 502: no provider was called, since all have failed too often; one will be in `seconds`.
    pub(crate) fn upstream_resting(seconds: u64) -> Self {
        let message = "The model's providers failed several times in a row and are paused. Try again in a moment.";
        Self { retry: Retry::After(seconds), ..Self::upstream_error(message) }
    }

    /// 404: the object doesn't exist, or isn't visible to the caller.
    pub(crate) fn not_found() -> Self {
        let message = "No object has this ID, or you don't have access to it.";
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "not_found", message)
    }

    /// 409: the current state doesn't allow the change. Retrying doesn't help.
    pub(crate) fn conflict(message: String) -> Self {
        Self::new(StatusCode::CONFLICT, "invalid_request_error", "conflict", message).without_retry()
    }

    /// 429: too many requests; the client has to wait this number of seconds.
    pub(crate) fn too_fast(retry_after_seconds: u64) -> Self {
        let message = format!("Too many requests. Try again in {retry_after_seconds} s.");
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, RATE_LIMITED, "rate_limit_exceeded", message);
        Self { retry: Retry::After(retry_after_seconds), ..refusal }
    }

    /// 429: a rate limit is exceeded. OpenAI's clients wait and retry.
    pub(crate) fn rate_limited(message: String, retry_after_seconds: u64) -> Self {
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, RATE_LIMITED, "rate_limit_exceeded", message);
        Self { retry: Retry::After(retry_after_seconds), ..refusal }
    }

    /// 503: the database can't be read or written, so that no call is admitted.
    pub(crate) fn unavailable() -> Self {
        let message = "The gateway's database can't be reached or is busy. Try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", "service_unavailable", message)
    }

    /// 500: a defect of the gateway.
    pub(crate) fn internal() -> Self {
        Self::internal_as("Something went wrong in the gateway.")
    }

    /// 500 with another message.
    pub(crate) fn internal_as(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "internal_error", message)
    }
}
