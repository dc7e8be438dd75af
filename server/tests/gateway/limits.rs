//! Rate limits, and repeated refusals.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    api_keys::{CreatedApiKey, Level},
    calls::Outcome,
    rate_limits::RateLimits,
    time::Timestamp,
};
use patience::{wait_for, wait_until};
use serde_json::json;
use services::Clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    stage::{Answer, CHAT, Stage},
    upstream::Upstream,
};

const BODY: &str = r#"{"model":"sandbox-1","messages":[{"role":"user","content":"hello"}]}"#;
const STREAMED: &str = r#"{"model":"sandbox-1","stream":true,"messages":[{"role":"user","content":"hello"}]}"#;

fn limits(calls: impl Into<Option<u32>>, tokens: impl Into<Option<u32>>) -> RateLimits {
    RateLimits { calls_per_minute: calls.into(), tokens_per_minute: tokens.into() }
}

/// Posts a chat with this key.
async fn post(stage: &Stage, key: &CreatedApiKey, body: &str) -> Answer {
    stage.request(Method::POST, CHAT, &[("authorization", &format!("Bearer {}", key.secret))], body.to_owned()).await
}

async fn limited(stage: &Stage, rate_limits: RateLimits) -> CreatedApiKey {
    stage.key(|key| key.rate_limits = rate_limits).await
}

/// A clock that stands still, so that all calls are in one second even on a slow machine.
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_795_000_000_000)
    }
}

fn header<'a>(answer: &'a Answer, header: &str) -> Option<&'a str> {
    answer.headers.get(header).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn calls_beyond_the_limit_are_refused_told_and_logged() {
    let stage = Stage::with_clock(Arc::new(StoppedClock), &[&Upstream::down().await], "").await;
    let key = limited(&stage, limits(3, None)).await;
    for (body, left) in [(BODY, "2"), (STREAMED, "1"), (BODY, "0")] {
        let answer = post(&stage, &key, body).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(header(&answer, "x-ratelimit-limit-requests"), Some("3"));
        assert_eq!(header(&answer, "x-ratelimit-remaining-requests"), Some(left));
        assert_eq!(header(&answer, "x-ratelimit-reset-requests"), Some("1m1s"));
        assert_eq!(header(&answer, "x-ratelimit-limit-tokens"), None);
    }
    let refused = post(&stage, &key, BODY).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded"));
    assert_eq!(refused.json()["error"]["type"], "rate_limit_error");
    assert_eq!(header(&refused, "x-ratelimit-remaining-requests"), Some("0"));
    // At most a minute: clients ignore longer waits.
    assert_eq!(header(&refused, "retry-after"), Some("59"));
    let calls = stage.calls().await;
    let logged = calls.iter().find(|call| call.outcome == Outcome::Refused).unwrap();
    assert_eq!((&*logged.error_code, logged.status), ("rate_limit_exceeded", 429));
    assert_eq!(logged.cost.map(|cost| cost.nanos()), Some(0));
}

#[tokio::test]
async fn who_comes_too_fast_is_refused_before_the_body_is_there() {
    let stage = Stage::with_clock(Arc::new(StoppedClock), &[&Upstream::down().await], "").await;
    let key = limited(&stage, limits(1, None)).await;
    assert_eq!(post(&stage, &key, BODY).await.status, StatusCode::OK);
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 1000000\r\n\r\n{{",
        key.secret
    );
    let mut connection = TcpStream::connect(stage.address).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut begin = [0; 12];
    wait_for("the answer", connection.read_exact(&mut begin)).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 429");
}

#[tokio::test]
async fn what_isnt_a_call_takes_nothing_of_the_limit() {
    let stage = Stage::with_clock(Arc::new(StoppedClock), &[&Upstream::down().await], "").await;
    let key = limited(&stage, limits(1, 1_000)).await;
    for (body, status) in [("{", StatusCode::BAD_REQUEST), (&BODY.replace("sandbox-1", "gpt-9"), StatusCode::NOT_FOUND)]
    {
        assert_eq!(post(&stage, &key, body).await.status, status);
    }
    assert_eq!(post(&stage, &key, BODY).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_picture_under_way_leaves_room_for_others() {
    let upstream = Upstream::hanging().await;
    let stage = Stage::new(&upstream).await;
    let key = limited(&stage, limits(None, 10_000)).await;
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.resize(1 << 20, 7);
    let url = format!("data:image/png;base64,{}", STANDARD.encode(png));
    let content = json!([{ "type": "image_url", "image_url": { "url": url } }]);
    let body = json!({ "model": "gpt-x", "messages": [{ "role": "user", "content": content }] }).to_string();
    tokio::select! {
        answer = post(&stage, &key, &body) => panic!("{answer:?}"),
        () = wait_until("the provider is asked", async || upstream.requests().len() == 1) => {
            let other = post(&stage, &key, BODY).await;
            assert_eq!((other.status, header(&other, "x-ratelimit-limit-tokens")), (StatusCode::OK, Some("10000")));
        }
    }
}

#[tokio::test]
async fn tokens_are_counted_by_what_the_provider_reports() {
    let answer = r#"{"id":"x","usage":{"prompt_tokens":70,"completion_tokens":20,"total_tokens":90}}"#;
    let upstream = Upstream::answering(200, &[("content-type", "application/json")], answer).await;
    let stage = Stage::new(&upstream).await;
    let key = limited(&stage, limits(None, 100)).await;
    let body = BODY.replace("sandbox-1", "gpt-x");
    let first = post(&stage, &key, &body).await;
    assert_eq!((first.status, header(&first, "x-ratelimit-limit-tokens")), (StatusCode::OK, Some("100")));
    let second = post(&stage, &key, &body).await;
    assert_eq!(
        (second.status, header(&second, "x-ratelimit-remaining-tokens")),
        (StatusCode::TOO_MANY_REQUESTS, Some("10"))
    );
    assert!(second.text().contains("100 tokens per minute"), "{}", second.text());
}

#[tokio::test]
async fn nobody_is_told_to_wait_for_longer_than_clients_go_by() {
    let stage = Stage::sandbox().await;
    let key = limited(&stage, limits(1, None)).await;
    assert_eq!(post(&stage, &key, BODY).await.status, StatusCode::OK);
    let refused = post(&stage, &key, BODY).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    // OpenAI's SDKs obey values up to 60, and ignore longer ones.
    assert!((1..60).contains(&seconds) && refused.text().contains(&format!("in {seconds} s")), "{}", refused.text());
}

#[tokio::test]
async fn keys_of_a_project_and_an_organization_share_their_limits() {
    let stage = Stage::sandbox().await;
    let other = stage.key(|_| {}).await;
    services::rate_limits::set(&stage.services, &stage.actor, Some(stage.project), limits(2, None)).await.unwrap();
    services::rate_limits::set(&stage.services, &stage.actor, None, limits(3, None)).await.unwrap();
    let admin = stage.key(|key| {
        key.level = Level::Admin;
        key.project_id = None;
    });
    let admin = admin.await;
    let post = async |key: &CreatedApiKey| post(&stage, key, BODY).await;
    assert_eq!(post(&stage.key).await.status, StatusCode::OK);
    assert_eq!(post(&other).await.status, StatusCode::OK);
    let refused = post(&other).await;
    assert!(refused.text().contains("This key's project is limited to 2 requests"), "{}", refused.text());
    // A key without a project counts for the organization only.
    assert_eq!(post(&admin).await.status, StatusCode::OK);
    let refused = post(&admin).await;
    assert!(refused.text().contains("This organization is limited to 3 requests"), "{}", refused.text());
}

#[tokio::test]
async fn the_configurations_limits_hold_where_nobody_set_others() {
    let stage = Stage::with(&[&Upstream::down().await], "[limits.key]\ncalls_per_minute = 1").await;
    let other = stage.key(|_| {}).await;
    assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::OK);
    assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(post(&stage, &other, BODY).await.status, StatusCode::OK);
    let own = limited(&stage, limits(2, None)).await;
    for status in [StatusCode::OK, StatusCode::OK, StatusCode::TOO_MANY_REQUESTS] {
        assert_eq!(post(&stage, &own, BODY).await.status, status);
    }
}

#[tokio::test]
async fn a_key_without_limits_is_told_of_none() {
    let stage = Stage::sandbox().await;
    let answer = stage.post(CHAT, BODY).await;
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("x-ratelimit")), "{:?}", answer.headers);
}

#[tokio::test]
async fn a_flood_of_the_same_refusal_is_one_row_more() {
    let stage = Stage::sandbox().await;
    let unknown = BODY.replace("sandbox-1", "gpt-9");
    for _ in 0..50 {
        assert_eq!(stage.post(CHAT, unknown.clone()).await.status, StatusCode::NOT_FOUND);
    }
    let refused = stage.post(CHAT, "{").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let times = async || {
        let mut times: Vec<_> = stage.calls().await.iter().map(|call| (call.error_code.clone(), call.times)).collect();
        times.sort_unstable();
        times
    };
    let row = |code: &str, times| (code.to_owned(), times);
    assert_eq!(times().await, [row("invalid_request_error", 1), row("model_not_found", 1)]);
    stage.gateway.flush().await;
    let expected = [row("invalid_request_error", 1), row("model_not_found", 1), row("model_not_found", 49)];
    assert_eq!(times().await, expected);
    // Refusals aren't counted as calls.
    assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::OK);
    let report = services::usage::report(&stage.services, &stage.actor, &Default::default()).await.unwrap();
    assert_eq!(report.total.calls, 1);
}
