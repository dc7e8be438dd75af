//! Reports of leaked keys, as scanners send them.

use axum::http::{Method, StatusCode};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::api_keys::{Level, Secret};
use futures::future::join_all;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::world::{World, json as body};

const PATH: &str = "/v1/keys/report-leak";

async fn report(world: &World, reports: Value) -> (StatusCode, Value) {
    let response = world.call(&Method::POST, PATH, None, &reports).await;
    (response.status(), body(response).await)
}

#[tokio::test]
async fn a_report_is_answered_as_github_asks_its_partners_to() {
    let world = World::new().await;
    let created = world.key(&world.owner).await;
    let revoked = world.key(&world.owner).await;
    services::api_keys::revoke(&world.services, &world.owner.actor, &[revoked.api_key.id]).await.unwrap();
    let mistyped = crate::world::mistyped(&created.secret);
    let never_created = Secret::from_digits(Level::Standard, [9; 32]).reveal().to_owned();
    let tokens = [
        (created.secret.as_str(), "true_positive"),
        (revoked.secret.as_str(), "true_positive"),
        (mistyped.as_str(), "false_positive"),
        (never_created.as_str(), "false_positive"),
        ("ghp_nonsense", "false_positive"),
        ("", "false_positive"),
    ];
    let reports: Value = tokens
        .iter()
        .map(|(token, _)| {
            json!({ "token": token, "type": "mycompany_api_token", "url": "https://git.example/x", "source": "content", "more": 1 })
        })
        .collect();
    let (status, answer) = report(&world, reports).await;
    let expected: Value = tokens
        .iter()
        .map(|(token, label)| {
            let hash = BASE64_STANDARD.encode(Sha256::digest(token.as_bytes()));
            json!({ "token_hash": hash, "token_type": "mycompany_api_token", "label": label })
        })
        .collect();
    assert_eq!((status, answer), (StatusCode::OK, expected));

    let key = services::api_keys::get(&world.services, &world.owner.actor, created.api_key.id).await.unwrap();
    assert_eq!(key.status, domain::api_keys::Status::Disabled);
    let inbox = services::notifications::list(&world.services, &world.owner.actor, true, None).await.unwrap();
    assert_eq!(inbox.unread.count, 1);
    let again = report(&world, json!([{ "token": created.secret }])).await.1;
    assert_eq!((&again[0]["label"], &again[0]["token_type"]), (&json!("true_positive"), &json!("tollhouse_api_key")));
}

#[tokio::test]
async fn a_report_has_limits() {
    let world = World::new().await;
    assert_eq!(report(&world, json!([])).await, (StatusCode::OK, json!([])));
    let too_many: Value = (0..501).map(|_| json!({ "token": "x" })).collect();
    for wrong in [too_many, json!({}), json!([{}]), json!([{ "token": 1 }]), json!("x"), Value::Null] {
        let (status, answer) = report(&world, wrong).await;
        assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_request_error")));
    }
    let large = json!([{ "token": "x".repeat(600 * 1024) }]);
    assert_eq!(report(&world, large).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn whoever_reports_too_often_is_slowed_down() {
    let world = World::new().await;
    // All at once, since that many are allowed within a minute.
    let nothing = json!([]);
    let reports = (0..60).map(|_| world.call(&Method::POST, PATH, None, &nothing));
    let (answered, mut slowed): (Vec<_>, Vec<_>) =
        join_all(reports).await.into_iter().partition(|response| response.status() == StatusCode::OK);
    assert!(answered.len() >= 30);
    let slowed = slowed.pop().unwrap();
    assert_eq!(slowed.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(slowed.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(body(slowed).await["error"]["code"], "rate_limit_exceeded");
}

#[tokio::test]
async fn what_isnt_a_key_by_its_form_or_checksum_asks_no_database() {
    let world = World::new().await;
    let created = world.key(&world.owner).await.secret;
    let transaction = world.services.database().begin().await.unwrap();
    // Looking up a key fails now.
    sea_orm::ConnectionTrait::execute_unprepared(&transaction, "ALTER TABLE key_directory RENAME TO gone")
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let mistyped = crate::world::mistyped(&created);
    let (status, answer) = report(&world, json!([{ "token": mistyped }, { "token": "nonsense" }])).await;
    assert_eq!((status, &answer[0]["label"]), (StatusCode::OK, &json!("false_positive")));
    assert_eq!(report(&world, json!([{ "token": created }])).await.0, StatusCode::INTERNAL_SERVER_ERROR);
}
