//! The sandbox, which works without any configuration.

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::gateway::stage::{CHAT, EMBEDDINGS, Stage};

fn question(more: Value) -> String {
    let mut body =
        json!({"model": "sandbox-1", "messages": [{"role": "user", "content": "What does a tollhouse do?"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body.to_string()
}

/// Parses all events except `[DONE]`, which must be the last.
fn events(text: &str) -> Vec<Value> {
    let mut data: Vec<&str> = text.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect();
    assert_eq!(data.pop(), Some("[DONE]"));
    data.into_iter().map(|event| serde_json::from_str(event).unwrap()).collect()
}

#[tokio::test]
async fn the_same_question_gets_the_same_answer_whole_or_streamed() {
    let stage = Stage::sandbox().await;
    let complete = stage.post(CHAT, question(json!({}))).await.json();
    assert_eq!(stage.post(CHAT, question(json!({}))).await.json(), complete);
    let text = complete["choices"][0]["message"]["content"].as_str().unwrap();
    assert_eq!((complete["object"].as_str(), complete["model"].as_str()), (Some("chat.completion"), Some("sandbox-1")));
    let usage = &complete["usage"];
    let count = |name: &str| usage[name].as_i64().unwrap();
    // 25 bytes are 7 tokens, and the message adds 3.
    assert_eq!(count("prompt_tokens"), 10);
    assert_eq!(count("completion_tokens"), i64::try_from(text.len().div_ceil(4)).unwrap());
    assert_eq!(count("total_tokens"), count("prompt_tokens") + count("completion_tokens"));

    let streamed = stage.post(CHAT, question(json!({"stream": true}))).await;
    let chunks = events(streamed.text());
    let content = |chunk: &Value| chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default().to_owned();
    assert_eq!(chunks.iter().map(content).collect::<String>(), text);
    assert!(chunks.iter().all(|chunk| chunk["choices"].as_array().is_some_and(|choices| choices.len() == 1)));
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "stop");

    let with_usage =
        stage.post(CHAT, question(json!({"stream": true, "stream_options": {"include_usage": true}}))).await;
    let chunks = events(with_usage.text());
    assert_eq!(&chunks.last().unwrap()["usage"], usage);
    assert_eq!(chunks.last().unwrap()["choices"], json!([]));

    for call in stage.calls().await {
        assert_eq!((call.used.tokens_in, call.used.tokens_out), (count("prompt_tokens"), count("completion_tokens")));
        let nanos = count("prompt_tokens") * 1_000 + count("completion_tokens") * 2_000;
        assert_eq!(call.cost.unwrap().nanos(), nanos);
    }
}

#[tokio::test]
async fn an_answer_ends_where_it_must() {
    let stage = Stage::sandbox().await;
    let short = stage.post(CHAT, question(json!({"max_completion_tokens": 3, "n": 2}))).await.json();
    assert_eq!(short["choices"].as_array().unwrap().len(), 2);
    for choice in short["choices"].as_array().unwrap() {
        assert_eq!(choice["finish_reason"], "length");
        assert!(choice["message"]["content"].as_str().unwrap().len() <= 12);
    }
    assert!(short["usage"]["completion_tokens"].as_i64().unwrap() <= 6);
}

#[tokio::test]
async fn embeddings_are_unit_vectors_of_the_asked_size() {
    let stage = Stage::sandbox().await;
    let body = |format: &str| {
        json!({"model": "sandbox-embed", "input": ["a", "b", "a"], "dimensions": 8, "encoding_format": format})
            .to_string()
    };
    let floats = stage.post(EMBEDDINGS, body("float")).await.json();
    let vector = |index: usize| -> Vec<f64> {
        floats["data"][index]["embedding"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    assert_eq!(vector(0).len(), 8);
    assert_eq!(vector(0), vector(2));
    assert_ne!(vector(0), vector(1));
    assert!((vector(1).iter().map(|number| number * number).sum::<f64>() - 1.0).abs() < 1e-5);
    assert_eq!(floats["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}));

    let encoded = stage.post(EMBEDDINGS, body("base64")).await.json();
    let bytes = STANDARD.decode(encoded["data"][1]["embedding"].as_str().unwrap()).unwrap();
    let decoded: Vec<f32> = bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    assert!(decoded.iter().zip(vector(1)).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-6));
}

#[tokio::test]
async fn questions_that_make_no_sense_are_answered_as_openai_would() {
    let stage = Stage::sandbox().await;
    for (path, body) in [
        (CHAT, json!({"model": "sandbox-1"})),
        (CHAT, json!({"model": "sandbox-1", "messages": []})),
        (CHAT, json!({"model": "sandbox-1", "messages": [{"role": "user"}], "n": 0})),
        (CHAT, json!({"model": "sandbox-1", "messages": [{"role": "user"}], "max_tokens": 0})),
        (EMBEDDINGS, json!({"model": "sandbox-embed"})),
        (EMBEDDINGS, json!({"model": "sandbox-embed", "input": ""})),
        (EMBEDDINGS, json!({"model": "sandbox-embed", "input": "a", "dimensions": 0})),
        (EMBEDDINGS, json!({"model": "sandbox-embed", "input": "a", "encoding_format": "hex"})),
    ] {
        let answer = stage.post(path, body.to_string()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "invalid_request_error"),
            "{body}"
        );
    }
}
