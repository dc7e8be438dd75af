//! Answers to browsers protect private data from other sites, caches and scripts.

use axum::{
    body::Body,
    http::{Method, Request, Response, StatusCode, header},
};
use domain::api_keys::Level;
use serde_json::{Value, json};
use server::{router, server_functions};

use crate::world::{PASSWORD, World, program};

/// A request from a page of the dashboard, as a browser sends it.
fn page_request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "127.0.0.1:3000")
        .header(header::CONTENT_TYPE, "application/json")
        .header("sec-fetch-site", "same-origin")
}

fn credentials(world: &World) -> Value {
    json!({ "input": { "email": world.owner.email, "password": PASSWORD } })
}

/// The response's cookies.
fn cookies(response: &Response<Body>) -> Vec<String> {
    let cookies = response.headers().get_all(header::SET_COOKIE).iter();
    cookies.map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_session_that_somebody_else_chose_is_never_taken_up() {
    let world = World::new().await;
    let chosen = "0123456789abcdef".repeat(4);
    let signed_in = world.post("/api/accounts/sign_in", Some(&chosen), &credentials(&world)).await;
    assert_eq!(signed_in.status(), StatusCode::OK);
    let [cookie] = &cookies(&signed_in)[..] else { panic!("{:?}", cookies(&signed_in)) };
    assert!(!cookie.contains(&chosen), "{cookie}");
    // The token is in the cookie and nowhere else.
    let token = cookie.split_once('=').unwrap().1[..64].to_owned();
    let answer = crate::world::text(signed_in).await;
    assert!(!answer.contains(&token), "{answer}");
    let sessions = world.post("/api/accounts/sessions", Some(&chosen), &json!({})).await;
    assert_eq!(sessions.status(), StatusCode::UNAUTHORIZED);
    // A session that isn't sent in the cookie isn't accepted either.
    let token = &world.owner.token;
    for (path, name, value) in [
        (format!("/api/accounts/sessions?tollhouse={token}"), "x-nothing", String::new()),
        ("/api/accounts/sessions".to_owned(), "authorization", format!("Bearer {token}")),
        ("/api/accounts/sessions".to_owned(), "cookie", format!("__Host-tollhouse={token}")),
    ] {
        let request = page_request(Method::POST, &path).header(name, value).body(Body::from("{}")).unwrap();
        assert_eq!(world.send(request).await.status(), StatusCode::UNAUTHORIZED, "{path} with {name}");
    }
}

#[tokio::test]
async fn what_is_somebodys_own_is_kept_by_no_cache() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let token = Some(world.owner.token.as_str());
    let mut answers = Vec::new();
    for path in server_functions::paths().iter().filter(|path| !path.ends_with("sign_out")) {
        let input = json!({ "organization": "acme", "query": {} });
        answers.push(((*path).to_owned(), world.post(path, token, &input).await));
    }
    for path in router::session_paths() {
        answers.push((path.to_owned(), world.get(&format!("{path}?organization=acme"), token).await));
    }
    for path in ["/", "/o/acme/keys", "/account", "/nothing"] {
        answers.push((path.to_owned(), world.get(path, token).await));
    }
    for (method, path) in router::api_routes() {
        let path = path.replace("{project}", &world.project.id.to_string()).replace("{*path}", "x");
        answers.push((path.clone(), world.call(&method, &path, Some(&admin), &Value::Null).await));
    }
    assert!(answers.len() > 55, "{}", answers.len());
    for (path, answer) in answers {
        let cache_control = answer.headers().get(header::CACHE_CONTROL);
        assert!(
            cache_control.is_some_and(|cache_control| cache_control.to_str().unwrap().contains("no-store")),
            "{path}: {cache_control:?}"
        );
    }
}

#[tokio::test]
async fn no_other_site_may_read_an_answer() {
    let world = World::new().await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    for path in [
        "/api/accounts/welcome",
        "/api/calls/export.csv",
        "/v1/models",
        "/v1/chat/completions",
        "/v1/organization/costs",
        "/healthz",
        "/",
    ] {
        for method in [Method::OPTIONS, Method::GET, Method::POST] {
            let mut request = program(&method, path, Some(&key), &json!({}));
            for (name, value) in [
                ("host", "127.0.0.1:3000"),
                ("origin", "https://evil.example"),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", "authorization, content-type"),
            ] {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            let answer = world.send(request).await;
            let allows = |name: &header::HeaderName| name.as_str().starts_with("access-control-");
            assert!(!answer.headers().keys().any(allows), "{method} {path}: {:?}", answer.headers());
        }
    }
}

/// A server with one allowed origin, and a key to call it with.
async fn world_with_origin() -> (World, String) {
    let sandbox = "[[provider]]\nname = \"sandbox\"\nkind = \"sandbox\"\n\
                   [[model]]\nname = \"sandbox-1\"\nproviders = [\"sandbox\"]\nservice = \"chat\"\n";
    let world = World::on(None, &format!("{sandbox}[cors]\norigins = [\"https://app.example\"]\n")).await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    (world, key)
}

/// A request from a page of `origin`.
fn cross_origin_request(method: &Method, path: &str, key: Option<&str>, body: &Value, origin: &str) -> Request<Body> {
    let mut request = program(method, path, key, body);
    request.headers_mut().insert(header::HOST, "127.0.0.1:3000".parse().unwrap());
    request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
    request
}

#[tokio::test]
async fn pages_of_a_named_origin_may_call_and_read_the_answer() {
    let (world, key) = world_with_origin().await;
    let requested = "authorization,content-type,x-api-key,anthropic-version,anthropic-dangerous-direct-browser-access";
    for path in [
        "/v1/chat/completions",
        "/v1/messages",
        "/v1/models",
        "/v1/nothing",
        "/chat/completions",
        "/openai/v1/responses",
    ] {
        let mut preflight = cross_origin_request(&Method::OPTIONS, path, None, &Value::Null, "https://app.example");
        preflight.headers_mut().insert(header::ACCESS_CONTROL_REQUEST_METHOD, "POST".parse().unwrap());
        preflight.headers_mut().insert(header::ACCESS_CONTROL_REQUEST_HEADERS, requested.parse().unwrap());
        let answer = world.send(preflight).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{path}");
        let headers = answer.headers();
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_HEADERS], requested);
        assert!(headers[header::ACCESS_CONTROL_ALLOW_METHODS].to_str().unwrap().contains("POST"));
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }
    let chat = json!({ "model": "sandbox-1", "messages": [{ "role": "user", "content": "hello" }] });
    for (key, status) in [(Some(&*key), StatusCode::OK), (None, StatusCode::UNAUTHORIZED)] {
        let call = cross_origin_request(&Method::POST, "/v1/chat/completions", key, &chat, "https://app.example");
        let answer = world.send(call).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        let exposed = answer.headers()[header::ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap();
        assert!(exposed.contains("x-request-id") && exposed.contains("retry-after"), "{exposed}");
        assert_eq!(answer.headers()[header::VARY], "origin");
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_not_and_nobody_may_but_call() {
    let (world, key) = world_with_origin().await;
    for (path, origin) in [
        ("/v1/chat/completions", "https://evil.example"),
        ("/v1/chat/completions", "http://app.example"),
        ("/v1/chat/completions", "https://app.example.evil.example"),
        ("/v1/chat/completions", "null"),
        ("/v1/organization/costs", "https://app.example"),
        ("/v1/keys/verify", "https://app.example"),
        ("/api/accounts/welcome", "https://app.example"),
        ("/api/calls/export.csv", "https://app.example"),
        ("/", "https://app.example"),
    ] {
        for method in [Method::OPTIONS, Method::GET, Method::POST] {
            let mut request = cross_origin_request(&method, path, Some(&key), &json!({}), origin);
            request.headers_mut().insert(header::ACCESS_CONTROL_REQUEST_METHOD, "POST".parse().unwrap());
            let answer = world.send(request).await;
            let allows = |name: &header::HeaderName| name.as_str().starts_with("access-control-");
            assert!(!answer.headers().keys().any(allows), "{method} {path} from {origin}: {:?}", answer.headers());
        }
    }
}

#[tokio::test]
async fn a_socket_opens_for_pages_of_this_site_alone() {
    let world = World::new().await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("x-nothing", ""),
    ] {
        let request = Request::get("/api/live?organization=acme")
            .header(header::HOST, "127.0.0.1:3000")
            .header(header::COOKIE, format!("tollhouse={}", world.owner.token))
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header(name, value)
            .body(Body::empty())
            .unwrap();
        assert_eq!(world.send(request).await.status(), StatusCode::FORBIDDEN, "{name}: {value}");
    }
}

#[tokio::test]
async fn methods_that_nobody_needs_are_refused() {
    let world = World::new().await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    for method in ["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND", "PUT", "PATCH", "get"] {
        for path in
            ["/", "/healthz", "/api/accounts/welcome", "/v1/models", "/v1/chat/completions", "/v1/organization/costs"]
        {
            let mut request = program(&method.parse().unwrap(), path, Some(&key), &Value::Null);
            for (name, value) in [
                ("host", "127.0.0.1:3000"),
                ("sec-fetch-site", "same-origin"),
                ("content-type", "application/json"),
                ("x-echo", "planted"),
            ] {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            let answer = world.send(request).await;
            assert!(answer.status().is_client_error(), "{method} {path}: {}", answer.status());
            let text = crate::world::text(answer).await;
            assert!(!text.contains("planted") && !text.contains(&key), "{method} {path}: {text}");
        }
    }
}

#[tokio::test]
async fn every_body_says_what_it_is_and_texts_in_which_letters() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    let token = Some(world.owner.token.as_str());
    let mut answers = Vec::new();
    for path in ["/healthz", "/readyz", "/metrics", "/", "/nothing", "/nothing.txt", "/api/nothing", "/v1/nothing"] {
        answers.push((path.to_owned(), world.get(path, token).await));
    }
    for path in router::session_paths() {
        answers.push((path.to_owned(), world.get(&format!("{path}?organization=acme"), token).await));
    }
    for path in server_functions::paths().iter().filter(|path| !path.ends_with("sign_out")) {
        for input in [json!({ "organization": "acme", "query": {} }), json!([])] {
            answers.push(((*path).to_owned(), world.post(path, token, &input).await));
        }
    }
    for (method, path) in router::api_routes() {
        answers
            .push((path.to_owned(), world.call(&method, &path.replace("{*path}", "x"), Some(&admin), &json!(1)).await));
    }
    for (path, answer) in answers {
        let kind = answer.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        if crate::world::text(answer).await.is_empty() {
            continue;
        }
        let kind = kind.unwrap_or_else(|| panic!("{path} doesn't say what it is"));
        assert!(kind.starts_with("application/json") || kind.contains("charset=utf-8"), "{path}: {kind}");
    }
}

#[tokio::test]
async fn nothing_beside_the_dashboard_is_served() {
    let world = World::new().await;
    for path in [
        "/.git/config",
        "/.git/HEAD",
        "/.env",
        "/Cargo.toml",
        "/tollhouse.toml",
        "/tollhouse.db",
        "/data/tollhouse.db",
        "/parts.json",
        "/index.html",
        "/../Cargo.toml",
        "/..%2fCargo.toml",
        "/%2e%2e/Cargo.toml",
        "/%2e%2e%2f%2e%2e%2fetc/passwd.txt",
        "//etc/passwd.txt",
        "/assets/../../Cargo.toml",
    ] {
        let answer = world.get(path, Some(&world.owner.token)).await;
        // If the dashboard isn't built, there is a page saying so.
        assert!([StatusCode::NOT_FOUND, StatusCode::SERVICE_UNAVAILABLE].contains(&answer.status()), "{path}");
        let text = crate::world::text(answer).await;
        assert!(text.is_empty() || text.starts_with("<!doctype html>"), "{path}: {text}");
    }
}
