//! The sandbox answers every endpoint, and is slow or fails on demand.

use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use domain::calls::{CountSource, Outcome};
use serde_json::{Value, json};

use crate::gateway::{
    stage::{Answer, CHAT, Stage},
    upstream::Upstream,
};

async fn stage() -> Stage {
    let models = ["image", "audio", "video", "fine_tuning"].map(|service| {
        format!("\n[[model]]\nname = \"sandbox-{service}\"\nproviders = [\"sandbox\"]\nservice = \"{service}\"\n")
    });
    Stage::with(&[&Upstream::down().await], &format!("files_provider = \"sandbox\"{}", models.concat())).await
}

async fn get(stage: &Stage, path: &str) -> Answer {
    let bearer = format!("Bearer {}", stage.key.secret);
    stage.request(Method::GET, path, &[("authorization", &bearer)], "").await
}

async fn post_with(stage: &Stage, headers: &[(&str, &str)], path: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {}", stage.key.secret);
    let all = [&[("authorization", bearer.as_str()), ("content-type", "application/json")], headers].concat();
    stage.request(Method::POST, path, &all, body.to_string()).await
}

async fn post_form(stage: &Stage, path: &str, fields: &[(&str, &str)]) -> Answer {
    let field = |(name, value): &(&str, &str)| {
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let form = fields.iter().map(field).collect::<String>()
        + "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncontent\r\n--XX--\r\n";
    let bearer = format!("Bearer {}", stage.key.secret);
    let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=XX")];
    stage.request(Method::POST, path, &headers, form).await
}

#[tokio::test]
async fn every_endpoint_answers_with_its_usage() {
    let stage = stage().await;
    for (path, body) in [
        ("/v1/responses", json!({"model": "sandbox-1", "input": "hello"})),
        ("/v1/completions", json!({"model": "sandbox-1", "prompt": "hello"})),
        (
            "/v1/messages",
            json!({"model": "sandbox-1", "max_tokens": 99, "messages": [{"role": "user", "content": "hello"}]}),
        ),
    ] {
        let complete = stage.post(path, body.to_string()).await;
        assert_eq!(complete.status, StatusCode::OK, "{complete:?}");
        assert_eq!(stage.post(path, body.to_string()).await.body, complete.body, "the same again");
        let mut streamed = body.clone();
        streamed["stream"] = true.into();
        let streamed = stage.post(path, streamed.to_string()).await;
        assert!(streamed.headers["content-type"].to_str().unwrap().starts_with("text/event-stream"));
        let calls = stage.calls().await;
        assert_eq!(calls[0].used, calls[1].used, "{path}: the same whole and streamed");
        assert_eq!((calls[0].measured, calls[0].streamed), (CountSource::Reported, true), "{path}");
        assert!(calls[0].used.tokens_in > 0 && calls[0].used.tokens_out > 0);
    }
    let moderation = stage
        .post("/v1/moderations", json!({"model": "sandbox-1", "input": ["a", "[sandbox flagged]"]}).to_string())
        .await;
    assert_eq!(moderation.json()["results"][1]["flagged"], true);
    let image = stage
        .post("/v1/images/generations", json!({"model": "sandbox-image", "prompt": "a", "n": 2}).to_string())
        .await;
    assert_eq!(image.json()["data"].as_array().unwrap().len(), 2);
    for path in ["/v1/images/edits", "/v1/images/variations"] {
        let edited = post_form(&stage, path, &[("model", "sandbox-image"), ("prompt", "a")]).await;
        assert!(edited.json()["data"][0]["b64_json"].is_string(), "{edited:?}");
    }
    let speech = stage
        .post("/v1/audio/speech", json!({"model": "sandbox-audio", "input": "hello", "voice": "a"}).to_string())
        .await;
    assert!(speech.body.starts_with(b"RIFF"));
    for path in ["/v1/audio/transcriptions", "/v1/audio/translations"] {
        let text = post_form(&stage, path, &[("model", "sandbox-audio")]).await;
        assert!(text.json()["text"].is_string(), "{text:?}");
        assert_eq!(stage.calls().await[0].used.media_ms, 1_000);
        let plain = post_form(&stage, path, &[("model", "sandbox-audio"), ("response_format", "text")]).await;
        assert!(plain.text().ends_with('\n'));
        let streamed = post_form(&stage, path, &[("model", "sandbox-audio"), ("stream", "true")]).await;
        assert!(streamed.text().contains("transcript.text.done"));
        assert_eq!(stage.calls().await[0].used.media_ms, 1_000);
    }
    let count = stage
        .post(
            "/v1/messages/count_tokens",
            json!({"model": "sandbox-1", "messages": [{"role": "user", "content": "hello"}]}).to_string(),
        )
        .await;
    assert_eq!(count.json()["input_tokens"], 2);
    assert!(stage.calls().await.iter().all(|call| call.outcome == Outcome::Succeeded));
}

#[tokio::test]
async fn tools_are_called_where_that_is_asked_for() {
    let stage = stage().await;
    let tools = json!([{"type": "function", "function": {"name": "weather", "parameters": {"type": "object",
        "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]);
    let mut body = json!({"model": "sandbox-1", "messages": [{"role": "user", "content": "hi"}], "tools": tools, "tool_choice": "required"});
    let called = stage.post(CHAT, body.to_string()).await.json();
    assert_eq!(called["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], r#"{"city":"toll"}"#);
    assert_eq!(called["choices"][0]["finish_reason"], "tool_calls");
    body["stream"] = true.into();
    assert!(stage.post(CHAT, body.to_string()).await.text().contains("\"tool_calls\":[{"));
    let body = json!({"model": "sandbox-1", "max_tokens": 9, "messages": [{"role": "user", "content": "[sandbox tool]"}],
        "tools": [{"name": "weather", "input_schema": {"type": "object"}}]});
    let called = stage.post("/v1/messages", body.to_string()).await.json();
    assert_eq!(
        (called["stop_reason"].as_str(), called["content"][0]["name"].as_str()),
        (Some("tool_use"), Some("weather"))
    );
    let body = json!({"model": "sandbox-1", "input": "hi", "tool_choice": "required", "tools": [{"type": "function", "name": "weather"}]});
    assert_eq!(stage.post("/v1/responses", body.to_string()).await.json()["output"][0]["type"], "function_call");
}

#[tokio::test]
async fn jobs_are_done_after_a_while() {
    let stage = stage().await;
    let soon = [("x-sandbox-job", "0s")];
    let body = json!({"model": "sandbox-video", "prompt": "a", "seconds": "8"});
    let later = stage.post("/v1/videos", body.to_string()).await.json();
    assert_eq!(later["status"], "in_progress");
    let film = post_with(&stage, &soon, "/v1/videos", body).await.json();
    let id = film["id"].as_str().unwrap();
    assert_eq!(get(&stage, &format!("/v1/videos/{id}")).await.json()["status"], "completed");
    assert!(get(&stage, &format!("/v1/videos/{id}/content")).await.body.ends_with(b"isom"));
    let metered: i64 = stage.calls().await.iter().map(|call| call.used.media_ms).sum();
    assert_eq!(metered, 8_000);
    let file = post_form(&stage, "/v1/files", &[("purpose", "fine-tune")]).await.json();
    assert_eq!((file["bytes"].as_i64(), file["filename"].as_str()), (Some(7), Some("a")));
    let file = file["id"].as_str().unwrap();
    assert_eq!(get(&stage, &format!("/v1/files/{file}/content")).await.text(), "content");
    let job = post_with(
        &stage,
        &soon,
        "/v1/fine_tuning/jobs",
        json!({"model": "sandbox-fine_tuning", "training_file": file}),
    )
    .await
    .json();
    let id = job["id"].as_str().unwrap();
    assert_eq!(get(&stage, &format!("/v1/fine_tuning/jobs/{id}")).await.json()["trained_tokens"], 2);
    assert!(get(&stage, &format!("/v1/fine_tuning/jobs/{id}/events")).await.json()["data"][0]["message"].is_string());
}

#[tokio::test]
async fn it_is_slow_or_fails_where_it_is_told_to() {
    let stage = stage().await;
    let body = |text: &str| json!({"model": "sandbox-1", "messages": [{"role": "user", "content": text}]});
    let start = Instant::now();
    assert_eq!(stage.post(CHAT, body("[sandbox delay=200ms]").to_string()).await.status, StatusCode::OK);
    assert!(start.elapsed() >= Duration::from_millis(200));
    let answer = post_with(&stage, &[("x-sandbox-status", "400")], CHAT, body("a")).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "sandbox_error"));
    let answer = stage.post(CHAT, body("[sandbox status=503]").to_string()).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "sandbox_error"));
    let answer = stage.post(CHAT, body("[sandbox hang-up]").to_string()).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    let answer = stage.post(CHAT, body("[sandbox usage=none] hello").to_string()).await;
    assert!(answer.json()["usage"].is_null());
    assert_eq!(stage.calls().await[0].measured, CountSource::Estimated);
    let answer = stage.post(CHAT, body("[sandbox delay=2]").to_string()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}
