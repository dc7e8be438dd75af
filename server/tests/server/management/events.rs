//! Events over HTTP; their meaning is tested with the services.

use std::io::Write;

use axum::{
    body::Body,
    http::{Request, Response, header},
};
use domain::api_keys::Scope;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::world::{World, json as body};

async fn send(world: &World, key: &str, content_type: Option<&str>, body: impl Into<Body>) -> Response<Body> {
    let mut request = Request::post("/v1/events").header(header::AUTHORIZATION, format!("Bearer {key}"));
    if let Some(content_type) = content_type {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    world.send(request.body(body.into()).unwrap()).await
}

fn event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/gateway", "type": "tollhouse.tokens",
        "data": { "model": "sandbox-1", "input_tokens": 1_000_000 },
    })
}

#[tokio::test]
async fn what_is_sent_is_in_log_and_usage_at_its_price() {
    let world = World::new().await;
    let key = world.admin_key(&[Scope::EventsWrite]).await;
    let one = send(&world, &key, Some("application/cloudevents+json; charset=UTF-8"), event("1").to_string()).await;
    assert_eq!(one.status(), 200);
    assert_eq!(one.headers()["cache-control"], "no-store");
    let expected = json!({
        "object": "events.result", "received": 1, "new": 1, "duplicate": 0, "refused": 0, "errors": [],
    });
    assert_eq!(body(one).await, expected);
    let batch = json!([event("1"), event("2"), { "specversion": "1.0" }]);
    let answer = send(&world, &key, Some("application/cloudevents-batch+json"), batch.to_string()).await;
    assert_eq!(answer.status(), 200);
    let answer = body(answer).await;
    assert_eq!((&answer["new"], &answer["duplicate"], &answer["refused"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!((&answer["errors"][0]["index"], &answer["errors"][0]["code"]), (&json!(2), &json!("invalid_event")));

    let query = json!({ "organization": "acme", "query": {} });
    let report = body(world.post("/api/usage/report", Some(&world.owner.token), &query).await).await;
    assert!(report.to_string().contains("\"2.00\""), "{report}");
    let log = body(world.post("/api/calls/list", Some(&world.owner.token), &query).await).await;
    assert_eq!(log["calls"].as_array().map(Vec::len), Some(2), "{log}");
}

#[tokio::test]
async fn what_has_no_price_is_told_in_the_log_and_its_file() {
    let world = World::new().await;
    let key = world.admin_key(&[Scope::EventsWrite]).await;
    let searched = json!({
        "specversion": "1.0", "id": "1", "source": "/gateway", "type": "tollhouse.call",
        "data": {
            "model": "sandbox-1", "input_tokens": 1_000_000, "output_tokens": 10, "reasoning_output_tokens": 4,
            "searches": 3, "service_tier": "default",
        },
    });
    let answer = body(send(&world, &key, None, searched.to_string()).await).await;
    assert_eq!(answer["new"], json!(1), "{answer}");
    let query = json!({ "organization": "acme", "query": {} });
    let log = body(world.post("/api/calls/list", Some(&world.owner.token), &query).await).await;
    let call = &log["calls"][0];
    assert_eq!((&call["cost"], &call["unpriced"]), (&json!("1.00002"), &json!(["searches"])), "{call}");
    assert_eq!((&call["used"]["searches"], &call["used"]["reasoning_tokens_out"]), (&json!(3), &json!(4)));
    let file = world.get("/api/calls/export.csv?organization=acme", Some(&world.owner.token)).await;
    let file = axum::body::to_bytes(file.into_body(), usize::MAX).await.unwrap();
    let mut file = csv::Reader::from_reader(file.as_ref());
    let head = file.headers().unwrap().clone();
    let row = file.records().next().unwrap().unwrap();
    let cell = |name: &str| row[head.iter().position(|column| column == name).unwrap()].to_owned();
    assert_eq!((cell("cost_usd"), cell("cost_unknown_in")), ("1.00002".to_owned(), "searches".to_owned()));
    assert_eq!(
        (cell("searches"), cell("reasoning_tokens_out"), cell("service_tier")),
        ("3".into(), "4".into(), "standard".into())
    );
    for (field, count) in
        [("cache_write_1h_input_tokens", 1), ("audio_input_tokens", 11), ("reasoning_output_tokens", 11)]
    {
        let mut wrong = json!({ "model": "sandbox-1", "input_tokens": 10, "output_tokens": 10 });
        wrong[field] = json!(count);
        let wrong = json!({ "specversion": "1.0", "id": field, "source": "/gateway", "type": "tollhouse.tokens", "data": wrong });
        let answer = body(send(&world, &key, None, wrong.to_string()).await).await;
        assert_eq!(answer["errors"][0]["param"], json!(format!("data.{field}")), "{answer}");
    }
}

#[tokio::test]
async fn an_events_attributes_may_come_in_headers() {
    let world = World::new().await;
    let key = world.admin_key(&[Scope::EventsWrite]).await;
    let send = async |headers: &[(&'static str, &'static str)], kind: Option<&'static str>, data: &'static str| {
        let mut request = Request::post("/v1/events").header(header::AUTHORIZATION, format!("Bearer {key}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let answer = world.send(request.body(data.into()).unwrap()).await;
        (answer.status().as_u16(), body(answer).await)
    };
    let attributes =
        [("ce-specversion", "1.0"), ("ce-type", "tollhouse.tokens"), ("ce-source", "/gateway"), ("ce-id", "b%201")];
    let data = r#"{"model":"sandbox-1","input_tokens":1000000}"#;
    for (kind, expected) in
        [(Some("application/json"), (1, 0)), (None, (0, 1)), (Some("application/vnd.x+json"), (0, 1))]
    {
        let (status, answer) = send(&attributes, kind, data).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!((&answer["new"], &answer["duplicate"]), (&json!(expected.0), &json!(expected.1)), "{kind:?}");
    }
    // A JSON event with this id is the same event.
    let (_, answer) = send(
        &[],
        Some("application/cloudevents+json"),
        r#"{"specversion":"1.0","id":"b 1","source":"/gateway","type":"tollhouse.tokens","data":{"input_tokens":1}}"#,
    )
    .await;
    assert_eq!(answer["duplicate"], 1, "{answer}");
    for (headers, kind, data, param) in [
        (&attributes[..3], Some("application/json"), data, "id"),
        (&attributes[1..], Some("application/json"), data, "specversion"),
        (&attributes[..], Some("text/plain"), data, "datacontenttype"),
        (&attributes[..], Some("application/json"), "{", "data"),
        (&attributes[..], Some("application/json"), r#"{"input_tokens":1},"id":"2""#, "data"),
        (&attributes[..], Some("application/json"), r#"{"input_token":1}"#, "data"),
        (&attributes[..], None, "", "data"),
    ] {
        let (status, answer) = send(headers, kind, data).await;
        assert_eq!((status, &answer["errors"][0]["param"]), (400, &json!(param)), "{data}: {answer}");
        assert_eq!(
            (&answer["errors"][0]["index"], &answer["error"]["type"]),
            (&json!(0), &json!("invalid_request_error"))
        );
    }
    let (status, answer) = send(&[attributes[0], attributes[0]], Some("application/json"), data).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("invalid_request_error")), "{answer}");
}

#[tokio::test]
async fn a_packed_batch_is_read_within_the_same_limits() {
    let world = World::new().await;
    let key = world.admin_key(&[Scope::EventsWrite]).await;
    let compressed = |plain: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    };
    let batch = json!([event("1"), event("2")]).to_string();
    for (path, coding, body_bytes, status) in [
        ("/v1/events", "gzip", compressed(batch.as_bytes()), 200),
        ("/v1/events", "gzip", batch.clone().into_bytes(), 400),
        ("/v1/events", "gzip", compressed(&vec![b' '; 10 * 1024 * 1024 + 1]), 413),
        ("/v1/events", "deflate", compressed(batch.as_bytes()), 415),
        ("/v1/keys/report-leak", "gzip", compressed(b"[]"), 415),
    ] {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_ENCODING, coding)
            .body(body_bytes.into())
            .unwrap();
        let answer = world.send(request).await;
        assert_eq!(answer.status(), status, "{path} {coding}");
        let answer = body(answer).await;
        assert!(status != 200 || answer["new"] == 2, "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_events_is_refused_as_a_whole() {
    let world = World::new().await;
    let key = world.admin_key(&[Scope::EventsWrite]).await;
    let many = format!("[{}0]", "0,".repeat(10_000));
    for (content_type, body_bytes, status, code) in [
        ("application/cloudevents+json", "{".to_owned(), 400, "invalid_request_error"),
        ("application/cloudevents-batch+json", event("1").to_string(), 400, "invalid_request_error"),
        ("application/cloudevents-batch+json", many, 413, "request_too_large"),
        ("application/cloudevents-batch+json", " ".repeat(10 * 1024 * 1024 + 1), 413, "request_too_large"),
        ("application/xml", "<event/>".to_owned(), 415, "unsupported_media_type"),
    ] {
        let answer = send(&world, &key, Some(content_type), body_bytes).await;
        assert_eq!(answer.status(), status);
        let answer = body(answer).await;
        assert_eq!(answer["error"]["code"], code, "{answer}");
    }
    let all_wrong = send(&world, &key, None, json!([{ "id": 1 }, 2]).to_string()).await;
    assert_eq!(all_wrong.status(), 400);
    let all_wrong = body(all_wrong).await;
    assert_eq!(all_wrong["refused"], 2);
    assert!(all_wrong["error"]["message"].as_str().is_some_and(|message| message.contains("Event 0")), "{all_wrong}");
    // An empty batch isn't an error.
    assert_eq!(send(&world, &key, None, "[]").await.status(), 200);
}

#[tokio::test]
async fn a_secret_in_the_wrong_place_is_not_told_again() {
    let world = World::new().await;
    let key = world.admin_key(&[Scope::EventsWrite]).await;
    let event = json!([{ "specversion": "1.0", "id": "1", "source": "s", "type": "tollhouse.call", "data": { key.clone(): 1 } }]);
    let answer = send(&world, &key, None, event.to_string()).await;
    let answer = body(answer).await.to_string();
    assert!(!answer.contains(&key), "{answer}");
}
