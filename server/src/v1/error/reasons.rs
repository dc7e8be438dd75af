//! Why calls are refused: the statuses and codes that clients know.
//!
//! Source: OpenAI's error codes where it has one for the situation.

use std::{borrow::Cow, net::IpAddr};

use axum::http::StatusCode;
use domain::api_keys::{Level, Scope};

use super::{OVERLOADED, RATE_LIMITED, Refusal, Retry};
use crate::gateway::budget::Full;

/// How much of a path is told again, in characters.
const LONGEST_PATH: usize = 200;

impl Refusal {
    /// 401: no key, or none that counts.
    pub(crate) fn key(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", "invalid_api_key", message)
    }

    /// 401: the key was real, and is so no more, since it leaked.
    pub(crate) fn leaked_key() -> Self {
        Self::key("This API key was disabled, since it was reported as leaked. Make a new one.")
    }

    /// 401: the same, while a call ran.
    pub(crate) fn cut() -> Self {
        let message = "This API key was disabled while the call ran, since it was reported as leaked.";
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", "api_key_disabled", message)
    }

    /// 403: the key may not do this. The message is for whoever may change that.
    pub(crate) fn insufficient_permissions(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "permission_error", "insufficient_permissions", message)
    }

    /// 403: a key of this level, with the scopes it has, lacks this one.
    pub(crate) fn missing_scope(level: Level, scope: Scope) -> Self {
        Self::insufficient_permissions(if Scope::of(level).contains(&scope) {
            format!("This key doesn't have the scope {scope}. Whoever manages keys can add it.")
        } else {
            let fitting = Level::ALL.into_iter().filter(|level| Scope::of(*level).contains(&scope));
            let fitting: Vec<_> = fitting.map(Level::name).collect();
            let keys = fitting.join(" or ");
            format!("This takes the scope {scope}, which a {level} key can't have. Use one of level {keys}.")
        })
    }

    /// 403: the key's list of networks doesn't hold where the request came from.
    pub(crate) fn ip_not_allowed(ip: Option<IpAddr>) -> Self {
        let from = ip.map_or_else(|| "an unknown address".to_owned(), |ip| ip.to_string());
        let message = format!("This key may not be used from {from}, which isn't on its allowlist.");
        Self::new(StatusCode::FORBIDDEN, "permission_error", "ip_not_allowed", message)
    }

    pub(crate) fn project_archived() -> Self {
        let message = "This key's project is archived, so it takes no calls. Use a key of another project.";
        Self::new(StatusCode::FORBIDDEN, "permission_error", "project_archived", message)
    }

    pub(crate) fn model_not_allowed(model: &str) -> Self {
        let message = format!("This key may not call {model:?}. GET /v1/models lists those it may.");
        Self::new(StatusCode::FORBIDDEN, "permission_error", "model_not_allowed", message).about("model")
    }

    pub(crate) fn model_not_found(model: &str) -> Self {
        let shown: String = model.chars().take(100).collect();
        let message = format!("There is no model {shown:?}. GET /v1/models lists those there are.");
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "model_not_found", message).about("model")
    }

    /// 400: something in the body, which `param` names, makes no sense.
    pub(crate) fn invalid(param: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::malformed(message).about(param)
    }

    /// 400: the body as a whole makes no sense.
    pub(crate) fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", "invalid_request_error", message)
    }

    /// 400: something at a provider that can't be told whose it is.
    pub(crate) fn untracked(param: &'static str, kind: &'static str) -> Self {
        let message = format!(
            "`{param}` refers to something that providers keep for all who call through this gateway, and that it can't \
             tell apart. Whoever runs it may share such things: `shared = [\"{kind}\"]` under [gateway]."
        );
        Self::invalid(param, message)
    }

    /// 503, or 429 where it is the asker's own doing: so much is being uploaded or worked on that there is no room for more.
    pub(crate) fn no_room(full: Full) -> Self {
        let whose = match full {
            Full::All => {
                let message = "Too much is being uploaded at once. Try again in a moment.";
                return Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", "service_unavailable", message);
            }
            Full::Organization => "This organization",
            Full::Key => "This key",
        };
        Self::rate_limited(format!("{whose} is uploading too much at once. Try again in a moment."), 1)
    }

    /// 429: more calls of a key are under way than may be.
    pub(crate) fn too_many_at_once(most: u32) -> Self {
        Self::rate_limited(format!("This key may have {most} calls at once. Try again when one of them is over."), 1)
    }

    pub(crate) fn body_too_large(most: u64) -> Self {
        let message = format!("The body is larger than {most} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", "request_too_large", message)
    }

    /// 413: more at once than is taken.
    pub(crate) fn too_many(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", "request_too_large", message)
    }

    /// 415: the body is of a kind that isn't read here.
    pub(crate) fn wrong_content_type(message: &'static str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request_error", "unsupported_media_type", message)
    }

    /// 431: the request's headers are larger than those of any client.
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

    /// 404: the path is none of the server's, which is reached at `origin`. Most likely the client's base URL is wrong.
    pub(crate) fn no_such_path(path: &str, origin: &str) -> Self {
        let asked: String = path.chars().take(LONGEST_PATH).collect();
        let message = format!(
            "There is nothing at {asked}. The base URL of OpenAI's clients is {origin}/v1, that of Anthropic's {origin}."
        );
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "not_found", message)
    }

    /// 404: a part of a provider's API that isn't offered, though the base URL is right.
    pub(crate) fn not_offered(path: &str) -> Self {
        let asked: String = path.chars().take(LONGEST_PATH).collect();
        let message = format!("{asked} isn't offered here in Anthropic's form.");
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "not_found", message)
    }

    pub(crate) fn wrong_method() -> Self {
        let message = "This path doesn't take this method; the `allow` header says which it takes.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", "method_not_allowed", message)
    }

    /// 426: no call is made over a WebSocket. Codex asks for one first, and goes on without when it is told this; any other
    /// error is a fault of the network to it.
    pub(crate) fn no_websocket() -> Self {
        let message = "Calls aren't made over a WebSocket here. Send them by POST.";
        Self::new(StatusCode::UPGRADE_REQUIRED, "invalid_request_error", "upgrade_required", message)
    }

    pub(crate) fn upstream_error(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "upstream_error", "upstream_error", message)
    }

    /// What a provider refuses as the client's own doing, without saying why in a form that a client would understand.
    pub(crate) fn upstream_refused(status: StatusCode) -> Self {
        let message = format!("The provider refuses this: it answered {}, and doesn't say why.", status.as_u16());
        Self::new(status, "invalid_request_error", "invalid_request_error", message)
    }

    /// 429: the operator's account with a provider takes no more for now.
    pub(crate) fn upstream_busy() -> Self {
        let message = "The provider takes no more calls from this gateway for now. Try again later.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, RATE_LIMITED, "rate_limit_exceeded", message)
    }

    /// 503 or 529: the provider has too much to do, whoever asks. Clients know these two, and wait.
    pub(crate) fn upstream_overloaded(status: StatusCode) -> Self {
        let message = "The provider is overloaded for now. Try again later.";
        Self::new(status, OVERLOADED, OVERLOADED, message)
    }

    /// 502: the operator's account with a provider is used up, which no client can do anything about.
    pub(crate) fn upstream_unpaid() -> Self {
        let message = "The gateway's own account with the provider has no quota or credit left. Tell whoever runs it.";
        Self::upstream_error(message)
    }

    pub(crate) fn upstream_timeout(message: &'static str) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "upstream_error", "upstream_timeout", message)
    }

    /// 502: nobody was asked, since all who could be have failed too often; in so many seconds one is.
    pub(crate) fn upstream_resting(seconds: u64) -> Self {
        let message = "The model's providers failed several times in a row, so they aren't asked for a moment.";
        Self { retry: Retry::After(seconds), ..Self::upstream_error(message) }
    }

    /// 404: no such thing, or not the asker's to see.
    pub(crate) fn not_found() -> Self {
        let message = "There is nothing with this id, or it isn't yours to see.";
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "not_found", message)
    }

    /// 409: the state of things doesn't allow it (any more). To try the same again doesn't help.
    pub(crate) fn conflict(message: String) -> Self {
        Self::new(StatusCode::CONFLICT, "invalid_request_error", "conflict", message).not_to_be_repeated()
    }

    /// 429: so many seconds are to be waited for.
    pub(crate) fn too_fast(retry_after_seconds: u64) -> Self {
        let message = format!("Too many requests. Try again in {retry_after_seconds} s.");
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, RATE_LIMITED, "rate_limit_exceeded", message);
        Self { retry: Retry::After(retry_after_seconds), ..refusal }
    }

    /// 429: faster than a limit allows. OpenAI's clients wait and try again.
    pub(crate) fn rate_limited(message: String, retry_after_seconds: u64) -> Self {
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, RATE_LIMITED, "rate_limit_exceeded", message);
        Self { retry: Retry::After(retry_after_seconds), ..refusal }
    }

    /// 503: what must be looked up or stored can't be, so that nothing is let through.
    pub(crate) fn unavailable() -> Self {
        let message = "The gateway's database can't be reached or is busy. Try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", "service_unavailable", message)
    }

    /// 500: a defect of ours.
    pub(crate) fn internal() -> Self {
        Self::internal_as("Something went wrong in the gateway.")
    }

    /// The same, in other words.
    pub(crate) fn internal_as(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "internal_error", message)
    }
}
