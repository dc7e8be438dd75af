//! The outcome of a call despite its status: errors within a success, HTML pages,
//! empty and incomplete answers.

use axum::{
    body::Body,
    http::{Method, StatusCode},
    response::Response,
};
use domain::{
    calls::{CountSource, Outcome},
    money::Quantities,
};

use super::{
    endpoints::MODELS,
    stage::{Answer, CHAT, EMBEDDINGS, Stage},
    upstream::Upstream,
};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const BODY: &str = r#"{"model":"gpt-x","messages":[{"role":"user","content":"hello"}]}"#;

async fn answered(headers: &[(&'static str, &'static str)], body: &str) -> Stage {
    Stage::with(&[&Upstream::answering(200, headers, body).await], MODELS).await
}

async fn transcribe(stage: &Stage) -> Answer {
    let form = "--XX\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ntalk-x\r\n--XX--\r\n";
    let bearer = format!("Bearer {}", stage.key.secret);
    let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=XX")];
    stage.request(Method::POST, "/v1/audio/transcriptions", &headers, form).await
}

#[tokio::test]
async fn an_error_within_a_success_is_told_as_one_and_costs_nothing() {
    for (body, status, code) in [
        (
            r#"{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}"#,
            400,
            "context_length_exceeded",
        ),
        (r#"{"id":"c","choices":null,"error":{"message":"none","code":404}}"#, 404, "upstream_error"),
        (r#"{"error":{"message":"busy","code":"rate_limit_exceeded"}}"#, 429, "rate_limit_exceeded"),
        (r#"{"error":{"message":"broken","code":"server_error"}}"#, 502, "upstream_error"),
        (r#"{"error":"out of memory"}"#, 502, "upstream_error"),
        (r#"[{"error":{"message":"x","code":400,"status":"INVALID_ARGUMENT"}}]"#, 400, "upstream_error"),
        (r#"{"object":"error","message":"x","code":50001}"#, 502, "upstream_error"),
        (r#"{"id":"c","choices":null}"#, 502, "upstream_error"),
        (r#"{"choices":null,"base_resp":{"status_code":1008,"status_msg":"no balance"}}"#, 502, "upstream_error"),
        (r#"{"detail":"Not Found"}"#, 502, "upstream_error"),
        ("<!doctype html><title>Maintenance</title>", 502, "upstream_error"),
        ("", 502, "upstream_error"),
        (" \r\n", 502, "upstream_error"),
        ("null", 502, "upstream_error"),
    ] {
        for headers in [JSON, &[], &[("content-type", "text/html; charset=utf-8")]] {
            let stage = answered(headers, body).await;
            let answer = stage.post(CHAT, BODY).await;
            assert_eq!(answer.status.as_u16(), status, "{body} {headers:?}");
            assert_eq!(answer.headers["content-type"], "application/json", "{body}");
            let call = stage.call().await;
            assert_eq!(
                (call.outcome, call.status, call.error_code.as_str()),
                (Outcome::Failed, status, code),
                "{body}"
            );
            assert_eq!((call.measured, call.cost.unwrap().nanos()), (CountSource::Unknown, 0), "{body}");
        }
    }
}

#[tokio::test]
async fn an_error_with_usage_costs_what_was_used() {
    let body = r#"{"error":{"message":"x","code":"server_error"},"usage":{"prompt_tokens":8,"completion_tokens":3}}"#;
    let stage = answered(JSON, body).await;
    assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::BAD_GATEWAY);
    let call = stage.call().await;
    assert_eq!((call.outcome, call.measured), (Outcome::Failed, CountSource::Reported));
    assert_eq!(call.cost.unwrap().nanos(), 8 * 250 + 3 * 2_000);
}

#[tokio::test]
async fn an_error_that_the_client_can_read_within_its_answer_passes_and_is_a_failed_call() {
    let failed = r#"{"id":"resp_1","object":"response","status":"failed","error":{"code":"server_error","message":"x"},"output":[]}"#;
    let partly =
        r#"{"choices":[{"message":{"content":"Once"},"finish_reason":"error"}],"error":{"code":502,"message":"x"}}"#;
    let starved = r#"{"choices":[{"message":{"content":""},"finish_reason":"insufficient_system_resource"}]}"#;
    for (path, body, code) in [
        ("/v1/responses", failed, "server_error"),
        (CHAT, partly, "upstream_error"),
        (CHAT, starved, "insufficient_system_resource"),
    ] {
        let stage = answered(JSON, body).await;
        let answer = stage.post(path, r#"{"model":"gpt-x","input":"a"}"#).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, body));
        let call = stage.call().await;
        assert_eq!((call.outcome, call.status, call.error_code.as_str()), (Outcome::Failed, 200, code), "{body}");
        assert_eq!(call.cost.unwrap().nanos(), 0);
    }
}

#[tokio::test]
async fn every_form_of_call_knows_an_error() {
    let error = r#"{"error":{"message":"x"}}"#;
    for (path, body) in [
        ("/v1/completions", r#"{"model":"gpt-x","prompt":"a"}"#),
        ("/v1/responses", r#"{"model":"gpt-x","input":"a"}"#),
        ("/v1/responses/input_tokens", r#"{"model":"gpt-x","input":"a"}"#),
        ("/v1/moderations", r#"{"model":"gpt-x","input":"a"}"#),
        (EMBEDDINGS, r#"{"model":"embed-x","input":"a"}"#),
        ("/v1/images/generations", r#"{"model":"draw-x","prompt":"a"}"#),
        ("/v1/audio/speech", r#"{"model":"say-x","input":"a"}"#),
    ] {
        for stream in ["", r#","stream":true"#] {
            let stage = answered(JSON, error).await;
            let body = body.replace('}', &format!("{stream}}}"));
            assert_eq!(stage.post(path, body).await.status, StatusCode::BAD_GATEWAY, "{path} {stream}");
            let call = stage.call().await;
            assert_eq!(
                (call.outcome, call.cost.map(|cost| cost.nanos())),
                (Outcome::Failed, Some(0)),
                "{path} {stream}"
            );
        }
    }
    for (kind, body) in [("application/json", error), ("text/plain", error), ("text/html", "<html>")] {
        let stage = answered(&[("content-type", kind)], body).await;
        assert_eq!(transcribe(&stage).await.status, StatusCode::BAD_GATEWAY, "{kind}");
        assert_eq!(stage.call().await.outcome, Outcome::Failed);
    }
}

#[tokio::test]
async fn what_isnt_json_passes_where_it_may_be_something_else() {
    let say = r#"{"model":"say-x","input":"a"}"#;
    // Audio may begin like JSON, and have no specific type.
    for headers in [&[("content-type", "audio/pcm")][..], &[("content-type", "application/octet-stream")]] {
        let stage = answered(headers, "{\u{1}").await;
        assert_eq!(stage.post("/v1/audio/speech", say).await.text(), "{\u{1}");
        assert_eq!(stage.call().await.outcome, Outcome::Succeeded);
    }
    let stage = answered(&[], "ID3").await;
    assert_eq!(stage.post("/v1/audio/speech", say).await.text(), "ID3");
    for (kind, body) in [("audio/mpeg", ""), ("text/plain", "upstream error"), ("text/html", "<html>")] {
        let stage = answered(&[("content-type", kind)], body).await;
        assert_eq!(stage.post("/v1/audio/speech", say).await.status, StatusCode::BAD_GATEWAY, "{kind}");
        assert_eq!((stage.call().await.outcome, stage.call().await.cost.unwrap().nanos()), (Outcome::Failed, 0));
    }
    let stage = answered(&[("content-type", "text/vtt")], "WEBVTT\n\n").await;
    assert_eq!(transcribe(&stage).await.text(), "WEBVTT\n\n");
    assert_eq!(stage.call().await.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn half_an_answer_is_interrupted() {
    let stage = answered(JSON, r#"{"id":"c","choices":[{"message":{"content":"Once"#).await;
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_GATEWAY, "upstream_error"));
    let call = stage.call().await;
    assert_eq!((call.outcome, call.error_code.as_str(), call.cost), (Outcome::Interrupted, "upstream_error", None));
}

#[tokio::test]
async fn an_answer_is_json_whatever_it_is_called_and_in_whatever_way_it_is_written() {
    let answer = r#"{"choices":[{"message":{"content":"a"},"logprobs":{"token_logprobs":[-Infinity,NaN]}}],"usage":{"prompt_tokens":8,"completion_tokens":3}}"#;
    for headers in [&[][..], &[("content-type", "text/plain")], &[("content-type", "application/octet-stream")]] {
        let stage = answered(headers, answer).await;
        let received = stage.post(CHAT, BODY).await;
        assert_eq!((received.status, received.text()), (StatusCode::OK, answer));
        assert_eq!(received.headers["content-type"], "application/json");
        let call = stage.call().await;
        let used = Quantities { tokens_in: 8, tokens_out: 3, ..Quantities::NONE };
        assert_eq!((call.outcome, call.used), (Outcome::Succeeded, used), "{headers:?}");
    }
}

#[tokio::test]
async fn a_job_that_failed_was_told_of_and_an_error_instead_of_a_job_was_not() {
    let failed = r#"{"id":"video_1","object":"video","status":"failed","error":{"code":"moderation_blocked"}}"#;
    let film = r#"{"model":"film-x","prompt":"a"}"#;
    let models = format!(
        "{MODELS}\n[[model]]\nname = \"film-x\"\nproviders = [\"upstream-0\"]\nservice = \"video\"\nprice = {{ per_minute = \"6\" }}\n"
    );
    let upstream = Upstream::new(move |request| async move {
        let body = match request.json()["prompt"].as_str() {
            Some("none") => r#"{"error":{"message":"x"}}"#,
            _ => failed,
        };
        Response::builder().header("content-type", "application/json").body(Body::from(body)).unwrap()
    })
    .await;
    let stage = Stage::with(&[&upstream], &models).await;
    assert_eq!(stage.post("/v1/videos", film.replace("\"a\"", "\"none\"")).await.status, StatusCode::BAD_GATEWAY);
    assert_eq!(stage.call().await.outcome, Outcome::Failed);
    let received = stage.post("/v1/videos", film).await;
    assert_eq!((received.status, received.text()), (StatusCode::OK, failed));
    // One record of its creation, and one of its failure.
    let outcomes: Vec<_> = stage.calls().await.iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Succeeded).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.len(), 3, "{outcomes:?}");
}
