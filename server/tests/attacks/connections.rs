//! Connections that are kept open, and too many of them.

use std::process::Command;

use domain::api_keys::Level;
use patience::{wait_for, wait_until};
use serde_json::json;

use super::wire::Wire;
use crate::world::World;

const SANDBOX: &str = "[[provider]]\nname = \"sandbox\"\nkind = \"sandbox\"\n[[model]]\nname = \"sandbox-1\"\n\
                       providers = [\"sandbox\"]\nservice = \"chat\"\n[sign_up]\nopen = true\n";
const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";

/// A world with these lines in the configuration's `[server]`.
async fn world(server: &str) -> World {
    World::on(None, &format!("{SANDBOX}[server]\n{server}\n")).await
}

#[tokio::test]
async fn half_a_head_and_silence_end_in_time() {
    let world = world("head_timeout = \"200ms\"").await;
    let server = world.serve("warn").await;
    assert_eq!(Wire::connect(server.address).await.read_all().await, "");
    for half in ["G", "GET /healthz HTTP/1.1\r\nhost: a\r\nx:", "\r\n", "GET /healthz HTTP/1.1\r\nhost: a\r\n"] {
        let received = Wire::sending(server.address, half).await.read_all().await;
        assert!(received.starts_with("HTTP/1.1 408 "), "{half:?}: {received}");
    }
    // Also after a valid request.
    let mut wire = Wire::sending(server.address, HEALTH).await;
    wire.read_until("ok").await;
    wire.send("GET /").await;
    let received = wire.read_all().await;
    assert!(received.starts_with("HTTP/1.1 408 "), "{received}");
}

#[tokio::test]
async fn a_connection_without_requests_ends_in_time() {
    let world = world("idle_timeout = \"200ms\"").await;
    let server = world.serve("warn").await;
    let mut wire = Wire::sending(server.address, HEALTH).await;
    wire.read_until("ok").await;
    assert_eq!(wire.read_all().await, "");
}

#[tokio::test]
async fn half_a_body_ends_in_time_wherever_it_is_sent() {
    let world = world("body_timeout = \"200ms\"").await;
    let server = world.serve("warn").await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nabc";
    for (path, headers, half) in [
        ("/api/accounts/sign_in", "content-type: application/json\r\nsec-fetch-site: same-origin", "{"),
        ("/v1/keys/report-leak", "", "[{"),
        ("/v1/chat/completions", "", "{\"model\":"),
        ("/v1/chat/completions", "", ""),
        ("/v1/files", "content-type: multipart/form-data; boundary=x", form),
    ] {
        let host = server.address;
        let head = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\n{headers}");
        let head = head.trim_end();
        for length in ["content-length: 1000".to_owned(), "transfer-encoding: chunked".to_owned()] {
            let half = match length.starts_with('c') {
                true => half.to_owned(),
                false => format!("{:x}\r\n{half}", half.len() + 5),
            };
            let received =
                Wire::sending(server.address, format!("{head}\r\n{length}\r\n\r\n{half}")).await.read_all().await;
            assert!(received.starts_with("HTTP/1.1 408 "), "{path} {length}: {received}");
        }
    }
}

#[tokio::test]
async fn whoever_takes_nothing_of_an_answer_is_not_waited_for() {
    let world = world("answer_timeout = \"200ms\"").await;
    let server = world.serve("warn").await;
    let mut wire = Wire::connect(server.address).await;
    // Enough answers to fill the system's buffers of a connection that isn't read.
    let all = HEALTH.repeat(200_000);
    let sent = async {
        for piece in all.as_bytes().chunks(64 * 1024) {
            wire.send(piece).await;
        }
    };
    wait_for("the server gives up", sent).await;
    let received = wire.read_all().await;
    assert!(received.matches("HTTP/1.1 200").count() < 200_000);
}

#[tokio::test]
async fn who_sends_all_of_a_large_body_before_reading_is_told_why_it_was_refused() {
    let world = world("").await;
    let server = world.serve("warn").await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    let megabytes = vec![b' '; 1 << 20];
    for (path, headers, count, status) in [
        // Larger than the system's buffers, and than the limit.
        ("/v1/chat/completions", format!("authorization: Bearer {key}"), 48, "413 "),
        ("/v1/chat/completions", "x-nothing: 1".to_owned(), 48, "401 "),
        ("/v1/events", format!("authorization: Bearer {key}"), 48, "403 "),
        ("/v1/nothing", "x-nothing: 1".to_owned(), 48, "404 "),
        ("/v1/files", "content-type: multipart/form-data; boundary=x".to_owned(), 48, "401 "),
    ] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\n{headers}\r\ncontent-length: {}\r\n\r\n", count << 20);
        let mut wire = Wire::sending(server.address, head).await;
        for _ in 0..count {
            wire.send(&megabytes).await;
        }
        let received = wire.read_until("}}").await;
        assert!(received.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {received:?}");
    }
}

#[tokio::test]
async fn silent_connections_give_way() {
    let world = world("max_connections = 16").await;
    let server = world.serve("warn").await;
    let mut silent = Vec::new();
    for number in 0..60 {
        let sent = if number % 2 == 0 { "" } else { "GET / HTTP/1.1\r\nhost: a" };
        silent.push(Wire::sending(server.address, sent).await);
    }
    let mut wire = Wire::sending(server.address, HEALTH).await;
    wire.read_until("ok").await;
    drop(silent);
}

#[tokio::test]
async fn a_connection_in_use_gives_way_to_nobody() {
    let world = world("max_connections = 16").await;
    let server = world.serve("warn").await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {key}\r\ncontent-length: "
    );
    let body = json!({ "model": "sandbox-1", "messages": [{ "role": "user", "content": "hello" }] }).to_string();
    let mut used = Wire::sending(server.address, format!("{head}{}\r\n\r\n{}", body.len(), &body[..5])).await;
    let mut others = Vec::new();
    for _ in 0..40 {
        others.push(Wire::connect(server.address).await);
    }
    used.send(&body[5..]).await;
    let received = used.read_all().await;
    assert!(received.starts_with("HTTP/1.1 200 "), "{received}");
}

#[tokio::test]
async fn where_all_are_in_use_another_is_told_to_come_later() {
    let world = world("max_connections = 16\nbody_timeout = \"1m\"").await;
    let server = world.serve("warn").await;
    let half = "POST /v1/keys/report-leak HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n[";
    let mut used = Vec::new();
    let mut refused = String::new();
    wait_until("all places are taken", async || {
        let mut wire = Wire::sending(server.address, half).await;
        // Connections that got a slot receive nothing yet.
        match tokio::time::timeout(std::time::Duration::from_millis(200), wire.read_until("}")).await {
            Ok(received) => refused = received,
            Err(_) => used.push(wire),
        }
        !refused.is_empty()
    })
    .await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("retry-after: 1"), "{refused}");
    // A private network gets three quarters of all slots.
    assert_eq!(used.len(), 12);
}

#[tokio::test]
async fn the_limit_of_descriptors_is_raised() {
    let world = World::new().await;
    let server = world.serve("warn").await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let columns: Vec<&str> = line.split_whitespace().collect();
    let number = |text: &str| text.parse().unwrap_or(u64::MAX);
    let (soft, hard) = (number(columns[3]), number(columns[4]));
    assert_eq!(soft, hard.min(65_536).max(soft.min(hard)), "{line}");
    assert!(soft >= hard.min(65_536), "{line}");
}

#[tokio::test]
async fn unfinished_requests_dont_hold_up_the_end() {
    let world = world("stop_timeout = \"300ms\"\nbody_timeout = \"1m\"\nhead_timeout = \"1m\"").await;
    let server = world.serve("warn").await;
    let mut open = Vec::new();
    for sent in [
        "",
        "GET / HTTP/1.1\r\nhost:",
        "POST /v1/keys/report-leak HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n[",
        "POST /v1/keys/report-leak HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[",
    ] {
        open.push(Wire::sending(server.address, sent).await);
    }
    let mut idle = Wire::sending(server.address, HEALTH).await;
    idle.read_until("ok").await;
    server.stop().await;
    assert_eq!(idle.read_all().await, "");
}

#[tokio::test]
async fn a_call_under_way_is_finished_before_the_end() {
    let world = world("").await;
    let server = world.serve("info").await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    let body = json!({ "model": "sandbox-1", "messages": [{ "role": "user", "content": "hello" }] }).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\nexpect: 100-continue\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let mut wire = Wire::sending(server.address, head).await;
    // The server has begun to read the body.
    wire.read_until("100 Continue\r\n\r\n").await;
    assert!(Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap().success());
    server.wait_for_log("stopping", 1).await;
    wire.send(&body).await;
    let received = wire.read_all().await;
    assert!(received.starts_with("HTTP/1.1 200 ") && received.contains("connection: close"), "{received}");
    server.stop().await;
}
