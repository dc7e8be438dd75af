//! Decides how an answer is treated, regardless of its status line.

use std::borrow::Cow;

use axum::http::{StatusCode, response::Parts};
use domain::calls::Outcome;

use super::own_errors;
use crate::{
    gateway::answers::{
        failure::FailureForm,
        signs::{code_in, failure_of},
    },
    gateway::{
        call::GatewayCall,
        provider::{AnswerHeaders, Provider},
    },
    v1::error::V1Error,
};

/// The treatment of one answer.
pub(super) struct Verdict {
    /// The status for the client.
    pub(super) status: StatusCode,
    /// The gateway's own error that replaces the answer.
    pub(super) own_error: Option<V1Error>,
    /// The outcome, as far as the provider determines it.
    pub(super) outcome: Outcome,
    pub(super) error_code: Cow<'static, str>,
    /// Whether the call costs nothing unless usage is reported.
    pub(super) free: bool,
    /// Whether the answer shows the state of provider objects.
    pub(super) shows_object_state: bool,
}

impl Verdict {
    /// Judges an answer with these `parts` that was read as `json`. `headers_error` is the error that its
    /// status and headers already imply.
    ///
    /// An error within a success that stands in place of the answer is sent with the status that it names, or
    /// as a provider's failure if it names none; an error within an answer that its client understands is
    /// relayed. Both are failed calls, and cost nothing unless usage is reported. A truncated answer is
    /// interrupted, and its cost isn't known.
    pub(super) fn of(
        call: &GatewayCall,
        provider: &Provider,
        parts: &Parts,
        answer_headers: &AnswerHeaders,
        headers_error: Option<V1Error>,
        json: &[u8],
    ) -> Self {
        let status = parts.status;
        if headers_error.is_some() || !status.is_success() {
            let provider_code = code_in(json);
            let own_error = match status.is_client_error() {
                true => own_errors::account_error(provider, json).or(headers_error),
                false => headers_error,
            };
            let error_code = code(own_error.as_ref(), provider_code);
            let free = !status.is_success();
            return Self { status, own_error, outcome: Outcome::Failed, error_code, free, shows_object_state: true };
        }
        let expected = call.arrival.endpoint.expected(call.context.background);
        let Some(failure) = failure_of(json, expected) else {
            let (outcome, error_code) = (Outcome::Succeeded, Cow::Borrowed(""));
            return Self { status, own_error: None, outcome, error_code, free: false, shows_object_state: true };
        };
        let (status, own_error) = own_errors::replacement(call, provider, &failure, parts, answer_headers, json);
        let is_truncated = failure.form == FailureForm::Half;
        Self {
            status,
            outcome: if is_truncated { Outcome::Interrupted } else { Outcome::Failed },
            error_code: code(own_error.as_ref(), Some(failure.code)),
            own_error,
            free: !matches!(failure.form, FailureForm::Half | FailureForm::Unasked),
            shows_object_state: failure.form == FailureForm::Within,
        }
    }

    /// Whether the client gets the provider's own code for being busy, which its library knows.
    pub(super) fn is_busy(&self) -> bool {
        self.own_error.as_ref().is_some_and(V1Error::is_provider_busy)
    }
}

/// Returns the error code for the log. It is our own error's code, except that a busy provider's code is
/// kept, since clients know those.
fn code(own_error: Option<&V1Error>, provider_code: Option<String>) -> Cow<'static, str> {
    match (own_error, provider_code) {
        (Some(refusal), _) if !refusal.is_provider_busy() => Cow::Borrowed(refusal.code),
        (_, Some(code)) => Cow::Owned(code),
        (Some(refusal), None) => Cow::Borrowed(refusal.code),
        (None, None) => Cow::Borrowed("upstream_error"),
    }
}
