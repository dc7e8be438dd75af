//! Requests that a proxy in front might parse differently.

use axum::http::Method;
use domain::api_keys::Level;
use serde_json::json;

use super::wire::Wire;
use crate::world::World;

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";

async fn answer(world: &World, request: &str) -> String {
    let server = world.serve("warn").await;
    Wire::sending(server.address, request).await.read_all().await
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused() {
    let world = World::new().await;
    let server = world.serve("warn").await;
    for wrong in [
        // No host, two hosts, and invalid ones.
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost:\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
        "GET /healthz HTTP/1.0\r\nhost: a\r\nHost: b\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a, b\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a@b\r\n\r\n",
        "GET http://b/healthz HTTP/1.1\r\nhost: a\r\n\r\n",
        "CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: 127.0.0.1:22\r\n\r\n",
        // Malformed line ends.
        "GET /healthz HTTP/1.1\nhost: a\n\n",
        "GET /healthz HTTP/1.1\r\nhost: a\r\nx: y\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a\n\r\n\r\n",
        "\nGET /healthz HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a\r\nx: y\rz: 1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a\r\n folded\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost : a\r\n\r\n",
        // Lengths that contradict each other.
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 2, 2\r\n\r\n{}",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: +2\r\n\r\n{}",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: identity\r\n\r\n{}",
        "POST /v1/chat/completions HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        // Other protocols.
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}",
        "TOLLHOUSE-REFUSES /x HTTP/1.1\r\nhost: a\r\n\r\n",
    ] {
        let received = Wire::sending(server.address, format!("{wrong}{HEALTH}")).await.read_all().await;
        assert!(received.starts_with("HTTP/1.1 400 "), "{wrong:?}: {received}");
        assert!(received.contains("\r\nconnection: close\r\n") && received.contains("x-content-type-options: nosniff"));
        assert_eq!(
            received.lines().filter(|line| line.starts_with("HTTP/1.1 ")).count(),
            1,
            "nothing behind it is answered: {wrong:?}: {received}"
        );
    }
}

#[tokio::test]
async fn ordinary_requests_are_answered() {
    let world = World::new().await;
    let server = world.serve("warn").await;
    let last = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    for right in [
        "GET /healthz HTTP/1.1\r\nHost: hub.example:443\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: [::1]:3000\r\n\r\n",
        "GET http://hub.example/healthz HTTP/1.1\r\nhost: hub.example\r\n\r\n",
        "\r\nGET /healthz HTTP/1.1\r\nhost: a\r\n\r\n",
        "HEAD /healthz HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /healthz HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
    ] {
        let received = Wire::sending(server.address, format!("{right}{last}")).await.read_all().await;
        assert_eq!(received.matches(" 200 OK\r\n").count(), 2, "{right:?}: {received}");
    }
}

#[tokio::test]
async fn a_head_of_more_than_64_kb_is_refused() {
    let world = World::new().await;
    let received = answer(&world, &format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}", "x".repeat(200_000))).await;
    assert!(received.starts_with("HTTP/1.1 431 "), "{received}");
}

#[tokio::test]
async fn a_bad_chunk_is_the_clients_fault_wherever_it_is_sent() {
    let world = World::new().await;
    let server = world.serve("warn").await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    let admin = world.admin_key(&[]).await;
    for (path, headers) in [
        ("/v1/chat/completions", format!("authorization: Bearer {key}\r\ncontent-type: application/json")),
        ("/v1/files", format!("authorization: Bearer {key}\r\ncontent-type: multipart/form-data; boundary=x")),
        ("/v1/organization/admin_api_keys", format!("authorization: Bearer {admin}")),
        ("/v1/keys/report-leak", "content-type: application/json".to_owned()),
        ("/api/accounts/sign_in", "content-type: application/json\r\nsec-fetch-site: same-origin".to_owned()),
    ] {
        for chunks in
            ["3\r\n{\"a\r\nzz\r\n", "3\r\n{\"ab", "3;\n{\"a\r\n0\r\n\r\n", "3\n{\"a\n0\n\n", "-1\r\n", "1 \r\n{\r\n"]
        {
            let request = format!(
                "POST {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\ntransfer-encoding: chunked\r\n\r\n{chunks}",
                server.address
            );
            let received = Wire::sending(server.address, request).await.read_all().await;
            assert!(received.starts_with("HTTP/1.1 400 "), "{path} {chunks:?}: {received}");
        }
        let half =
            format!("POST {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\ncontent-length: 90\r\n\r\n{{", server.address);
        let mut wire = Wire::sending(server.address, half).await;
        wire.finish().await;
        let received = wire.read_all().await;
        assert!(received.starts_with("HTTP/1.1 400 "), "{path}: {received}");
    }
    // Valid chunks are accepted.
    let body = json!({ "model": "sandbox-1", "messages": [{ "role": "user", "content": "hello" }] }).to_string();
    let (one, other) = body.split_at(10);
    let chunks = format!("{:X};a=b\r\n{one}\r\n0{:x}\r\n{other}\r\n0\r\nx-trailer: 1\r\n\r\n", one.len(), other.len());
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\
         transfer-encoding: chunked\r\n\r\n{chunks}"
    );
    let received = Wire::sending(server.address, request).await.read_all().await;
    assert!(received.starts_with("HTTP/1.1 200 "), "{received}");
    let (status, _) = server.call(Method::GET, "/v1/models", &key, &serde_json::Value::Null).await;
    assert!(status.is_success());
}
