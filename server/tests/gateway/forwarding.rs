//! Forwarded calls, and their records.

use axum::http::{Method, StatusCode};
use domain::{
    calls::{CountSource, Outcome},
    money::Quantities,
};

use super::{
    stage::{CHAT, EMBEDDINGS, PROVIDER_KEY, Stage},
    upstream::Upstream,
};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const ANSWER: &str = r#"{ "id":"c-1","choices":[ {"message":{"content":"é\u00e9"}} ],
  "usage":{"prompt_tokens":1640,"completion_tokens":544,"prompt_tokens_details":{"cached_tokens":512}} }"#;

#[tokio::test]
async fn a_call_passes_unchanged_but_for_the_model() {
    let upstream = Upstream::answering(200, JSON, ANSWER).await;
    let stage = Stage::new(&upstream).await;
    let sent = " {\t\"temperature\":1.0e-1, \"model\" : \"gpt-x\" ,\"messages\":[{\"role\":\"user\",\"content\":\"\\u00e9 \u{1f980}\"}],\"unknown\":{\"b\":1,\"a\":[ ]}}\n";
    let answer = stage.post(CHAT, sent).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, ANSWER));
    let request = upstream.requests().remove(0);
    assert_eq!(request.path, "/v1/chat/completions");
    assert_eq!(std::str::from_utf8(&request.body).unwrap(), sent.replace("gpt-x", "gpt-x-2026"));
}

#[tokio::test]
async fn no_credential_crosses_the_gateway() {
    let set_cookie = &[
        ("content-type", "application/json"),
        ("set-cookie", "a=b"),
        ("x-request-id", "theirs"),
        ("openai-processing-ms", "1"),
    ];
    let upstream = Upstream::answering(200, set_cookie, ANSWER).await;
    let stage = Stage::new(&upstream).await;
    let secret = &stage.key.secret;
    let headers = [
        ("x-api-key", secret.as_str()),
        ("api-key", secret.as_str()),
        ("cookie", "tollhouse=session"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-stainless-lang", "python"),
        ("openai-organization", "org-1"),
        ("connection", "x-private"),
        ("x-private", "1"),
        ("accept-encoding", "gzip"),
    ];
    let answer = stage.request(Method::POST, CHAT, &headers, r#"{"model":"gpt-x"}"#).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.headers.contains_key("openai-processing-ms") && !answer.headers.contains_key("set-cookie"));
    assert_ne!(answer.id(), "theirs");
    let request = upstream.requests().remove(0);
    assert_eq!(request.headers["authorization"], format!("Bearer {PROVIDER_KEY}").as_str());
    assert_eq!(request.headers["x-stainless-lang"], "python");
    assert_eq!(request.headers["accept-encoding"], "identity");
    for gone in ["x-api-key", "api-key", "cookie", "x-forwarded-for", "openai-organization", "x-private"] {
        assert!(!request.headers.contains_key(gone), "{gone}");
    }
    assert!(!format!("{request:?}").contains(secret.as_str()));
    assert!(!format!("{answer:?}").contains(PROVIDER_KEY));
}

#[tokio::test]
async fn a_call_is_in_the_log_when_its_answer_arrives() {
    let stage = Stage::new(&Upstream::answering(200, JSON, ANSWER).await).await;
    let answer = stage.post(CHAT, r#"{"model":"gpt-x","messages":[]}"#).await;
    let call = stage.call().await;
    assert_eq!(call.id.to_string(), answer.id());
    assert_eq!((call.model.as_str(), call.provider.as_str()), ("gpt-x", "upstream-0"));
    assert_eq!((call.endpoint.as_str(), call.status, call.outcome), (CHAT, 200, Outcome::Succeeded));
    assert_eq!(
        call.used,
        Quantities { tokens_in: 1640, cached_tokens_in: 512, tokens_out: 544, ..Quantities::default() }
    );
    assert_eq!((call.measured, call.streamed), (CountSource::Reported, false));
    // 1128 × 0.25 + 512 × 0.025 + 544 × 2, in millionths of a dollar.
    assert_eq!(call.cost.unwrap().to_string(), "0.0013828");
    assert_eq!(call.project.unwrap().id, stage.project);
    assert_eq!(call.api_key.unwrap().id, stage.key.api_key.id);
}

#[tokio::test]
async fn embeddings_are_metered_too() {
    let upstream =
        Upstream::answering(200, JSON, r#"{"data":[],"usage":{"prompt_tokens":50,"total_tokens":50}}"#).await;
    let stage = Stage::new(&upstream).await;
    let answer = stage.post(EMBEDDINGS, r#"{"model":"embed-x","input":"a"}"#).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(upstream.requests()[0].path, "/v1/embeddings");
    let call = stage.call().await;
    assert_eq!((call.used.tokens_in, call.cost.unwrap().to_string().as_str()), (50, "0.000001"));
}

#[tokio::test]
async fn what_nobody_reported_is_estimated() {
    let answer = r#"{"choices":[{"message":{"content":"hello world"}}]}"#;
    let stage = Stage::new(&Upstream::answering(200, JSON, answer).await).await;
    stage.post(CHAT, r#"{"model":"gpt-x","messages":[{"role":"user","content":"hello"}]}"#).await;
    let call = stage.call().await;
    assert_eq!((call.outcome, call.measured), (Outcome::Succeeded, CountSource::Estimated));
    assert_eq!((call.used.tokens_in, call.used.tokens_out), (1, 2));
    assert_eq!(call.cost.unwrap().nanos(), 250 + 2 * 2_000);
}

#[tokio::test]
async fn a_reported_zero_stays_zero() {
    let answer = r#"{"choices":[{"message":{"content":"hello"}}],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#;
    let stage = Stage::new(&Upstream::answering(200, JSON, answer).await).await;
    stage.post(CHAT, r#"{"model":"gpt-x","messages":[{"role":"user","content":"hello"}]}"#).await;
    let call = stage.call().await;
    assert_eq!((call.measured, call.used, call.cost.unwrap().nanos()), (CountSource::Reported, Quantities::NONE, 0));
}

#[tokio::test]
async fn a_model_without_a_price_has_tokens_and_no_cost() {
    let stage = Stage::new(&Upstream::answering(200, JSON, ANSWER).await).await;
    stage.post(CHAT, r#"{"model":"gpt-unpriced"}"#).await;
    let call = stage.call().await;
    assert_eq!((call.measured, call.used.tokens_out, call.cost), (CountSource::Reported, 544, None));
}

#[tokio::test]
async fn the_providers_refusals_pass_and_cost_nothing() {
    let body = r#"{"error":{"message":"no such thing","type":"invalid_request_error","param":"n","code":"no_such_n"}}"#;
    let stage = Stage::new(&Upstream::answering(400, JSON, body).await).await;
    let answer = stage.post(CHAT, r#"{"model":"gpt-x"}"#).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::BAD_REQUEST, body));
    let call = stage.call().await;
    assert_eq!((call.outcome, call.status, call.error_code.as_str()), (Outcome::Failed, 400, "no_such_n"));
    assert_eq!(call.cost.unwrap().nanos(), 0);
}

#[tokio::test]
async fn a_refused_provider_key_is_the_gateways_trouble_and_not_the_clients() {
    let body = r#"{"error":{"message":"Incorrect API key provided: sk-of-the-operator","code":"invalid_api_key"}}"#;
    let stage = Stage::new(&Upstream::answering(401, JSON, body).await).await;
    let answer = stage.post(CHAT, r#"{"model":"gpt-x"}"#).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_GATEWAY, "upstream_error"));
    assert!(!answer.text().contains("sk-of"));
    assert_eq!(stage.call().await.status, 502);
}

#[tokio::test]
async fn models_are_those_the_key_may_call() {
    let stage = Stage::sandbox().await;
    let key = stage.key(|key| key.models = vec!["gpt-x".to_owned()]).await;
    let headers = [("authorization", format!("Bearer {}", key.secret))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let list = stage.request(Method::GET, "/v1/models", &headers, "").await;
    assert_eq!(list.json()["object"], "list");
    let ids: Vec<_> = list.json()["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect();
    assert_eq!(ids, ["gpt-x"]);
    assert!(list.id().starts_with("req_"));
    let one = stage.request(Method::GET, "/v1/models/gpt-x", &headers, "").await;
    assert_eq!((one.json()["id"].as_str(), one.json()["object"].as_str()), (Some("gpt-x"), Some("model")));
    let denied = stage.request(Method::GET, "/v1/models/sandbox-1", &headers, "").await;
    assert_eq!((denied.status, denied.code().as_str()), (StatusCode::FORBIDDEN, "model_not_allowed"));
    let missing = stage.request(Method::GET, "/v1/models/gpt-z", &headers, "").await;
    assert_eq!((missing.status, missing.code().as_str()), (StatusCode::NOT_FOUND, "model_not_found"));
}
