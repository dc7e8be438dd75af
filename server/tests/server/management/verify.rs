//! `POST /v1/keys/verify`: checks of a key, for permitted callers.

use std::time::Duration;

use axum::http::Method;
use domain::{
    api_keys::{Level, NewApiKey, Scope, Secret},
    rate_limits::RateLimits,
};
use patience::find_within;
use serde_json::{Value, json};

use crate::world::{World, command_line};

const PATH: &str = "/v1/keys/verify";

/// Checks a key, and returns the answer.
async fn verify(world: &World, caller: &str, mut use_case: Value, key: &str) -> Value {
    use_case["key"] = key.into();
    world.expect_success(Method::POST, PATH, caller, use_case).await
}

fn code(answer: &Value) -> Option<&str> {
    assert_eq!(answer["valid"] == true, answer["code"].is_null(), "{answer}");
    answer["code"].as_str()
}

#[tokio::test]
async fn a_good_key_is_told_with_what_it_may() {
    let world = World::new().await;
    let caller = world.admin_key(&[Scope::KeysVerify]).await;
    let created = world.key_with(Level::Standard, |key| key.scopes = vec![Scope::Chat]).await;
    let answer = verify(&world, &caller, json!({}), &created.secret).await;
    let expected = json!({
        "object": "key.verification", "valid": true, "code": null, "message": null, "status": 200,
        "key_id": created.api_key.id, "name": "a key", "project_id": world.project.id,
        "organization_id": world.organization.id, "member_id": null, "level": "standard", "scopes": ["chat"],
        "expires_at": null, "remaining": null, "remaining_tokens": null, "retry_after_seconds": null,
    });
    assert_eq!(answer, expected);
    let used = services::api_keys::get(&world.services, &command_line(&world.organization), created.api_key.id).await;
    assert!(used.is_ok());
}

#[tokio::test]
async fn what_is_asked_for_is_checked_as_the_gateway_does() {
    let world = World::on(None, TWO_MODELS).await;
    let caller = world.admin_key(&[Scope::KeysVerify]).await;
    let narrow = world.key_with(Level::Standard, |key| {
        key.scopes = vec![Scope::Chat];
        key.models = vec!["sandbox-1".to_owned()];
        key.ip_allowlist = vec!["192.0.2.0/24".parse().unwrap()];
    });
    let narrow = narrow.await.secret;
    let wide = world.key_with(Level::Standard, |_| {}).await.secret;
    let read = world.key_with(Level::Read, |_| {}).await.secret;
    let ip = "192.0.2.7";
    for (key, use_case, expected, status) in [
        (&narrow, json!({ "ip": ip }), None, 200),
        (&narrow, json!({ "ip": ip, "endpoint": "/v1/chat/completions", "model": "sandbox-1" }), None, 200),
        (&narrow, json!({}), Some("ip_not_allowed"), 403),
        (&narrow, json!({ "ip": "198.51.100.1" }), Some("ip_not_allowed"), 403),
        (&narrow, json!({ "ip": ip, "endpoint": "/v1/embeddings" }), Some("insufficient_permissions"), 403),
        (&narrow, json!({ "ip": ip, "endpoint": "/reports/1" }), Some("insufficient_permissions"), 403),
        (&narrow, json!({ "ip": ip, "scope": "files" }), Some("insufficient_permissions"), 403),
        (&narrow, json!({ "ip": ip, "model": "sandbox-2" }), Some("model_not_allowed"), 403),
        (&narrow, json!({ "ip": ip, "model": "gpt-9" }), Some("model_not_found"), 404),
        (&wide, json!({ "endpoint": "/reports/1", "model": "sandbox-2" }), None, 200),
        (&read, json!({ "endpoint": "/v1/organization/costs", "scope": "usage.read" }), None, 200),
        (&read, json!({ "endpoint": "/v1/embeddings" }), Some("insufficient_permissions"), 403),
        (&read, json!({ "endpoint": "/reports/1" }), Some("insufficient_permissions"), 403),
    ] {
        let answer = verify(&world, &caller, use_case.clone(), key).await;
        assert_eq!((code(&answer), answer["status"].as_u64()), (expected, Some(status)), "{use_case}: {answer}");
        assert!(answer["key_id"].is_string(), "one's own keys are told of");
    }
    for wrong in [json!({}), json!({ "key": 1 }), json!({ "key": "x", "ip": "here" }), json!({ "key": "x", "kye": 1 })]
    {
        assert_eq!(world.expect_error(Method::POST, PATH, &caller, wrong).await.0, 400);
    }
}

#[tokio::test]
async fn another_organizations_key_is_answered_like_one_that_never_was() {
    let world = World::new().await;
    let caller = world.admin_key(&[Scope::KeysVerify]).await;
    let never_created = Secret::from_digits(Level::Standard, [9; 32]).reveal().to_owned();
    let theirs = world.key(&world.stranger).await.secret;
    let unknown = verify(&world, &caller, json!({}), &never_created).await;
    assert_eq!((code(&unknown), &unknown["key_id"]), (Some("invalid_api_key"), &Value::Null));
    // Even if the gateway has it cached, or something else is wrong with it.
    for use_case in [json!({}), json!({ "endpoint": "/v1/embeddings" }), json!({ "model": "gpt-9" })] {
        assert_eq!(verify(&world, &caller, use_case, &theirs).await, unknown);
        let response = world.call(&Method::GET, "/v1/models", Some(&theirs), &Value::Null).await;
        assert_eq!(response.status(), 200);
    }
    assert_eq!(verify(&world, &caller, json!({}), "wrong").await, unknown);
}

#[tokio::test]
async fn a_key_that_is_no_more_says_so_to_its_own() {
    let world = World::new().await;
    let caller = world.admin_key(&[Scope::KeysVerify]).await;
    let created = world.key_with(Level::Standard, |_| {}).await;
    assert_eq!(code(&verify(&world, &caller, json!({}), &created.secret).await), None);
    let ids = [created.api_key.id];
    services::api_keys::revoke(&world.services, &command_line(&world.organization), &ids).await.unwrap();
    let answer = find_within(Duration::from_secs(1), "the key is revoked", async || {
        Some(verify(&world, &caller, json!({}), &created.secret).await).filter(|answer| answer["valid"] == false)
    })
    .await;
    assert_eq!((code(&answer), &answer["status"]), (Some("invalid_api_key"), &json!(401)));
    assert_eq!(answer["key_id"], json!(created.api_key.id));
}

#[tokio::test]
async fn limits_are_counted_where_that_is_wanted() {
    let world = World::new().await;
    let caller = world.admin_key(&[Scope::KeysVerify]).await;
    let limits = RateLimits { calls_per_minute: Some(3), tokens_per_minute: Some(500) };
    let created = world.key_with(Level::Standard, |key: &mut NewApiKey| key.rate_limits = limits).await.secret;
    for _ in 0..5 {
        let answer = verify(&world, &caller, json!({}), &created).await;
        assert_eq!((&answer["remaining"], &answer["remaining_tokens"]), (&json!(3), &json!(500)));
    }
    for left in [2, 1, 0] {
        let answer = verify(&world, &caller, json!({ "count": true }), &created).await;
        assert_eq!((code(&answer), &answer["remaining"]), (None, &json!(left)));
    }
    for use_case in [json!({}), json!({ "count": true })] {
        let answer = verify(&world, &caller, use_case, &created).await;
        assert_eq!((code(&answer), &answer["status"]), (Some("rate_limit_exceeded"), &json!(429)));
        assert!(answer["retry_after_seconds"].as_u64().is_some_and(|seconds| (1..=61).contains(&seconds)), "{answer}");
    }
}

const TWO_MODELS: &str = r#"
[[provider]]
name = "sandbox"
kind = "sandbox"

[[model]]
name = "sandbox-1"
providers = ["sandbox"]
service = "chat"

[[model]]
name = "sandbox-2"
providers = ["sandbox"]
service = "chat"
"#;
