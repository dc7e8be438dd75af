//! Parameters that clients leave out, bodies that they compress, and options that some providers don't know.

use std::io::Write;

use axum::http::{Method, StatusCode};
use domain::calls::Outcome;
use flate2::{Compression, write::GzEncoder};

use super::{
    stage::{Answer, CHAT, Stage},
    upstream::Upstream,
};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const EVENTS: &[(&str, &str)] = &[("content-type", "text/event-stream")];
const GOOD: &str = r#"{"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;
const BODY: &str = r#"{"model":"gpt-x","messages":[]}"#;

async fn post(stage: &Stage, path: &str, headers: &[(&str, &str)], body: impl Into<bytes::Bytes>) -> Answer {
    let bearer = format!("Bearer {}", stage.key.secret);
    stage.request(Method::POST, path, &[&[("authorization", &*bearer)], headers].concat(), body).await
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut packing = GzEncoder::new(Vec::new(), Compression::best());
    packing.write_all(plain).unwrap();
    packing.finish().unwrap()
}

#[tokio::test]
async fn a_model_that_isnt_named_may_have_one_by_configuration() {
    let upstream = Upstream::answering(200, JSON, GOOD).await;
    let models = [("judge-x", "chat", "moderations"), ("draw-x", "image", "images"), ("film-x", "video", "videos")];
    let models = models.map(|(name, service, of)| {
        format!("[[model]]\nname = {name:?}\nupstream_name = \"{name}-2026\"\nproviders = [\"upstream-0\"]\nservice = {service:?}\ndefault_for = [{of:?}]\n")
    });
    let stage = Stage::with(&[&upstream], &models.concat()).await;
    for (path, sent, forwarded) in [
        ("/v1/moderations", r#"{"input":"a"}"#, r#"{"model":"judge-x-2026","input":"a"}"#),
        ("/v1/moderations", r#" { "input" : "a", "model" : null}"#, r#" { "input" : "a", "model" : "judge-x-2026"}"#),
        ("/v1/moderations", "{}", r#"{"model":"judge-x-2026"}"#),
        ("/v1/images/generations", r#"{"prompt":"a"}"#, r#"{"model":"draw-x-2026","prompt":"a"}"#),
        ("/v1/moderations", r#"{"model":"gpt-x","input":"a"}"#, r#"{"model":"gpt-x-2026","input":"a"}"#),
    ] {
        assert_eq!(post(&stage, path, JSON, sent).await.status, StatusCode::OK, "{path} {sent}");
        let request = upstream.requests().pop().unwrap();
        assert_eq!(std::str::from_utf8(&request.body).unwrap(), forwarded);
    }
    let form = "--XX\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\nx\r\n--XX--\r\n";
    let kind = [("content-type", "multipart/form-data; boundary=XX")];
    assert_eq!(post(&stage, "/v1/images/variations", &kind, form).await.status, StatusCode::OK);
    let request = upstream.requests().pop().unwrap();
    let boundary = request.headers["content-type"].to_str().unwrap().split_once("boundary=").unwrap().1;
    let sent = String::from_utf8(request.body.to_vec()).unwrap().replace(boundary, "XX");
    let model = "--XX\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ndraw-x-2026\r\n";
    assert_eq!(sent, format!("{model}{form}"));
    assert!(stage.calls().await.iter().any(|call| call.model == "draw-x" && call.outcome == Outcome::Succeeded));
    // No default where OpenAI has none, and none that the key may not call.
    let refused = post(&stage, CHAT, JSON, r#"{"messages":[]}"#).await;
    assert_eq!((refused.status, refused.json()["error"]["param"].as_str()), (StatusCode::BAD_REQUEST, Some("model")));
    let narrow = stage.key(|key| key.models = vec!["gpt-x".to_owned()]).await.secret;
    let bearer = format!("Bearer {narrow}");
    let refused = stage.request(Method::POST, "/v1/moderations", &[("authorization", &bearer)], "{}").await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "model_not_allowed"));
}

#[tokio::test]
async fn a_provider_that_doesnt_know_stream_options_is_sent_none() {
    let stream =
        "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let (plain, usual) =
        (Upstream::answering(200, EVENTS, stream).await, Upstream::answering(200, EVENTS, stream).await);
    let provider = format!(
        "[[provider]]\nname = \"plain\"\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\nstream_options = false\n\
         [[model]]\nname = \"plain\"\nservice = \"chat\"\nproviders = [\"plain\"]\n\
         [[model]]\nname = \"both\"\nservice = \"chat\"\nproviders = [\"upstream-0\", \"plain\"]\n",
        plain.address
    );
    let stage = Stage::with(&[&usual], &provider).await;
    for (sent, forwarded) in [
        (r#"{"model":"plain","stream":true}"#, r#"{"model":"plain","stream":true}"#),
        (
            r#"{"model":"plain", "stream_options" : {"include_usage":true} ,"stream":true}"#,
            r#"{"model":"plain", "stream":true}"#,
        ),
        (r#"{"model":"plain","stream":true,"stream_options":null }"#, r#"{"model":"plain","stream":true }"#),
        (r#"{"stream_options":{},"model":"plain","stream":true}"#, r#"{"model":"plain","stream":true}"#),
        (r#"{"model":"plain","stream":true,"stream\u005foptions":{}}"#, r#"{"model":"plain","stream":true}"#),
    ] {
        assert_eq!(post(&stage, CHAT, JSON, sent).await.text(), stream, "{sent}");
        assert_eq!(std::str::from_utf8(&plain.requests().pop().unwrap().body).unwrap(), forwarded);
        let call = stage.calls().await.remove(0);
        assert_eq!((call.measured, call.outcome), (domain::calls::CountSource::Estimated, Outcome::Succeeded));
    }
    // Each provider of a model gets only options that it knows.
    let failing = Upstream::answering(500, &[], "{}").await;
    let stage = Stage::with(&[&failing], &provider).await;
    assert_eq!(post(&stage, CHAT, JSON, r#"{"model":"both","stream":true}"#).await.text(), stream);
    assert!(failing.requests()[0].json()["stream_options"]["include_usage"].as_bool().unwrap());
    assert!(plain.requests().pop().unwrap().json().get("stream_options").is_none());
}

#[tokio::test]
async fn a_packed_body_is_read_and_sent_on_as_it_is() {
    let upstream = Upstream::answering(200, JSON, GOOD).await;
    let stage = Stage::with(&[&upstream], "max_body_bytes = 1048576").await;
    // Decompressed in several steps, and too large to stay in memory while incomplete.
    let large = format!(r#"{{"model":"gpt-x-2026","x":"{}"}}"#, "ab c".repeat(200_000));
    for (coding, sent) in [("gzip", BODY.replace("gpt-x", "gpt-x-2026")), ("X-Gzip", large)] {
        let body = gzip(sent.replace("gpt-x-2026", "gpt-x").as_bytes());
        let answer = post(&stage, CHAT, &[("content-encoding", coding)], body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let request = upstream.requests().pop().unwrap();
        assert_eq!(std::str::from_utf8(&request.body).unwrap(), sent);
        assert!(!request.headers.contains_key("content-encoding"));
        assert_eq!(request.headers["content-type"], "application/json");
    }
    let before = upstream.requests().len();
    // A compressed body counts by its decompressed size.
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 128 * 1024);
    let garbage = [&gzip(BODY.as_bytes())[..], b"more"].concat();
    let form = [("content-encoding", "gzip"), ("content-type", "multipart/form-data; boundary=XX")];
    for (path, headers, body, status, code) in [
        (CHAT, &form[..1], bomb, 413, "request_too_large"),
        (CHAT, &form[..1], BODY.into(), 400, "invalid_request_error"),
        (CHAT, &form[..1], garbage, 400, "invalid_request_error"),
        (CHAT, &[("content-encoding", "gzip, gzip")][..], gzip(BODY.as_bytes()), 415, "unsupported_media_type"),
        (CHAT, &[("content-encoding", "br")][..], BODY.into(), 415, "unsupported_media_type"),
        ("/v1/files", &form[..], gzip(b"--XX--"), 415, "unsupported_media_type"),
    ] {
        let answer = post(&stage, path, headers, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{path} {headers:?}");
    }
    assert_eq!(upstream.requests().len(), before);
}

#[tokio::test]
async fn a_body_without_a_type_goes_on_as_json() {
    let upstream = Upstream::answering(200, JSON, GOOD).await;
    let stage = Stage::new(&upstream).await;
    assert_eq!(post(&stage, CHAT, &[], BODY).await.status, StatusCode::OK);
    assert_eq!(upstream.requests()[0].headers["content-type"], "application/json");
}
