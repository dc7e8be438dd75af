//! The address that a request is taken to come from, despite forged headers.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::json;

use crate::{
    gateway::{stage::Stage, upstream::Upstream},
    world::{PASSWORD, World},
};

const TRUSTED: &str = "[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n";

/// Sends requests through a proxy with these header lines. Returns the statuses for a key that is limited to
/// 10.0.0.0/8, and for one without limits.
async fn statuses(stage: &Stage, name: &str, lines: &[&[u8]]) -> [StatusCode; 2] {
    let narrow = stage.key(|key| key.ip_allowlist = vec!["10.0.0.0/8".parse().unwrap()]).await.secret;
    let mut statuses = [StatusCode::OK; 2];
    for (status, key) in statuses.iter_mut().zip([&narrow, &stage.key.secret]) {
        let mut request = Request::get(format!("http://{}/v1/models", stage.address));
        request = request.header("authorization", format!("Bearer {key}"));
        for line in lines {
            request = request.header(name, *line);
        }
        *status = stage.send(request.body(Default::default()).unwrap()).await.status();
    }
    statuses
}

#[tokio::test]
async fn a_key_for_one_network_isnt_used_from_another_whatever_is_before_the_proxys_word() {
    let stage = Stage::with(&[&Upstream::down().await], TRUSTED).await;
    let (refused, admitted) = (StatusCode::FORBIDDEN, StatusCode::OK);
    for lines in [
        &[&b"10.1.2.3"[..]][..],
        &[b"203.0.113.9, 10.1.2.3"],
        &[b"x, 10.1.2.3:4711"],
        &[b"unknown, \"10.1.2.3\", 127.0.0.2"],
        &[b"\xff", b"[::ffff:10.1.2.3]:4711"],
    ] {
        assert_eq!(statuses(&stage, "x-forwarded-for", lines).await, [admitted; 2], "{lines:?}");
    }
    for lines in [
        &[&b"203.0.113.9"[..]][..],
        &[b"x, 203.0.113.9"],
        &[b"10.1.2.3, 203.0.113.9"],
        &[b"10.1.2.3, 203.0.113.9:4711"],
        &[b"10.1.2.3", b"203.0.113.9"],
        &[b"10.1.2.3, [2001:db8::1]:80"],
        // Invalid values are no address.
        &[],
        &[b""],
        &[b"10.1.2.3, unknown"],
        &[b"10.1.2.3, "],
        &[b"10.1.2.3, _hidden"],
        &[b"10.1.2.3", b"\xff"],
        &[b"10.1.2.3 203.0.113.9"],
        &[b"10.1.2.03"],
    ] {
        assert_eq!(statuses(&stage, "x-forwarded-for", lines).await, [refused, admitted], "{lines:?}");
    }
    assert_eq!(statuses(&stage, "forwarded", &[b"for=10.1.2.3"]).await, [refused, admitted], "it isn't configured");
}

#[tokio::test]
async fn forwarded_is_believed_where_it_is_configured_and_then_nothing_else() {
    let forwarded = format!("{TRUSTED}address_header = \"forwarded\"\n");
    let stage = Stage::with(&[&Upstream::down().await], &forwarded).await;
    let (refused, admitted) = (StatusCode::FORBIDDEN, StatusCode::OK);
    for (name, line, expected) in [
        ("forwarded", "for=10.1.2.3;proto=https", admitted),
        ("forwarded", "for=203.0.113.9, For=\"10.1.2.3:80\", for=127.0.0.2", admitted),
        ("forwarded", "for=10.1.2.3, for=203.0.113.9", refused),
        ("forwarded", "for=10.1.2.3, for=\"[2001:db8::1]\"", refused),
        ("forwarded", "for=10.1.2.3, for=unknown", refused),
        ("forwarded", "for=10.1.2.3, by=127.0.0.1", refused),
        ("forwarded", "for=\"10.1.2.3, for=203.0.113.9", refused),
        ("x-forwarded-for", "10.1.2.3", refused),
    ] {
        assert_eq!(statuses(&stage, name, &[line.as_bytes()]).await, [expected, admitted], "{line}");
    }
}

/// Signs in through a proxy on this machine with this `x-forwarded-for`.
async fn sign_in(world: &World, forwarded: Option<&str>, email: &str, password: &str) -> StatusCode {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri("/api/accounts/sign_in")
        .header(header::HOST, "127.0.0.1:3000")
        .header(header::CONTENT_TYPE, "application/json")
        .header("sec-fetch-site", "same-origin");
    if let Some(forwarded) = forwarded {
        request = request.header("x-forwarded-for", forwarded);
    }
    let body = json!({ "input": { "email": email, "password": password } }).to_string();
    world.send(request.body(Body::from(body)).unwrap()).await.status()
}

#[tokio::test]
async fn who_guesses_passwords_behind_a_proxy_that_nobody_listed_locks_nobody_out() {
    for (toml, forwarded) in [("", None), (TRUSTED, Some("unknown"))] {
        let world = World::on(None, toml).await;
        for number in 0..40 {
            let email = format!("nobody-{number}@acme.example");
            let status = sign_in(&world, forwarded, &email, "wrong").await;
            assert!(status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS, "{number}: {status}");
        }
        assert_eq!(sign_in(&world, forwarded, &world.owner.email, PASSWORD).await, StatusCode::OK, "{forwarded:?}");
    }
}

#[tokio::test]
async fn who_guesses_passwords_from_an_address_of_their_own_is_slowed_down_whatever_they_claim() {
    let world = World::on(None, TRUSTED).await;
    let mut refused = 0;
    for number in 0..40 {
        let (email, claimed) = (format!("nobody-{number}@acme.example"), format!("198.51.100.{number}, 203.0.113.9"));
        let status = sign_in(&world, Some(&claimed), &email, "wrong").await;
        refused += usize::from(status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(refused, 10);
    assert_eq!(sign_in(&world, Some("203.0.113.10"), &world.owner.email, PASSWORD).await, StatusCode::OK);
}
