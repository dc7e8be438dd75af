//! Keys over REST: shapes, pages, and limits of requests.

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, StatusCode, header},
};
use domain::api_keys::Level;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::ADMIN_KEYS;
use crate::world::{World, command_line, json as body, program};

#[tokio::test]
async fn a_new_key_tells_its_secret_once() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    for (path, object) in
        [(ADMIN_KEYS.to_owned(), "organization.admin_api_key"), (world.project_keys(), "organization.project.api_key")]
    {
        let new_key = json!({
            "name": " deploy ", "description": "for the robot", "expires_in_seconds": 3600, "scopes": ["models", "chat"],
            "models": ["sandbox-1"], "ip_allowlist": ["10.0.0.9/8", "::1"], "rotate_every_days": 30,
        });
        let created = world.expect_success(Method::POST, &path, &admin, new_key).await;
        let secret = created["value"].as_str().unwrap();
        assert_eq!(created["object"], object);
        assert_eq!(created["name"], "deploy");
        assert_eq!(created["scopes"], json!(["chat", "models"]));
        assert_eq!(created["ip_allowlist"], json!(["10.0.0.0/8", "::1"]));
        assert_eq!(created["expires_at"].as_i64().unwrap() - created["created_at"].as_i64().unwrap(), 3600);
        assert!(secret.ends_with(created["redacted_value"].as_str().unwrap().split_once('…').unwrap().1));

        let path = format!("{path}/{}", created["id"].as_str().unwrap());
        let mut expected = created.clone();
        expected.as_object_mut().unwrap().remove("value");
        assert_eq!(world.expect_success(Method::GET, &path, &admin, Value::Null).await, expected);
        let changed = world.expect_success(Method::POST, &path, &admin, json!({ "scopes": [], "name": "other" })).await;
        assert_eq!(
            (&changed["scopes"], &changed["name"], &changed["models"]),
            (&json!([]), &json!("other"), &created["models"])
        );
        assert!(changed.get("value").is_none());
    }
}

#[tokio::test]
async fn what_is_asked_twice_under_one_name_is_done_once() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let send_twice = async |path: &str, input: Value| {
        let mut answers = Vec::new();
        for _ in 0..2 {
            let mut request = program(&Method::POST, path, Some(&admin), &input);
            request.headers_mut().insert("idempotency-key", "deploy-7".parse().unwrap());
            let response = world.send(request).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            answers.push(body(response).await);
        }
        assert_eq!(answers[0]["id"], answers[1]["id"], "{path}");
        assert!(answers[0]["value"].is_string(), "{path}");
        assert_eq!(answers[1].get("value"), Some(&Value::Null), "{path}");
        answers.remove(0)
    };
    let created = send_twice(&world.project_keys(), json!({ "name": "web" })).await;
    send_twice(&format!("{}/{}/rotate", world.project_keys(), created["id"].as_str().unwrap()), json!({})).await;
    let keys = world.expect_success(Method::GET, &world.project_keys(), &admin, Value::Null).await;
    assert_eq!(keys["data"].as_array().unwrap().len(), 1);
    // The name is in use and can't be used for another kind of key.
    let mut request = program(&Method::POST, ADMIN_KEYS, Some(&admin), &json!({ "name": "web" }));
    request.headers_mut().insert("idempotency-key", "deploy-7".parse().unwrap());
    assert_eq!(world.send(request).await.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_page_follows_the_one_before_it() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let mut created = Vec::new();
    for _ in 0..7 {
        created.push(world.key(&world.owner).await.api_key.id.to_string());
    }
    services::api_keys::revoke(&world.services, &world.owner.actor, &[created.remove(3).parse().unwrap()])
        .await
        .unwrap();
    for order in ["asc", "desc"] {
        let mut seen = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("{}?limit=4&order={order}&after={after}", world.project_keys());
            let page = world.expect_success(Method::GET, &path, &admin, Value::Null).await;
            let ids: Vec<String> =
                page["data"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect();
            assert_eq!(
                (&page["object"], &page["first_id"], &page["last_id"]),
                (&json!("list"), &json!(ids.first()), &json!(ids.last()))
            );
            after = ids.last().unwrap().clone();
            seen.extend(ids);
            if page["has_more"] == false {
                break;
            }
        }
        let mut expected = created.clone();
        if order == "desc" {
            expected.reverse();
        }
        assert_eq!(seen, expected, "{order}");
    }
    let nothing = format!("{}?after={}", world.project_keys(), created.last().unwrap());
    let nothing = world.expect_success(Method::GET, &nothing, &admin, Value::Null).await;
    assert_eq!(
        (&nothing["data"], &nothing["has_more"], &nothing["last_id"]),
        (&json!([]), &json!(false), &Value::Null)
    );
}

#[tokio::test]
async fn who_made_a_key_is_told_and_whether_they_may_still_use_it() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let by_developer = world.key(&world.developer).await.api_key.id;
    let path = format!("{}/{by_developer}", world.project_keys());
    let key = world.expect_success(Method::GET, &path, &admin, Value::Null).await;
    assert_eq!(key["owner"]["type"], "user");
    assert_eq!(key["owner"]["user"]["email"], world.developer.email.as_str());
    assert_eq!(key["owner"]["user"]["role"], "developer");
    assert!(key["owner"]["user"]["created_at"].as_i64().unwrap() > 1_700_000_000);
    assert_eq!(key["owner_project_access"], "active");

    let transaction = world.services.database().begin().await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(&transaction, "DELETE FROM project_members").await.unwrap();
    transaction.commit().await.unwrap();
    let key = world.expect_success(Method::GET, &path, &admin, Value::Null).await;
    assert_eq!(key["owner_project_access"], "inactive");

    let by_nobody = world.key_with(Level::Standard, |_| {}).await.api_key.id;
    let key =
        world.expect_success(Method::GET, &format!("{}/{by_nobody}", world.project_keys()), &admin, Value::Null).await;
    assert_eq!((&key["owner"]["user"], &key["owner_project_access"]), (&Value::Null, &json!("active")));
}

#[tokio::test]
async fn a_use_is_remembered_with_the_clients_address_and_not_with_the_one_it_claims() {
    let world = World::new().await;
    let narrow = world.key_with(Level::Admin, |key| key.ip_allowlist = vec!["203.0.113.0/24".parse().unwrap()]).await;
    let send_from = async |from: [u8; 4]| {
        let mut request = Request::get(ADMIN_KEYS)
            .header(header::AUTHORIZATION, format!("Bearer {}", narrow.secret))
            .header("x-forwarded-for", "203.0.113.7")
            .header("forwarded", "for=203.0.113.7")
            .header("x-real-ip", "203.0.113.7")
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((from, 50_000))));
        world.router.clone().oneshot(request).await.unwrap()
    };
    let response = send_from([198, 51, 100, 1]).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let error = body(response).await["error"].clone();
    assert_eq!(error["code"], "ip_not_allowed");
    assert!(error["message"].as_str().unwrap().contains("198.51.100.1"));
    assert_eq!(send_from([203, 0, 113, 9]).await.status(), StatusCode::OK);

    world.gateway.flush().await;
    let actor = command_line(&world.organization);
    let key = services::api_keys::get(&world.services, &actor, narrow.api_key.id).await.unwrap();
    assert_eq!(key.last_use.unwrap().ip, "203.0.113.9");
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_name() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let id = world.key(&world.owner).await.api_key.id;
    let (keys, key) = (world.project_keys(), format!("{}/{id}", world.project_keys()));
    for (method, path, input, param) in [
        (Method::GET, format!("{keys}?limit=0"), Value::Null, "limit"),
        (Method::GET, format!("{keys}?limit=101"), Value::Null, "limit"),
        (Method::GET, format!("{keys}?limit=1&limit=2"), Value::Null, "limit"),
        (Method::GET, format!("{keys}?order=up"), Value::Null, "order"),
        (Method::GET, format!("{keys}?after=proj_1"), Value::Null, "after"),
        (Method::GET, format!("{keys}?page=1"), Value::Null, "page"),
        (Method::GET, format!("{keys}?owner_project_access=inactive"), Value::Null, "owner_project_access"),
        (Method::POST, keys.clone(), json!({ "name": "" }), "name"),
        (Method::POST, keys.clone(), json!({ "name": "k", "level": "admin" }), "level"),
        (Method::POST, keys.clone(), json!({ "name": "k", "expires_in_seconds": 0 }), "expires_in_seconds"),
        (Method::POST, keys.clone(), json!({ "name": "k", "expires_in_seconds": 400_000_000 }), "expires_in_seconds"),
        (Method::POST, keys.clone(), json!({ "name": "k", "scopes": ["api_keys.read"] }), "scopes"),
        (Method::POST, keys.clone(), json!({ "name": "k", "models": ["gpt-none"] }), "models"),
        (Method::POST, ADMIN_KEYS.to_owned(), json!({ "name": "k", "level": "read" }), "level"),
        (Method::POST, key.clone(), json!({ "expires_in_seconds": 60 }), "expires_in_seconds"),
        (Method::POST, key.clone(), json!({ "rotate_every_days": 10_000 }), "rotate_every_days"),
        (Method::POST, format!("{key}/rotate"), json!({ "grace_seconds": 2_592_001 }), "grace_seconds"),
    ] {
        let refused = world.expect_error(method, &path, &admin, input).await;
        assert_eq!(refused, (400, "invalid_request_error".to_owned(), Some(param.to_owned())), "{path}");
    }
    for (path, malformed) in [
        (&keys, json!({ "name": "k", "role": "owner" })),
        (&keys, json!({ "name": "k", "organization_id": "org_01h2xcejqtf2nbrexx3vqjhp41" })),
        (&keys, json!({ "name": 1 })),
        (&keys, json!([])),
        (&key, json!({ "level": "admin" })),
        (&key, json!({ "status": "active" })),
    ] {
        let refused = world.expect_error(Method::POST, path, &admin, malformed).await;
        assert_eq!(refused, (400, "invalid_request_error".to_owned(), None), "{path}");
    }
    let large = json!({ "name": "k", "description": "x".repeat(70_000) });
    assert_eq!(world.expect_error(Method::POST, &keys, &admin, large).await.0, 413);
}

#[tokio::test]
async fn what_has_ended_cannot_be_changed_and_isnt_to_be_tried_again() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let created = world.key(&world.owner).await;
    let path = format!("{}/{}", world.project_keys(), created.api_key.id);
    let report = json!([{ "token": created.secret }]);
    world.call(&Method::POST, "/v1/keys/report-leak", None, &report).await;
    for (path, input) in [(path.clone(), json!({ "name": "new" })), (format!("{path}/rotate"), json!({}))] {
        let response = world.call(&Method::POST, &path, Some(&admin), &input).await;
        assert_eq!(response.status(), StatusCode::CONFLICT, "{path}");
        assert_eq!(response.headers()["x-should-retry"], "false");
        assert_eq!(body(response).await["error"]["code"], "conflict");
    }
    assert_eq!(world.expect_success(Method::GET, &path, &admin, Value::Null).await["status"], "disabled");
}

#[tokio::test]
async fn a_path_says_which_methods_it_takes() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let response = world.call(&Method::PATCH, ADMIN_KEYS, Some(&admin), &Value::Null).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()[header::ALLOW], "GET,HEAD,POST");
    assert_eq!(body(response).await["error"]["code"], "method_not_allowed");
    for path in ["/v1/organization", "/v1/organization/", "/v1/organization/users", "/v1/keys", "/v1/keys/nothing"] {
        let response = world.get_with(&admin, path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(response.headers()["x-request-id"].to_str().unwrap().starts_with("req_"));
        assert_eq!(body(response).await["error"]["code"], "not_found");
    }
}

#[tokio::test]
async fn limits_of_rates_are_set_and_changed_together() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let limits = |calls: Value, tokens: Value| json!({ "calls_per_minute": calls, "tokens_per_minute": tokens });
    let input = json!({ "name": "web", "rate_limits": { "calls_per_minute": 60 } });
    let created = world.expect_success(Method::POST, &world.project_keys(), &admin, input).await;
    assert_eq!(created["rate_limits"], limits(json!(60), Value::Null));
    let path = format!("{}/{}", world.project_keys(), created["id"].as_str().unwrap());
    let same = world.expect_success(Method::POST, &path, &admin, json!({ "name": "app" })).await;
    assert_eq!(same["rate_limits"], created["rate_limits"]);
    let changes = json!({ "rate_limits": { "tokens_per_minute": 1_000 } });
    let changed = world.expect_success(Method::POST, &path, &admin, changes).await;
    assert_eq!(changed["rate_limits"], limits(Value::Null, json!(1_000)));
    for wrong in [json!({ "calls_per_minute": 0 }), json!({ "calls_per_minute": 1.5 }), json!({ "calls": 1 })] {
        let (status, ..) = world.expect_error(Method::POST, &path, &admin, json!({ "rate_limits": wrong })).await;
        assert_eq!(status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn what_a_key_made_is_told_when_it_is_deleted_and_deleted_along_where_that_is_asked() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let make = async |key: &str, path: &str, name: &str| {
        let created = world.expect_success(Method::POST, path, key, json!({ "name": name })).await;
        let text = |field: &str| created[field].as_str().unwrap().to_owned();
        (text("id"), text("value"))
    };
    let mut family = Vec::new();
    for _ in 0..2 {
        let (parent, secret) = make(&admin, ADMIN_KEYS, "parent").await;
        let (child, secret) = make(&secret, ADMIN_KEYS, "child").await;
        let (grandchild, _) = make(&secret, &world.project_keys(), "grandchild").await;
        family.push([parent, child, grandchild]);
    }
    let ids = |list: &Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect()
    };
    let [parent, child, grandchild] = &family[0];
    let path = format!("{ADMIN_KEYS}/{parent}");
    let created = world.expect_success(Method::GET, &format!("{path}/descendants"), &admin, Value::Null).await;
    assert_eq!((&created["object"], &created["count"]), (&json!("list"), &json!(2)));
    assert_eq!(ids(&created), [child.clone(), grandchild.clone()]);
    assert_eq!(created["data"][1]["project_id"], json!(world.project.id));
    let deleted = world.expect_success(Method::DELETE, &path, &admin, Value::Null).await;
    assert_eq!((&deleted["deleted"], &deleted["deleted_descendants"]), (&json!(true), &json!([])));
    assert_eq!(ids(&deleted["descendants"]), [child.clone(), grandchild.clone()]);
    world.expect_success(Method::GET, &format!("{ADMIN_KEYS}/{child}"), &admin, Value::Null).await;

    let [parent, child, grandchild] = &family[1];
    for wrong in ["?descendants=yes", "?descendant=true", "?descendants=true&descendants=true"] {
        world.expect_error(Method::DELETE, &format!("{ADMIN_KEYS}/{parent}{wrong}"), &admin, Value::Null).await;
    }
    let all = format!("{ADMIN_KEYS}/{parent}?descendants=true");
    let deleted = world.expect_success(Method::DELETE, &all, &admin, Value::Null).await;
    assert_eq!(deleted["deleted_descendants"], json!([child, grandchild]));
    for gone in [format!("{ADMIN_KEYS}/{child}"), format!("{}/{grandchild}", world.project_keys())] {
        assert_eq!(world.get_with(&admin, &gone).await.status(), StatusCode::NOT_FOUND);
    }
}
