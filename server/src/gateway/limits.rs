//! Rate limits of calls, and the headers that report them.
//!
//! The headers are
//! [OpenAI's](https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers). If several
//! limits apply, of the key, its project and its organization, they report the one with the least left.
//!
//! A call counts before its body is read, so that bodies beyond the limit aren't received;
//! its tokens count once known.

mod weight;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
};
use domain::calls::RejectionRule;
use services::{
    api_keys::directory::KeyRecord,
    rate_limits::{LimitExceeded, LimitStatus, LimitSubject, LimitedCall, Permit},
};
use tokio::sync::oneshot;

use super::{Gateway, call_guard::CallGuard, provider::ProviderRequest};
use crate::v1::error::V1Error;

/// Maximum of `retry-after`, in seconds: OpenAI's SDKs retry at once if it is longer than a minute. A call
/// that is a second too early is answered with that second.
const MAX_RETRY_AFTER: u64 = 59;

/// Names of the headers for limit, remaining and reset.
type HeaderNames = [HeaderName; 3];

const CALL_HEADERS: HeaderNames = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];
const TOKEN_HEADERS: HeaderNames = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];

impl Gateway {
    /// Counts a call of `key` against its limits, or rejects it; `None` for a key without limits. Its tokens
    /// are [counted](Self::weigh) once its request is complete.
    pub(crate) fn pace(&self, key: &KeyRecord) -> Result<Option<Permit>, V1Error> {
        let limited = self.limited_calls(key);
        if limited.is_empty() {
            return Ok(None);
        }
        let permit = self.rates.admit(self.services.now(), &limited, 0);
        permit.map(Some).map_err(|exceeded| rate_limit_error(&exceeded))
    }

    /// Counts the tokens of an admitted call, or rejects it.
    pub(super) fn weigh(&self, guard: &mut CallGuard, request: &ProviderRequest) -> Result<(), V1Error> {
        guard.weigh(self.services.now(), || estimate_tokens(request)).map_err(|exceeded| rate_limit_error(&exceeded))
    }

    /// Checks whether a call of `key` would be admitted now.
    pub(crate) fn is_within_limits(&self, key: &KeyRecord) -> Result<(), V1Error> {
        self.pace(key).map(|permit| permit.into_iter().for_each(Permit::cancel))
    }

    /// The status of the limits of `key`: of calls, and of tokens.
    pub(crate) fn limit_status(&self, key: &KeyRecord) -> (Option<LimitStatus>, Option<LimitStatus>) {
        let limited = self.limited_calls(key);
        if limited.is_empty() { (None, None) } else { self.rates.status(self.services.now(), &limited) }
    }

    /// The status of the limits of `key`, as response headers.
    pub(crate) fn limit_headers(&self, key: &KeyRecord) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let (calls, tokens) = self.limit_status(key);
        for (status, [limit, remaining, reset]) in [(calls, CALL_HEADERS), (tokens, TOKEN_HEADERS)] {
            let Some(status) = status else { continue };
            headers.insert(limit, HeaderValue::from(status.limit));
            headers.insert(remaining, HeaderValue::from(status.remaining));
            // It is ASCII, so this can't fail.
            if let Ok(duration) = HeaderValue::try_from(duration(status.reset_seconds)) {
                headers.insert(reset, duration);
            }
        }
        headers
    }

    /// The limits that a call of `key` counts against.
    fn limited_calls(&self, key: &KeyRecord) -> Vec<LimitedCall> {
        let defaults = self.settings.load().rate_limits;
        let limits = match &key.limits {
            Some(limits) => limits.or(defaults),
            None if defaults.is_none() => return Vec::new(),
            None => defaults,
        };
        let subjects = [
            (LimitSubject::ApiKey, Some(key.api_key_id.uuid()), limits.api_key),
            (LimitSubject::Project, key.project_id.map(|id| id.uuid()), limits.project),
            (LimitSubject::Organization, Some(key.organization.id.uuid()), limits.organization),
        ];
        let limited = |(subject, id, limits): (_, Option<_>, domain::rate_limits::RateLimits)| {
            Some(LimitedCall { subject, id: id.filter(|_| !limits.is_none())?, limits })
        };
        subjects.into_iter().filter_map(limited).collect()
    }
}

/// Estimates the tokens of a request before it is answered: those of its JSON. Forms, which
/// are mostly files, have none.
fn estimate_tokens(request: &ProviderRequest) -> u64 {
    request.body.bytes().map_or(0, |body| weight::count_tokens(body))
}

fn rate_limit_error(exceeded: &LimitExceeded) -> V1Error {
    let LimitExceeded { subject, unit, limit, retry_after_seconds } = exceeded;
    let retry_after_seconds = (*retry_after_seconds).min(MAX_RETRY_AFTER);
    let (subject_name, rule) = match subject {
        LimitSubject::ApiKey => ("This key", RejectionRule::KeyRate),
        LimitSubject::Project => ("This key's project", RejectionRule::ProjectRate),
        LimitSubject::Organization => ("This organization", RejectionRule::OrganizationRate),
    };
    // Clients know calls as requests.
    let noun = if *unit == "calls" { "request" } else { "token" };
    let plural = if *limit == 1 { "" } else { "s" };
    let message = format!(
        "{subject_name} is limited to {limit} {noun}{plural} per minute. Try again in {retry_after_seconds} s."
    );
    V1Error::rate_limited(message, retry_after_seconds).by_rule(rule)
}

/// Formats a duration like OpenAI: `0s`, `59s`, `1m0s`.
fn duration(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, seconds) => format!("{minutes}m{seconds}s"),
    }
}

/// Sends the answer, with the headers of the key's limits. Closed if the client hung
/// up before the answer began.
pub(super) struct AnswerSender {
    answer: oneshot::Sender<Response>,
    limit_headers: HeaderMap,
}

impl AnswerSender {
    pub(super) fn new(answer: oneshot::Sender<Response>) -> Self {
        Self { answer, limit_headers: HeaderMap::new() }
    }

    /// Adds rate-limit headers to the answer.
    pub(super) fn add_headers(&mut self, headers: HeaderMap) {
        self.limit_headers = headers;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.answer.is_closed()
    }

    /// Sends the answer, and returns whether the client still waits.
    pub(super) fn send(self, mut answer: Response) -> bool {
        answer.headers_mut().extend(self.limit_headers);
        self.answer.send(answer).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_openai_does() {
        assert_eq!([0, 1, 59, 60, 61].map(duration), ["0s", "1s", "59s", "1m0s", "1m1s"]);
    }
}
