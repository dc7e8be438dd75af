//! Rejected calls: their errors, and their records in the log.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use domain::{
    api_keys::{Level, Scope},
    calls::{CallQuery, Outcome, RejectionRule},
};
use patience::{find, find_within};
use sea_orm::ConnectionTrait;
use services::{call_search, calls};

use super::{
    stage::{CHAT, EMBEDDINGS, Stage},
    upstream::Upstream,
};

const BODY: &str = r#"{"model":"sandbox-1","messages":[{"role":"user","content":"hello"}]}"#;

async fn post_with(stage: &Stage, secret: &str, body: &str) -> super::stage::Answer {
    stage.request(Method::POST, CHAT, &[("authorization", &format!("Bearer {secret}"))], body.to_owned()).await
}

#[tokio::test]
async fn whatever_is_no_key_is_refused_alike_and_not_in_the_log() {
    let stage = Stage::sandbox().await;
    let secret = stage.key.secret.clone();
    let mistyped = crate::world::mistyped(&secret);
    let never_created = domain::api_keys::Secret::from_digits(Level::Standard, [9; 32]).reveal().to_owned();
    for key in ["", "sk-123", &mistyped, &never_created, &secret.to_uppercase()] {
        let answer = post_with(&stage, key, BODY).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "invalid_api_key"), "{key}");
        assert!(answer.text().contains("Incorrect API key"), "{}", answer.text());
        assert!(answer.id().starts_with("req_"));
    }
    let answer = stage.request(Method::POST, CHAT, &[], BODY).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "invalid_api_key"));
    assert!(stage.calls().await.is_empty());
}

#[tokio::test]
async fn a_key_may_come_by_three_headers() {
    let stage = Stage::sandbox().await;
    let bearer = format!("Bearer {}", stage.key.secret);
    for header in [("authorization", bearer.as_str()), ("x-api-key", &stage.key.secret), ("api-key", &stage.key.secret)]
    {
        assert_eq!(stage.request(Method::POST, CHAT, &[header], BODY).await.status, StatusCode::OK, "{}", header.0);
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_within_a_second_and_told_so() {
    let stage = Stage::sandbox().await;
    assert_eq!(stage.post(CHAT, BODY).await.status, StatusCode::OK);
    services::api_keys::revoke(&stage.services, &stage.actor, &[stage.key.api_key.id]).await.unwrap();
    let refused = find_within(Duration::from_secs(1), "the key is refused", async || {
        Some(stage.post(CHAT, BODY).await).filter(|answer| answer.status != StatusCode::OK)
    })
    .await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::UNAUTHORIZED, "invalid_api_key"));
    assert!(refused.text().contains("revoked"));
    let call = stage.calls().await.remove(0);
    assert_eq!(call.id.to_string(), refused.id());
    assert_eq!((call.outcome, call.status, call.error_code.as_str()), (Outcome::Refused, 401, "invalid_api_key"));
    assert_eq!((call.provider.as_str(), call.cost.unwrap().nanos()), ("", 0));
}

#[tokio::test]
async fn each_refusal_has_its_status_and_code_and_is_in_the_log() {
    let stage = Stage::with(&[&Upstream::down().await], "max_body_bytes = 1024").await;
    let read = stage.key(|key| key.level = Level::Read).await.secret;
    let narrow = stage.key(|key| key.models = vec!["gpt-x".to_owned()]).await.secret;
    // One key for each, since a key's repeated refusals within a minute are stored as one row.
    let mut keys = Vec::new();
    for _ in 0..9 {
        keys.push(stage.key(|_| {}).await.secret);
    }
    let large = format!(r#"{{"model":"sandbox-1","x":"{}"}}"#, "x".repeat(1024));
    let refusals = [
        (&read, BODY, 403, "insufficient_permissions", "sandbox-1", None),
        (&narrow, BODY, 403, "model_not_allowed", "sandbox-1", Some("model")),
        (&keys[0], r#"{"model":"gpt-z"}"#, 404, "model_not_found", "gpt-z", Some("model")),
        (&keys[1], r#"{"model":"sandbox-embed"}"#, 400, "invalid_request_error", "sandbox-embed", Some("model")),
        (&keys[2], "{", 400, "invalid_request_error", "", None),
        (&keys[3], "[]", 400, "invalid_request_error", "", None),
        (&keys[4], "{}", 400, "invalid_request_error", "", Some("model")),
        (&keys[5], r#"{"model":"gpt-x","model":"sandbox-1"}"#, 400, "invalid_request_error", "", Some("model")),
        (&keys[6], r#"{"model":"gpt-x","stream":1}"#, 400, "invalid_request_error", "", Some("stream")),
        (&keys[7], r#"{"model":"gpt-x","stream_options":1}"#, 400, "invalid_request_error", "", Some("stream_options")),
        (&keys[8], &large, 413, "request_too_large", "", None),
    ];
    for (secret, body, status, code, model, param) in refusals {
        let answer = post_with(&stage, secret, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{body}");
        assert_eq!(answer.json()["error"]["param"].as_str(), param, "{body}");
        for field in ["message", "type"] {
            assert!(answer.json()["error"][field].is_string(), "{body}");
        }
        let call = stage.calls().await.into_iter().find(|call| call.id.to_string() == answer.id()).unwrap();
        assert_eq!((call.outcome, call.status, call.error_code.as_str()), (Outcome::Refused, status, code), "{body}");
        // That of a call which is rejected unread is known if it has arrived by then.
        let model = if code == "insufficient_permissions" && call.model.is_empty() { "" } else { model };
        assert_eq!((call.model.as_str(), call.provider.as_str()), (model, ""), "{body}");
        assert_eq!(call.cost.unwrap().nanos(), 0);
    }
}

#[tokio::test]
async fn a_rejected_call_is_explained_by_the_message_that_its_client_got() {
    let stage = Stage::sandbox().await;
    let read = stage.key(|key| key.level = Level::Read).await.secret;
    let without = stage.key(|key| key.scopes = vec![Scope::Embeddings]).await.secret;
    let narrow = stage.key(|key| key.models = vec!["gpt-x".to_owned()]).await.secret;
    let away = stage.key(|key| key.ip_allowlist = vec!["192.0.2.0/24".parse().unwrap()]).await.secret;
    let slow = stage.key(|key| key.rate_limits.calls_per_minute = Some(1)).await.secret;
    assert_eq!(post_with(&stage, &slow, BODY).await.status, StatusCode::OK);
    for (secret, body, rule) in [
        (&read, BODY, RejectionRule::Level),
        (&without, BODY, RejectionRule::Scope),
        (&narrow, BODY, RejectionRule::Model),
        (&away, BODY, RejectionRule::Network),
        (&slow, BODY, RejectionRule::KeyRate),
        (&stage.key.secret, r#"{"model":"gpt-z"}"#, RejectionRule::UnknownModel),
        (&stage.key.secret, "{", RejectionRule::Request),
    ] {
        let answer = post_with(&stage, secret, body).await;
        let id = answer.id().parse().unwrap();
        let rejection = calls::get(&stage.services, &stage.actor, id).await.unwrap().rejection.unwrap();
        assert_eq!(rejection.rule, rule);
        assert_eq!(Some(rejection.message.as_str()), answer.json()["error"]["message"].as_str());
    }
}

#[tokio::test]
async fn the_model_of_a_call_that_is_rejected_unread_is_logged() {
    let stage = Stage::sandbox().await;
    for body in [BODY, r#"{"messages":[],"model":"gpt-z"}"#] {
        // It is if it has arrived by then, as it mostly has. Repeated rejections of a key are one row.
        let model = find("the model of a rejected call", async || {
            let read = stage.key(|key| key.level = Level::Read).await.secret;
            let id = post_with(&stage, &read, body).await.id().parse().unwrap();
            let call = calls::get(&stage.services, &stage.actor, id).await.unwrap().call;
            Some(call.model).filter(|model| !model.is_empty())
        })
        .await;
        assert!(body.contains(&model), "{model}");
    }
}

#[tokio::test]
async fn a_call_has_the_request_id_that_its_client_gave_it() {
    let stage = Stage::sandbox().await;
    let bearer = format!("Bearer {}", stage.key.secret);
    let long = "x".repeat(513);
    for (given, kept) in [("trace 1", Some("trace 1")), ("", None), (&long, None)] {
        let headers = [("authorization", bearer.as_str()), ("x-client-request-id", given)];
        for body in [BODY, "{}"] {
            let id = stage.request(Method::POST, CHAT, &headers, body).await.id().parse().unwrap();
            if let Ok(details) = calls::get(&stage.services, &stage.actor, id).await {
                assert_eq!(details.client_request_id.as_deref(), kept);
            } else {
                assert_eq!(body, "{}", "repeated rejections are one row");
            }
        }
    }
    let found = call_search::suggest(&stage.services, &stage.actor, &CallQuery::default(), "trace 1").await.unwrap();
    assert_eq!(found.calls.len(), 2);
}

#[tokio::test]
async fn a_key_of_an_archived_project_is_refused() {
    let stage = Stage::sandbox().await;
    let transaction = stage.services.database().begin().await.unwrap();
    transaction.execute_unprepared("UPDATE projects SET archived_at = 1").await.unwrap();
    transaction.commit().await.unwrap();
    let answer = stage.post(CHAT, BODY).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "project_archived"));
    assert_eq!(stage.call().await.outcome, Outcome::Refused);
}

#[tokio::test]
async fn an_admin_key_calls_models_without_a_project() {
    let stage = Stage::sandbox().await;
    let key = stage.key(|key| (key.level, key.project_id) = (Level::Admin, None)).await;
    assert_eq!(post_with(&stage, &key.secret, BODY).await.status, StatusCode::OK);
    assert!(stage.call().await.project.is_none());
}

#[tokio::test]
async fn what_isnt_there_is_said_in_json() {
    let stage = Stage::sandbox().await;
    for path in ["/v1", "/v1/", "/v1/chat", "/v1/nothing/here"] {
        let answer = stage.request(Method::POST, path, &[], BODY).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "not_found"), "{path}");
        let (there, right) = (format!("Unknown path {path}."), format!("http://{}/v1", stage.address));
        assert!(answer.text().contains(&there) && answer.text().contains(&right), "{}", answer.text());
        assert!(answer.id().starts_with("req_"));
    }
    for (method, path, allow) in [
        (Method::PUT, CHAT, "POST, GET, HEAD"),
        (Method::DELETE, EMBEDDINGS, "POST"),
        (Method::POST, "/v1/models", "GET, HEAD"),
    ] {
        let answer = stage.request(method, path, &[], "").await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"));
        assert_eq!(answer.headers["allow"], allow, "{path}");
    }
}
