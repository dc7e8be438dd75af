//! Answers to clients that are misconfigured or rely on another server's habits.

use axum::{
    body::Body,
    http::{Method, Request, Response, StatusCode, header},
};
use serde_json::{Value, json};

use crate::world::{World, json as body, program};

const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

fn chat() -> Value {
    json!({ "model": "sandbox-1", "messages": [{ "role": "user", "content": "hello" }], "max_tokens": 9 })
}

/// A program's request to `path` of a server that it knows by this name.
fn request(method: Method, path: &str, key: Option<&str>, body: &Value) -> Request<Body> {
    let mut request = program(&method, path, key, body);
    request.headers_mut().insert(header::HOST, "hub.internal:3000".parse().unwrap());
    request
}

fn with(mut request: Request<Body>, headers: &[(&'static str, &'static str)]) -> Request<Body> {
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

fn is_json(response: &Response<Body>) -> bool {
    response.headers()[header::CONTENT_TYPE] == "application/json"
}

#[tokio::test]
async fn a_call_arrives_where_it_is_certain_what_is_meant() {
    let world = World::new().await;
    let key = world.key(&world.owner).await.secret;
    let paths = [
        "/chat/completions",
        "/v1/v1/chat/completions",
        "//v1/chat/completions",
        "/v1//chat/completions",
        "/v1/chat/completions/",
        "//chat/completions/?api-version=1",
    ];
    for path in paths {
        let answer = world.send(request(Method::POST, path, Some(&key), &chat())).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(body(answer).await["object"], "chat.completion", "{path}");
    }
    for path in ["/v1/v1/messages", "/messages", "/v1/messages/", "/v1/v1/messages/count_tokens"] {
        let answer = world.send(with(request(Method::POST, path, Some(&key), &chat()), &[VERSION])).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    for path in ["/models", "/v1/models/", "/v1/v1/models", "/models/sandbox-1"] {
        let answer = world.send(request(Method::GET, path, Some(&key), &Value::Null)).await;
        assert!(answer.status() == StatusCode::OK && is_json(&answer), "{path}");
    }
    // It is logged as one call, with its own path.
    let log =
        world.post("/api/calls/list", Some(&world.owner.token), &json!({"organization": "acme", "query": {}})).await;
    let log = body(log).await;
    let endpoints: Vec<&str> =
        log["calls"].as_array().unwrap().iter().map(|call| call["endpoint"].as_str().unwrap()).collect();
    assert_eq!(endpoints.iter().filter(|path| **path == "/v1/chat/completions").count(), paths.len(), "{endpoints:?}");
    // Such a path requires a key as well, and rejects other methods.
    for (method, path, status) in [
        (Method::POST, "/chat/completions", StatusCode::UNAUTHORIZED),
        (Method::GET, "/models", StatusCode::UNAUTHORIZED),
        (Method::PUT, "/chat/completions", StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/v1/v1/messages", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let answer = world.send(request(method.clone(), path, None, &Value::Null)).await;
        assert!(answer.status() == status && is_json(&answer), "{method} {path}: {}", answer.status());
    }
}

#[tokio::test]
async fn a_wrong_base_url_is_told_the_path_and_the_right_one() {
    let world = World::new().await;
    let key = world.key(&world.owner).await.secret;
    for path in [
        "/openai/deployments/sandbox-1/chat/completions",
        "/openai/v1/responses",
        "/api/v1/chat/completions",
        "/api/chat",
        "/api/chat/completions",
        "/v1beta/models/gemini-x:generateContent",
        "/organization/costs",
        "//v1/nothing",
        "/v1/v1/nothing",
        "/v1/chat",
        "/chat",
        "/",
    ] {
        let answer = world.send(request(Method::POST, path, Some(&key), &chat())).await;
        assert!(answer.status() == StatusCode::NOT_FOUND && is_json(&answer), "{path}: {}", answer.status());
        assert!(answer.headers().contains_key("x-request-id"), "{path}");
        let answer_body = body(answer).await;
        assert_eq!(answer_body["error"]["code"], "not_found", "{path}");
        let message = answer_body["error"]["message"].as_str().unwrap();
        assert!(message.contains(path) && message.contains("http://hub.internal:3000/v1"), "{path}: {message}");
    }
    for (path, headers) in [
        ("/anthropic/v1/messages", &[][..]),
        ("/v1/messages/batches", &[][..]),
        ("/v1/complete", &[][..]),
        ("/v1/skills", &[][..]),
        ("/v1/agents", &[VERSION][..]),
        ("/v1/files", &[VERSION][..]),
        ("/files", &[VERSION][..]),
    ] {
        let answer = world.send(with(request(Method::POST, path, Some(&key), &chat()), headers)).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        let answer_body = body(answer).await;
        assert_eq!(
            (&answer_body["type"], &answer_body["error"]["type"]),
            (&json!("error"), &json!("not_found_error")),
            "{path}"
        );
        let message = answer_body["error"]["message"].as_str().unwrap();
        // Paths that aren't offered get no other base URL.
        let is_offered = ["/anthropic/v1/messages", "/v1/agents"].contains(&path);
        let other = "isn't available in Anthropic's format";
        let reason = if is_offered { "http://hub.internal:3000 for Anthropic clients." } else { other };
        assert!(message.contains(path.trim_start_matches('/')) && message.contains(reason), "{message}");
    }
    // A key in the path isn't repeated.
    let answer = world.send(request(Method::POST, &format!("/openai/{key}/chat"), None, &chat())).await;
    assert!(!body(answer).await.to_string().contains(&key));
}

#[tokio::test]
async fn the_right_base_url_is_the_public_one() {
    let world = World::reached_at("https://hub.example", "").await;
    for path in ["/v1/nothing", "/openai/v1/chat/completions"] {
        let answer_body = body(world.send(request(Method::POST, path, None, &chat())).await).await.to_string();
        assert!(answer_body.contains("https://hub.example/v1"), "{answer_body}");
    }
}

#[tokio::test]
async fn the_dashboard_stays_where_it_is() {
    let world = World::new().await;
    let visit = [("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"), ("sec-fetch-mode", "navigate")];
    for path in ["/", "/keys", "/o/acme/models", "/models", "/openai/models", "/nothing"] {
        let answer = world.send(with(request(Method::GET, path, None, &Value::Null), &visit)).await;
        assert!(!is_json(&answer), "{path} is a page");
    }
    for path in ["/api/accounts/sign_in", "/api/nothing"] {
        let answer = world.send(request(Method::POST, path, None, &json!({}))).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} is for the dashboard's own pages");
    }
}

#[tokio::test]
async fn who_asks_for_a_websocket_is_told_to_go_on_without() {
    let world = World::new().await;
    let key = world.key(&world.owner).await.secret;
    let socket = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for path in ["/v1/responses", "/responses", "/v1/v1/responses"] {
        let answer = world.send(with(request(Method::GET, path, Some(&key), &Value::Null), &socket)).await;
        assert_eq!(answer.status(), StatusCode::UPGRADE_REQUIRED, "{path}");
        assert_eq!(answer.headers()["upgrade"], "HTTP/1.1");
        assert_eq!(answer.headers()["connection"], "upgrade");
        let answer_body = body(answer).await;
        assert_eq!(answer_body["error"]["code"], "upgrade_required");
        let plain = world.send(request(Method::GET, path, Some(&key), &Value::Null)).await;
        assert_eq!(plain.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(plain.headers()["allow"], "POST", "{path}");
    }
}
