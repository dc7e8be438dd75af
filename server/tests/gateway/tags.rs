//! Tags that clients give their calls.

use axum::http::{Method, StatusCode};
use domain::calls::{CallTags, Outcome};

use super::{
    anthropic,
    endpoints::MODELS,
    stage::{Answer, CHAT, Stage},
    upstream::Upstream,
};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const ANSWER: &str = r#"{"id":"c-1","choices":[],"usage":{"prompt_tokens":8,"completion_tokens":3}}"#;

/// Calls a model with these headers besides those that a call needs.
async fn call(stage: &Stage, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let bearer = format!("Bearer {}", stage.key.secret);
    let own = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    stage.request(Method::POST, path, &[&own[..], headers].concat(), body.to_owned()).await
}

/// Tags as text, such as `customer:acme team:blue`.
fn text(tags: &CallTags) -> String {
    tags.iter().map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>().join(" ")
}

/// The tags of the only call in the log.
async fn tags(stage: &Stage) -> String {
    text(&stage.call().await.tags)
}

#[tokio::test]
async fn tags_of_headers_and_body_are_on_the_call_and_no_header_reaches_the_provider() {
    let upstream = Upstream::answering(200, JSON, ANSWER).await;
    let stage = Stage::new(&upstream).await;
    let body = r#"{"model":"gpt-x","user":"u-1","safety_identifier":"s-1","metadata":{"Customer":"theirs","Feature":"chat","n":"7"}}"#;
    let headers = [("X-Tollhouse-Tag-Customer", "acme"), ("x-tollhouse-tag-TEAM", " blue ")];
    assert_eq!(call(&stage, CHAT, &headers, body).await.status, StatusCode::OK);
    assert_eq!(tags(&stage).await, "customer:acme feature:chat n:7 safety_identifier:s-1 team:blue user:u-1");
    let request = upstream.requests().remove(0);
    assert!(request.headers.keys().all(|name| !name.as_str().starts_with("x-tollhouse")), "{:?}", request.headers);
    assert_eq!(std::str::from_utf8(&request.body).unwrap(), body.replace("gpt-x", "gpt-x-2026"));
}

#[tokio::test]
async fn anthropics_user_is_a_tag_and_its_other_fields_are_none() {
    let answer = r#"{"id":"msg_1","type":"message","content":[],"usage":{"input_tokens":10,"output_tokens":5}}"#;
    let upstream = Upstream::answering(200, JSON, answer).await;
    let stage = anthropic::stage(&upstream).await;
    let body =
        r#"{"model":"claude-x","max_tokens":9,"messages":[],"user":"x","metadata":{"user_id":"u-1","customer":"y"}}"#;
    assert_eq!(call(&stage, "/v1/messages", &[], body).await.status, StatusCode::OK);
    assert_eq!(tags(&stage).await, "user:u-1");
}

#[tokio::test]
async fn a_forms_user_is_a_tag() {
    let upstream = Upstream::answering(200, JSON, r#"{"text":"a","usage":{"type":"duration","seconds":90}}"#).await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    let field =
        |name: &str, value: &str| format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let file = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\r\n";
    let form = format!("{file}{}{}--XX--\r\n", field("model", "talk-x"), field("user", "u-1"));
    let bearer = format!("Bearer {}", stage.key.secret);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "multipart/form-data; boundary=XX"),
        ("x-tollhouse-tag-customer", "acme"),
    ];
    let answer = stage.request(Method::POST, "/v1/audio/transcriptions", &headers, form).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(tags(&stage).await, "customer:acme user:u-1");
}

#[tokio::test]
async fn a_file_and_a_part_of_user_in_a_form_are_no_tags() {
    let upstream = Upstream::answering(200, JSON, r#"{"text":"a","usage":{"type":"duration","seconds":90}}"#).await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    let part = |head: &str, value: &str| format!("--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n");
    let form = [
        part(r#"name="file"; filename="a.wav""#, "RIFF"),
        part(r#"name="model""#, "talk-x"),
        part(r#"name="user[0]""#, "u-1"),
        part(r#"name="user"; filename="a.txt""#, "u-2"),
        "--XX--\r\n".to_owned(),
    ];
    let bearer = format!("Bearer {}", stage.key.secret);
    let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=XX")];
    let answer = stage.request(Method::POST, "/v1/audio/transcriptions", &headers, form.concat()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(tags(&stage).await, "");
}

#[tokio::test]
async fn a_wrong_header_is_named_and_never_forwarded() {
    let upstream = Upstream::answering(200, JSON, ANSWER).await;
    let stage = Stage::new(&upstream).await;
    let long = "x".repeat(129);
    let nine: Vec<String> = (0..9).map(|number| format!("x-tollhouse-tag-n{number}")).collect();
    let nine: Vec<(&str, &str)> = nine.iter().map(|name| (name.as_str(), "x")).collect();
    let cases: [&[(&str, &str)]; 6] = [
        &[("x-tollhouse-tag-", "x")],
        &[("x-tollhouse-tag-1", "x")],
        &[("x-tollhouse-tag-customer", "")],
        &[("x-tollhouse-tag-customer", long.as_str())],
        &[("x-tollhouse-tag-customer", "a"), ("x-tollhouse-tag-customer", "a")],
        &nine,
    ];
    for headers in cases {
        let answer = call(&stage, CHAT, headers, r#"{"model":"gpt-x","messages":[]}"#).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "invalid_request_error"));
        let error = &answer.json()["error"];
        assert!(error["param"].as_str().unwrap().starts_with("x-tollhouse-tag-"), "{error}");
        assert!(error["message"].as_str().unwrap().contains(error["param"].as_str().unwrap()), "{error}");
    }
    assert!(upstream.requests().is_empty());
    let rejected = stage.calls().await;
    assert!(rejected.iter().all(|call| call.outcome == Outcome::Refused && call.tags.is_empty()), "{rejected:?}");
    assert_eq!(rejected[0].cost.unwrap().nanos(), 0);
}

#[tokio::test]
async fn no_field_of_a_body_makes_a_call_fail() {
    let upstream = Upstream::answering(200, JSON, ANSWER).await;
    let stage = Stage::new(&upstream).await;
    let long = "x".repeat(513);
    for fields in [
        r#""user":7"#.to_owned(),
        r#""user":null,"metadata":null"#.to_owned(),
        r#""metadata":["a"],"safety_identifier":{}"#.to_owned(),
        r#""metadata":{"a b":"x","ä":"x","list":[1],"deep":{"a":"b"},"":"x"}"#.to_owned(),
        r#""user":"a","user":"b\u0007""#.to_owned(),
        format!(r#""user":"{long}","metadata":{{"note":"{long}"}}"#),
    ] {
        let answer = call(&stage, CHAT, &[], &format!(r#"{{"model":"gpt-x",{fields}}}"#)).await;
        assert_eq!(answer.status, StatusCode::OK, "{fields}: {}", answer.text());
    }
    assert!(stage.calls().await.iter().all(|call| call.tags.is_empty()));
    // More than fit: those of headers, the user, and as many others as there is room for.
    let metadata: Vec<String> = (0..16).map(|number| format!(r#""m{number:02}":"x""#)).collect();
    let body = format!(r#"{{"model":"gpt-x","metadata":{{{}}},"user":"u-1"}}"#, metadata.join(","));
    let answer = call(&stage, CHAT, &[("x-tollhouse-tag-z", "1"), ("x-tollhouse-tag-m15", "1")], &body).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(text(&stage.calls().await[0].tags), "m00:x m01:x m02:x m03:x m04:x m15:1 user:u-1 z:1");
}

#[tokio::test]
async fn a_rejected_call_has_the_tags_of_its_headers() {
    let stage = Stage::sandbox().await;
    let answer = call(&stage, CHAT, &[("x-tollhouse-tag-customer", "acme")], r#"{"model":"gpt-z","user":"u-1"}"#).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(tags(&stage).await, "customer:acme");
}

#[tokio::test]
async fn a_secret_in_a_tag_is_masked() {
    let stage = Stage::sandbox().await;
    let secret = stage.key(|_| {}).await.secret;
    let body = format!(r#"{{"model":"sandbox-1","messages":[{{"role":"user","content":"a"}}],"user":"{secret}"}}"#);
    call(&stage, CHAT, &[], &body).await;
    for call in stage.calls().await {
        assert!(!text(&call.tags).contains(&secret));
    }
}
