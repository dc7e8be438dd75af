//! The usage that each endpoint of OpenAI's API reports, and its cost.

use axum::{body::Body, http::StatusCode, response::Response};
use bytes::Bytes;
use domain::{
    calls::{CountSource, Outcome},
    money::Quantities,
};
use http_body_util::BodyExt;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{
    stage::{CHAT, Stage},
    upstream::Upstream,
};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const EVENTS: &[(&str, &str)] = &[("content-type", "text/event-stream")];

/// More models, offered by every stage's first provider.
pub(super) const MODELS: &str = r#"
[[model]]
name = "draw-x"
providers = ["upstream-0"]
upstream_name = "draw-x-2026"
service = "image"
price = { per_image = "0.04" }

[[model]]
name = "talk-x"
providers = ["upstream-0"]
upstream_name = "talk-x-2026"
service = "audio"
price = { per_minute = "0.006" }

[[model]]
name = "say-x"
providers = ["upstream-0"]
service = "audio"
price = { input_per_million = "15" }

[[model]]
name = "say-call"
providers = ["upstream-0"]
service = "audio"
price = { per_call = "0.01" }

[[model]]
name = "gpt-short"
providers = ["upstream-0"]
service = "chat"
max_output_tokens = 100
"#;

async fn stage(upstream: &Upstream) -> Stage {
    Stage::with(&[upstream], MODELS).await
}

#[tokio::test]
async fn responses_are_metered_whole() {
    let answer = r#"{"id":"resp_1","object":"response","status":"completed","output":[],
        "usage":{"input_tokens":40,"input_tokens_details":{"cached_tokens":10},"output_tokens":5,"total_tokens":45}}"#;
    let upstream = Upstream::answering(200, JSON, answer).await;
    let stage = stage(&upstream).await;
    let received = stage.post("/v1/responses", r#"{"model":"gpt-x","input":"hello"}"#).await;
    assert_eq!((received.status, received.text()), (StatusCode::OK, answer));
    let request = upstream.requests().remove(0);
    assert_eq!((request.path.as_str(), request.json()["model"].as_str()), ("/v1/responses", Some("gpt-x-2026")));
    let call = stage.call().await;
    let used = Quantities { tokens_in: 40, cached_tokens_in: 10, tokens_out: 5, ..Quantities::default() };
    assert_eq!((call.used, call.endpoint.as_str()), (used, "/v1/responses"));
    assert_eq!(call.cost.unwrap().nanos(), 30 * 250 + 10 * 25 + 5 * 2_000);
}

#[tokio::test]
async fn the_last_event_of_a_response_waits_until_the_call_is_stored() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = stage(&upstream).await;
    let mut answer = stage.post_unread("/v1/responses", r#"{"model":"gpt-x","input":"a","stream":true}"#).await;
    let created = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"usage\":null}}\n\n";
    let done = "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"usage\":{\"input_tokens\":7,\"output_tokens\":3}}}\n\n";
    pieces.send(Ok(Bytes::from(created))).await.unwrap();
    assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), created);
    assert!(stage.calls().await.is_empty());
    pieces.send(Ok(Bytes::from(done))).await.unwrap();
    assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), done);
    let call = stage.call().await;
    assert_eq!((call.used.tokens_in, call.used.tokens_out, call.measured), (7, 3, CountSource::Reported));
    drop(pieces);
    assert!(answer.frame().await.is_none());
}

#[tokio::test]
async fn moderations_are_free_where_no_price_is_known() {
    let upstream = Upstream::answering(200, JSON, r#"{"id":"modr-1","results":[]}"#).await;
    let stage = stage(&upstream).await;
    stage.post("/v1/moderations", r#"{"model":"gpt-unpriced","input":"a"}"#).await;
    assert_eq!(stage.call().await.cost.unwrap().nanos(), 0);
}

#[tokio::test]
async fn pictures_are_counted_whole_and_streamed() {
    let upstream = Upstream::answering(200, JSON, r#"{"created":1,"data":[{"b64_json":"a"},{"b64_json":"b"}]}"#).await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    stage.post("/v1/images/generations", r#"{"model":"draw-x","prompt":"a","background":"opaque"}"#).await;
    let call = stage.call().await;
    assert_eq!((call.used.images, call.cost.unwrap().to_string().as_str()), (2, "0.08"));

    let event = |usage: &str| {
        format!(
            "event: image_generation.completed\ndata: {{\"type\":\"image_generation.completed\",\"b64_json\":\"a\"{usage}}}\n\n"
        )
    };
    let two = event("") + &event("");
    let upstream = Upstream::answering(200, EVENTS, &two).await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    let body = r#"{"model":"draw-x","prompt":"a","stream":true}"#;
    assert_eq!(stage.post("/v1/images/generations", body).await.text(), two);
    let call = stage.call().await;
    assert_eq!((call.used.images, call.streamed, call.outcome), (2, true, Outcome::Succeeded));
}

#[tokio::test]
async fn speech_passes_as_it_arrives_and_ends_when_the_call_is_stored() {
    let (pieces, sound) = mpsc::channel::<std::io::Result<Bytes>>(10);
    let sound = std::sync::Mutex::new(Some(sound));
    let upstream = Upstream::new(move |_| {
        let body = Body::from_stream(ReceiverStream::new(sound.lock().unwrap().take().unwrap()));
        async { Response::builder().header("content-type", "audio/mpeg").body(body).unwrap() }
    })
    .await;
    let stage = stage(&upstream).await;
    let mut answer =
        stage.post_unread("/v1/audio/speech", r#"{"model":"say-x","input":"hello world","voice":"a"}"#).await;
    assert_eq!(answer.headers()["content-type"], "audio/mpeg");
    for piece in ["one", "two"] {
        pieces.send(Ok(Bytes::from(piece))).await.unwrap();
    }
    assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), "one");
    assert!(stage.calls().await.is_empty(), "it isn't over");
    drop(pieces);
    assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), "two");
    let call = stage.call().await;
    assert_eq!((call.measured, call.used.tokens_in, call.outcome), (CountSource::Estimated, 2, Outcome::Succeeded));
    assert_eq!(call.cost.unwrap().nanos(), 2 * 15_000);
    assert!(answer.frame().await.is_none());
}

#[tokio::test]
async fn sound_that_breaks_off_breaks_off_and_is_in_the_log() {
    let (pieces, sound) = mpsc::channel::<std::io::Result<Bytes>>(10);
    let sound = std::sync::Mutex::new(Some(sound));
    let upstream = Upstream::new(move |_| {
        let body = Body::from_stream(ReceiverStream::new(sound.lock().unwrap().take().unwrap()));
        async { Response::builder().header("content-type", "audio/mpeg").body(body).unwrap() }
    })
    .await;
    let stage = stage(&upstream).await;
    let mut answer = stage.post_unread("/v1/audio/speech", r#"{"model":"say-call","input":"hello"}"#).await;
    for piece in [Ok(Bytes::from("one")), Ok(Bytes::from("two")), Err(std::io::Error::other("gone"))] {
        pieces.send(piece).await.unwrap();
    }
    while answer.frame().await.is_some_and(|frame| frame.is_ok()) {}
    let call = stage.call().await;
    assert_eq!((call.outcome, call.error_code.as_str()), (Outcome::Interrupted, "upstream_error"));
    assert_eq!(call.cost.unwrap().to_string(), "0.01");
}

#[tokio::test]
async fn more_tokens_than_a_model_may_answer_with_cant_be_asked_for() {
    let upstream = Upstream::answering(200, JSON, r#"{"usage":{"prompt_tokens":1}}"#).await;
    let stage = stage(&upstream).await;
    for (path, name) in [
        (CHAT, "max_tokens"),
        (CHAT, "max_completion_tokens"),
        ("/v1/responses", "max_output_tokens"),
        ("/v1/completions", "max_tokens"),
    ] {
        let body = |limit: &str| format!(r#"{{"model":"gpt-short","prompt":"a","{name}":{limit}}}"#);
        for limit in ["101", "1e9"] {
            let answer = stage.post(path, body(limit)).await;
            assert_eq!(
                (answer.status, answer.json()["error"]["param"].as_str()),
                (StatusCode::BAD_REQUEST, Some(name))
            );
        }
        assert_eq!(stage.post(path, body("100")).await.status, StatusCode::OK);
        let twice = format!(r#"{{"model":"gpt-short","{name}":1,"{name}":101}}"#);
        assert_eq!(stage.post(path, twice).await.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(upstream.requests().len(), 4);
}

#[tokio::test]
async fn a_query_passes() {
    let upstream = Upstream::answering(200, JSON, r#"{"usage":{"prompt_tokens":1}}"#).await;
    let stage = stage(&upstream).await;
    stage.post("/v1/chat/completions?api-version=1&x=%2F", r#"{"model":"gpt-x"}"#).await;
    assert_eq!(upstream.requests()[0].query.as_deref(), Some("api-version=1&x=%2F"));
}

#[tokio::test]
async fn other_methods_are_refused_with_those_there_are() {
    let stage = Stage::sandbox().await;
    let answer = stage.request(axum::http::Method::PUT, "/v1/files", &[], "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers["allow"], "POST, GET, HEAD");
}

#[tokio::test]
async fn a_price_for_something_else_leaves_the_cost_unknown() {
    let answer = r#"{"text":"a","usage":{"type":"tokens","input_tokens":9,"output_tokens":4}}"#;
    let upstream = Upstream::answering(200, JSON, answer).await;
    let stage = stage(&upstream).await;
    let form = "--XX\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ntalk-x\r\n--XX--\r\n";
    let bearer = format!("Bearer {}", stage.key.secret);
    let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=XX")];
    stage.request(axum::http::Method::POST, "/v1/audio/transcriptions", &headers, form).await;
    let call = stage.call().await;
    assert_eq!((call.measured, call.used.tokens_in, call.cost), (CountSource::Reported, 9, None));
}
