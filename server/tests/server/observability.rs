//! The server's metrics, and the lines of its log.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use domain::api_keys::Level;
use serde_json::{Value, json};

use crate::world::{World, program, text};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

async fn metrics(world: &World, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let mut request = Request::get("/metrics").header(header::HOST, "127.0.0.1:3000");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = world.send(request.body(Body::empty()).unwrap()).await;
    (response.status(), text(response).await)
}

/// The value of a series, by its name and a part of its labels.
fn value(metrics: &str, name: &str, labels: &str) -> f64 {
    let mut lines = metrics.lines().filter(|line| line.starts_with(name) && line.contains(labels));
    let line = lines.next().unwrap_or_else(|| panic!("no {name} with {labels} in\n{metrics}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn calls_and_refusals_are_counted() {
    let world = World::new().await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    for stream in [false, true, true] {
        let question =
            json!({ "model": "sandbox-1", "stream": stream, "messages": [{ "role": "user", "content": "hello" }] });
        let answer = world.send(program(&Method::POST, "/v1/chat/completions", Some(&key), &question)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        text(answer).await;
    }
    for (key, model) in [(Some("toll_std_x"), "sandbox-1"), (None, "sandbox-1"), (Some(&*key), "none-such")] {
        text(world.send(program(&Method::POST, "/v1/chat/completions", key, &json!({ "model": model }))).await).await;
    }
    // A call that its client has seen to the end may take a moment longer here.
    world.gateway.finished().await;
    let (status, metrics) = metrics(&world, &[]).await;
    assert_eq!(status, StatusCode::OK);
    let calls = "endpoint=\"/v1/chat/completions\",model=\"sandbox-1\",outcome=\"succeeded\",provider=\"sandbox\"";
    assert_eq!(value(&metrics, "tollhouse_calls_total", calls), 3.0);
    assert_eq!(value(&metrics, "tollhouse_refusals_total", "invalid_api_key"), 2.0);
    assert_eq!(value(&metrics, "tollhouse_refusals_total", "model_not_found"), 1.0);
    assert_eq!(value(&metrics, "tollhouse_first_token_seconds_count", "sandbox-1"), 2.0);
    assert_eq!(value(&metrics, "tollhouse_upstream_seconds_count", "provider=\"sandbox\""), 3.0);
    assert_eq!(value(&metrics, "tollhouse_upstream_attempts_total", "result=\"answered\""), 3.0);
    assert_eq!(value(&metrics, "tollhouse_added_seconds_count", ""), 3.0);
    assert_eq!(value(&metrics, "tollhouse_provider_breaker_state", "state=\"closed\""), 1.0);
    assert_eq!(value(&metrics, "tollhouse_calls_running", ""), 0.0);
    assert!(value(&metrics, "tollhouse_meter_journal_bytes", "") >= 0.0);
    assert!(!metrics.contains(&world.organization.slug) && !metrics.contains("toll_std"), "{metrics}");
}

#[tokio::test]
async fn metrics_are_for_this_machine_and_for_who_has_the_token() {
    let world = World::new().await;
    assert_eq!(metrics(&world, &[]).await.0, StatusCode::OK);
    // A proxy that forwards other clients' requests.
    assert_eq!(metrics(&world, &[("x-forwarded-for", "203.0.113.9")]).await.0, StatusCode::FORBIDDEN);

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "planted-token\n").unwrap();
    let sandbox = "[[provider]]\nname = \"s\"\nkind = \"sandbox\"\n[[model]]\nname = \"m\"\nproviders = [\"s\"]\nservice = \"chat\"\n";
    let config = format!("{sandbox}[metrics]\ntoken_file = {:?}\n", file.path());
    let world = World::on(None, &config).await;
    let elsewhere = ("x-forwarded-for", "203.0.113.9");
    for (authorization, expected) in [
        ("", StatusCode::UNAUTHORIZED),
        ("Bearer planted-toke", StatusCode::UNAUTHORIZED),
        ("Basic planted-token", StatusCode::UNAUTHORIZED),
        ("Bearer planted-token", StatusCode::OK),
    ] {
        let (status, text) = metrics(&world, &[elsewhere, ("authorization", authorization)]).await;
        assert_eq!(status, expected, "{authorization}");
        assert!(!text.contains("planted"));
    }
    assert_eq!(metrics(&world, &[]).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_of_a_call_have_its_id_and_trace_and_no_secret() {
    let world = World::on(
        None,
        "[[provider]]\nname = \"down\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
        [[model]]\nname = \"m\"\nproviders = [\"down\"]\nservice = \"chat\"\n",
    )
    .await;
    let server = world.serve_with("trace", &[("TOLLHOUSE_LOG_FORMAT", "json")]).await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    let question = json!({ "model": "m", "messages": [{ "role": "user", "content": "planted-question" }] });
    let mut request = program(&Method::POST, "/v1/chat/completions", Some(&key), &question);
    request.headers_mut().insert("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01").parse().unwrap());
    request.headers_mut().insert(header::COOKIE, "planted-cookie=1".parse().unwrap());
    let answer = server.send(request).await;
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    text(answer).await;

    let log = server.stop().await;
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let of_call: Vec<_> = lines.iter().filter(|line| line["span"]["id"] == id.as_str()).collect();
    assert!(
        of_call.iter().any(|line| line["fields"]["message"] == "no answer" && line["level"] == "WARN"),
        "{of_call:?}"
    );
    assert!(of_call.iter().all(|line| line["span"]["trace"] == TRACE), "{of_call:?}");
    assert!(!log.contains("planted") && !log.contains(&key[10..40]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_writes_a_line_of_their_own_into_the_log() {
    let world = World::new().await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    let server = world.serve("trace").await;
    let forged = "x\n2026-01-01T00:00:00Z  INFO forged\r\u{1b}[2Kforged\u{2028}forged";
    let question = json!({ "model": forged, "user": forged, "messages": [{ "role": forged, "content": forged }] });
    for (path, body) in [
        ("/v1/chat/completions", question),
        ("/v1/x%0Aforged%0D%1b", json!({})),
        ("/v1/organization/costs?x=%0Aforged", json!({})),
        ("/v1/events", json!([{ "id": forged, "source": forged, "type": forged }])),
        ("/api/accounts/sign_in%0Aforged", json!({})),
        ("/%0Aforged%0Aforged.txt", json!({})),
    ] {
        let mut request = program(&Method::POST, path, Some(&key), &body);
        request.headers_mut().insert("user-agent", header::HeaderValue::from_bytes(b"a\tforged\xff").unwrap());
        text(server.send(request).await).await;
    }
    for line in server.stop().await.lines() {
        assert!(!line.starts_with("forged") && !line.contains("Z  INFO forged"), "{line:?}");
        assert!(!line.contains('\u{1b}') && !line.contains('\r'), "{line:?}");
    }
}
