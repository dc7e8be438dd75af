//! What an attempt says of trying again.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use domain::models::Service;

use crate::gateway::endpoint::{Endpoint, Verb};

/// Longest that a provider is waited for when it says in how long it may be asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// About how long to wait before a provider is asked for the second time; twice as long each time after.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// What may be tried after an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// Nothing: this is the call's answer.
    Nothing,
    /// Other providers only.
    Others,
    /// Others, or the same after so long; `None` for as long as usual.
    AnyAfter(Option<Duration>),
}

/// What may be tried after a provider answered with this.
///
/// A 429 says that nothing was done, and a 5xx that it failed: both are tried again. A 401 is about the gateway's key,
/// and so are its like and redirects about how the gateway is set up, so that another provider may know better.
/// Everything else is the client's to hear.
pub(super) fn of_answer(status: StatusCode, headers: &HeaderMap, repeatable: bool) -> Next {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    match status {
        StatusCode::UNAUTHORIZED
        | StatusCode::PAYMENT_REQUIRED
        | StatusCode::FORBIDDEN
        | StatusCode::PROXY_AUTHENTICATION_REQUIRED => return Next::Others,
        status if status.is_redirection() => return Next::Others,
        StatusCode::TOO_MANY_REQUESTS => {}
        status if status.is_server_error() && repeatable => {}
        _ => return Next::Nothing,
    }
    if text("x-should-retry") == Some("false") {
        return Next::Others;
    }
    // OpenAI's more exact form first, as its own clients read it.
    let asked = match (text("retry-after-ms"), text(RETRY_AFTER.as_str())) {
        (Some(millis), _) => Some(millis.parse().map(|millis: f64| millis / 1000.0)),
        (None, Some(seconds)) => Some(seconds.parse()),
        (None, None) => None,
    };
    match asked {
        None => Next::AnyAfter(None),
        Some(Ok(seconds)) if (0.0..=LONGEST_WAIT.as_secs_f64()).contains(&seconds) => {
            Next::AnyAfter(Some(Duration::from_secs_f64(seconds)))
        }
        // A date, or longer than a client should be kept waiting.
        Some(_) => Next::Others,
    }
}

/// Whether a request can be made twice without harm beyond its price: one that makes or ends something lasting at the
/// provider, such as a file or a job, is made again only where it certainly did nothing the first time.
pub(super) fn repeatable(endpoint: &Endpoint) -> bool {
    let lasting = matches!(endpoint.service, Service::Video | Service::FineTuning | Service::Storage);
    endpoint.verb == Verb::Get || (endpoint.verb == Verb::Post && !lasting)
}

/// How long to wait before a provider that was asked `times` times is asked again: at random between half and all of a
/// time that doubles, so that calls that failed together don't come back together.
pub(super) fn backoff(times: u32) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(1 << times.saturating_sub(1).min(16)).min(LONGEST_WAIT);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::endpoint::ENDPOINTS;

    fn next(status: u16, headers: &[(&'static str, &str)], repeatable: bool) -> Next {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        of_answer(StatusCode::from_u16(status).unwrap(), &headers, repeatable)
    }

    #[test]
    fn what_is_tried_again_and_when() {
        let seconds = |seconds| Next::AnyAfter(Some(Duration::from_secs_f64(seconds)));
        for (status, headers, expected) in [
            (200, vec![], Next::Nothing),
            (400, vec![("retry-after", "1")], Next::Nothing),
            (404, vec![], Next::Nothing),
            (401, vec![], Next::Others),
            (402, vec![], Next::Others),
            (403, vec![], Next::Others),
            (407, vec![], Next::Others),
            (307, vec![], Next::Others),
            (429, vec![], Next::AnyAfter(None)),
            (500, vec![], Next::AnyAfter(None)),
            (529, vec![], Next::AnyAfter(None)),
            (429, vec![("retry-after", "2")], seconds(2.0)),
            (429, vec![("retry-after", "0")], seconds(0.0)),
            (503, vec![("retry-after", "60"), ("retry-after-ms", "250")], seconds(0.25)),
            (429, vec![("retry-after", "60")], Next::Others),
            (429, vec![("retry-after", "-1")], Next::Others),
            (429, vec![("retry-after", "NaN")], Next::Others),
            (429, vec![("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")], Next::Others),
            (500, vec![("x-should-retry", "false")], Next::Others),
        ] {
            assert_eq!(next(status, &headers, true), expected, "{status} {headers:?}");
        }
    }

    #[test]
    fn what_may_have_left_something_isnt_made_twice() {
        assert_eq!(next(500, &[], false), Next::Nothing);
        assert_eq!(next(429, &[], false), Next::AnyAfter(None));
        assert_eq!(next(401, &[], false), Next::Others);
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
            assert_eq!(repeatable(endpoint), expected, "{path}");
        }
    }

    #[test]
    fn the_wait_grows_within_bounds() {
        for times in 1..40 {
            let wait = backoff(times);
            assert!(wait >= FIRST_WAIT / 2 && wait <= LONGEST_WAIT, "{times}: {wait:?}");
        }
        assert!(backoff(1) <= FIRST_WAIT && backoff(3) >= FIRST_WAIT * 2);
    }
}
