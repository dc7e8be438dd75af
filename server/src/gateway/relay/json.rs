//! Relays answers that aren't streamed, most of them JSON: reads one to its end, records the call, then sends the
//! answer unchanged.

mod own_errors;
mod verdict;

use std::{borrow::Cow, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE, response::Parts},
};
use bytes::Bytes;
use domain::{
    calls::{CountSource, Outcome},
    models::Service,
};

use self::verdict::Verdict;
use super::shape::PeekedBody;
use crate::{
    gateway::{
        Gateway,
        budget::BudgetShare,
        call::{CallEnd, GatewayCall},
        collect::{CollectError, CollectLimits, MAX_ANSWER_BYTES, collect_into},
        estimate::{OutputCounter, complete, estimate},
        headers,
        limits::AnswerSender,
        provider::{AnswerHeaders, Provider, account},
        provider_objects,
        running::KeyLeaked,
        usage::ReportedUsage,
    },
    v1::error::V1Error,
};

/// Relays an answer once its usage is stored; if that fails, the client gets an error instead.
pub(in crate::gateway) async fn relay(
    gateway: &Gateway,
    call: &mut GatewayCall,
    provider: Arc<Provider>,
    response: Response<PeekedBody>,
    reply: AnswerSender,
) {
    let (mut parts, mut body) = response.into_parts();
    let answer_headers = AnswerHeaders::of(&parts.extensions);
    let headers_error = own_errors::own_error(call, &provider, parts.status, &parts.headers, &answer_headers);
    let is_read = own_errors::is_body_read(parts.status, headers_error.as_ref());
    let mut share = gateway.memory.empty_share((&*call.key).into());
    let bytes = match read_body(gateway, call, &provider, &mut body, is_read, &mut share).await {
        // Fine-tuning jobs name the account that they belong to.
        Ok(bytes) if call.arrival.endpoint.service == Service::FineTuning => {
            account::without_names(bytes, &answer_headers.account)
        }
        Ok(bytes) => bytes,
        Err(refusal) => return record_broken(gateway, call, &provider, &refusal, reply).await,
    };
    let verdict = Verdict::of(call, &provider, &parts, &answer_headers, headers_error, &bytes);
    let (has_succeeded, has_failed) = (verdict.outcome == Outcome::Succeeded, verdict.outcome == Outcome::Failed);
    let reports = ReportedUsage::read(&bytes).reports;
    let used = match reports.quantities(call.arrival.endpoint.dialect, call.arrival.endpoint.metered_unit) {
        None if has_succeeded && call.is_estimated() => {
            let mut output = OutputCounter::default();
            output.take(&bytes).await;
            let prompt = std::mem::take(&mut call.context.prompt);
            let used = match reports.input_quantities(call.arrival.endpoint.dialect) {
                Some(input) => Some(complete(input, output, &call.context.bounds).await),
                None => estimate(prompt, output, &call.context.bounds).await,
            };
            used.map(|used| (CountSource::Estimated, used))
        }
        used => used,
    };
    // An error with the status of a success doesn't show the state of provider objects.
    let status = if verdict.shows_object_state { verdict.status } else { StatusCode::BAD_GATEWAY };
    let remembered = provider_objects::remember_answer(gateway, call, &provider, status, &bytes).await;
    if let Err(error) = &remembered {
        tracing::error!(call = %call.arrival.id, %error, "what a provider keeps can't be remembered");
    }
    let own_response = verdict.own_error.as_ref().map(|refusal| {
        let mut answer = call.arrival.error_response(refusal);
        if verdict.is_busy() {
            answer = call.arrival.error_response_with_code(refusal, &verdict.error_code);
            own_errors::set_retry_after(answer.headers_mut(), &parts.headers);
        }
        answer
    });
    let end = CallEnd {
        outcome: if has_succeeded && reply.is_closed() { Outcome::Interrupted } else { verdict.outcome },
        used,
        // A provider charges nothing for an error, unless it reports usage.
        free: verdict.free,
        error_code: verdict.error_code,
        ..failed_end(&provider, own_response.as_ref().map_or(verdict.status, Response::status))
    };
    if gateway.record(call, end).await.is_err() || (remembered.is_err() && call.must_be_remembered()) {
        let _ = reply.send(call.arrival.error_response(&V1Error::unavailable()));
        return;
    }
    parts.status = verdict.status;
    let answer = match own_response {
        Some(answer) => answer,
        // The bytes count toward the memory budget until the client has read them.
        None => {
            // Errors are sanitized regardless of their status.
            let bytes = if has_failed { account::without_names(bytes, &answer_headers.account) } else { bytes };
            client_response(call, parts, share.until_dropped(bytes), &answer_headers)
        }
    };
    // If the client has disconnected, the recorded call is all that remains.
    let _ = reply.send(answer);
}

/// Builds the client's response from an answer.
fn client_response(call: &GatewayCall, parts: Parts, bytes: Bytes, answer_headers: &AnswerHeaders) -> Response<Body> {
    let mut headers = parts.headers;
    let bytes = if parts.status.is_success() {
        // The body has been read as JSON, so it is labeled so.
        if !bytes.is_empty() && !headers::is_json(&headers) {
            headers.insert(CONTENT_TYPE, JSON);
        }
        bytes
    } else {
        let Some(bytes) = own_errors::sanitize_error_body(bytes, answer_headers) else {
            return call.arrival.error_response(&V1Error::upstream_refused(parts.status));
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

/// Reads an answer to its end; returns an empty body if it isn't to be read.
async fn read_body(
    gateway: &Gateway,
    call: &GatewayCall,
    provider: &Provider,
    body: &mut PeekedBody,
    is_read: bool,
    share: &mut BudgetShare,
) -> Result<Bytes, V1Error> {
    if !is_read {
        return Ok(Bytes::new());
    }
    let limits = gateway.limits_for(provider);
    let collect_limits = CollectLimits {
        bytes: MAX_ANSWER_BYTES,
        idle: limits.idle_timeout,
        deadline: call.arrival.received_at + limits.total_timeout,
    };
    let collected = match call.guard.run(collect_into(share, body, collect_limits)).await {
        Ok(collected) => collected.map_err(|error| match error {
            CollectError::NoRoom(full) => V1Error::from(full),
            CollectError::TooLarge => V1Error::upstream_error("The provider's response is too large."),
            CollectError::TooSlow => V1Error::upstream_timeout("The provider didn't finish its response in time."),
            CollectError::Broken => V1Error::upstream_error("The provider ended its response early."),
        }),
        Err(KeyLeaked) => Err(V1Error::leaked_during_call()),
    };
    call.timing.answered();
    collected
}

/// Records a call with an incomplete answer, then sends the error to the client.
pub(in crate::gateway) async fn record_broken(
    gateway: &Gateway,
    call: &GatewayCall,
    provider: &Provider,
    refusal: &V1Error,
    reply: AnswerSender,
) {
    let end = CallEnd {
        outcome: Outcome::Interrupted,
        error_code: Cow::Borrowed(refusal.code),
        ..failed_end(provider, refusal.status)
    };
    record_then_refuse(gateway, call, end, refusal, reply).await;
}

/// Records a call without an answer to relay, then sends the error to the client.
pub(in crate::gateway) async fn record_then_refuse(
    gateway: &Gateway,
    call: &GatewayCall,
    end: CallEnd,
    refusal: &V1Error,
    reply: AnswerSender,
) {
    let unavailable = V1Error::unavailable();
    let stored = gateway.record(call, end).await;
    let response = call.arrival.error_response(if stored.is_ok() { refusal } else { &unavailable });
    // A client that has disconnected needs no answer.
    let _ = reply.send(response);
}

/// Builds the end of a failed call to `provider`.
pub(in crate::gateway) fn failed_end(provider: &Provider, status: StatusCode) -> CallEnd {
    CallEnd {
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
