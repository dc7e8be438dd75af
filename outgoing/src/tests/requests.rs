//! Requests as a server receives them, and requests that it must not receive.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};

use super::{client_of, get, local_http, public_http, servers::FakeServer};
use crate::{client::OutgoingClient, error::OutgoingError, messages::OutgoingRequest, policy::OutgoingPolicy};

const COOKIE_ANSWER: &str = "HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_request_arrives_with_our_headers_about_the_connection() {
    let server = FakeServer::start(COOKIE_ANSWER);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "internal"),
        ("content-length", "999"),
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
        ("expect", "100-continue"),
        ("user-agent", "curl"),
        ("accept-encoding", "gzip"),
        ("webhook-id", "msg_1"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let url = server.url("/hook%20?a=%7Bb%7D&c#fragment");
    let request = OutgoingRequest { method: Method::POST, url, headers, body: Bytes::from_static(b"{}") };
    let response = client_of(server.address).send(request).await.unwrap();
    assert_eq!((response.status.as_u16(), &*response.body), (200, b"ok".as_slice()));
    let received = server.requests().remove(0);
    let mut lines: Vec<&str> = received.lines().collect();
    lines[1..7].sort_unstable();
    let host = format!("host: {}", server.address);
    assert_eq!(
        lines,
        [
            "POST /hook%20?a=%7Bb%7D&c HTTP/1.1",
            "accept-encoding: identity",
            "connection: close",
            "content-length: 2",
            &host,
            "user-agent: Tollhouse",
            "webhook-id: msg_1",
            "",
            "{}"
        ]
    );
}

#[tokio::test]
async fn two_requests_share_neither_connection_nor_cookies() {
    let server = FakeServer::start(COOKIE_ANSWER);
    let client = client_of(server.address);
    for _ in 0..2 {
        client.clone().send(get(server.url("/"))).await.unwrap();
    }
    assert_eq!((server.connections(), server.requests().len()), (2, 2));
    assert!(!server.requests()[1].contains("cookie"), "{}", server.requests()[1]);
}

#[tokio::test]
async fn a_server_on_this_machine_is_reached_only_if_the_operator_allows_its_network() {
    let server = FakeServer::start(COOKIE_ANSWER);
    let port = server.address.port();
    let policy = OutgoingPolicy { allowed_ports: vec![port], ..public_http() };
    let client = OutgoingClient::new(policy).unwrap();
    let hosts = ["127.0.0.1", "localhost", "LOCALHOST", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0", "[::]"];
    for host in hosts {
        let response = client.send(get(format!("http://{host}:{port}/"))).await;
        assert_eq!(response.err(), Some(OutgoingError::NoPublicAddress), "{host}");
    }
    // The IPv4 address within an IPv6 address, and 0.0.0.0, reach this machine too, but aren't what the operator allowed.
    for host in ["[::1]", "[::ffff:127.0.0.1]", "0", "[::]"] {
        let response = client_of(server.address).send(get(format!("http://{host}:{port}/"))).await;
        assert_eq!(response.err(), Some(OutgoingError::NoPublicAddress), "{host}");
    }
    assert_eq!(server.connections(), 0);
    client_of(server.address).send(get(server.url("/"))).await.unwrap();
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_server_that_is_down_is_an_error() {
    // Nobody listens on the discard port of this address.
    let response = OutgoingClient::new(local_http(9)).unwrap().send(get("http://127.99.99.99:9/")).await;
    assert_eq!(response.err(), Some(OutgoingError::NotConnected));
}
