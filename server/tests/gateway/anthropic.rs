//! Anthropic's messages API: headers, errors, and usage.

use axum::http::{Method, StatusCode};
use domain::{
    calls::{CountSource, Outcome},
    money::Quantities,
};
use http_body_util::BodyExt;

use super::{
    stage::{CHAT, PROVIDER_KEY, Stage},
    upstream::Upstream,
};

const MESSAGES: &str = "/v1/messages";
const JSON: &[(&str, &str)] = &[("content-type", "application/json"), ("request-id", "theirs")];
const EVENTS: &[(&str, &str)] = &[("content-type", "text/event-stream")];
const BODY: &str = r#"{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hello"}]}"#;

pub(super) async fn stage(upstream: &Upstream) -> Stage {
    let more = format!(
        r#"
[[provider]]
name = "anthropic"
kind = "anthropic"
base_url = "http://{}/v1"
api_key_env = "KEY"

[[model]]
name = "claude-x"
providers = ["anthropic"]
upstream_name = "claude-x-2026"
service = "chat"
max_output_tokens = 1000
[model.price]
input_per_million = "3"
cached_input_per_million = "0.3"
cache_write_input_per_million = "3.75"
output_per_million = "15"
"#,
        upstream.address
    );
    Stage::with(&[upstream], &more).await
}

#[tokio::test]
async fn a_message_is_asked_for_in_anthropics_way_and_its_cache_is_counted_within() {
    let answer = r#"{"id":"msg_1","type":"message","content":[],"usage":{"input_tokens":10,
        "cache_creation_input_tokens":20,"cache_read_input_tokens":100,"output_tokens":5}}"#;
    let upstream = Upstream::answering(200, JSON, answer).await;
    let stage = stage(&upstream).await;
    let headers = [
        ("x-api-key", stage.key.secret.as_str()),
        ("anthropic-version", "2024-10-22"),
        ("anthropic-beta", "some-2025-01-01"),
        ("content-type", "application/json"),
    ];
    let received = stage.request(Method::POST, "/v1/messages?beta=true", &headers, BODY).await;
    assert_eq!((received.status, received.text()), (StatusCode::OK, answer));
    assert_eq!(received.headers["request-id"], received.headers["x-request-id"]);
    let request = upstream.requests().remove(0);
    assert_eq!((request.path.as_str(), request.query.as_deref()), (MESSAGES, Some("beta=true")));
    assert_eq!(request.headers["x-api-key"], PROVIDER_KEY);
    assert_eq!(request.headers["anthropic-version"], "2024-10-22");
    assert_eq!(request.headers["anthropic-beta"], "some-2025-01-01");
    assert!(!request.headers.contains_key("authorization"));
    assert_eq!(std::str::from_utf8(&request.body).unwrap(), BODY.replace("claude-x", "claude-x-2026"));
    let call = stage.call().await;
    let used = Quantities {
        tokens_in: 130,
        cached_tokens_in: 100,
        cache_write_tokens_in: 20,
        tokens_out: 5,
        ..Quantities::default()
    };
    assert_eq!((call.used, call.provider.as_str(), call.endpoint.as_str()), (used, "anthropic", MESSAGES));
    assert_eq!(call.cost.unwrap().nanos(), 10 * 3_000 + 100 * 300 + 20 * 3_750 + 5 * 15_000);
}

#[tokio::test]
async fn a_version_is_named_where_the_client_names_none() {
    let upstream = Upstream::answering(200, JSON, r#"{"usage":{"input_tokens":1,"output_tokens":1}}"#).await;
    let stage = stage(&upstream).await;
    stage.post(MESSAGES, BODY).await;
    assert_eq!(upstream.requests()[0].headers["anthropic-version"], "2023-06-01");
}

const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":4,\"output_tokens\":1}}}\n\n";
const TEXT: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hello world again\"}}\n\n";
const END: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":7}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

#[tokio::test]
async fn a_stream_reports_at_its_start_and_at_its_end() {
    let events = format!("{START}{TEXT}{END}");
    let upstream = Upstream::answering(200, EVENTS, &events).await;
    let stage = stage(&upstream).await;
    let received = stage.post(MESSAGES, BODY.replace("{\"model", "{\"stream\":true,\"model")).await;
    assert_eq!(received.text(), events);
    assert!(!upstream.requests()[0].json().as_object().unwrap().contains_key("stream_options"));
    let call = stage.call().await;
    let used = Quantities { tokens_in: 14, cached_tokens_in: 4, tokens_out: 7, ..Quantities::default() };
    assert_eq!((call.used, call.measured, call.streamed), (used, CountSource::Reported, true));
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_charged_for_what_it_said() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = stage(&upstream).await;
    let body = BODY.replace("{\"model", "{\"stream\":true,\"model");
    let mut response = stage.post_unread(MESSAGES, body).await;
    pieces.send(Ok(format!("{START}{TEXT}").into())).await.unwrap();
    assert!(response.frame().await.unwrap().is_ok());
    pieces.send(Err(std::io::Error::other("gone"))).await.unwrap();
    while response.frame().await.is_some_and(|frame| frame.is_ok()) {}
    let call = stage.call().await;
    assert_eq!((call.outcome, call.measured), (Outcome::Interrupted, CountSource::Estimated));
    assert_eq!((call.used.tokens_in, call.used.tokens_out), (14, 3));
}

#[tokio::test]
async fn errors_are_in_anthropics_form() {
    let stage = stage(&Upstream::down().await).await;
    let received = stage.request(Method::POST, MESSAGES, &[("x-api-key", "toll_std_nonsense")], BODY).await;
    assert_eq!(received.status, StatusCode::UNAUTHORIZED);
    let error = received.json();
    assert_eq!(
        (error["type"].as_str(), error["error"]["type"].as_str()),
        (Some("error"), Some("authentication_error"))
    );
    assert_eq!(error["request_id"].as_str(), Some(received.id()));
    for (body, status, kind) in [
        (BODY.replace("claude-x", "none"), 404, "not_found_error"),
        (BODY.replace("\"max_tokens\":9", "\"max_tokens\":1001"), 400, "invalid_request_error"),
        ("{".to_owned(), 400, "invalid_request_error"),
        (BODY.to_owned(), 502, "api_error"),
    ] {
        let received = stage.post(MESSAGES, body).await;
        let error = received.json();
        assert_eq!((received.status.as_u16(), error["error"]["type"].as_str()), (status, Some(kind)));
        assert!(error["error"]["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
}

#[tokio::test]
async fn what_is_no_call_is_refused_in_anthropics_form_too() {
    let stage = stage(&Upstream::down().await).await;
    for (method, path, status, kind, allow) in [
        (Method::GET, MESSAGES, 405, "invalid_request_error", Some("POST")),
        (Method::DELETE, "/v1/messages/count_tokens", 405, "invalid_request_error", Some("POST")),
        (Method::POST, "/v1/messages/batches", 404, "not_found_error", None),
        (Method::GET, "/v1/messages/", 404, "not_found_error", None),
    ] {
        let received = stage.request(method, path, &[], "").await;
        let error = received.json();
        assert_eq!(received.status.as_u16(), status, "{path}");
        assert_eq!((error["type"].as_str(), error["error"]["type"].as_str()), (Some("error"), Some(kind)), "{path}");
        assert_eq!(error["request_id"].as_str(), Some(received.id()), "{path}");
        assert_eq!(received.headers["request-id"], received.headers["x-request-id"], "{path}");
        assert_eq!(received.headers.get("allow").map(|allow| allow.to_str().unwrap()), allow, "{path}");
    }
    assert!(stage.calls().await.is_empty());
}

#[tokio::test]
async fn calls_to_a_provider_of_the_other_kind_are_refused_clearly() {
    let upstream = Upstream::answering(200, JSON, "{}").await;
    let stage = stage(&upstream).await;
    let received = stage.post(CHAT, r#"{"model":"claude-x","messages":[]}"#).await;
    assert_eq!((received.status, received.json()["error"]["param"].as_str()), (StatusCode::BAD_REQUEST, Some("model")));
    assert!(received.text().contains("/v1/messages"));
    let received = stage.post(MESSAGES, BODY.replace("claude-x", "gpt-x")).await;
    assert_eq!(received.status, StatusCode::BAD_REQUEST);
    assert!(received.text().contains("/v1/chat/completions"));
    assert!(upstream.requests().is_empty());
}

#[tokio::test]
async fn counting_tokens_is_free() {
    let upstream = Upstream::answering(200, JSON, r#"{"input_tokens":70}"#).await;
    let stage = stage(&upstream).await;
    let received = stage.post("/v1/messages/count_tokens", BODY).await;
    assert_eq!(received.json()["input_tokens"], 70);
    let call = stage.call().await;
    assert_eq!((call.cost.unwrap().nanos(), call.used), (0, Quantities::NONE));
}
