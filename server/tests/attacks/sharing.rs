//! A caller that takes more than its share.

use axum::http::{Method, StatusCode};
use domain::api_keys::Level;
use patience::{find, wait_until};
use serde_json::{Value, json};

use super::wire::Wire;
use crate::{process::Process, world::World};

const SANDBOX: &str = "[[provider]]\nname = \"sandbox\"\nkind = \"sandbox\"\n[[model]]\nname = \"sandbox-1\"\n\
                       providers = [\"sandbox\"]\nservice = \"chat\"\n[sign_up]\nopen = true\n";

async fn world(gateway: &str) -> World {
    World::on(None, &format!("{SANDBOX}[gateway]\n{gateway}\n")).await
}

fn question(content: &str) -> Value {
    json!({ "model": "sandbox-1", "messages": [{ "role": "user", "content": content }] })
}

/// Sends a request, but not the last bytes of its body.
async fn unfinished(server: &Process, path: &str, kind: &str, key: &str, body: &[u8]) -> Wire {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len() + 10
    );
    let mut wire = Wire::sending(server.address, head).await;
    wire.send(body).await;
    wire
}

fn form(length: usize) -> Vec<u8> {
    let purpose = "--x\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n";
    let file = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
    format!("{purpose}{file}{}", "a".repeat(length)).into_bytes()
}

/// The anonymous memory of a process, in bytes.
fn memory(server: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// The number of bytes that a process has written.
fn written(server: &Process) -> u64 {
    let io = std::fs::read_to_string(format!("/proc/{}/io", server.id())).unwrap();
    let line = io.lines().find(|line| line.starts_with("wchar:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_bodies_take_no_memory() {
    const BODIES: u64 = 12;
    const LENGTH: usize = 10 << 20;
    let world = world("").await;
    let server = world.serve("warn").await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    let (before, written_before) = (memory(&server), written(&server));
    let body = format!("{{\"model\":\"sandbox-1\",\"x\":\"{}", "a".repeat(LENGTH));
    let mut wires = Vec::new();
    for _ in 0..BODIES {
        wires.push(unfinished(&server, "/v1/chat/completions", "application/json", &key, body.as_bytes()).await);
    }
    wait_until("all is received that was sent", async || {
        written(&server) - written_before > BODIES * (LENGTH as u64 - (1 << 20))
    })
    .await;
    let grown = memory(&server).saturating_sub(before);
    assert!(grown < 40 << 20, "{grown} bytes");
    // Complete requests are answered meanwhile.
    let (status, _) = server.call(Method::POST, "/v1/chat/completions", &key, &question("hello")).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_uploads_of_one_organization_leave_room_for_others() {
    let world = world("max_upload_bytes = 3000000\nmax_spool_bytes = 6000000").await;
    let server = world.serve("warn").await;
    let first = world.key_with(Level::Standard, |_| {}).await.secret;
    let second = world.key_with(Level::Standard, |_| {}).await.secret;
    let stranger = world.key(&world.stranger).await.secret;
    let kind = "multipart/form-data; boundary=x";
    let before = written(&server);
    let _one = unfinished(&server, "/v1/files", kind, &first, &form(2_500_000)).await;
    wait_until("the first is on the disk", async || written(&server) - before > 2_400_000).await;
    for key in [&first, &second] {
        let refused = unfinished(&server, "/v1/files", kind, key, &form(2_500_000)).await.read_all().await;
        assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("too many uploads at once"), "{refused}");
    }
    let body = [form(2_500_000), b"\r\n--x--\r\n".to_vec()].concat();
    let answer = server
        .send(
            axum::http::Request::post("/v1/files")
                .header("authorization", format!("Bearer {stranger}"))
                .header("content-type", kind)
                .body(axum::body::Body::from(body))
                .unwrap(),
        )
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_has_so_many_calls_at_once_and_no_more() {
    let world = world("max_calls_by_key = 2").await;
    let server = world.serve("warn").await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    let other = world.key_with(Level::Standard, |_| {}).await.secret;
    let mut open = Vec::new();
    for _ in 0..2 {
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\nexpect: 100-continue\r\n\
             content-length: 100\r\n\r\n"
        );
        let mut wire = Wire::sending(server.address, head).await;
        wire.read_until("100 Continue\r\n\r\n").await;
        open.push(wire);
    }
    let ask = async |key: &str| server.call(Method::POST, "/v1/chat/completions", key, &question("hello")).await;
    let (status, refusal) = ask(&key).await;
    assert_eq!((status, &refusal["error"]["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limit_exceeded")));
    assert_eq!(ask(&other).await.0, StatusCode::OK);
    open.pop();
    find("its place is free again", async || (ask(&key).await.0 == StatusCode::OK).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_body_is_forwarded_as_it_came() {
    let world = world("").await;
    let server = world.serve("warn").await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    for length in [10, 70_000, 200_000, 3_000_000] {
        let content = "ä".repeat(length);
        let (status, answer) = server.call(Method::POST, "/v1/chat/completions", &key, &question(&content)).await;
        assert_eq!(status, StatusCode::OK, "{length}: {answer}");
    }
}
