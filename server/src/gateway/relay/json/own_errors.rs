//! What a client is told of a provider's error: that it is about the client's request, as the provider says it; anything
//! else in words of ours, since it is about the operator's account, or about how the gateway is set up.

use axum::http::{HeaderMap, HeaderName, StatusCode, header::RETRY_AFTER, response::Parts};
use bytes::Bytes;
use serde::de::IgnoredAny;

use super::{Provider, Refusal};
use crate::gateway::answers::failure::{Failure, Way};
use crate::gateway::answers::members::Members;
use crate::gateway::{
    call::Call,
    headers::is_event_stream,
    provider::{Told, account},
};

/// The statuses of errors that are about the client's request.
const THE_CLIENTS: [u16; 13] = [400, 404, 405, 408, 409, 410, 413, 414, 415, 416, 422, 424, 451];

/// What providers call it that an account has nothing left.
const ACCOUNT_CODES: [&str; 7] = [
    "billing_error",
    "billing_hard_limit_reached",
    "billing_not_active",
    "budget_exceeded",
    "exceeded_current_quota_error",
    "insufficient_balance",
    "insufficient_quota",
];
/// The same in words.
const ANTHROPICS_WORDS: &str = "credit balance is too low";

const UNASKED: &str = "The provider answered with a stream, which wasn't asked for.";

/// When to try again, as the provider says.
const RETRY: [HeaderName; 3] =
    [RETRY_AFTER, HeaderName::from_static("retry-after-ms"), HeaderName::from_static("x-should-retry")];

/// What the client is told instead of an answer with this status.
pub(super) fn in_own_words(
    call: &Call,
    provider: &Provider,
    status: StatusCode,
    headers: &HeaderMap,
    told: &Told,
) -> Option<Refusal> {
    let name = &provider.name;
    let refusal = match status {
        _ if told.encoded => {
            tracing::error!(provider = %name, "the provider compresses its answers, though it is asked not to");
            Refusal::upstream_error("The provider compressed its answer, which wasn't asked for, so it can't be read.")
        }
        status if status.is_success() && is_event_stream(headers) && !call.memo.may_stream => {
            Refusal::upstream_error(UNASKED)
        }
        status if status.is_success() || THE_CLIENTS.contains(&status.as_u16()) => return None,
        // It is the gateway's key that isn't right, not the client's; and the answer may quote from it.
        StatusCode::UNAUTHORIZED => {
            tracing::error!(provider = %name, "the provider refuses its key");
            Refusal::upstream_error("The provider refuses the gateway's own key. Tell whoever runs it.")
        }
        StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            tracing::error!(provider = %name, %status, "the provider refuses this to the gateway");
            let message = format!(
                "The provider refuses this to the gateway: it answered {}. Tell whoever runs it.",
                status.as_u16()
            );
            Refusal::upstream_error(message)
        }
        StatusCode::TOO_MANY_REQUESTS => Refusal::upstream_busy(),
        status if is_overloaded(status) => {
            tracing::warn!(provider = %name, %status, "the provider is overloaded");
            Refusal::upstream_overloaded(status)
        }
        StatusCode::GATEWAY_TIMEOUT => Refusal::upstream_timeout("The provider says that it took too long."),
        status if status.is_server_error() => {
            tracing::warn!(provider = %name, %status, "the provider failed");
            Refusal::upstream_error(format!("The provider failed: it answered {}.", status.as_u16()))
        }
        status if status.is_redirection() => {
            tracing::error!(provider = %name, %status, "the provider leads elsewhere: its base_url isn't right");
            let message = format!("The provider leads elsewhere ({}), which isn't followed.", status.as_u16());
            Refusal::upstream_error(message)
        }
        _ => {
            tracing::warn!(provider = %name, %status, "the provider's answer isn't passed on");
            Refusal::upstream_error(format!("The provider answered {}, which isn't passed on.", status.as_u16()))
        }
    };
    Some(refusal)
}

/// What the client is told of an answer that failed with the status of a success: the status, and words of ours where the
/// answer doesn't pass.
pub(super) fn instead(
    call: &Call,
    provider: &Provider,
    failure: &Failure,
    parts: &Parts,
    told: &Told,
    json: &[u8],
) -> (StatusCode, Option<Refusal>) {
    let ours = |message: String| (StatusCode::BAD_GATEWAY, Some(Refusal::upstream_error(message)));
    let said = parts.status.as_u16();
    tracing::warn!(provider = %provider.name, status = said, code = failure.code, way = ?failure.way, "a success that is none");
    match failure.way {
        Way::Within => (parts.status, None),
        Way::Instead(_) if let Some(refusal) = of_the_account(provider, json) => {
            (StatusCode::BAD_GATEWAY, Some(refusal))
        }
        Way::Instead(StatusCode::BAD_GATEWAY) => {
            ours(format!("The provider failed: it answered {said} with an error."))
        }
        Way::Instead(status) => (status, in_own_words(call, provider, status, &parts.headers, told)),
        Way::NoAnswer => ours(format!("The provider answered {said} with something that isn't an answer.")),
        Way::Half => ours("The provider broke off its answer.".to_owned()),
        Way::Unasked => ours(UNASKED.to_owned()),
    }
}

/// Whether a status says that a provider has too much to do: 503, or Anthropic's 529.
fn is_overloaded(status: StatusCode) -> bool {
    status == StatusCode::SERVICE_UNAVAILABLE || status.as_u16() == 529
}

/// The same instead of an error that is about the operator's account, whatever its status: OpenAI says by a 429, and
/// Anthropic by a 400, that an account is used up, and a client would think that it is its own.
///
/// Source: [OpenAI's error codes](https://platform.openai.com/docs/guides/error-codes), Moonshot's, DeepSeek's and LiteLLM's;
/// Anthropic's is told by its words only.
pub(super) fn of_the_account(provider: &Provider, json: &[u8]) -> Option<Refusal> {
    let error = Members::of(json)?.within("error")?;
    let is_code = |name| error.text(name).is_some_and(|code| ACCOUNT_CODES.contains(&&*code));
    // Proxies before it say so as well.
    let is_anthropics = || error.text("message").is_some_and(|message| message.contains(ANTHROPICS_WORDS));
    if !is_code("code") && !is_code("type") && !is_anthropics() {
        return None;
    }
    tracing::error!(provider = %provider.name, "the account with the provider is used up");
    Some(Refusal::upstream_unpaid())
}

/// Whether the body of such an answer is read: what succeeded, or is no error, may go on for ever.
pub(super) fn is_read(status: StatusCode, refusal: Option<&Refusal>) -> bool {
    refusal.is_none() || status.is_client_error() || status.is_server_error()
}

/// Lets an answer of ours say when to try again, as the provider does.
pub(super) fn say_when(answer: &mut HeaderMap, headers: &HeaderMap) {
    for name in RETRY {
        if let Some(value) = headers.get(&name) {
            answer.insert(name, value.clone());
        }
    }
}

/// An error's body as the client may read it: JSON, in which the operator's account has no name. `None` for anything else.
pub(super) fn readable(body: Bytes, told: &Told) -> Option<Bytes> {
    serde_json::from_slice::<IgnoredAny>(&body).ok()?;
    Some(account::without_names(body, &told.account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_isnt_json_isnt_read() {
        for body in ["", "<html>", "data: {}\n\n", "{\"a\":"] {
            assert_eq!(readable(Bytes::from_static(body.as_bytes()), &Told::default()), None, "{body}");
        }
        assert!(readable(Bytes::from_static(b"{}"), &Told::default()).is_some());
    }
}
