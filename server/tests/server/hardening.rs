//! What protects the dashboard from other sites, odd requests and nosy networks.

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode, header},
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::json;
use server::server_functions;
use tower::ServiceExt;

use crate::world::{World, json as body};

#[tokio::test]
async fn other_sites_change_nothing() {
    let world = World::new().await;
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
    {
        let request = Request::post("/api/accounts/sign_out")
            .header(header::HOST, "127.0.0.1:3000")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, format!("tollhouse={}", world.owner.token))
            .header(name, value)
            .body(Body::from("{}"))
            .unwrap();
        assert_eq!(world.send(request).await.status(), StatusCode::FORBIDDEN);
    }
    let still = world.post("/api/accounts/sessions", Some(&world.owner.token), &json!({})).await;
    assert_eq!(still.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_form_is_not_json() {
    let world = World::new().await;
    let request = Request::post("/api/accounts/sign_out")
        .header(header::HOST, "127.0.0.1:3000")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header(header::COOKIE, format!("tollhouse={}", world.owner.token))
        .body(Body::from("a=b"))
        .unwrap();
    assert_eq!(world.send(request).await.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn nothing_changes_on_get() {
    let world = World::new().await;
    for path in server_functions::paths() {
        let response = world.get(path, Some(&world.owner.token)).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

#[tokio::test]
async fn unknown_api_paths_answer_in_json() {
    let world = World::new().await;
    for path in ["/api", "/api/", "/api/nothing", "/api/keys/list", "/v1", "/v1/nothing", "/v1/chat"] {
        let response = world.post(path, Some(&world.owner.token), &json!({})).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("application/json"), "{path}");
    }
}

#[tokio::test]
async fn answers_carry_the_headers_that_protect_them() {
    let world = World::new().await;
    let response = world.post("/api/accounts/welcome", None, &json!({})).await;
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(response.headers()[name], value, "{name}");
    }
    assert!(response.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
}

#[tokio::test]
async fn plain_http_beyond_this_machine_is_refused() {
    let world = World::new().await;
    let request = |host: &str| {
        let mut request = Request::post("/api/accounts/welcome")
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/json")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from("{}"))
            .unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 50_000))));
        request
    };
    for host in ["hub.example", "127.0.0.1:3000"] {
        let response = world.router.clone().oneshot(request(host)).await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{host}");
        assert!(body(response).await.to_string().contains("plain http"));
    }
}

#[tokio::test]
async fn a_huge_body_is_refused() {
    let world = World::new().await;
    let huge = json!({ "name": "x".repeat(300 * 1024) });
    let response = world.post("/api/accounts/rename", Some(&world.owner.token), &huge).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

/// What inputs are made of, and what they are not.
const NAMES: [&str; 16] = [
    "organization",
    "input",
    "query",
    "id",
    "settings",
    "name",
    "email",
    "password",
    "current",
    "new",
    "models",
    "project_id",
    "expires_in_days",
    "range",
    "filter",
    "session_idle_minutes",
];
const VALUES: [&str; 18] = [
    "null",
    "true",
    "0",
    "-1",
    "1e309",
    "99999999999999999999",
    "\"\"",
    "\"acme\"",
    "\"\\u0000\"",
    "\"\u{202e}\"",
    "\"today\"",
    "\"2026-02-30..2026-03-01\"",
    "\"key_01h2xcejqtf2nbrexx3vqjhp41\"",
    "\"a@b.example\"",
    "[]",
    "{}",
    "[{}]",
    "\"\\ud800\"",
];

/// A random value that is nested at most `depth` deep, most often an object with names that inputs have.
fn value(random: &mut Pcg64, depth: u32) -> String {
    match random.random_range(0..10) {
        0..6 if depth > 0 => {
            let fields: Vec<_> = (0..random.random_range(0..5))
                .map(|_| format!("\"{}\":{}", NAMES[random.random_range(0..NAMES.len())], value(random, depth - 1)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        6 if depth > 0 => format!("[{},{}]", value(random, depth - 1), value(random, depth - 1)),
        _ => VALUES[random.random_range(0..VALUES.len())].to_owned(),
    }
}

/// A thousand bodies, some of them cut off and some of them no JSON at all.
fn bodies() -> Vec<String> {
    let mut random = Pcg64::seed_from_u64(41);
    let mut bodies: Vec<String> = ["", "{", "\u{0}", "[[[[[[[["].map(str::to_owned).to_vec();
    bodies.push("[".repeat(10_000));
    while bodies.len() < 1_000 {
        let inner = value(&mut random, 3);
        let mut body = match random.random_range(0..3) {
            0 => inner,
            1 => format!("{{\"organization\":\"acme\",\"input\":{inner}}}"),
            _ => format!(
                "{{\"organization\":\"acme\",\"query\":{inner},\"id\":{},\"settings\":{inner}}}",
                value(&mut random, 1)
            ),
        };
        if random.random_ratio(1, 20) {
            body.truncate(body.floor_char_boundary(body.len() / 2));
        }
        bodies.push(body);
    }
    bodies
}

#[tokio::test]
async fn no_body_makes_the_server_fail() {
    let world = World::new().await;
    let bodies = bodies();
    for path in server_functions::paths().iter().filter(|path| !path.ends_with("sign_out")) {
        for body in &bodies {
            let request = Request::post(*path)
                .header(header::HOST, "127.0.0.1:3000")
                .header(header::CONTENT_TYPE, "application/json")
                .header("sec-fetch-site", "same-origin")
                .header(header::COOKIE, format!("tollhouse={}", world.owner.token))
                .body(Body::from(body.clone()))
                .unwrap();
            let status = world.send(request).await.status();
            assert!(!status.is_server_error(), "{path} answers {status} to {body:.200}");
        }
    }
}
