//! The character U+0000 in texts is rejected as the client's error, on both databases.

use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use server::server_functions;

use crate::{
    postgres::Postgres,
    world::{World, json as body, program},
};

/// Returns variants of `value`, each with the character in one of its texts.
fn poisoned(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => vec![format!("{text}\0").into(), "\0".into()],
        Value::Array(items) => {
            let with = |index: usize, item: Value| {
                let mut items = items.clone();
                items[index] = item;
                Value::Array(items)
            };
            items
                .iter()
                .enumerate()
                .flat_map(|(index, item)| poisoned(item).into_iter().map(move |item| (index, item)))
                .map(|(index, item)| with(index, item))
                .collect()
        }
        Value::Object(fields) => {
            let with = |name: &String, value: Value| {
                let mut fields = fields.clone();
                fields.insert(name.clone(), value);
                Value::Object(fields)
            };
            fields
                .iter()
                .flat_map(|(name, value)| poisoned(value).into_iter().map(move |value| (name, value)))
                .map(|(name, value)| with(name, value))
                .collect()
        }
        _ => Vec::new(),
    }
}

async fn on(world: &World) {
    let id = world.key(&world.owner).await.api_key.id;
    let inputs = [
        (
            "create",
            json!({ "input": { "name": "k", "description": "d", "project_id": world.project.id, "level": "standard", "models": ["m"] } }),
        ),
        ("edit", json!({ "id": id, "changes": { "name": "k", "description": "d" } })),
        ("rotate", json!({ "id": id, "rotation": { "grace_seconds": 60, "request": "r" } })),
        ("list", json!({ "query": { "search": "s" } })),
        ("get", json!({ "id": id })),
    ];
    let mut cases = Vec::new();
    for (verb, mut input) in inputs {
        input["organization"] = "acme".into();
        cases.extend(poisoned(&input).into_iter().map(|input| (format!("/api/api_keys/{verb}"), input)));
    }
    // Every function takes an organization, which is a text.
    for path in server_functions::paths() {
        cases.push(((*path).to_owned(), json!({ "organization": "acme\0" })));
    }
    let query = json!({ "organization": "acme", "query": { "model": "m", "search": "s", "error_code": "e" } });
    cases.extend(poisoned(&query).into_iter().map(|input| ("/api/calls/list".to_owned(), input)));
    let sign_in = json!({ "input": { "email": "mira@example.com", "password": "p" } });
    cases.extend(poisoned(&sign_in).into_iter().map(|input| ("/api/accounts/sign_in".to_owned(), input)));
    for (path, input) in cases {
        let response = world.post(&path, Some(&world.owner.token), &input).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{path} {input}");
    }

    for path in [
        "/o/acme/keys?search=a%00",
        "/o/a%00",
        "/api/calls/export.csv?organization=acme&model=%00",
        "/o/acme/logs?model=%00",
    ] {
        let response = world.get(path, Some(&world.owner.token)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
    }

    let admin = world.admin_key(&[]).await;
    let keys = format!("/v1/organization/projects/{}/api_keys", world.project.id);
    for body in poisoned(&json!({ "name": "k", "description": "d", "level": "standard", "models": ["m"] })) {
        let response = world.call(&Method::POST, &keys, Some(&admin), &body).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
    }
    for input in poisoned(&json!({ "key": "k", "model": "m", "endpoint": "/v1/models", "ip": "::1" })) {
        let response = world.call(&Method::POST, "/v1/keys/verify", Some(&admin), &input).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{input}");
    }
    for input in poisoned(&json!([{ "token": "t", "type": "t", "url": "u" }])) {
        let response = world.call(&Method::POST, "/v1/keys/report-leak", None, &input).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{input}");
    }
    let standard = world.key(&world.owner).await.secret;
    for path in [
        "/v1/files?after=%00",
        "/v1/files/a%00",
        "/v1/models/a%00",
        "/v1/responses/%00",
        "/v1/organization/costs?models=%00",
        "/v1/%00",
    ] {
        let response = world.call(&Method::GET, path, Some(&standard), &Value::Null).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}");
        assert!(response.headers().contains_key("x-request-id"), "{path}");
        let answer = body(response).await;
        assert_eq!(answer["error"]["code"], "invalid_request_error", "{path}: {answer}");
    }

    // Prompts may contain the character. An id with it can't exist.
    let chat = json!({ "model": "sandbox-1", "messages": [{ "role": "user", "content": "a\0b" }], "user": "u\0" });
    let response = world.call(&Method::POST, "/v1/chat/completions", Some(&standard), &chat).await;
    assert_eq!(response.status(), StatusCode::OK);
    let refers = json!({ "model": "sandbox-1", "input": "hi", "previous_response_id": "resp_\0" });
    let unknown = json!({ "model": "sandbox-1", "input": "hi", "previous_response_id": "resp_x" });
    let statuses = [
        world.call(&Method::POST, "/v1/responses", Some(&standard), &refers).await.status(),
        world.call(&Method::POST, "/v1/responses", Some(&standard), &unknown).await.status(),
    ];
    assert!(statuses[0].is_client_error() && statuses[1].is_client_error(), "{statuses:?}");
    for model in ["m\0", "\0"] {
        let input = json!({ "model": model, "messages": [] });
        let response = world.call(&Method::POST, "/v1/chat/completions", Some(&standard), &input).await;
        assert!(response.status().is_client_error(), "{model:?}: {}", response.status());
    }

    let event = json!({ "specversion": "1.0", "id": "1", "source": "/s", "type": "tollhouse.tokens", "data": {
        "model": "m", "endpoint": "/e", "provider": "p", "input_tokens": 1,
    } });
    for event in poisoned(&event) {
        let response = world.call(&Method::POST, "/v1/events", Some(&admin), &event).await;
        let (status, answer) = (response.status(), body(response).await);
        assert_eq!(status, StatusCode::BAD_REQUEST, "{event}: {answer}");
    }

    // HTTP allows no zeros in headers; other control characters of an agent are removed.
    let mut agent = program(&Method::GET, "/v1/models", Some(&standard), &Value::Null);
    agent.headers_mut().insert(header::USER_AGENT, "a\tb".parse().unwrap());
    assert_eq!(world.send(agent).await.status(), StatusCode::OK);
    assert!(Request::get("/").header("x", b"a\0".as_slice()).body(()).is_err());
}

#[tokio::test]
async fn a_zero_is_the_senders_mistake_on_sqlite() {
    on(&World::new().await).await;
}

#[tokio::test]
async fn a_zero_is_the_senders_mistake_on_postgresql() {
    let database = Postgres::new().await;
    let world = World::on(Some(database.url.clone()), "").await;
    on(&world).await;
    drop(world);
    database.drop().await;
}
