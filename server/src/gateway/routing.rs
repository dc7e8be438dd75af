//! Which of a model's providers answers a call, and what is tried when one doesn't.
//!
//! The rule: as long as nothing of an answer was passed on, a call is tried
//! again where the provider wasn't reached, refused it (429), or said that it
//! failed (5xx). A provider that was reached and then broke off or didn't begin
//! in time may have done the work, and charge for it: that call isn't tried
//! again. Neither is one that failed with a 5xx and would leave something
//! lasting behind, such as a file or a job.
//!
//! Providers that fail again and again aren't asked at all for a while: see
//! [`breaker`].

mod order;
mod schedule;
mod verdict;

use std::{sync::Arc, time::Duration};

use axum::http::{Response, StatusCode};
use domain::calls::Outcome;
use tokio::time::{Instant, sleep, timeout_at};

use self::{schedule::Schedule, verdict::Next};
use super::breaker::{Change, Pass, Policy};
use super::{
    Gateway,
    call::Call,
    provider::{Provider, ProviderBody, ProviderError, ProviderRequest},
    running::Cut,
};
use crate::v1::error::Refusal;

/// Anthropic's status of a provider that has too much to do.
const OVERLOADED: u16 = 529;

/// A provider that gave no answer.
pub(super) struct Unanswered {
    pub(super) provider: Arc<str>,
    pub(super) refusal: Refusal,
    pub(super) outcome: Outcome,
    /// Whether it saw nothing of the call, and so can't charge for it.
    pub(super) free: bool,
}

/// What came of asking a provider.
type Attempt = Result<(Arc<Provider>, Response<ProviderBody>), Unanswered>;

/// Asks the model's providers, by the rule above, until one of them answers or nothing is left to try.
pub(super) async fn ask(gateway: &Gateway, call: &Call, request: ProviderRequest) -> Attempt {
    let limits = gateway.limits();
    let deadline = call.arrival.complete + limits.total_timeout;
    let providers = &call.offer.providers;
    let repeatable = verdict::repeatable(request.endpoint);
    let mut schedule = Schedule::new(order::drawn(&call.offer.providers_weights()), limits.attempts, Instant::now());
    let mut last = None;
    let mut shut = None;
    while let Some((place, wait)) = schedule.next(Instant::now()) {
        let provider = &providers[place];
        if Instant::now() + wait >= deadline {
            break;
        }
        if !wait.is_zero() && call.lifeline.hold(sleep(wait)).await.is_err() {
            return Err(cut(provider));
        }
        let pass = match provider.breaker.admit(Policy::from(&limits), Instant::now()) {
            Ok(pass) => pass,
            Err(opens_in) => {
                gateway.metrics().attempted(&provider.name, "not_asked");
                schedule.skip(place);
                shut.get_or_insert((provider, opens_in));
                continue;
            }
        };
        // An answer that isn't the call's is given up before another is asked for.
        drop(last.take());
        let (attempt, next) = once(gateway, call, provider, &request, deadline, repeatable, pass).await;
        schedule.asked(place, next, Instant::now());
        if next == Next::Nothing {
            return attempt;
        }
        last = Some(attempt);
    }
    match (last, shut) {
        (Some(last), _) => last,
        (None, Some((provider, opens_in))) => Err(not_asked(provider, opens_in)),
        (None, None) => {
            let refusal = Refusal::upstream_timeout("The call's time was over before a provider could be asked.");
            Err(unanswered(&Arc::default(), refusal, true))
        }
    }
}

/// Asks one provider once; says what may be tried after it.
async fn once(
    gateway: &Gateway,
    call: &Call,
    provider: &Arc<Provider>,
    request: &ProviderRequest,
    deadline: Instant,
    repeatable: bool,
    pass: Pass<'_>,
) -> (Attempt, Next) {
    call.timing.asked();
    let secrets = gateway.secrets();
    let asked = provider.ask(request.again(), &secrets);
    let in_time = timeout_at(deadline.min(Instant::now() + provider.timeouts.first_byte), asked);
    let (refusal, free) = match call.lifeline.hold(in_time).await {
        Ok(Ok(Ok(response))) => {
            let next = verdict::of_answer(response.status(), response.headers(), repeatable);
            settle(provider, pass, response.status());
            gateway.metrics().attempted(&provider.name, result(response.status()));
            if next != Next::Nothing {
                tracing::warn!(provider = %provider.name, status = response.status().as_u16(), "the provider failed");
            }
            return (Ok((Arc::clone(provider), response)), next);
        }
        Ok(Ok(Err(ProviderError::Unreached { timed_out: true }))) => {
            (Refusal::upstream_timeout("The provider didn't accept a connection in time."), true)
        }
        Ok(Ok(Err(ProviderError::Unreached { timed_out: false }))) => {
            (Refusal::upstream_error("The provider can't be reached."), true)
        }
        Ok(Ok(Err(ProviderError::Broken))) => {
            (Refusal::upstream_error("The provider broke off the connection without an answer."), false)
        }
        Ok(Err(_)) => (Refusal::upstream_timeout("The provider didn't begin to answer in time."), false),
        Err(Cut) => return (Err(cut(provider)), Next::Nothing),
    };
    told(provider, pass.failed(Instant::now()));
    gateway.metrics().attempted(&provider.name, if free { "unreached" } else { "no_answer" });
    tracing::warn!(provider = %provider.name, code = refusal.code, "no answer");
    // One that wasn't reached has seen nothing: whatever was asked may be asked again.
    let next = if free { Next::AnyAfter(None) } else { Next::Nothing };
    (Err(unanswered(&provider.name, refusal, free)), next)
}

/// Tells the breaker what an answer says of the provider: that it works, that it doesn't, or nothing.
fn settle(provider: &Provider, pass: Pass<'_>, status: StatusCode) {
    match status {
        // It works, and has much to do. A 503 may say the same, or that nothing works behind a proxy.
        StatusCode::TOO_MANY_REQUESTS => {}
        status if status.as_u16() == OVERLOADED => {}
        // Whoever is asked with a key that isn't taken, or at an address that it has left, might as well be down.
        StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            told(provider, pass.failed(Instant::now()));
        }
        status if status.is_redirection() => told(provider, pass.failed(Instant::now())),
        status if status.is_server_error() => told(provider, pass.failed(Instant::now())),
        _ => told(provider, pass.succeeded()),
    }
}

/// What an answer is called in the metrics.
fn result(status: StatusCode) -> &'static str {
    match status {
        StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
        status if status.is_server_error() => "server_error",
        status if status.is_success() => "answered",
        _ => "client_error",
    }
}

fn told(provider: &Provider, change: Change) {
    match change {
        Change::None => {}
        Change::Opened => tracing::warn!(provider = %provider.name, "too many failures: it isn't asked for a while"),
        Change::Closed => tracing::info!(provider = %provider.name, "it answers again"),
    }
}

fn unanswered(provider: &Arc<str>, refusal: Refusal, free: bool) -> Unanswered {
    Unanswered { provider: Arc::clone(provider), refusal, outcome: Outcome::Failed, free }
}

/// The key leaked while the call ran.
fn cut(provider: &Provider) -> Unanswered {
    Unanswered { outcome: Outcome::Interrupted, ..unanswered(&provider.name, Refusal::cut(), false) }
}

/// Nobody could be asked, since all had failed too often.
fn not_asked(provider: &Provider, opens_in: Duration) -> Unanswered {
    let seconds = opens_in.as_secs() + 1;
    unanswered(&provider.name, Refusal::upstream_resting(seconds), true)
}
