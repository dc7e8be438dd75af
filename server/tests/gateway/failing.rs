//! Failing providers.

use std::sync::Arc;

use axum::{body::Body, http::StatusCode, response::Response};
use domain::calls::{CountSource, Outcome};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use tokio::sync::{Notify, watch};

use super::{
    stage::{CHAT, Stage},
    upstream::Upstream,
};

const BODY: &str = r#"{"model":"gpt-x","messages":[]}"#;

#[tokio::test]
async fn a_provider_that_is_down_is_a_502_and_costs_nothing() {
    let stage = Stage::sandbox().await;
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_GATEWAY, "upstream_error"));
    let call = stage.call().await;
    assert_eq!(call.id.to_string(), answer.id());
    assert_eq!((call.outcome, call.status, call.error_code.as_str()), (Outcome::Failed, 502, "upstream_error"));
    assert_eq!((call.provider.as_str(), call.cost.unwrap().nanos()), ("upstream-0", 0));
}

#[tokio::test]
async fn a_providers_own_failure_is_told_as_such() {
    let failure = r#"{"error":{"message":"stack trace","code":"it_broke"}}"#;
    for (theirs, ours, code) in
        [(500, 502, "upstream_error"), (520, 502, "upstream_error"), (504, 504, "upstream_timeout")]
    {
        let upstream = Upstream::answering(theirs, &[], failure).await;
        let stage = Stage::with(&[&upstream], "").await;
        let answer = stage.post(CHAT, BODY).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (ours, code));
        let call = stage.call().await;
        assert_eq!((call.outcome, call.status, call.error_code.as_str()), (Outcome::Failed, ours, code));
        assert_eq!(call.cost.unwrap().nanos(), 0);
    }
}

#[tokio::test]
async fn an_overloaded_provider_is_told_as_such_with_when_to_come_again() {
    let headers = &[("content-type", "application/json"), ("retry-after", "17"), ("x-should-retry", "true")];
    for status in [503, 529] {
        for (failure, code) in [
            (r#"{"error":{"message":"engine 7 of org-12345678 is full","code":"slow_down"}}"#, "slow_down"),
            (r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, "overloaded_error"),
            ("<html>", "overloaded_error"),
        ] {
            let upstream = Upstream::answering(status, headers, failure).await;
            let stage = Stage::with(&[&upstream], "").await;
            let answer = stage.post(CHAT, BODY).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
            assert_eq!(answer.json()["error"]["type"], "overloaded_error");
            assert_eq!(answer.headers["retry-after"], "17");
            assert_eq!(answer.headers["x-should-retry"], "true");
            assert!(!answer.text().contains("engine 7"), "the words are ours");
            let call = stage.call().await;
            assert_eq!((call.outcome, call.status, call.error_code.as_str()), (Outcome::Failed, status, code));
        }
    }
}

#[tokio::test]
async fn a_provider_that_is_overloaded_for_long_is_still_told_as_such() {
    let upstream = Upstream::answering(529, &[], "{}").await;
    let stage = Stage::with(&[&upstream], "attempts = 1\nbreaker_failures = 2\nbreaker_pause = \"1h\"").await;
    for _ in 0..4 {
        assert_eq!(stage.post(CHAT, BODY).await.status.as_u16(), 529);
    }
}

#[tokio::test]
async fn an_operators_account_that_is_used_up_isnt_the_clients() {
    for (status, failure) in [
        (429, r#"{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}"#),
        (402, r#"{"error":{"message":"Insufficient Balance","code":"invalid_request_error"}}"#),
        (403, r#"{"error":{"message":"No quota for sk-of-the-operator","code":"AllocationQuota.FreeTierOnly"}}"#),
        (400, r#"{"error":{"message":"Billing hard limit has been reached","code":"billing_hard_limit_reached"}}"#),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API."}}"#,
        ),
    ] {
        let upstream = Upstream::answering(status, &[("content-type", "application/json")], failure).await;
        let stage = Stage::with(&[&upstream], "").await;
        let answer = stage.post(CHAT, BODY).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_GATEWAY, "upstream_error"), "{failure}");
        assert!(answer.text().contains("Contact the operator") && !answer.text().contains("quota for"), "{failure}");
        let call = stage.call().await;
        assert_eq!((call.outcome, call.status, call.cost.unwrap().nanos()), (Outcome::Failed, 502, 0));
    }
}

#[tokio::test]
async fn the_next_provider_is_asked_where_the_first_is_down() {
    let (down, up) = (Upstream::down().await, Upstream::answering(200, &[], r#"{"usage":{"prompt_tokens":1}}"#).await);
    let stage = Stage::with(&[&down, &up], "").await;
    assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::OK);
    assert_eq!(stage.call().await.provider, "upstream-1");
}

#[tokio::test]
async fn no_other_provider_is_asked_where_the_first_may_have_done_the_work() {
    let (gone, up) = (Upstream::hanging_up().await, Upstream::answering(200, &[], "{}").await);
    let stage = Stage::with(&[&gone, &up], "").await;
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_GATEWAY, "upstream_error"));
    assert!(up.requests().is_empty());
    let call = stage.call().await;
    assert_eq!((call.measured, call.cost), (CountSource::Unknown, None));
}

#[tokio::test]
async fn a_provider_that_never_answers_is_a_504() {
    let upstream = Upstream::hanging().await;
    for limits in ["first_byte_timeout = \"100ms\"", "total_timeout = \"100ms\""] {
        let stage = Stage::with(&[&upstream], limits).await;
        let answer = stage.post(CHAT, BODY).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout"));
        let call = stage.call().await;
        assert_eq!((call.outcome, call.status, call.cost), (Outcome::Failed, 504, None));
    }
}

#[tokio::test]
async fn a_call_that_has_no_time_left_to_ask_a_provider_is_a_504() {
    let upstream = Upstream::hanging().await;
    let stage = Stage::with(&[&upstream], "total_timeout = \"1ms\"\nbreaker_failures = 100").await;
    for _ in 0..20 {
        let answer = stage.post(CHAT, BODY).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout"));
    }
    assert!(stage.calls().await.iter().all(|call| (call.outcome, call.status) == (Outcome::Failed, 504)));
}

#[tokio::test]
async fn a_whole_answer_that_stands_still_is_a_504() {
    // An answer that isn't an event stream, and stops after its beginning.
    let upstream = Upstream::new(|_| async {
        let beginning = stream::once(async { Ok::<_, std::io::Error>("{") });
        Response::new(Body::from_stream(beginning.chain(stream::pending())))
    })
    .await;
    let stage = Stage::with(&[&upstream], "idle_timeout = \"100ms\"").await;
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout"));
    assert_eq!(stage.call().await.outcome, Outcome::Interrupted);
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_is_in_the_log_all_the_same() {
    let called = Arc::new(Notify::new());
    let (release, released) = watch::channel(false);
    let upstream = Upstream::new({
        let called = Arc::clone(&called);
        move |_| {
            called.notify_one();
            let mut released = released.clone();
            async move {
                released.wait_for(|released| *released).await.unwrap();
                Response::new(r#"{"usage":{"prompt_tokens":9,"completion_tokens":1}}"#.into())
            }
        }
    })
    .await;
    let stage = Stage::new(&upstream).await;
    let mut stored = stage.meter.subscribe();
    tokio::select! {
        _ = stage.post(CHAT, BODY) => panic!("an answer, though the provider gave none"),
        () = called.notified() => {}
    }
    release.send(true).unwrap();
    stored.recv().await.unwrap();
    assert_eq!(stage.call().await.used.tokens_in, 9);
}

#[tokio::test]
async fn an_answer_that_cant_be_stored_isnt_given() {
    let stage = Stage::new(&Upstream::answering(200, &[], r#"{"usage":{"prompt_tokens":9}}"#).await).await;
    stage.meter.shutdown().await;
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable"));
    assert!(stage.calls().await.is_empty());
}

#[tokio::test]
async fn a_stream_that_cant_be_stored_breaks_off_before_its_end() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = Stage::new(&upstream).await;
    pieces.send(Ok("data: {}\n\n".into())).await.unwrap();
    let mut response = stage.post_unread(CHAT, r#"{"model":"gpt-x","stream":true}"#).await;
    assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap(), "data: {}\n\n");
    stage.meter.shutdown().await;
    pieces.send(Ok("data: [DONE]\n\n".into())).await.unwrap();
    assert!(response.frame().await.unwrap().is_err());
}
