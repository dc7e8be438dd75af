//! `/v1/authz`: answers to a proxy, which no client can influence. `nginx.rs` tests it with nginx.

use axum::{
    body::Body,
    http::{Method, Request, Response},
};
use domain::{
    api_keys::{Level, NewApiKey, Scope, Secret},
    rate_limits::RateLimits,
};

use crate::world::{World, json};

/// Sends a proxy's check with these headers.
async fn check(world: &World, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    world.send(request.body(Body::empty()).unwrap()).await
}

/// A proxy and its clients.
struct Stage {
    world: World,
    proxy: String,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        let proxy = format!("Bearer {}", world.admin_key(&[Scope::Authz]).await);
        Self { world, proxy }
    }

    async fn client(&self, level: Level, change: impl FnOnce(&mut NewApiKey)) -> String {
        self.world.key_with(level, change).await.secret
    }

    /// The status and code of the answer for a client with this key.
    async fn answer(&self, client: &str, path: &str, more: &[(&str, &str)]) -> (u16, String) {
        let bearer = format!("Bearer {client}");
        let own = [("x-tollhouse-authorization", &*self.proxy), ("authorization", &*bearer)];
        let response = check(&self.world, path, &[&own, more].concat()).await;
        let status = response.status().as_u16();
        (status, json(response).await["error"]["code"].as_str().unwrap_or_default().to_owned())
    }
}

#[tokio::test]
async fn whoever_is_let_through_is_told_by_headers() {
    let stage = Stage::new().await;
    let created = stage.world.key_with(Level::Standard, |_| {}).await;
    let bearer = format!("Bearer {}", created.secret);
    for (header, value) in [("authorization", &*bearer), ("x-api-key", &*created.secret), ("api-key", &*created.secret)]
    {
        let headers = [("x-tollhouse-authorization", &*stage.proxy), (header, value)];
        let response = check(&stage.world, "/v1/authz", &headers).await;
        assert_eq!(response.status(), 200);
        let header_value = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header_value("x-tollhouse-key-id"), created.api_key.id.to_string());
        assert_eq!(header_value("x-tollhouse-organization-id"), stage.world.organization.id.to_string());
        assert_eq!(header_value("x-tollhouse-project-id"), stage.world.project.id.to_string());
        assert_eq!(header_value("x-tollhouse-level"), "standard");
    }
}

#[tokio::test]
async fn any_method_is_answered() {
    let stage = Stage::new().await;
    let client = format!("Bearer {}", stage.client(Level::Standard, |_| {}).await);
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
        let request = Request::builder()
            .method(method.parse::<Method>().unwrap())
            .uri("/v1/authz")
            .header("x-tollhouse-authorization", &stage.proxy)
            .header("authorization", &client);
        let response = stage.world.send(request.body(Body::from("what the client sends")).unwrap()).await;
        assert_eq!(response.status(), 200, "{method}");
    }
}

#[tokio::test]
async fn a_key_opens_what_it_may_open() {
    let stage = Stage::new().await;
    let wide = stage.client(Level::Standard, |_| {}).await;
    let chat = stage.client(Level::Standard, |key| key.scopes = vec![Scope::Chat]).await;
    let read = stage.client(Level::Read, |_| {}).await;
    let allowed = (200, String::new());
    let refused = (403, "insufficient_permissions".to_owned());
    for (client, path, forwarded, expected) in [
        (&wide, "/v1/authz", "/report.pdf", &allowed),
        (&wide, "/v1/authz", "/v1/embeddings?x=1", &allowed),
        (&chat, "/v1/authz", "/v1/chat/completions", &allowed),
        (&chat, "/v1/authz", "/v1/embeddings", &refused),
        (&chat, "/v1/authz", "/report.pdf", &refused),
        (&chat, "/v1/authz?scope=chat", "/report.pdf", &allowed),
        (&chat, "/v1/authz?scope=files", "/v1/chat/completions", &refused),
        (&read, "/v1/authz", "/report.pdf", &refused),
        (&read, "/v1/authz?scope=usage.read", "/report.pdf", &allowed),
        (&wide, "/v1/authz?scope=chat&model=sandbox-1", "/", &allowed),
        // Envoy appends the path, and the client's header is ignored then.
        (&chat, "/v1/authz/v1/chat/completions", "/v1/embeddings", &allowed),
        (&chat, "/v1/authz/v1/embeddings?scope=chat", "/v1/chat/completions", &refused),
        (&chat, "/v1/authz/v1/files/../chat/completions", "/", &refused),
    ] {
        let answer = stage.answer(client, path, &[("x-forwarded-uri", forwarded)]).await;
        assert_eq!(&answer, expected, "{path} {forwarded}");
    }
    assert_eq!(stage.answer(&wide, "/v1/authz?scope=chat&model=gpt-9", &[]).await.0, 404);
    for query in ["scope=cookies", "scope=chat&scope=files", "scop=chat"] {
        assert_eq!(stage.answer(&wide, &format!("/v1/authz?{query}"), &[]).await.0, 400, "{query}");
    }
    let twice = [("x-forwarded-uri", "/v1/chat/completions"), ("x-forwarded-uri", "/v1/embeddings")];
    assert_eq!(stage.answer(&wide, "/v1/authz", &twice).await.0, 400);
}

#[tokio::test]
async fn what_the_proxy_saw_counts_and_not_what_the_client_claims() {
    let stage = Stage::new().await;
    let here = stage.client(Level::Standard, |key| key.ip_allowlist = vec!["192.0.2.0/24".parse().unwrap()]).await;
    for (forwarded_for, status) in [
        (&["192.0.2.7"][..], 200),
        (&["198.51.100.1, 192.0.2.7"], 200),
        (&["198.51.100.1", "192.0.2.7"], 200),
        (&["192.0.2.7, 198.51.100.1"], 403),
        (&["192.0.2.7", "198.51.100.1"], 403),
        (&["192.0.2.7, nonsense"], 403),
        (&[], 403),
    ] {
        let headers: Vec<_> = forwarded_for.iter().map(|value| ("x-forwarded-for", *value)).collect();
        assert_eq!(stage.answer(&here, "/v1/authz", &headers).await.0, status, "{forwarded_for:?}");
    }
}

#[tokio::test]
async fn clients_without_a_good_key_stay_outside() {
    let stage = Stage::new().await;
    let never_created = Secret::from_digits(Level::Standard, [9; 32]).reveal().to_owned();
    let theirs = stage.world.key(&stage.world.stranger).await.secret;
    let unknown = (401, "invalid_api_key".to_owned());
    for client in ["", "wrong", &*never_created, &*theirs] {
        assert_eq!(stage.answer(client, "/v1/authz", &[]).await, unknown, "{client}");
    }
    let none = check(&stage.world, "/v1/authz", &[("x-tollhouse-authorization", &stage.proxy)]).await;
    assert_eq!((none.status().as_u16(), none.headers()["www-authenticate"].to_str().unwrap()), (401, "Bearer"));
    // A client can't be its own proxy, not even with an admin key in the client's place.
    let own = stage.proxy.clone();
    assert_eq!(check(&stage.world, "/v1/authz", &[("authorization", &own)]).await.status(), 401);
    let standard = format!("Bearer {}", stage.client(Level::Standard, |_| {}).await);
    let headers = [("x-tollhouse-authorization", &*standard), ("authorization", &*standard)];
    assert_eq!(check(&stage.world, "/v1/authz", &headers).await.status(), 403);
}

#[tokio::test]
async fn too_fast_is_told_with_when_to_try_again() {
    let stage = Stage::new().await;
    let limits = RateLimits { calls_per_minute: Some(2), tokens_per_minute: None };
    let client = stage.client(Level::Standard, |key| key.rate_limits = limits).await;
    let bearer = format!("Bearer {client}");
    let headers = [("x-tollhouse-authorization", &*stage.proxy), ("authorization", &*bearer)];
    for left in ["1", "0"] {
        let response = check(&stage.world, "/v1/authz", &headers).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-ratelimit-limit-requests"], "2");
        assert_eq!(response.headers()["x-ratelimit-remaining-requests"], left);
    }
    let response = check(&stage.world, "/v1/authz", &headers).await;
    assert_eq!(response.status(), 429);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(json(response).await["error"]["code"], "rate_limit_exceeded");
}
