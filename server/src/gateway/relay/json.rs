//! Whole answers: read, recorded, then passed on as they are.

mod own_errors;
mod verdict;

use std::{borrow::Cow, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE, response::Parts},
};
use bytes::Bytes;
use domain::{
    calls::{Measured, Outcome},
    models::Service,
};

use self::verdict::Verdict;
use super::shape::Begun;

use crate::{
    gateway::{
        Gateway,
        budget::Share,
        call::{Call, End},
        collect::{CollectError, Within, collect_into},
        estimate::{Said, complete, estimate},
        headers,
        limits::Reply,
        provider::{Provider, Told, account},
        provider_objects,
        running::Cut,
        usage::Reported,
    },
    v1::error::Refusal,
};

/// Largest answer that isn't streamed, in bytes.
pub(in crate::gateway) const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Passes on an answer, when what it used is stored: one that can't be stored isn't given.
pub(in crate::gateway) async fn relay(
    gateway: &Gateway,
    call: &mut Call,
    provider: Arc<Provider>,
    response: Response<Begun>,
    reply: Reply,
) {
    let (mut parts, mut body) = response.into_parts();
    let told = Told::of(&parts.extensions);
    let refused = own_errors::in_own_words(call, &provider, parts.status, &parts.headers, &told);
    let is_read = own_errors::is_read(parts.status, refused.as_ref());
    let mut share = gateway.memory.nothing((&*call.key).into());
    let bytes = match read(gateway, call, &provider, &mut body, is_read, &mut share).await {
        // Jobs say whose they are.
        Ok(bytes) if call.arrival.endpoint.service == Service::FineTuning => {
            account::without_names(bytes, &told.account)
        }
        Ok(bytes) => bytes,
        Err(refusal) => return record_broken(gateway, call, &provider, &refusal, reply).await,
    };
    let verdict = Verdict::of(call, &provider, &parts, &told, refused, &bytes);
    let (succeeded, is_failed) = (verdict.outcome == Outcome::Succeeded, verdict.outcome == Outcome::Failed);
    let reports = Reported::read(&bytes).reports;
    let used = match reports.quantities(call.arrival.endpoint.dialect, call.arrival.endpoint.counts) {
        None if succeeded && call.is_estimated() => {
            let mut said = Said::default();
            said.take(&bytes).await;
            let used = match reports.begun(call.arrival.endpoint.dialect) {
                Some(begun) => Some(complete(begun, said).await),
                None => estimate(std::mem::take(&mut call.memo.prompt), said).await,
            };
            used.map(|used| (Measured::Estimated, used))
        }
        used => used,
    };
    // Of an error that came as a success nothing is learned about what the provider keeps.
    let status = if verdict.tells { verdict.status } else { StatusCode::BAD_GATEWAY };
    let noted = provider_objects::note(gateway, call, &provider, status, &bytes).await;
    if let Err(error) = &noted {
        tracing::error!(call = %call.arrival.id, %error, "what a provider keeps can't be remembered");
    }
    let own_words = verdict.own_words.as_ref().map(|refusal| {
        let mut answer = call.arrival.refusal(refusal);
        if verdict.is_busy() {
            answer = call.arrival.refusal_called(refusal, &verdict.error_code);
            own_errors::say_when(answer.headers_mut(), &parts.headers);
        }
        answer
    });
    let end = End {
        outcome: if succeeded && reply.is_closed() { Outcome::Interrupted } else { verdict.outcome },
        used,
        // A provider that answers with an error charges nothing for it, unless it says so.
        free: verdict.free,
        error_code: verdict.error_code,
        ..failed(&provider, own_words.as_ref().map_or(verdict.status, Response::status))
    };
    if gateway.record(call, end).await.is_err() || (noted.is_err() && call.must_be_noted()) {
        let _ = reply.send(call.arrival.refusal(&Refusal::unavailable()));
        return;
    }
    parts.status = verdict.status;
    let answer = match own_words {
        Some(answer) => answer,
        // However slowly the client takes it, its memory counts until then.
        None => {
            // An error is one whatever its status.
            let bytes = if is_failed { account::without_names(bytes, &told.account) } else { bytes };
            passed_on(call, parts, share.until_dropped(bytes), &told)
        }
    };
    // Where the client has gone, the call is recorded and that was all.
    let _ = reply.send(answer);
}

/// The answer that a client gets.
fn passed_on(call: &Call, parts: Parts, bytes: Bytes, told: &Told) -> Response<Body> {
    let mut headers = parts.headers;
    let bytes = if parts.status.is_success() {
        // It was read as JSON, whatever it was called.
        if !bytes.is_empty() && !headers::is_json(&headers) {
            headers.insert(CONTENT_TYPE, JSON);
        }
        bytes
    } else {
        let Some(bytes) = own_errors::readable(bytes, told) else {
            return call.arrival.refusal(&Refusal::upstream_refused(parts.status));
        };
        headers.insert(CONTENT_TYPE, JSON);
        bytes
    };
    let mut answer = Response::new(Body::from(bytes));
    *answer.status_mut() = parts.status;
    *answer.headers_mut() = headers;
    answer
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// All of an answer; nothing of one that isn't to be read.
async fn read(
    gateway: &Gateway,
    call: &Call,
    provider: &Provider,
    body: &mut Begun,
    is_read: bool,
    share: &mut Share,
) -> Result<Bytes, Refusal> {
    if !is_read {
        return Ok(Bytes::new());
    }
    let limits = gateway.limits_for(provider);
    let within = Within {
        bytes: LARGEST_ANSWER,
        idle: limits.idle_timeout,
        deadline: call.arrival.complete + limits.total_timeout,
    };
    let collected = match call.lifeline.hold(collect_into(share, body, within)).await {
        Ok(collected) => collected.map_err(|error| match error {
            CollectError::NoRoom(full) => Refusal::no_room(full),
            CollectError::TooLarge => Refusal::upstream_error("The provider's answer is too large."),
            CollectError::TooSlow => Refusal::upstream_timeout("The provider didn't finish its answer in time."),
            CollectError::Broken => Refusal::upstream_error("The provider broke off its answer."),
        }),
        Err(Cut) => Err(Refusal::cut()),
    };
    call.timing.answered();
    collected
}

/// Records a call whose answer couldn't be had to its end, and tells the client.
pub(in crate::gateway) async fn record_broken(
    gateway: &Gateway,
    call: &Call,
    provider: &Provider,
    refusal: &Refusal,
    reply: Reply,
) {
    let end = End {
        outcome: Outcome::Interrupted,
        error_code: Cow::Borrowed(refusal.code),
        ..failed(provider, refusal.status)
    };
    record_then_refuse(gateway, call, end, refusal, reply).await;
}

/// Records how a call ended that has no answer to pass on, and tells the client.
pub(in crate::gateway) async fn record_then_refuse(
    gateway: &Gateway,
    call: &Call,
    end: End,
    refusal: &Refusal,
    reply: Reply,
) {
    let unavailable = Refusal::unavailable();
    let stored = gateway.record(call, end).await;
    let response = call.arrival.refusal(if stored.is_ok() { refusal } else { &unavailable });
    // Where the client has gone, nobody is told.
    let _ = reply.send(response);
}

/// A call that `provider` was asked for in vain.
pub(in crate::gateway) fn failed(provider: &Provider, status: StatusCode) -> End {
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
