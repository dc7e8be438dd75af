//! Routes a call to a model's providers, and retries it.
//!
//! The rule: until an answer is relayed, a call is retried if the provider couldn't be reached, rejected it
//! (429), or failed (5xx). A provider that was reached and then broke off or timed out may have done the
//! work, and charge for it: that call isn't retried. Neither is one that failed with a 5xx and could have
//! created something lasting, such as a file or a job.
//!
//! Providers that fail repeatedly aren't called for a while: see [`breaker`](super::breaker).

mod order;
mod schedule;
mod verdict;

use std::{sync::Arc, time::Duration};

use axum::http::{Response, StatusCode};
use domain::calls::{CallAttempt, CallAttemptOutcome, Outcome};
use tokio::time::{Instant, sleep, timeout_at};

use self::{schedule::Schedule, verdict::NextAttempt};
use super::{
    Gateway,
    breaker::{BreakerChange, BreakerPermit, BreakerPolicy},
    call::GatewayCall,
    provider::{Provider, ProviderBody, ProviderError, ProviderRequest},
    running::KeyLeaked,
};
use crate::v1::error::V1Error;

/// Anthropic's status of an overloaded provider.
const OVERLOADED: u16 = 529;

/// The failure to get an answer from a provider.
pub(super) struct NoAnswer {
    pub(super) provider: Arc<str>,
    pub(super) refusal: V1Error,
    pub(super) outcome: Outcome,
    /// Whether the provider saw nothing of the call, and so can't charge for it.
    pub(super) free: bool,
}

/// The result of an attempt with a provider.
type AttemptResult = Result<(Arc<Provider>, Response<ProviderBody>), NoAnswer>;

/// Sends a request to the model's providers, by the rule above, until one answers or nothing is left to try.
pub(super) async fn send_to_providers(
    gateway: &Gateway,
    call: &GatewayCall,
    request: ProviderRequest,
) -> AttemptResult {
    let limits = gateway.limits();
    let deadline = call.arrival.received_at + limits.total_timeout;
    let providers = &call.offer.providers;
    let repeatable = verdict::is_repeatable(request.endpoint);
    let mut schedule = Schedule::new(order::draw(&call.offer.provider_weights()), limits.attempts, Instant::now());
    let mut last = None;
    let mut open_breaker = None;
    while let Some((index, wait)) = schedule.next(Instant::now()) {
        let provider = &providers[index];
        if Instant::now() + wait >= deadline {
            break;
        }
        if !wait.is_zero() && call.guard.run(sleep(wait)).await.is_err() {
            return Err(interrupted(provider));
        }
        let permit = match provider.breaker.admit(BreakerPolicy::from(&limits), Instant::now()) {
            Ok(permit) => permit,
            Err(retry_in) => {
                gateway.metrics().record_attempt(&provider.name, "not_asked");
                let now = call.arrival.elapsed_us();
                log_attempt(call, provider, now, CallAttemptOutcome::Skipped, None);
                schedule.skip(index);
                open_breaker.get_or_insert((provider, retry_in));
                continue;
            }
        };
        // A failed answer is dropped before the next attempt.
        drop(last.take());
        let (attempt, next) = try_provider(gateway, call, provider, &request, deadline, repeatable, permit).await;
        schedule.record_attempt(index, next, Instant::now());
        if next == NextAttempt::None {
            return attempt;
        }
        last = Some(attempt);
    }
    match (last, open_breaker) {
        (Some(last), _) => last,
        (None, Some((provider, retry_in))) => Err(all_breakers_open(provider, retry_in)),
        (None, None) => {
            let refusal = V1Error::upstream_timeout("The request timed out before a provider could be called.");
            Err(no_answer(&Arc::default(), refusal, true))
        }
    }
}

/// Sends the request to one provider once. Returns the result, and what may be tried next.
async fn try_provider(
    gateway: &Gateway,
    call: &GatewayCall,
    provider: &Arc<Provider>,
    request: &ProviderRequest,
    deadline: Instant,
    repeatable: bool,
    permit: BreakerPermit<'_>,
) -> (AttemptResult, NextAttempt) {
    call.timing.mark_provider_asked();
    let begin = call.arrival.elapsed_us();
    let log = |outcome, status| log_attempt(call, provider, begin, outcome, status);
    let secrets = gateway.secrets();
    let sent = provider.send(request.duplicate(), &secrets);
    let in_time = timeout_at(deadline.min(Instant::now() + provider.timeouts.first_byte), sent);
    let (refusal, free) = match call.guard.run(in_time).await {
        Ok(Ok(Ok(response))) => {
            log(CallAttemptOutcome::Answered, Some(response.status()));
            let next = verdict::after_answer(response.status(), response.headers(), repeatable);
            report_to_breaker(provider, permit, response.status());
            gateway.metrics().record_attempt(&provider.name, metric_label(response.status()));
            if next != NextAttempt::None {
                tracing::warn!(provider = %provider.name, status = response.status().as_u16(), "the provider failed");
            }
            return (Ok((Arc::clone(provider), response)), next);
        }
        Ok(Ok(Err(ProviderError::Unreached { timed_out: true }))) => {
            (V1Error::upstream_timeout("The provider didn't accept a connection in time."), true)
        }
        Ok(Ok(Err(ProviderError::Unreached { timed_out: false }))) => {
            (V1Error::upstream_error("The provider can't be reached."), true)
        }
        Ok(Ok(Err(ProviderError::Broken))) => {
            (V1Error::upstream_error("The provider closed the connection without a response."), false)
        }
        Ok(Err(_)) => (V1Error::upstream_timeout("The provider didn't start its response in time."), false),
        Err(KeyLeaked) => {
            log(CallAttemptOutcome::Interrupted, None);
            return (Err(interrupted(provider)), NextAttempt::None);
        }
    };
    log(if free { CallAttemptOutcome::Unreached } else { CallAttemptOutcome::Silent }, None);
    log_breaker_change(provider, permit.record_failure(Instant::now()));
    gateway.metrics().record_attempt(&provider.name, if free { "unreached" } else { "no_answer" });
    tracing::warn!(provider = %provider.name, code = refusal.code, "no answer");
    // A provider that wasn't reached has done nothing, so that any request may be repeated.
    let next = if free { NextAttempt::AnyAfter(None) } else { NextAttempt::None };
    (Err(no_answer(&provider.name, refusal, free)), next)
}

/// Adds an attempt, which began so many microseconds after the call and is over now, to the call's log.
fn log_attempt(
    call: &GatewayCall,
    provider: &Provider,
    begin_us: i64,
    outcome: CallAttemptOutcome,
    status: Option<StatusCode>,
) {
    call.attempts.add(CallAttempt {
        provider: provider.name.to_string(),
        outcome,
        status: status.map(|status| status.as_u16()),
        begin_us,
        duration_us: (call.arrival.elapsed_us() - begin_us).max(0),
    });
}

/// Reports an answer to the breaker: as a success, as a failure, or not at all.
fn report_to_breaker(provider: &Provider, permit: BreakerPermit<'_>, status: StatusCode) {
    match status {
        // The provider works, but is busy. A 503 may mean that as well, or that the
        // provider behind a proxy is down.
        StatusCode::TOO_MANY_REQUESTS => {}
        status if status.as_u16() == OVERLOADED => {}
        // A provider that doesn't accept the key, or has moved, is as good as down.
        StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            log_breaker_change(provider, permit.record_failure(Instant::now()));
        }
        status if status.is_redirection() => log_breaker_change(provider, permit.record_failure(Instant::now())),
        status if status.is_server_error() => log_breaker_change(provider, permit.record_failure(Instant::now())),
        _ => log_breaker_change(provider, permit.record_success()),
    }
}

/// The label of an answer in the metrics.
fn metric_label(status: StatusCode) -> &'static str {
    match status {
        StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
        status if status.is_server_error() => "server_error",
        status if status.is_success() => "answered",
        _ => "client_error",
    }
}

fn log_breaker_change(provider: &Provider, change: BreakerChange) {
    match change {
        BreakerChange::None => {}
        BreakerChange::Opened => {
            tracing::warn!(provider = %provider.name, "too many failures: it isn't asked for a while")
        }
        BreakerChange::Closed => tracing::info!(provider = %provider.name, "it answers again"),
    }
}

fn no_answer(provider: &Arc<str>, refusal: V1Error, free: bool) -> NoAnswer {
    NoAnswer { provider: Arc::clone(provider), refusal, outcome: Outcome::Failed, free }
}

/// The failure of a call whose key leaked.
fn interrupted(provider: &Provider) -> NoAnswer {
    NoAnswer { outcome: Outcome::Interrupted, ..no_answer(&provider.name, V1Error::leaked_during_call(), false) }
}

/// The failure of a call whose providers have all failed too often.
fn all_breakers_open(provider: &Provider, retry_in: Duration) -> NoAnswer {
    let seconds = retry_in.as_secs() + 1;
    no_answer(&provider.name, V1Error::upstream_resting(seconds), true)
}
