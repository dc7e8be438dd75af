//! The ends of streams: complete or broken off, under any content type, and with events of any size.

use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use domain::{
    calls::{CountSource, Outcome},
    money::Quantities,
};
use http_body_util::BodyExt;

use super::{
    endpoints::MODELS,
    stage::{CHAT, Stage},
    upstream::Upstream,
};

const EVENTS: &[(&str, &str)] = &[("content-type", "text/event-stream")];
const STREAMED: &str = r#"{"model":"gpt-x","stream":true,"messages":[{"role":"user","content":"hello"}]}"#;
const CONTENT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Once\"}}]}\n\n";
const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":3}}\n\n";
const DONE: &str = "data: [DONE]\n\n";
const USED: Quantities = Quantities { tokens_in: 8, tokens_out: 3, ..Quantities::NONE };

/// An answer's head, the received part of its body, and whether it is complete.
struct StreamResult {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
    is_complete: bool,
}

async fn read(stage: &Stage, path: &str, body: &str) -> StreamResult {
    let mut response = stage.post_unread(path, body.to_owned()).await;
    let mut bytes = Vec::new();
    let is_complete = loop {
        match response.frame().await {
            None => break true,
            Some(Err(_)) => break false,
            Some(Ok(frame)) => bytes.extend_from_slice(&frame.into_data().unwrap()),
        }
    };
    let text = String::from_utf8(bytes).unwrap();
    StreamResult { status: response.status(), headers: response.headers().clone(), text, is_complete }
}

async fn streamed(headers: &[(&'static str, &'static str)], events: &str) -> Stage {
    Stage::with(&[&Upstream::answering(200, headers, events).await], MODELS).await
}

#[tokio::test]
async fn a_stream_that_ends_before_its_end_breaks_off_and_is_interrupted() {
    let created = "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"usage\":null}}\n\n";
    let delta = "data: {\"type\":\"response.output_text.delta\",\"delta\":\"Once\"}\n\n";
    let partial = "data: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"a\"}\n\n";
    let words = "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Once\"}\n\n";
    let draw = r#"{"model":"draw-x","prompt":"a","stream":true}"#;
    for (path, body, events) in [
        (CHAT, STREAMED, CONTENT.to_owned()),
        (
            CHAT,
            STREAMED,
            format!("{CONTENT}data: {{\"choices\":[{{\"index\":1,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n"),
        ),
        (CHAT, STREAMED, ": ping\n\n".to_owned()),
        (CHAT, STREAMED, format!("{CONTENT}data: {{\"choices\":[{{\"del")),
        ("/v1/completions", STREAMED, "data: {\"choices\":[{\"text\":\"Once\"}]}\n\n".to_owned()),
        ("/v1/responses", STREAMED, format!("{created}{delta}")),
        ("/v1/images/generations", draw, partial.to_owned()),
        ("/v1/audio/speech", r#"{"model":"say-x","input":"a","stream_format":"sse"}"#, words.to_owned()),
    ] {
        let stage = streamed(EVENTS, &events).await;
        let result = read(&stage, path, body).await;
        assert_eq!(
            (result.status, result.text.as_str(), result.is_complete),
            (StatusCode::OK, events.as_str(), false),
            "{path}"
        );
        let call = stage.call().await;
        assert_eq!(
            (call.outcome, call.error_code.as_str()),
            (Outcome::Interrupted, "upstream_error"),
            "{path} {events}"
        );
        assert_eq!((call.status, call.streamed), (200, true));
    }
}

#[tokio::test]
async fn what_an_api_ends_with_is_an_end() {
    let finished = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":3}}\n\n";
    for events in [
        format!("{CONTENT}{DONE}"),
        format!("{CONTENT}{STOP}"),
        format!("{CONTENT}{}", USAGE.replace("\"choices\":[],", "")),
        format!("{CONTENT}{finished}"),
        format!("{CONTENT}data: [DONE]"),
    ] {
        let stage = streamed(EVENTS, &events).await;
        let result =
            read(&stage, CHAT, &STREAMED.replace("{\"model", "{\"stream_options\":{\"include_usage\":true},\"model"))
                .await;
        assert_eq!((result.text.as_str(), result.is_complete), (events.as_str(), true));
        assert_eq!(stage.call().await.outcome, Outcome::Succeeded, "{events}");
    }
}

#[tokio::test]
async fn an_error_ends_a_stream_and_is_a_failed_call() {
    let top = "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"x\",\"param\":null}\n\n";
    let failed = "data: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"rate_limit_exceeded\"}}}\n\n";
    let plain = "event: error\ndata: out of memory\n\n";
    let finish = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"error\"}],\"error\":{\"code\":\"provider_gone\"}}\n\n";
    for (path, events, code) in [
        ("/v1/responses", top, "server_error"),
        ("/v1/responses", failed, "rate_limit_exceeded"),
        (CHAT, "data: {\"error\":{\"message\":\"x\",\"code\":\"server_overloaded\"}}\n\n", "server_overloaded"),
        (CHAT, plain, "upstream_error"),
        (CHAT, finish, "provider_gone"),
    ] {
        let stage = streamed(EVENTS, events).await;
        let result = read(&stage, path, STREAMED).await;
        assert_eq!((result.text.as_str(), result.is_complete), (events, true), "{path}");
        let call = stage.call().await;
        assert_eq!((call.outcome, call.error_code.as_str()), (Outcome::Failed, code), "{events}");
        assert_eq!(call.cost.map(|cost| cost.nanos()), Some(0), "nothing was said before: {events}");
    }
    // Output before the error may be charged for.
    let stage = streamed(EVENTS, &format!("{CONTENT}{finish}")).await;
    read(&stage, CHAT, STREAMED).await;
    assert_eq!((stage.call().await.outcome, stage.call().await.cost), (Outcome::Failed, None));
}

#[tokio::test]
async fn a_stream_is_one_whatever_it_is_called() {
    for headers in [
        &[][..],
        &[("content-type", "application/json")],
        &[("content-type", "text/plain; charset=utf-8")],
        &[("content-type", "application/octet-stream")],
        &[("content-type", "application/x-ndjson")],
    ] {
        for begin in ["", "\u{feff}", "\n\n", ": ping\n\n"] {
            let stage = streamed(headers, &format!("{begin}{CONTENT}{USAGE}{DONE}")).await;
            let result = read(&stage, CHAT, STREAMED).await;
            assert_eq!(
                (result.text, result.is_complete),
                (format!("{begin}{CONTENT}{DONE}"), true),
                "{headers:?} {begin:?}"
            );
            assert_eq!(result.headers["content-type"], "text/event-stream");
            let call = stage.call().await;
            assert_eq!((call.used, call.measured, call.streamed), (USED, CountSource::Reported, true), "{headers:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_called_a_stream_and_isnt_one_is_read_as_what_it_is() {
    let stage = streamed(EVENTS, r#"{"error":{"message":"x","type":"invalid_request_error"}}"#).await;
    let result = read(&stage, CHAT, STREAMED).await;
    assert_eq!(
        (result.status, result.headers["content-type"].to_str().unwrap()),
        (StatusCode::BAD_REQUEST, "application/json")
    );
    assert_eq!((stage.call().await.outcome, stage.call().await.streamed), (Outcome::Failed, false));
    for events in ["", "<html>"] {
        let stage = streamed(EVENTS, events).await;
        assert_eq!(read(&stage, CHAT, STREAMED).await.status, StatusCode::BAD_GATEWAY, "{events}");
        assert_eq!(stage.call().await.cost.unwrap().nanos(), 0);
    }
}

/// The error comes after the head of the stream that it replaces.
#[tokio::test]
async fn an_error_that_comes_late_in_place_of_a_stream_is_a_failed_call() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = Stage::new(&upstream).await;
    let mut response = stage.post_unread(CHAT, STREAMED).await;
    assert_eq!(response.status(), StatusCode::OK, "its head came before anything else");
    let error = r#"{"error":{"message":"x","code":"server_overloaded"}}"#;
    pieces.send(Ok(error.into())).await.unwrap();
    drop(pieces);
    assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap(), error);
    let call = stage.call().await;
    assert_eq!((call.outcome, call.error_code.as_str()), (Outcome::Failed, "server_overloaded"));
}

#[tokio::test]
async fn the_first_event_of_a_stream_without_a_type_waits_for_nothing() {
    let (pieces, stream) = tokio::sync::mpsc::channel::<std::io::Result<Bytes>>(10);
    let stream = std::sync::Mutex::new(Some(stream));
    let upstream = Upstream::new(move |_| {
        let stream = tokio_stream::wrappers::ReceiverStream::new(stream.lock().unwrap().take().unwrap());
        async { axum::response::Response::new(axum::body::Body::from_stream(stream)) }
    })
    .await;
    let stage = Stage::new(&upstream).await;
    pieces.send(Ok("data: {\"choices\":[{}]}\n\n".into())).await.unwrap();
    let mut response = stage.post_unread(CHAT, STREAMED).await;
    assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap(), "data: {\"choices\":[{}]}\n\n");
    pieces.send(Ok(DONE.into())).await.unwrap();
    drop(pieces);
    assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap(), DONE);
    assert!(stage.call().await.first_byte_us.is_some());
}

#[tokio::test]
async fn a_usage_chunk_that_nobody_asked_for_is_withheld_in_every_form() {
    for choices in ["\"choices\":[],", "\"choices\":null,", ""] {
        let usage = USAGE.replace("\"choices\":[],", choices);
        let stage = streamed(EVENTS, &format!("{CONTENT}{usage}{DONE}")).await;
        assert_eq!(read(&stage, CHAT, STREAMED).await.text, format!("{CONTENT}{DONE}"), "{choices}");
        assert_eq!(stage.call().await.used, USED);
        // Without the last event, the usage chunk ends the stream.
        let stage = streamed(EVENTS, &format!("{CONTENT}{usage}")).await;
        let result = read(&stage, CHAT, STREAMED).await;
        assert_eq!((result.text.as_str(), result.is_complete), (CONTENT, true), "{choices}");
        assert_eq!((stage.call().await.used, stage.call().await.outcome), (USED, Outcome::Succeeded));
    }
}

/// Starts a stage whose provider answers in pieces of this size.
async fn in_pieces(events: &str, size: usize) -> Stage {
    let events = Bytes::copy_from_slice(events.as_bytes());
    let upstream = Upstream::new(move |_| {
        let events = events.clone();
        let cuts = (0..events.len()).step_by(size);
        let pieces = cuts.map(move |at| Ok::<_, std::io::Error>(events.slice(at..(at + size).min(events.len()))));
        let body = axum::body::Body::from_stream(futures::stream::iter(pieces.collect::<Vec<_>>()));
        async { axum::response::Response::builder().header("content-type", "text/event-stream").body(body).unwrap() }
    })
    .await;
    Stage::with(&[&upstream], MODELS).await
}

#[tokio::test]
async fn events_are_read_whatever_their_size_and_however_they_are_cut() {
    let picture = "iVBORw0KGgo".repeat(300_000);
    let pictures = format!(
        "event: image_generation.completed\ndata: {{\"type\":\"image_generation.completed\",\"b64_json\":\"{picture}\",\"usage\":{{\"input_tokens\":8,\"output_tokens\":3}}}}\n\n"
    );
    let chunk = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"images\":[{{\"image_url\":{{\"url\":\"data:image/png;base64,{picture}\"}}}}]}},\"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":8,\"completion_tokens\":3}}}}\n\n"
    );
    let response = format!(
        "data: {{\"type\":\"response.completed\",\"response\":{{\"id\":\"r\",\"output\":[{{\"type\":\"image_generation_call\",\"result\":\"{picture}\"}}],\"usage\":{{\"input_tokens\":8,\"output_tokens\":3}}}}}}\r\n\r\n"
    );
    let draw = r#"{"model":"draw-x","prompt":"a","stream":true}"#;
    for (path, body, events, images) in [
        ("/v1/images/generations", draw, format!("{pictures}{pictures}"), 2),
        (CHAT, STREAMED, chunk, 0),
        ("/v1/responses", STREAMED, response, 0),
    ] {
        for size in [1 << 14, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 10 << 20] {
            let stage = in_pieces(&events, size).await;
            let result = read(&stage, path, body).await;
            assert!(result.is_complete && result.text == events, "{path} {size}");
            let call = stage.call().await;
            assert_eq!(
                (call.outcome, call.measured, call.used.images),
                (Outcome::Succeeded, CountSource::Reported, images),
                "{path} {size}"
            );
            assert!(images > 0 || call.used == USED, "{path} {size}: {:?}", call.used);
        }
    }
}
