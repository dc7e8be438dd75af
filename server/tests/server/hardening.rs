//! Protection of the dashboard from other sites, odd requests and untrusted networks.

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode, header},
};
use domain::api_keys::Level;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::json;
use server::{router, server_functions};
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
    let sessions = world.post("/api/accounts/sessions", Some(&world.owner.token), &json!({})).await;
    assert_eq!(sessions.status(), StatusCode::OK);
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

/// Names and values of inputs, valid and invalid.
const NAMES: [&str; 33] = [
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
    "description",
    "level",
    "scopes",
    "ip_allowlist",
    "life",
    "expires_in_seconds",
    "rotate_every_days",
    "metadata_only",
    "form",
    "grace_seconds",
    "request",
    "changes",
    "rotation",
    "ids",
    "search",
    "page",
    "token",
    "url",
    "range",
    "filter",
    "session_idle_minutes",
];
const VALUES: [&str; 26] = [
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
    "\"standard\"",
    "\"chat\"",
    "[\"usage.read\"]",
    "\"10.0.0.0/33\"",
    "[\"::ffff:10.0.0.1/97\"]",
    "4294967295",
    "\"toll_std_000000000000000000000000000000002tlumi\"",
    "{\"days\":4294967295}",
    "[]",
    "{}",
    "[{}]",
    "\"\\ud800\"",
];

/// A random value, nested at most `depth` levels deep, most often an object with names from real inputs.
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

/// Number of bodies that aren't random.
const FIXED_BODIES: usize = 5;

/// A thousand bodies, some of them truncated and some not JSON at all.
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
                "{{\"organization\":\"acme\",\"query\":{inner},\"id\":{},\"settings\":{inner},\"changes\":{inner}}}",
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

/// A fifth of the random bodies, different for each number, after the fixed ones; all with
/// `HARDENING_BODIES=1000`.
fn sample(bodies: &[String], number: usize) -> impl Iterator<Item = &String> {
    let count = std::env::var("HARDENING_BODIES").map_or(200, |count| count.parse().unwrap());
    let (fixed, random) = bodies.split_at(FIXED_BODIES);
    fixed.iter().chain(random.iter().cycle().skip(number * count).take(count))
}

#[tokio::test]
async fn no_body_makes_the_server_fail() {
    let world = World::new().await;
    let bodies = bodies();
    let paths = server_functions::paths().iter().filter(|path| !path.ends_with("sign_out"));
    for (number, path) in paths.enumerate() {
        for body in sample(&bodies, number) {
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

/// Sends a request as a program with all permissions does, from an address that isn't rate-limited.
async fn send(world: &World, method: &str, path: &str, key: &str, number: usize, body: String) -> StatusCode {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header("idempotency-key", number.to_string())
        .body(Body::from(body))
        .unwrap();
    let [_, _, high, low] = u32::try_from(number).unwrap().to_be_bytes();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([10, 0, high, low], 50_000))));
    world.router.clone().oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn no_body_makes_the_management_api_fail() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let (project, project_key) = (world.project.id.to_string(), world.key(&world.owner).await.api_key.id.to_string());
    let admin_key = world.key_with(Level::Admin, |_| {}).await.api_key.id.to_string();
    let bodies = bodies();
    for (method, path) in router::api_routes().into_iter().filter(|(method, _)| method == "POST") {
        let key = if path.contains("{project}") { &project_key } else { &admin_key };
        let path = path.replace("{project}", &project).replace("{key}", key);
        for (number, body) in bodies.iter().enumerate() {
            let status = send(&world, method.as_str(), &path, &admin, number, body.clone()).await;
            assert!(!status.is_server_error(), "{path} answers {status} to {body:.200}");
        }
    }
}

#[tokio::test]
async fn no_path_or_query_makes_the_management_api_fail() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let names = [
        "start_time",
        "end_time",
        "bucket_width",
        "group_by",
        "group_by[]",
        "project_ids",
        "limit",
        "page",
        "after",
        "order",
        "models",
        "x",
    ];
    let values = [
        "",
        "0",
        "1",
        "-1",
        "1700000000",
        "7258118399",
        "9223372036854775807",
        "1d",
        "1h",
        "1m",
        "model",
        "project_id,model",
        "asc",
        "page_0",
        "page_1700006400",
        "key_01h2xcejqtf2nbrexx3vqjhp41",
        "%00",
        "%ff",
        "%F0%9F%8C%99",
        "'",
        "a".repeat(2_000).leak(),
    ];
    let mut random = Pcg64::seed_from_u64(42);
    for (method, path) in router::api_routes() {
        for number in 0..1_000 {
            let mut random_value = || values[random.random_range(0..values.len())];
            let (project, key) = if number % 2 == 0 {
                (random_value(), random_value())
            } else {
                ("proj_01h2xcejqtf2nbrexx3vqjhp41", random_value())
            };
            let path = path.replace("{project}", project).replace("{key}", key);
            let query: Vec<String> = (0..number % 5)
                .map(|_| {
                    format!(
                        "{}={}",
                        names[random.random_range(0..names.len())],
                        values[random.random_range(0..values.len())]
                    )
                })
                .collect();
            let path = format!("{path}?{}", query.join("&"));
            let status = send(&world, method.as_str(), &path, &admin, number, String::new()).await;
            assert!(!status.is_server_error(), "{method} {path} answers {status}");
        }
    }
}
