//! How an answer is taken, whatever its status line says of it.

use std::borrow::Cow;

use axum::http::{StatusCode, response::Parts};
use domain::calls::Outcome;

use super::own_errors;
use crate::gateway::answers::{
    failure::Way,
    signs::{code_in, failure_of},
};
use crate::{
    gateway::{
        call::Call,
        provider::{Provider, Told},
    },
    v1::error::Refusal,
};

pub(super) struct Verdict {
    /// What its client is told of the status.
    pub(super) status: StatusCode,
    /// What its client is told instead of it.
    pub(super) own_words: Option<Refusal>,
    /// As far as it is the provider's doing.
    pub(super) outcome: Outcome,
    pub(super) error_code: Cow<'static, str>,
    /// Whether nobody can have charged anything, as long as no usage was reported.
    pub(super) free: bool,
    /// Whether it says what became of what the provider keeps.
    pub(super) tells: bool,
}

impl Verdict {
    /// Of an answer with these `parts` that was read as `json`. `refused` is what its status and its headers say already.
    ///
    /// The rule for errors within a success: one that stands in place of the answer is told by the status that it names, and as
    /// a provider's failure where it names none; within an answer that its client understands it passes. Both are failed calls,
    /// and cost nothing unless usage is reported. Half an answer is interrupted, and what it costs isn't known.
    pub(super) fn of(
        call: &Call,
        provider: &Provider,
        parts: &Parts,
        told: &Told,
        refused: Option<Refusal>,
        json: &[u8],
    ) -> Self {
        let status = parts.status;
        if refused.is_some() || !status.is_success() {
            let told = code_in(json);
            let refused = match status.is_client_error() {
                true => own_errors::of_the_account(provider, json).or(refused),
                false => refused,
            };
            let error_code = code(refused.as_ref(), told);
            let free = !status.is_success();
            return Self { status, own_words: refused, outcome: Outcome::Failed, error_code, free, tells: true };
        }
        let expected = call.arrival.endpoint.expected(call.memo.background);
        let Some(failure) = failure_of(json, expected) else {
            let (outcome, error_code) = (Outcome::Succeeded, Cow::Borrowed(""));
            return Self { status, own_words: None, outcome, error_code, free: false, tells: true };
        };
        let (status, own_words) = own_errors::instead(call, provider, &failure, parts, told, json);
        let is_half = failure.way == Way::Half;
        Self {
            status,
            outcome: if is_half { Outcome::Interrupted } else { Outcome::Failed },
            error_code: code(own_words.as_ref(), Some(failure.code)),
            own_words,
            free: !matches!(failure.way, Way::Half | Way::Unasked),
            tells: failure.way == Way::Within,
        }
    }

    /// Whether the client is told that the provider is busy, in names that its own library knows.
    pub(super) fn is_busy(&self) -> bool {
        self.own_words.as_ref().is_some_and(Refusal::is_of_a_busy_provider)
    }
}

/// The code that the log keeps: what the client is told. Of what is told in words of ours, only that a provider is busy has
/// names that its clients know.
fn code(own_words: Option<&Refusal>, told: Option<String>) -> Cow<'static, str> {
    match (own_words, told) {
        (Some(refusal), _) if !refusal.is_of_a_busy_provider() => Cow::Borrowed(refusal.code),
        (_, Some(code)) => Cow::Owned(code),
        (Some(refusal), None) => Cow::Borrowed(refusal.code),
        (None, None) => Cow::Borrowed("upstream_error"),
    }
}
