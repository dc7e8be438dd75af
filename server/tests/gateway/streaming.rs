//! Streams are relayed as they arrive, and end once the call is stored.

use axum::http::{Response, StatusCode};
use bytes::Bytes;
use domain::{
    calls::{CountSource, Outcome},
    money::Quantities,
};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    stage::{CHAT, Stage},
    upstream::Upstream,
};

const EVENTS: &[(&str, &str)] = &[("content-type", "text/event-stream; charset=utf-8")];
const CONTENT: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\r\n\r\n: comment\n\nevent: x\ndata: {\"choices\":[{\"delta\":{}}]}\n\n";
const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":3}}\n\n";
const DONE: &str = "data: [DONE]\n\n";
const USED: Quantities = Quantities { tokens_in: 8, tokens_out: 3, ..Quantities::NONE };

/// Reads the next piece of an answer; `None` at its end, an error if it breaks off.
async fn piece(response: &mut Response<Incoming>) -> Option<Result<Bytes, hyper::Error>> {
    response.frame().await.map(|frame| frame.map(|frame| frame.into_data().unwrap()))
}

fn bytes(text: &str) -> std::io::Result<Bytes> {
    Ok(Bytes::copy_from_slice(text.as_bytes()))
}

#[tokio::test]
async fn a_usage_chunk_that_nobody_asked_for_is_withheld_and_nothing_else() {
    let upstream = Upstream::answering(200, EVENTS, &format!("{CONTENT}{USAGE}{DONE}")).await;
    let stage = Stage::new(&upstream).await;
    let answer = stage.post(CHAT, r#"{"model":"gpt-x","stream":true}"#).await;
    assert_eq!(answer.text(), format!("{CONTENT}{DONE}"));
    assert_eq!(answer.headers["content-type"], EVENTS[0].1);
    assert_eq!(upstream.requests()[0].json()["stream_options"]["include_usage"], true);
    let call = stage.call().await;
    assert_eq!((call.used, call.streamed, call.outcome), (USED, true, Outcome::Succeeded));
    assert_eq!(call.cost.unwrap().to_string(), "0.000008");
    assert!(call.first_byte_us.unwrap() <= call.duration_us);
}

#[tokio::test]
async fn a_usage_chunk_that_was_asked_for_passes() {
    let events = format!("{CONTENT}{USAGE}{DONE}");
    let stage = Stage::new(&Upstream::answering(200, EVENTS, &events).await).await;
    let body = r#"{"model":"gpt-x","stream":true,"stream_options":{"include_usage":true}}"#;
    assert_eq!(stage.post(CHAT, body).await.text(), events);
    assert_eq!(stage.call().await.used, USED);
}

#[tokio::test]
async fn events_pass_as_they_come_and_the_last_one_when_the_call_is_stored() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = Stage::new(&upstream).await;
    let mut response = stage.post_unread(CHAT, r#"{"model":"gpt-x","stream":true}"#).await;
    for event in ["data: {\"choices\":[{}]}\n\n", "data: {\"choices\":[{},{}]}\r\n\r\n"] {
        let (begin, end) = event.split_at(9);
        pieces.send(bytes(begin)).await.unwrap();
        pieces.send(bytes(end)).await.unwrap();
        // The provider sends no more until the client has this event.
        assert_eq!(piece(&mut response).await.unwrap().unwrap(), event);
    }
    assert!(stage.calls().await.is_empty());
    pieces.send(bytes(USAGE)).await.unwrap();
    pieces.send(bytes(DONE)).await.unwrap();
    assert_eq!(piece(&mut response).await.unwrap().unwrap(), DONE);
    assert_eq!(stage.call().await.used, USED);
    drop(pieces);
    assert!(piece(&mut response).await.is_none());
}

#[tokio::test]
async fn a_stream_without_its_last_event_ends_when_the_call_is_stored() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = Stage::new(&upstream).await;
    let mut response = stage.post_unread(CHAT, r#"{"model":"gpt-x","stream":true}"#).await;
    pieces.send(bytes(CONTENT)).await.unwrap();
    pieces
        .send(bytes("data: {\"choices\":[{}],\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":3}}"))
        .await
        .unwrap();
    drop(pieces);
    let mut all = Vec::new();
    while let Some(piece) = piece(&mut response).await {
        all.extend_from_slice(&piece.unwrap());
    }
    assert!(all.ends_with(b"3}}"));
    assert_eq!(stage.call().await.used, USED);
}

#[tokio::test]
async fn a_stream_without_usage_is_estimated() {
    let stage = Stage::new(&Upstream::answering(200, EVENTS, &format!("{CONTENT}{DONE}")).await).await;
    assert_eq!(stage.post(CHAT, r#"{"model":"gpt-x","stream":true}"#).await.text(), format!("{CONTENT}{DONE}"));
    let call = stage.call().await;
    assert_eq!((call.measured, call.used.tokens_out, call.outcome), (CountSource::Estimated, 1, Outcome::Succeeded));
    assert_eq!(call.cost.unwrap().nanos(), 2_000);
}

#[tokio::test]
async fn a_stream_that_the_provider_breaks_off_breaks_off_and_is_in_the_log() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = Stage::new(&upstream).await;
    let mut response = stage.post_unread(CHAT, r#"{"model":"gpt-x","stream":true}"#).await;
    pieces.send(bytes(CONTENT)).await.unwrap();
    assert!(piece(&mut response).await.unwrap().is_ok());
    pieces.send(Err(std::io::Error::other("gone"))).await.unwrap();
    while let Some(piece) = piece(&mut response).await {
        if piece.is_err() {
            let call = stage.call().await;
            assert_eq!((call.outcome, call.error_code.as_str()), (Outcome::Interrupted, "upstream_error"));
            assert_eq!((call.measured, call.used.tokens_out), (CountSource::Estimated, 1));
            return;
        }
    }
    panic!("the answer seems complete");
}

#[tokio::test]
async fn a_stream_that_stands_still_breaks_off_and_is_in_the_log() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = Stage::with(&[&upstream], "idle_timeout = \"100ms\"").await;
    // Sent with the answer's head, so that only the next event, which never comes, is late.
    pieces.send(bytes(CONTENT)).await.unwrap();
    let mut response = stage.post_unread(CHAT, r#"{"model":"gpt-x","stream":true}"#).await;
    assert!(piece(&mut response).await.unwrap().is_ok());
    while piece(&mut response).await.is_some_and(|piece| piece.is_ok()) {}
    let call = stage.call().await;
    assert_eq!((call.outcome, call.error_code.as_str()), (Outcome::Interrupted, "upstream_timeout"));
}

#[tokio::test]
async fn an_error_within_a_stream_is_a_failed_call() {
    let error = "data: {\"error\":{\"message\":\"x\",\"code\":\"server_overloaded\"}}\n\n";
    let stage = Stage::new(&Upstream::answering(200, EVENTS, &format!("{CONTENT}{error}")).await).await;
    assert_eq!(stage.post(CHAT, r#"{"model":"gpt-x","stream":true}"#).await.text(), format!("{CONTENT}{error}"));
    let call = stage.call().await;
    assert_eq!((call.outcome, call.error_code.as_str(), call.cost), (Outcome::Failed, "server_overloaded", None));
}

#[tokio::test]
async fn a_call_whose_client_hangs_up_is_recorded_with_what_the_provider_reports_at_its_end() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = Stage::new(&upstream).await;
    let mut stored = stage.meter.subscribe();
    let body = r#"{"model":"gpt-x","stream":true}"#;
    let mut client = TcpStream::connect(stage.address).await.unwrap();
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-length: {}\r\n\r\n{body}",
        stage.key.secret,
        body.len()
    );
    client.write_all(head.as_bytes()).await.unwrap();
    pieces.send(bytes(CONTENT)).await.unwrap();
    let mut received = Vec::new();
    while !received.windows(7).any(|window| window == b"content") {
        assert_ne!(client.read_buf(&mut received).await.unwrap(), 0);
    }
    client.shutdown().await.unwrap();
    // The server closes its side once it has noticed.
    while client.read_buf(&mut received).await.is_ok_and(|read| read > 0) {}

    for event in [CONTENT, USAGE, DONE] {
        pieces.send(bytes(event)).await.unwrap();
    }
    drop(pieces);
    stored.recv().await.unwrap();
    let call = stage.call().await;
    assert_eq!((call.outcome, call.status, call.used), (Outcome::Interrupted, 200, USED));
    assert_eq!(call.cost.unwrap().to_string(), "0.000008");
    stage.gateway.finished().await;
}

#[tokio::test]
async fn a_refusal_of_a_streamed_call_is_a_whole_answer() {
    let body = r#"{"error":{"message":"no","code":"context_length_exceeded"}}"#;
    let stage = Stage::new(&Upstream::answering(400, &[("content-type", "application/json")], body).await).await;
    let answer = stage.post(CHAT, r#"{"model":"gpt-x","stream":true}"#).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::BAD_REQUEST, body));
    let call = stage.call().await;
    assert_eq!((call.outcome, call.error_code.as_str()), (Outcome::Failed, "context_length_exceeded"));
}
