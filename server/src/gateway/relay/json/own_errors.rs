//! Errors that replace a provider's. An error about the client's request is relayed as the provider sent it;
//! any other is about the operator's account or the gateway's configuration, and gets a message of ours.

use axum::http::{HeaderMap, HeaderName, StatusCode, header::RETRY_AFTER, response::Parts};
use bytes::Bytes;
use serde::de::IgnoredAny;

use super::{Provider, V1Error};
use crate::{
    gateway::answers::failure::{Failure, FailureForm},
    gateway::answers::members::Members,
    gateway::{
        call::GatewayCall,
        headers::is_event_stream,
        provider::{AnswerHeaders, account},
    },
};

/// Statuses of errors about the client's request.
const CLIENT_ERROR_STATUSES: [u16; 13] = [400, 404, 405, 408, 409, 410, 413, 414, 415, 416, 422, 424, 451];

/// Providers' codes and types of errors about an account without credit.
const ACCOUNT_CODES: [&str; 7] = [
    "billing_error",
    "billing_hard_limit_reached",
    "billing_not_active",
    "budget_exceeded",
    "exceeded_current_quota_error",
    "insufficient_balance",
    "insufficient_quota",
];
/// Anthropic's message for an account without credit, which has no code of its own.
const ANTHROPIC_ACCOUNT_MESSAGE: &str = "credit balance is too low";

const UNREQUESTED_STREAM: &str = "The provider responded with a stream that wasn't requested.";

/// The provider's headers that say when to retry.
const RETRY_HEADERS: [HeaderName; 3] =
    [RETRY_AFTER, HeaderName::from_static("retry-after-ms"), HeaderName::from_static("x-should-retry")];

/// Returns the error that the client gets in place of an answer with this status, if any.
pub(super) fn own_error(
    call: &GatewayCall,
    provider: &Provider,
    status: StatusCode,
    headers: &HeaderMap,
    answer_headers: &AnswerHeaders,
) -> Option<V1Error> {
    let name = &provider.name;
    let refusal = match status {
        _ if answer_headers.is_encoded => {
            tracing::error!(provider = %name, "the provider compresses its answers, though it is asked not to");
            V1Error::upstream_error("The provider compressed its response although it wasn't asked to.")
        }
        status if status.is_success() && is_event_stream(headers) && !call.context.may_stream => {
            V1Error::upstream_error(UNREQUESTED_STREAM)
        }
        status if status.is_success() || CLIENT_ERROR_STATUSES.contains(&status.as_u16()) => return None,
        // The rejected key is the gateway's, not the client's, and the answer may quote from it.
        StatusCode::UNAUTHORIZED => {
            tracing::error!(provider = %name, "the provider refuses its key");
            V1Error::upstream_error("The provider rejected the gateway's key. Contact the operator.")
        }
        StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            tracing::error!(provider = %name, %status, "the provider refuses this to the gateway");
            let message = format!(
                "The provider rejected the gateway's request with status {}. Contact the operator.",
                status.as_u16()
            );
            V1Error::upstream_error(message)
        }
        StatusCode::TOO_MANY_REQUESTS => V1Error::upstream_busy(),
        status if is_overloaded(status) => {
            tracing::warn!(provider = %name, %status, "the provider is overloaded");
            V1Error::upstream_overloaded(status)
        }
        StatusCode::GATEWAY_TIMEOUT => V1Error::upstream_timeout("The provider reported a timeout."),
        status if status.is_server_error() => {
            tracing::warn!(provider = %name, %status, "the provider failed");
            V1Error::upstream_error(format!("The provider failed with status {}.", status.as_u16()))
        }
        status if status.is_redirection() => {
            tracing::error!(provider = %name, %status, "the provider leads elsewhere: its base_url isn't right");
            let message = format!("The provider responded with a redirect ({}). It isn't followed.", status.as_u16());
            V1Error::upstream_error(message)
        }
        _ => {
            tracing::warn!(provider = %name, %status, "the provider's answer isn't passed on");
            let message = format!("The provider responded with status {}, which isn't passed on.", status.as_u16());
            V1Error::upstream_error(message)
        }
    };
    Some(refusal)
}

/// Returns the status and error for an answer that failed with the status of a success. Without an error,
/// the answer is relayed.
pub(super) fn replacement(
    call: &GatewayCall,
    provider: &Provider,
    failure: &Failure,
    parts: &Parts,
    answer_headers: &AnswerHeaders,
    json: &[u8],
) -> (StatusCode, Option<V1Error>) {
    let upstream_error = |message: String| (StatusCode::BAD_GATEWAY, Some(V1Error::upstream_error(message)));
    let answer_status = parts.status.as_u16();
    tracing::warn!(provider = %provider.name, status = answer_status, code = failure.code, way = ?failure.form, "a success that is none");
    match failure.form {
        FailureForm::Within => (parts.status, None),
        FailureForm::Instead(_) if let Some(refusal) = account_error(provider, json) => {
            (StatusCode::BAD_GATEWAY, Some(refusal))
        }
        FailureForm::Instead(StatusCode::BAD_GATEWAY) => {
            upstream_error(format!("The provider failed: it responded with status {answer_status} and an error."))
        }
        FailureForm::Instead(status) => (status, own_error(call, provider, status, &parts.headers, answer_headers)),
        FailureForm::NoAnswer => {
            upstream_error(format!("The provider responded with status {answer_status} and an invalid body."))
        }
        FailureForm::Half => upstream_error("The provider ended its response early.".to_owned()),
        FailureForm::Unasked => upstream_error(UNREQUESTED_STREAM.to_owned()),
    }
}

/// Whether a status means that a provider is overloaded: 503, or Anthropic's 529.
fn is_overloaded(status: StatusCode) -> bool {
    status == StatusCode::SERVICE_UNAVAILABLE || status.as_u16() == 529
}

/// Returns the error that replaces one about the operator's account, regardless of its status: OpenAI reports
/// a used-up account by a 429 and Anthropic by a 400, and a client would take the account for its own.
///
/// Source: [OpenAI's error codes](https://platform.openai.com/docs/guides/error-codes), Moonshot's,
/// DeepSeek's and LiteLLM's; Anthropic's error differs in its message only.
pub(super) fn account_error(provider: &Provider, json: &[u8]) -> Option<V1Error> {
    let error = Members::of(json)?.nested("error")?;
    let is_code = |name| error.text(name).is_some_and(|code| ACCOUNT_CODES.contains(&&*code));
    // Proxies in front of Anthropic send its message, too.
    let is_anthropics = || error.text("message").is_some_and(|message| message.contains(ANTHROPIC_ACCOUNT_MESSAGE));
    if !is_code("code") && !is_code("type") && !is_anthropics() {
        return None;
    }
    tracing::error!(provider = %provider.name, "the account with the provider is used up");
    Some(V1Error::upstream_unpaid())
}

/// Whether an answer's body is read. The body of a replaced success, or of a status that is no
/// error, may be endless.
pub(super) fn is_body_read(status: StatusCode, refusal: Option<&V1Error>) -> bool {
    refusal.is_none() || status.is_client_error() || status.is_server_error()
}

/// Copies the provider's retry headers to an answer of ours.
pub(super) fn set_retry_after(answer: &mut HeaderMap, headers: &HeaderMap) {
    for name in RETRY_HEADERS {
        if let Some(value) = headers.get(&name) {
            answer.insert(name, value.clone());
        }
    }
}

/// Returns an error's body for the client, without names of the operator's account; `None` if it isn't JSON.
pub(super) fn sanitize_error_body(body: Bytes, answer_headers: &AnswerHeaders) -> Option<Bytes> {
    serde_json::from_slice::<IgnoredAny>(&body).ok()?;
    Some(account::without_names(body, &answer_headers.account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_isnt_json_isnt_read() {
        for body in ["", "<html>", "data: {}\n\n", "{\"a\":"] {
            assert_eq!(
                sanitize_error_body(Bytes::from_static(body.as_bytes()), &AnswerHeaders::default()),
                None,
                "{body}"
            );
        }
        assert!(sanitize_error_body(Bytes::from_static(b"{}"), &AnswerHeaders::default()).is_some());
    }
}
