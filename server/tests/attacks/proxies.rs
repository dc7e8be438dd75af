//! Proxies that aren't trusted or don't forward the client's address, and misleading host names.

use axum::{
    body::Body,
    http::{Request, StatusCode, Uri, header},
};

use crate::world::{World, text};

const SANDBOX: &str = "[[provider]]\nname = \"s\"\nkind = \"sandbox\"\n";

async fn metrics(world: &World, from: [u8; 4], headers: &[(&str, &str)]) -> StatusCode {
    let mut request = Request::get("/metrics");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send_from(from, request.body(Body::empty()).unwrap()).await.status()
}

const HERE: [u8; 4] = [127, 0, 0, 1];
const HOST: (&str, &str) = ("host", "127.0.0.1:3000");

#[tokio::test]
async fn metrics_are_told_to_this_machine_by_a_name_that_can_only_mean_it() {
    let world = World::new().await;
    for host in ["127.0.0.1:3000", "localhost:3000", "localhost", "[::1]:3000"] {
        assert_eq!(metrics(&world, HERE, &[("host", host)]).await, StatusCode::OK, "{host}");
    }
    for host in ["evil.test", "evil.test:3000", "127.0.0.1.evil.test", "localhost.evil.test", "", "10.0.0.1", "a@b"] {
        assert_eq!(metrics(&world, HERE, &[("host", host)]).await, StatusCode::FORBIDDEN, "{host}");
    }
    assert_eq!(metrics(&world, HERE, &[]).await, StatusCode::FORBIDDEN);
    let mut absolute = Request::get("/metrics").header(HOST.0, HOST.1).body(Body::empty()).unwrap();
    *absolute.uri_mut() = Uri::from_static("http://evil.test/metrics");
    assert_eq!(world.send(absolute).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn metrics_arent_told_to_whom_a_proxy_speaks_for() {
    for trusted in ["", "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n"] {
        let world = World::on(None, trusted).await;
        for claim in [
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "localhost"),
            ("forwarded", "for=127.0.0.1"),
            ("x-real-ip", "127.0.0.1"),
            ("via", "1.1 a"),
            ("cf-connecting-ip", "127.0.0.1"),
        ] {
            assert_eq!(metrics(&world, HERE, &[HOST, claim]).await, StatusCode::FORBIDDEN, "{claim:?}");
        }
        assert_eq!(metrics(&world, [192, 0, 2, 7], &[HOST]).await, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn metrics_take_a_token_where_the_server_has_a_public_address() {
    let world = World::reached_at("https://hub.example", "").await;
    // As nginx's plain `proxy_pass` sends it: indistinguishable from a local request.
    assert_eq!(metrics(&world, HERE, &[HOST]).await, StatusCode::FORBIDDEN);
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "planted-token").unwrap();
    let with_token = format!("{SANDBOX}[metrics]\ntoken_file = {:?}\n", token.path());
    let world = World::reached_at("https://hub.example", &with_token).await;
    assert_eq!(metrics(&world, HERE, &[HOST]).await, StatusCode::UNAUTHORIZED);
    for host in [HOST, ("host", "hub.example")] {
        let token_header = ("authorization", "Bearer planted-token");
        assert_eq!(metrics(&world, [192, 0, 2, 7], &[host, token_header]).await, StatusCode::OK);
    }
    let world = World::reached_at("http://localhost:3000", "").await;
    assert_eq!(metrics(&world, HERE, &[HOST]).await, StatusCode::OK);
}

#[tokio::test]
async fn a_page_over_plain_http_tells_nothing_of_whoever_is_signed_in() {
    let page = async |world: &World, from, host| {
        let request = Request::get("/o/acme").header(header::HOST, host);
        let request = request.header(header::COOKIE, format!("tollhouse={}", world.owner.token));
        text(world.send_from(from, request.body(Body::empty()).unwrap()).await).await
    };
    let world = World::new().await;
    let here = page(&world, HERE, "127.0.0.1:3000").await;
    // Without a built dashboard the page contains no data.
    assert_eq!(here.contains(&world.owner.email), !here.contains("make build"));
    for (from, host) in [([192, 0, 2, 7], "hub.example"), (HERE, "hub.example"), ([192, 0, 2, 7], "127.0.0.1:3000")] {
        assert!(!page(&world, from, host).await.contains(&world.owner.email), "{host}");
    }
    let files = ["/api/api_keys/export.csv", "/api/usage/export.csv", "/api/calls/export.csv"];
    for path in files {
        let request = Request::get(format!("{path}?organization=acme")).header(header::HOST, "hub.example");
        let request = request.header(header::COOKIE, format!("tollhouse={}", world.owner.token));
        let answer = world.send_from([192, 0, 2, 7], request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
}
