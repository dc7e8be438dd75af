//! Whole answers: read, recorded, then passed on as they are.

use std::{borrow::Cow, sync::Arc};

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use domain::calls::Outcome;

use super::{
    Gateway,
    call::{Call, End},
    collect::{CollectError, Within, collect},
    forward::Reply,
    headers,
    provider::{Provider, ProviderBody},
    refusal::Refusal,
    running::Cut,
    usage::Reported,
};

/// Largest answer that isn't streamed, in bytes.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Passes on an answer, when what it used is stored: one that can't be stored isn't given.
pub(super) async fn relay(
    gateway: &Gateway,
    call: Call,
    provider: Arc<Provider>,
    response: Response<ProviderBody>,
    reply: Reply,
) {
    let (parts, mut body) = response.into_parts();
    let limits = &gateway.limits;
    let within = Within {
        bytes: LARGEST_ANSWER,
        idle: limits.idle_timeout,
        deadline: call.arrival.instant + limits.total_timeout,
    };
    let collected = match call.lifeline.hold(collect(&mut body, within)).await {
        Ok(collected) => collected.map_err(|error| match error {
            CollectError::TooLarge => Refusal::upstream_error("The provider's answer is too large."),
            CollectError::TooSlow => Refusal::upstream_timeout("The provider didn't finish its answer in time."),
            CollectError::Broken => Refusal::upstream_error("The provider broke off its answer."),
        }),
        Err(Cut) => Err(Refusal::cut()),
    };
    let bytes = match collected {
        Ok(bytes) => bytes,
        Err(refusal) => {
            let end = End {
                outcome: Outcome::Interrupted,
                error_code: Cow::Borrowed(refusal.code),
                ..failed(&provider, refusal.status)
            };
            return record_then_refuse(gateway, &call, end, &refusal, reply).await;
        }
    };
    let reported = Reported::read(&bytes);
    let own_words = in_own_words(&provider, parts.status);
    let succeeded = parts.status.is_success();
    let error_code = match (&own_words, reported.error_code) {
        _ if succeeded => Cow::Borrowed(""),
        (Some(refusal), _) => Cow::Borrowed(refusal.code),
        (None, Some(code)) => Cow::Owned(code),
        (None, None) => Cow::Borrowed("upstream_error"),
    };
    let end = End {
        outcome: match (succeeded, reply.is_closed()) {
            (false, _) => Outcome::Failed,
            (true, false) => Outcome::Succeeded,
            (true, true) => Outcome::Interrupted,
        },
        used: reported.used,
        // A provider that answers with an error charges nothing for it, unless it says so.
        free: !succeeded,
        error_code,
        ..failed(&provider, own_words.as_ref().map_or(parts.status, |refusal| refusal.status))
    };
    if let Some(refusal) = own_words {
        return record_then_refuse(gateway, &call, end, &refusal, reply).await;
    }
    if gateway.meter.record(call.record(end)).await.is_err() {
        let _ = reply.send(Refusal::unavailable().response());
        return;
    }
    let mut answer = Response::new(Body::from(bytes));
    *answer.status_mut() = parts.status;
    *answer.headers_mut() = headers::for_client(parts.headers);
    // Where the client has gone, the call is recorded and that was all.
    let _ = reply.send(answer);
}

/// What the client is told instead of an answer that isn't about its request, but about the provider.
fn in_own_words(provider: &Provider, status: StatusCode) -> Option<Refusal> {
    match status {
        // It is the gateway's key that isn't right, not the client's; and the answer may quote from it.
        StatusCode::UNAUTHORIZED => {
            tracing::error!(provider = %provider.name, "the provider refuses its key");
            Some(Refusal::upstream_error("The provider refuses the gateway's own key. Tell whoever runs it."))
        }
        StatusCode::GATEWAY_TIMEOUT => Some(Refusal::upstream_timeout("The provider says that it took too long.")),
        status if status.is_server_error() => {
            tracing::warn!(provider = %provider.name, %status, "the provider failed");
            Some(Refusal::upstream_error(format!("The provider failed: it answered {}.", status.as_u16())))
        }
        _ => None,
    }
}

/// Records how a call ended that has no answer to pass on, and tells the client.
pub(super) async fn record_then_refuse(gateway: &Gateway, call: &Call, end: End, refusal: &Refusal, reply: Reply) {
    let stored = gateway.meter.record(call.record(end)).await;
    let response = if stored.is_ok() { refusal.response() } else { Refusal::unavailable().response() };
    // Where the client has gone, nobody is told.
    let _ = reply.send(response);
}

/// A call that `provider` was asked for in vain.
fn failed(provider: &Provider, status: StatusCode) -> End {
    End {
        provider: Arc::clone(&provider.name),
        status: status.as_u16(),
        outcome: Outcome::Failed,
        streamed: false,
        used: None,
        free: false,
        first_byte_us: None,
        error_code: Cow::Borrowed(""),
    }
}
