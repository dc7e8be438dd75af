//! Whole answers: read, recorded, then passed on as they are.

use std::{borrow::Cow, sync::Arc};

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use domain::calls::{Measured, Outcome};

use super::{
    Gateway,
    call::{Call, End},
    collect::{CollectError, Within, collect},
    estimate::{Said, estimate},
    headers,
    limits::Reply,
    objects,
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
    call: &mut Call,
    provider: Arc<Provider>,
    response: Response<ProviderBody>,
    reply: Reply,
) {
    let (parts, mut body) = response.into_parts();
    let limits = gateway.limits_for(&provider);
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
    call.timing.answered();
    let bytes = match collected {
        Ok(bytes) => bytes,
        Err(refusal) => {
            let end = End {
                outcome: Outcome::Interrupted,
                error_code: Cow::Borrowed(refusal.code),
                ..failed(&provider, refusal.status)
            };
            return record_then_refuse(gateway, call, end, &refusal, reply).await;
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
    let used = match reported.reports.quantities(call.arrival.endpoint.dialect, call.arrival.endpoint.counts) {
        Some(used) => Some((Measured::Reported, used)),
        _ if succeeded && call.is_estimated() => {
            let mut said = Said::default();
            said.take(&bytes).await;
            Some((Measured::Estimated, estimate(std::mem::take(&mut call.memo.prompt), said).await))
        }
        _ => None,
    };
    let noted = objects::note(gateway, call, &provider, parts.status, &bytes).await;
    if let Err(error) = &noted {
        tracing::error!(call = %call.arrival.id, %error, "what a provider keeps can't be remembered");
    }
    let end = End {
        outcome: match (succeeded, reply.is_closed()) {
            (false, _) => Outcome::Failed,
            (true, false) => Outcome::Succeeded,
            (true, true) => Outcome::Interrupted,
        },
        used,
        // A provider that answers with an error charges nothing for it, unless it says so.
        free: !succeeded,
        error_code,
        ..failed(&provider, own_words.as_ref().map_or(parts.status, |refusal| refusal.status))
    };
    if let Some(refusal) = own_words {
        return record_then_refuse(gateway, call, end, &refusal, reply).await;
    }
    if gateway.record(call, end).await.is_err() || (noted.is_err() && call.must_be_noted()) {
        let _ = reply.send(call.arrival.refusal(&Refusal::unavailable()));
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
    let unavailable = Refusal::unavailable();
    let stored = gateway.record(call, end).await;
    let response = call.arrival.refusal(if stored.is_ok() { refusal } else { &unavailable });
    // Where the client has gone, nobody is told.
    let _ = reply.send(response);
}

/// A call that `provider` was asked for in vain.
pub(super) fn failed(provider: &Provider, status: StatusCode) -> End {
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
