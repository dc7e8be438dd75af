//! Security headers of every answer.

use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};

use crate::world::World;

/// Requests to each part of the server, including rejected ones.
const REQUESTS: [(Method, &str); 16] = [
    (Method::GET, "/healthz"),
    (Method::GET, "/readyz"),
    (Method::GET, "/metrics"),
    (Method::POST, "/healthz"),
    (Method::GET, "/"),
    (Method::GET, "/o/acme"),
    (Method::GET, "/nothing.js"),
    (Method::POST, "/"),
    (Method::GET, "/api/nothing"),
    (Method::POST, "/api/accounts/welcome"),
    (Method::GET, "/api/live?organization=acme"),
    (Method::GET, "/v1/models"),
    (Method::GET, "/v1/nothing"),
    (Method::DELETE, "/v1/chat/completions"),
    (Method::GET, "/v1/organization/admin_api_keys"),
    (Method::GET, "/v1/authz"),
];

async fn answer(world: &World, method: &Method, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap) {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:3000");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    (answer.status(), answer.headers().clone())
}

fn assert_guarded(path: &str, headers: &HeaderMap) {
    assert_eq!(headers.get("x-content-type-options").unwrap_or_else(|| panic!("{path}")), "nosniff", "{path}");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
    assert!(headers.contains_key("cache-control"), "{path}");
}

#[tokio::test]
async fn every_answer_may_run_nothing_of_what_it_doesnt_name() {
    let world = World::new().await;
    for (method, path) in &REQUESTS {
        let (_, headers) = answer(&world, method, path, &[]).await;
        assert_guarded(path, &headers);
        assert!(!headers.contains_key("strict-transport-security"), "{path}");
    }
    let huge = Request::post("/api/accounts/welcome").body(Body::from("x".repeat(300 * 1024))).unwrap();
    let refused = world.send(huge).await;
    assert_guarded("a huge body", refused.headers());
}

#[tokio::test]
async fn every_answer_over_https_asks_for_https_from_then_on() {
    let trusted = "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n";
    let forwarded = format!("{trusted}address_header = \"forwarded\"\n");
    let https = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https")];
    let plain = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https, http")];
    for (world, headers, expected) in [
        (World::reached_at("https://hub.example", "").await, &[][..], true),
        (World::on(None, trusted).await, &https, true),
        (World::on(None, &forwarded).await, &[("forwarded", "for=203.0.113.9;proto=https")], true),
        (World::on(None, trusted).await, &plain, false),
        (World::on(None, &forwarded).await, &https, false),
        // From an untrusted proxy.
        (World::new().await, &https, false),
    ] {
        for (method, path) in &REQUESTS {
            let (_, headers) = answer(&world, method, path, headers).await;
            assert_eq!(headers.contains_key("strict-transport-security"), expected, "{path}");
        }
    }
}
