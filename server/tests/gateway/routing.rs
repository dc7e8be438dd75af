//! Several providers for a model, and retries.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{http::StatusCode, response::Response};
use domain::calls::{CallAttemptOutcome, CallDetails, Outcome};

use super::{
    stage::{CHAT, Stage},
    upstream::Upstream,
};

const BODY: &str = r#"{"model":"gpt-x","messages":[{"role":"user","content":"hello"}]}"#;
const GOOD: &str = r#"{"usage":{"prompt_tokens":9,"completion_tokens":1}}"#;

type Headers = &'static [(&'static str, &'static str)];

/// A provider that gives these answers in turn, and repeats the last one.
async fn in_turn(answers: Vec<(u16, Headers, &'static str)>) -> Upstream {
    let count = Arc::new(AtomicUsize::new(0));
    Upstream::new(move |_| {
        let turn = count.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
        let (status, headers, body) = answers[turn];
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let response = response.body(body.into()).unwrap();
        async { response }
    })
    .await
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_the_same_again() {
    let upstream = in_turn(vec![(500, &[], "{}"), (529, &[], "{}"), (200, &[], GOOD)]).await;
    let stage = Stage::new(&upstream).await;
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, GOOD));
    let requests = upstream.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!((&requests[0].body, &requests[0].headers), (&requests[2].body, &requests[2].headers));
    let call = stage.call().await;
    assert_eq!((call.outcome, call.provider.as_str(), call.used.tokens_in), (Outcome::Succeeded, "upstream-0", 9));
}

#[tokio::test]
async fn a_stream_begins_at_the_second_attempt_as_well() {
    let events: Headers = &[("content-type", "text/event-stream")];
    let upstream = in_turn(vec![(503, &[], ""), (200, events, "data: {}\n\ndata: [DONE]\n\n")]).await;
    let stage = Stage::new(&upstream).await;
    let answer = stage.post(CHAT, r#"{"model":"gpt-x","stream":true}"#).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "data: {}\n\ndata: [DONE]\n\n"));
    assert_eq!(stage.call().await.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn the_next_provider_is_asked_where_the_first_fails_or_has_too_much_to_do() {
    for status in [401, 402, 403, 429, 500, 503, 529] {
        let (failing, good) = (Upstream::answering(status, &[], "{}").await, Upstream::answering(200, &[], GOOD).await);
        let stage = Stage::with(&[&failing, &good], "").await;
        assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::OK, "{status}");
        assert_eq!((failing.requests().len(), good.requests().len()), (1, 1), "{status}");
        assert_eq!(stage.call().await.provider, "upstream-1");
    }
}

#[tokio::test]
async fn what_is_about_the_request_is_the_answer() {
    let refusal = r#"{"error":{"message":"no such model","code":"model_not_found"}}"#;
    let (refusing, other) = (Upstream::answering(404, &[], refusal).await, Upstream::answering(200, &[], GOOD).await);
    let stage = Stage::with(&[&refusing, &other], "").await;
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::NOT_FOUND, refusal));
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn the_last_of_the_failures_is_told() {
    let busy = r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#;
    let upstream = in_turn(vec![(500, &[], "{}"), (500, &[], "{}"), (429, &[("retry-after-ms", "7")], busy)]).await;
    let stage = Stage::new(&upstream).await;
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded"));
    assert_eq!(answer.headers["retry-after-ms"], "7");
    assert_eq!(upstream.requests().len(), 3);
    assert_eq!(stage.call().await.outcome, Outcome::Failed);
}

#[tokio::test]
async fn a_provider_that_wants_to_be_left_alone_is() {
    for header in [("retry-after", "60"), ("x-should-retry", "false")] {
        let headers = [header];
        let upstream = Upstream::answering(429, &headers, "{}").await;
        let stage = Stage::new(&upstream).await;
        assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(upstream.requests().len(), 1, "{header:?}");
    }
}

#[tokio::test]
async fn a_call_is_tried_as_often_as_configured() {
    let upstream = Upstream::answering(500, &[], "{}").await;
    for (attempts, expected) in [(1, 1), (2, 3)] {
        let stage = Stage::with(&[&upstream], &format!("attempts = {attempts}")).await;
        assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::BAD_GATEWAY);
        assert_eq!(upstream.requests().len(), expected);
    }
}

#[tokio::test]
async fn weights_share_the_calls() {
    let (one, other) = (Upstream::answering(200, &[], GOOD).await, Upstream::answering(200, &[], GOOD).await);
    let model = "[[model]]\nname = \"shared\"\nservice = \"chat\"\n\
                 providers = [{ name = \"upstream-0\", weight = 3 }, { name = \"upstream-1\", weight = 1 }]";
    let stage = Stage::with(&[&one, &other], model).await;
    for _ in 0..400 {
        assert_eq!(stage.post(CHAT, r#"{"model":"shared","messages":[]}"#).await.status, StatusCode::OK);
    }
    // Within five standard deviations, 43.
    assert!((257..=343).contains(&one.requests().len()), "{}", one.requests().len());
    assert_eq!(one.requests().len() + other.requests().len(), 400);
}

#[tokio::test]
async fn a_provider_that_keeps_failing_isnt_asked_for_a_while() {
    let upstream = Upstream::answering(500, &[], "{}").await;
    let stage = Stage::with(&[&upstream], "attempts = 1\nbreaker_failures = 3\nbreaker_pause = \"1h\"").await;
    for _ in 0..3 {
        assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::BAD_GATEWAY);
    }
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_GATEWAY, "upstream_error"));
    let seconds: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    // An hour, less the time of this test.
    assert!((3000..=3600).contains(&seconds), "{seconds}");
    assert_eq!(upstream.requests().len(), 3);
    let calls = stage.calls().await;
    assert_eq!((calls[0].outcome, calls[0].cost.unwrap().nanos()), (Outcome::Failed, 0));
}

#[tokio::test]
async fn calls_go_past_a_provider_that_keeps_failing() {
    let (failing, good) = (Upstream::answering(500, &[], "{}").await, Upstream::answering(200, &[], GOOD).await);
    let stage = Stage::with(&[&failing, &good], "breaker_failures = 3\nbreaker_pause = \"1h\"").await;
    for _ in 0..6 {
        assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::OK);
    }
    assert_eq!((failing.requests().len(), good.requests().len()), (3, 6));
}

#[tokio::test]
async fn a_provider_that_works_again_is_asked_again() {
    let upstream = in_turn(vec![(500, &[], "{}"), (500, &[], "{}"), (200, &[], GOOD)]).await;
    let stage = Stage::with(&[&upstream], "attempts = 1\nbreaker_failures = 1\nbreaker_pause = \"50ms\"").await;
    let mut tried = 0;
    while stage.post(CHAT, BODY).await.status != StatusCode::OK {
        tried += 1;
        assert!(tried < 10_000, "it is never asked again");
    }
    assert_eq!(upstream.requests().len(), 3, "after each pause one probe");
    assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_provider_may_have_times_of_its_own() {
    let upstream = Upstream::hanging().await;
    let provider = format!(
        "[[provider]]\nname = \"slow\"\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\nfirst_byte_timeout = \"50ms\"\n\
         [[model]]\nname = \"slow\"\nservice = \"chat\"\nproviders = [\"slow\"]",
        upstream.address
    );
    let stage = Stage::with(&[&upstream], &provider).await;
    let answer = stage.post(CHAT, r#"{"model":"slow","messages":[]}"#).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout"));
    assert!(upstream.requests().len() <= 1, "it may have done the work");
}

impl Stage {
    /// The only call in the log, with its attempts.
    async fn call_details(&self) -> CallDetails {
        services::calls::get(&self.services, &self.actor, self.call().await.id).await.unwrap()
    }
}

#[tokio::test]
async fn the_log_has_the_attempts_of_a_call_that_took_several() {
    let (failing, down) = (Upstream::answering(503, &[], "{}").await, Upstream::down().await);
    let good = Upstream::answering(200, &[], GOOD).await;
    let stage = Stage::with(&[&failing, &down, &good], "").await;
    assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::OK);
    let details = stage.call_details().await;
    let attempts: Vec<_> =
        details.attempts.iter().map(|attempt| (&*attempt.provider, attempt.outcome, attempt.status)).collect();
    assert_eq!(
        attempts,
        [
            ("upstream-0", CallAttemptOutcome::Answered, Some(503)),
            ("upstream-1", CallAttemptOutcome::Unreached, None),
            ("upstream-2", CallAttemptOutcome::Answered, Some(200)),
        ]
    );
    let ends: Vec<_> = details.attempts.iter().map(|attempt| attempt.begin_us + attempt.duration_us).collect();
    assert!(ends.is_sorted() && ends[2] <= details.call.duration_us, "{:?}", details.attempts);
}

#[tokio::test]
async fn the_only_attempt_of_a_call_needs_no_mention() {
    let stage = Stage::new(&Upstream::answering(200, &[], GOOD).await).await;
    stage.post(CHAT, BODY).await;
    assert!(stage.call_details().await.attempts.is_empty());
}
