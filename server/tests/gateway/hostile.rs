//! Hostile input.

use axum::http::StatusCode;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};

use super::stage::{CHAT, EMBEDDINGS, Stage};

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("(role|content|text|include_usage|[a-z]{0,4})", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Generates random bytes, and bodies that are nearly valid.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let keys = "(messages|input|prompt|tools|tool_choice|background|stream|stream_options|n|max_tokens|max_completion_tokens|dimensions|encoding_format|user)";
    let nearly = (prop::collection::hash_map(keys, values(), 0..5), prop::bool::ANY).prop_map(|(map, chat)| {
        let mut body: serde_json::Map<String, Value> = map.into_iter().collect();
        body.insert("model".to_owned(), json!(if chat { "sandbox-1" } else { "sandbox-embed" }));
        Value::Object(body).to_string().into_bytes()
    });
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => values().prop_map(|value| value.to_string().into_bytes()),
        4 => nearly,
    ]
}

const PATHS: [&str; 6] = [CHAT, EMBEDDINGS, "/v1/responses", "/v1/completions", "/v1/moderations", "/v1/messages"];

#[tokio::test]
async fn a_thousand_random_bodies_are_answered_without_a_fault_of_ours() {
    let stage = Stage::sandbox().await;
    let mut runner = TestRunner::deterministic();
    let strategy = bodies();
    for number in 0..1_000 {
        let body = strategy.new_tree(&mut runner).unwrap().current();
        let path = PATHS[number % PATHS.len()];
        let answer = stage.post(path, body.clone()).await;
        assert!(
            answer.status < StatusCode::INTERNAL_SERVER_ERROR,
            "{path} {} {}",
            answer.status,
            String::from_utf8_lossy(&body)
        );
    }
    // Repeated refusals are one row.
    stage.gateway.flush().await;
    assert_eq!(stage.calls().await.iter().map(|call| call.times).sum::<u32>(), 1_000);
}

#[tokio::test]
async fn a_body_nested_without_end_is_no_trouble() {
    let stage = Stage::sandbox().await;
    let deep = format!(r#"{{"model":"sandbox-1","messages":{}"#, "[".repeat(500_000));
    assert_eq!(stage.post(CHAT, deep).await.status, StatusCode::BAD_REQUEST);
    let closed = format!(r#"{{"model":"sandbox-1","messages":{}{}}}"#, "[".repeat(500_000), "]".repeat(500_000));
    assert_eq!(stage.post(CHAT, closed).await.status, StatusCode::BAD_REQUEST);
}
