//! Decides what may be tried after an attempt.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use domain::models::Service;

use crate::gateway::endpoint::{Endpoint, Verb};

/// Longest `retry-after` that is waited for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(5);
/// Longest wait before the second attempt with a provider; doubled for each further one.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// The attempts that may follow an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NextAttempt {
    /// Nothing: the attempt's result is the call's.
    None,
    /// Only other providers.
    OtherProviders,
    /// Other providers, or this one after a wait; `None` for the default wait.
    AnyAfter(Option<Duration>),
}

/// Returns what may be tried after a provider's answer.
///
/// A 429 (nothing was done) and a 5xx (it failed) are retried. A 401 is about the gateway's key, and similar
/// statuses and redirects are about its configuration, so that another provider may succeed. All other
/// answers go to the client.
pub(super) fn after_answer(status: StatusCode, headers: &HeaderMap, repeatable: bool) -> NextAttempt {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    match status {
        StatusCode::UNAUTHORIZED
        | StatusCode::PAYMENT_REQUIRED
        | StatusCode::FORBIDDEN
        | StatusCode::PROXY_AUTHENTICATION_REQUIRED => return NextAttempt::OtherProviders,
        status if status.is_redirection() => return NextAttempt::OtherProviders,
        StatusCode::TOO_MANY_REQUESTS => {}
        status if status.is_server_error() && repeatable => {}
        _ => return NextAttempt::None,
    }
    if text("x-should-retry") == Some("false") {
        return NextAttempt::OtherProviders;
    }
    // OpenAI's header in milliseconds takes precedence, as in its own clients.
    let retry_after = match (text("retry-after-ms"), text(RETRY_AFTER.as_str())) {
        (Some(millis), _) => Some(millis.parse().map(|millis: f64| millis / 1000.0)),
        (None, Some(seconds)) => Some(seconds.parse()),
        (None, None) => None,
    };
    match retry_after {
        None => NextAttempt::AnyAfter(None),
        Some(Ok(seconds)) if (0.0..=MAX_RETRY_AFTER.as_secs_f64()).contains(&seconds) => {
            NextAttempt::AnyAfter(Some(Duration::from_secs_f64(seconds)))
        }
        // A date, or too long for the waiting client.
        Some(_) => NextAttempt::OtherProviders,
    }
}

/// Whether a request can be repeated without harm beyond its price. One that creates or deletes something
/// lasting, such as a file or a job, is repeated only if the first attempt certainly did nothing.
pub(super) fn is_repeatable(endpoint: &Endpoint) -> bool {
    let lasting = matches!(endpoint.service, Service::Video | Service::FineTuning | Service::Storage);
    endpoint.verb == Verb::Get || (endpoint.verb == Verb::Post && !lasting)
}

/// The wait before the next attempt after `tries` attempts with a provider: random between half and all of a
/// time that doubles, so that calls that failed together don't return together.
pub(super) fn backoff(tries: u32) -> Duration {
    let max = FIRST_WAIT.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(MAX_RETRY_AFTER);
    max.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::endpoint::ENDPOINTS;

    fn next(status: u16, headers: &[(&'static str, &str)], repeatable: bool) -> NextAttempt {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        after_answer(StatusCode::from_u16(status).unwrap(), &headers, repeatable)
    }

    #[test]
    fn what_is_tried_again_and_when() {
        let seconds = |seconds| NextAttempt::AnyAfter(Some(Duration::from_secs_f64(seconds)));
        for (status, headers, expected) in [
            (200, vec![], NextAttempt::None),
            (400, vec![("retry-after", "1")], NextAttempt::None),
            (404, vec![], NextAttempt::None),
            (401, vec![], NextAttempt::OtherProviders),
            (402, vec![], NextAttempt::OtherProviders),
            (403, vec![], NextAttempt::OtherProviders),
            (407, vec![], NextAttempt::OtherProviders),
            (307, vec![], NextAttempt::OtherProviders),
            (429, vec![], NextAttempt::AnyAfter(None)),
            (500, vec![], NextAttempt::AnyAfter(None)),
            (529, vec![], NextAttempt::AnyAfter(None)),
            (429, vec![("retry-after", "2")], seconds(2.0)),
            (429, vec![("retry-after", "0")], seconds(0.0)),
            (503, vec![("retry-after", "60"), ("retry-after-ms", "250")], seconds(0.25)),
            (429, vec![("retry-after", "60")], NextAttempt::OtherProviders),
            (429, vec![("retry-after", "-1")], NextAttempt::OtherProviders),
            (429, vec![("retry-after", "NaN")], NextAttempt::OtherProviders),
            (429, vec![("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")], NextAttempt::OtherProviders),
            (500, vec![("x-should-retry", "false")], NextAttempt::OtherProviders),
        ] {
            assert_eq!(next(status, &headers, true), expected, "{status} {headers:?}");
        }
    }

    #[test]
    fn what_may_have_left_something_isnt_made_twice() {
        assert_eq!(next(500, &[], false), NextAttempt::None);
        assert_eq!(next(429, &[], false), NextAttempt::AnyAfter(None));
        assert_eq!(next(401, &[], false), NextAttempt::OtherProviders);
    }

    #[test]
    fn making_files_and_jobs_isnt_repeatable_and_asking_for_them_is() {
        for (verb, path, expected) in [
            (Verb::Post, "/v1/chat/completions", true),
            (Verb::Post, "/v1/audio/speech", true),
            (Verb::Post, "/v1/files", false),
            (Verb::Post, "/v1/videos", false),
            (Verb::Post, "/v1/fine_tuning/jobs", false),
            (Verb::Get, "/v1/videos/{id}", true),
            (Verb::Delete, "/v1/files/{id}", false),
        ] {
            let endpoint = ENDPOINTS.iter().find(|endpoint| endpoint.verb == verb && endpoint.path == path).unwrap();
            assert_eq!(is_repeatable(endpoint), expected, "{path}");
        }
    }

    #[test]
    fn the_wait_grows_within_bounds() {
        for times in 1..40 {
            let wait = backoff(times);
            assert!(wait >= FIRST_WAIT / 2 && wait <= MAX_RETRY_AFTER, "{times}: {wait:?}");
        }
        assert!(backoff(1) <= FIRST_WAIT && backoff(3) >= FIRST_WAIT * 2);
    }
}
