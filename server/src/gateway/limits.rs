//! How fast calls may come, and what their answers tell of it.
//!
//! The headers are [OpenAI's](https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers); where several
//! limits hold, of the key, its project and its organization, they tell of the one that leaves least.
//!
//! A call counts before its body is read, and its tokens once they are known: who comes too fast isn't listened to first.

mod weight;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
};
use services::{
    api_keys::directory::KeyRecord,
    rate_limits::{Exceeded, Limited, Permit, Standing, Subject},
};
use tokio::sync::oneshot;

use super::{Gateway, provider::ProviderRequest};
use crate::v1::error::Refusal;

/// How many seconds a client is told to wait at most: OpenAI's SDKs go by what is at most a minute, and try again at once
/// where it is longer. A call that comes a second too early is told to wait for that second.
const LONGEST_WAIT: u64 = 59;

/// Names of limit, remaining and reset.
type Names = [HeaderName; 3];

const OF_CALLS: Names = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];
const OF_TOKENS: Names = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];

impl Gateway {
    /// Lets a call of `key` through; nothing is counted of a key without limits. What it takes is [weighed](Self::weigh) when
    /// its request is there.
    pub(crate) fn pace(&self, key: &KeyRecord) -> Result<Option<Permit>, Refusal> {
        let limited = self.limited(key);
        if limited.is_empty() {
            return Ok(None);
        }
        let permit = self.rates.admit(self.services.now(), &limited, 0);
        permit.map(Some).map_err(|exceeded| refused(&exceeded))
    }

    /// Adds what a call takes that was let through; takes it back where that is too much.
    pub(super) fn weigh(&self, permit: Option<Permit>, request: &ProviderRequest) -> Result<Option<Permit>, Refusal> {
        let Some(mut permit) = permit else { return Ok(None) };
        match permit.weigh(self.services.now(), tokens_of(request)) {
            Ok(()) => Ok(Some(permit)),
            Err(exceeded) => {
                permit.cancel();
                Err(refused(&exceeded))
            }
        }
    }

    /// Whether a call of `key` would be let through now.
    pub(crate) fn keeps_pace(&self, key: &KeyRecord) -> Result<(), Refusal> {
        self.pace(key).map(|permit| permit.into_iter().for_each(Permit::cancel))
    }

    /// How the limits of `key` stand: calls, and tokens.
    pub(crate) fn standing(&self, key: &KeyRecord) -> (Option<Standing>, Option<Standing>) {
        let limited = self.limited(key);
        if limited.is_empty() { (None, None) } else { self.rates.standing(self.services.now(), &limited) }
    }

    /// The same, as the headers of an answer.
    pub(crate) fn standing_headers(&self, key: &KeyRecord) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let (calls, tokens) = self.standing(key);
        for (standing, [limit, remaining, reset]) in [(calls, OF_CALLS), (tokens, OF_TOKENS)] {
            let Some(standing) = standing else { continue };
            headers.insert(limit, HeaderValue::from(standing.limit));
            headers.insert(remaining, HeaderValue::from(standing.remaining));
            // Digits and letters always make a header.
            if let Ok(duration) = HeaderValue::try_from(duration(standing.reset_seconds)) {
                headers.insert(reset, duration);
            }
        }
        headers
    }

    /// Whose limits a call of `key` counts against.
    fn limited(&self, key: &KeyRecord) -> Vec<Limited> {
        let defaults = self.settings.load().rate_limits;
        let limits = match &key.limits {
            Some(limits) => limits.or(defaults),
            None if defaults.is_none() => return Vec::new(),
            None => defaults,
        };
        let subjects = [
            (Subject::ApiKey, Some(key.api_key_id.uuid()), limits.api_key),
            (Subject::Project, key.project_id.map(|id| id.uuid()), limits.project),
            (Subject::Organization, Some(key.organization.id.uuid()), limits.organization),
        ];
        let limited = |(subject, id, limits): (_, Option<_>, domain::rate_limits::RateLimits)| {
            Some(Limited { subject, id: id.filter(|_| !limits.is_none())?, limits })
        };
        subjects.into_iter().filter_map(limited).collect()
    }
}

/// About how many tokens a request takes before it is answered: those of its JSON. Forms, which are mostly files, none.
fn tokens_of(request: &ProviderRequest) -> u64 {
    request.body.bytes().map_or(0, |body| weight::tokens(body))
}

fn refused(exceeded: &Exceeded) -> Refusal {
    let Exceeded { subject, what, limit, retry_after_seconds } = exceeded;
    let retry_after_seconds = (*retry_after_seconds).min(LONGEST_WAIT);
    let whose = match subject {
        Subject::ApiKey => "this key",
        Subject::Project => "this key's project",
        Subject::Organization => "this organization",
    };
    let message = format!("Too fast: {whose} may take {limit} {what} a minute. Try again in {retry_after_seconds} s.");
    Refusal::rate_limited(message, retry_after_seconds)
}

/// As OpenAI writes it: `0s`, `59s`, `1m0s`.
fn duration(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, seconds) => format!("{minutes}m{seconds}s"),
    }
}

/// Where the answer goes, with what it tells of the key's limits. Closed when the client has hung up before it began.
pub(super) struct Reply {
    answer: oneshot::Sender<Response>,
    standing: HeaderMap,
}

impl Reply {
    pub(super) fn new(answer: oneshot::Sender<Response>) -> Self {
        Self { answer, standing: HeaderMap::new() }
    }

    /// What the answer is to tell besides.
    pub(super) fn tell(&mut self, standing: HeaderMap) {
        self.standing = standing;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.answer.is_closed()
    }

    /// Answers; tells whether anybody still waits.
    pub(super) fn send(self, mut answer: Response) -> bool {
        answer.headers_mut().extend(self.standing);
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
