//! Which of a model's providers answers a call.

use std::sync::Arc;

use axum::http::Response;
use domain::calls::Outcome;
use tokio::time::{Instant, timeout_at};

use super::{
    Gateway,
    call::Call,
    provider::{Provider, ProviderBody, ProviderError, ProviderRequest},
    refusal::Refusal,
    running::Cut,
};

/// A provider that gave no answer.
pub(super) struct Unanswered {
    pub(super) provider: Arc<str>,
    pub(super) refusal: Refusal,
    pub(super) outcome: Outcome,
    /// Whether it saw nothing of the call, and so can't charge for it.
    pub(super) free: bool,
}

/// Asks the model's providers in order, as long as they can't be reached: one that was reached may have done the work.
pub(super) async fn ask(
    gateway: &Gateway,
    call: &Call,
    request: ProviderRequest,
) -> Result<(Arc<Provider>, Response<ProviderBody>), Unanswered> {
    let limits = &gateway.limits;
    let deadline = call.arrival.instant + limits.total_timeout;
    let mut failed =
        Unanswered { provider: Arc::default(), refusal: Refusal::internal(), outcome: Outcome::Failed, free: true };
    for provider in &call.offer.providers {
        let asked = provider.ask(request.again());
        let in_time = timeout_at(deadline.min(Instant::now() + limits.first_byte_timeout), asked);
        let (refusal, free) = match call.lifeline.hold(in_time).await {
            Ok(Ok(Ok(response))) => return Ok((Arc::clone(provider), response)),
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
            Err(Cut) => {
                failed = Unanswered {
                    provider: Arc::clone(&provider.name),
                    refusal: Refusal::cut(),
                    outcome: Outcome::Interrupted,
                    free: false,
                };
                break;
            }
        };
        tracing::warn!(call = %call.arrival.id, provider = %provider.name, code = refusal.code, "no answer");
        failed = Unanswered { provider: Arc::clone(&provider.name), refusal, outcome: Outcome::Failed, free };
        if !free {
            break;
        }
    }
    Err(failed)
}
