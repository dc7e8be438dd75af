//! All invalid keys get one answer, and a key passes on no more permissions than it has. Permissions for
//! calls are tested in `isolation`.

use axum::http::{Method, StatusCode};
use domain::api_keys::{Expiration, Level, Scope};
use serde_json::{Value, json};

use super::ADMIN_KEYS;
use crate::world::{World, command_line, json as body};

#[tokio::test]
async fn whatever_is_no_key_is_answered_alike() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let mistyped = crate::world::mistyped(&admin);
    let never_created = domain::api_keys::Secret::from_digits(Level::Admin, [9; 32]).reveal().to_owned();
    for path in [ADMIN_KEYS, "/v1/models", "/v1/chat/completions"] {
        let method = if path == "/v1/chat/completions" { Method::POST } else { Method::GET };
        let mut answers = Vec::new();
        for key in ["wrong", &*mistyped, &*never_created] {
            let response = world.call(&method, path, Some(key), &Value::Null).await;
            let mut headers = response.headers().clone();
            assert!(headers.remove("x-request-id").is_some());
            answers.push((response.status(), headers, body(response).await));
        }
        assert!(answers.windows(2).all(|two| two[0] == two[1]), "{path}: {answers:?}");
    }
}

#[tokio::test]
async fn a_key_that_is_moved_is_found_where_it_went() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let actor = command_line(&world.organization);
    let second = services::projects::create(&world.services, &actor, "Second", "").await.unwrap().id;
    let id = world.key_with(Level::Read, |_| {}).await.api_key.id;
    let moved = world
        .expect_success(
            Method::POST,
            &format!("{}/{id}", world.project_keys()),
            &admin,
            json!({ "project_id": second }),
        )
        .await;
    assert_eq!(moved["project_id"], json!(second));
    assert_eq!(world.get_with(&admin, &format!("{}/{id}", world.project_keys())).await.status(), StatusCode::NOT_FOUND);
    let there = format!("/v1/organization/projects/{second}/api_keys/{id}");
    assert_eq!(world.get_with(&admin, &there).await.status(), StatusCode::OK);
    let theirs = json!({ "project_id": world.strangers_project.id });
    let refused = world.expect_error(Method::POST, &there, &admin, theirs).await;
    assert_eq!((refused.0, refused.2.as_deref()), (400, Some("project_id")));
}

#[tokio::test]
async fn a_key_hands_on_no_more_than_it_has() {
    let world = World::new().await;
    let narrow = world.admin_key(&[Scope::AdminApiKeysWrite, Scope::ApiKeysWrite]).await;
    let unlimited = world.key_with(Level::Admin, |_| {}).await.api_key.id;
    let own = format!("{ADMIN_KEYS}/{unlimited}");
    for (method, path, wide) in [
        (Method::POST, ADMIN_KEYS.to_owned(), json!({ "name": "wide" })),
        (Method::POST, ADMIN_KEYS.to_owned(), json!({ "name": "wide", "scopes": ["chat"] })),
        (Method::POST, own.clone(), json!({ "name": "mine" })),
        (Method::POST, format!("{own}/rotate"), json!({})),
        (Method::POST, world.project_keys(), json!({ "name": "calls models" })),
    ] {
        let (status, code, _) = world.expect_error(method, &path, &narrow, wide).await;
        assert_eq!((status, code.as_str()), (403, "insufficient_permissions"), "{path}");
    }
    let short = world.key_with(Level::Admin, |key| key.life = Expiration::Days(1)).await.secret;
    let (status, ..) = world.expect_error(Method::POST, ADMIN_KEYS, &short, json!({ "name": "for ever" })).await;
    assert_eq!(status, 403);
}
