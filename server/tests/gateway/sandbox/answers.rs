//! Answers of the sandbox with schemas, tools, reasoning, and limits.

use axum::http::StatusCode;
use domain::calls::Outcome;
use jsonschema::JSONSchema;
use serde_json::{Value, json};

use crate::gateway::stage::{CHAT, Stage};

pub(super) const RESPONSES: &str = "/v1/responses";
pub(super) const MESSAGES: &str = "/v1/messages";

/// Builds a question in the form of each path, with more parameters.
pub(super) fn question(path: &str, text: &str, more: Value) -> Value {
    let messages = json!([{"role": "user", "content": text}]);
    let mut body = match path {
        RESPONSES => json!({"model": "sandbox-1", "input": messages}),
        MESSAGES => json!({"model": "sandbox-1", "max_tokens": 4_000, "messages": messages}),
        _ => json!({"model": "sandbox-1", "messages": messages}),
    };
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

pub(super) async fn ask(stage: &Stage, path: &str, body: &Value) -> Value {
    let answer = stage.post(path, body.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{body} {answer:?}");
    answer.json()
}

/// Asks for a stream, and returns its events.
pub(super) async fn events(stage: &Stage, path: &str, body: &Value) -> Vec<Value> {
    let mut body = body.clone();
    body["stream"] = true.into();
    let answer = stage.post(path, body.to_string()).await;
    let data = answer.text().lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

pub(super) fn kinds(events: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    kinds.dedup();
    kinds
}

/// Joins the texts at this pointer in all events.
fn joined(events: &[Value], pointer: &str) -> String {
    events.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect()
}

/// The text of an answer.
pub(super) fn answer_text(path: &str, answer: &Value) -> String {
    let pointer = match path {
        RESPONSES => "/output/0/content/0/text",
        MESSAGES => "/content/0/text",
        _ => "/choices/0/message/content",
    };
    answer.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// The text of a stream.
fn streamed(path: &str, events: &[Value]) -> String {
    match path {
        RESPONSES => joined(events, "/delta"),
        MESSAGES => joined(events, "/delta/text"),
        _ => joined(events, "/choices/0/delta/content"),
    }
}

#[tokio::test]
async fn an_answer_fits_the_schema_that_is_asked_for() {
    let stage = Stage::sandbox().await;
    let schema = json!({"type": "object", "additionalProperties": false, "required": ["name", "days", "kind", "mail", "next"],
        "properties": {
            "name": {"type": "string", "minLength": 6},
            "days": {"type": "array", "items": {"type": "integer", "minimum": 3}, "minItems": 2},
            "kind": {"$ref": "#/$defs/kind"},
            "mail": {"type": "string", "format": "email"},
            "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
        },
        "$defs": {"kind": {"enum": ["car", "cart"]}}});
    let validator = JSONSchema::options().should_validate_formats(true).compile(&schema).unwrap();
    let format = json!({"type": "json_schema", "schema": schema});
    for (path, more) in [
        (
            CHAT,
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "strict": true, "schema": schema}}}),
        ),
        (
            RESPONSES,
            json!({"text": {"format": {"type": "json_schema", "name": "a", "strict": true, "schema": schema}}}),
        ),
        (MESSAGES, json!({"output_config": {"format": format}})),
        // The parameter's name in the beta.
        (MESSAGES, json!({"output_format": format})),
    ] {
        let body = question(path, "hello", more);
        let complete = answer_text(path, &ask(&stage, path, &body).await);
        let value: Value = serde_json::from_str(&complete).unwrap();
        assert!(validator.is_valid(&value), "{path} {value}");
        assert_eq!(streamed(path, &events(&stage, path, &body).await), complete, "{path}");
    }
    for (path, more) in [
        (CHAT, json!({"response_format": {"type": "json_object"}})),
        (RESPONSES, json!({"text": {"format": {"type": "json_object"}}})),
    ] {
        let complete = answer_text(path, &ask(&stage, path, &question(path, "hello", more)).await);
        assert!(serde_json::from_str::<Value>(&complete).unwrap()["answer"].is_string(), "{complete}");
    }
    // Anthropic's SDKs move constraints that they validate into the description.
    let hinted = json!({"type": "object", "required": ["a"],
        "properties": {"a": {"type": "string", "description": "A code.\n\n{minLength: 9, maxLength: 9}"}}});
    let body =
        question(MESSAGES, "hello", json!({"output_config": {"format": {"type": "json_schema", "schema": hinted}}}));
    let value: Value = serde_json::from_str(&answer_text(MESSAGES, &ask(&stage, MESSAGES, &body).await)).unwrap();
    assert_eq!(value["a"].as_str().unwrap().len(), 9);
    for schema in [json!({"not": {}}), json!("none"), Value::Null] {
        let body = question(
            CHAT,
            "hello",
            json!({"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}),
        );
        assert_eq!(stage.post(CHAT, body.to_string()).await.status, StatusCode::BAD_REQUEST, "{schema}");
    }
}

#[tokio::test]
async fn an_answer_that_ends_too_soon_says_so() {
    let stage = Stage::sandbox().await;
    for (path, limit) in [(CHAT, "max_completion_tokens"), (RESPONSES, "max_output_tokens"), (MESSAGES, "max_tokens")] {
        let body = question(path, "hello", json!({limit: 3}));
        let (complete, events) = (ask(&stage, path, &body).await, events(&stage, path, &body).await);
        match path {
            CHAT => assert_eq!(complete["choices"][0]["finish_reason"], "length"),
            MESSAGES => assert_eq!(complete["stop_reason"], "max_tokens"),
            _ => {
                assert_eq!(
                    (&complete["status"], &complete["incomplete_details"]["reason"]),
                    (&json!("incomplete"), &json!("max_output_tokens"))
                );
                assert_eq!(complete["output"][0]["status"], "incomplete");
                assert_eq!(events.last().unwrap()["type"], "response.incomplete");
            }
        }
        assert!(streamed(path, &events).len() <= 12, "{path}");
    }
    let stop =
        |path: &str| if path == MESSAGES { json!({"stop_sequences": [" ", "x"]}) } else { json!({"stop": [" "]}) };
    for path in [CHAT, MESSAGES] {
        let complete = ask(&stage, path, &question(path, "hello", stop(path))).await;
        assert!(!answer_text(path, &complete).contains(' '));
        match path {
            CHAT => assert_eq!(complete["choices"][0]["finish_reason"], "stop"),
            _ => assert_eq!(
                (&complete["stop_reason"], &complete["stop_sequence"]),
                (&json!("stop_sequence"), &json!(" "))
            ),
        }
    }
    assert!(stage.calls().await.iter().all(|call| call.outcome == Outcome::Succeeded));
}

#[tokio::test]
async fn thoughts_come_first_where_they_are_asked_for() {
    let stage = Stage::sandbox().await;
    let body = question(MESSAGES, "hello", json!({"thinking": {"type": "enabled", "budget_tokens": 1_024}}));
    let complete = ask(&stage, MESSAGES, &body).await;
    let types = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|part| part["type"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(types(&complete["content"]), ["thinking", "text"]);
    assert!(!complete["content"][0]["signature"].as_str().unwrap().is_empty());
    let events_of = events(&stage, MESSAGES, &body).await;
    assert_eq!(
        kinds(&events_of),
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
    );
    assert_eq!(json!(joined(&events_of, "/delta/thinking")), complete["content"][0]["thinking"]);
    assert_eq!(json!(joined(&events_of, "/delta/signature")), complete["content"][0]["signature"]);
    let last = &events_of[events_of.len() - 2]["usage"];
    for count in ["input_tokens", "output_tokens", "cache_read_input_tokens", "output_tokens_details"] {
        assert_eq!(last[count], complete["usage"][count], "{count}");
    }
    assert!(last["output_tokens_details"]["thinking_tokens"].as_i64().unwrap() > 0);
    let hidden = json!({"thinking": {"type": "adaptive", "display": "omitted"}});
    let hidden = ask(&stage, MESSAGES, &question(MESSAGES, "hello", hidden)).await;
    assert_eq!(hidden["content"][0]["thinking"], "");
    let off = ask(&stage, MESSAGES, &question(MESSAGES, "hello", json!({"thinking": {"type": "disabled"}}))).await;
    assert_eq!(types(&off["content"]), ["text"]);

    let body = question(
        RESPONSES,
        "hello",
        json!({"reasoning": {"effort": "high", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}),
    );
    let complete = ask(&stage, RESPONSES, &body).await;
    assert_eq!(types(&complete["output"]), ["reasoning", "message"]);
    assert_eq!(
        (&complete["reasoning"]["effort"], complete["output"][0]["encrypted_content"].is_string()),
        (&json!("high"), true)
    );
    assert!(complete["usage"]["output_tokens_details"]["reasoning_tokens"].as_i64().unwrap() > 0);
    let events_of = events(&stage, RESPONSES, &body).await;
    assert_eq!(
        kinds(&events_of),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.reasoning_summary_part.added",
            "response.reasoning_summary_text.delta",
            "response.reasoning_summary_text.done",
            "response.reasoning_summary_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    assert_eq!(events_of.last().unwrap()["response"]["output"], complete["output"]);
    let numbers: Vec<usize> =
        events_of.iter().map(|event| event["sequence_number"].as_u64().unwrap() as usize).collect();
    assert_eq!(numbers, (0..events_of.len()).collect::<Vec<_>>());
    let silent = ask(&stage, RESPONSES, &question(RESPONSES, "hello", json!({"reasoning": {"effort": "low"}}))).await;
    assert_eq!(silent["output"][0]["summary"], json!([]), "a summary is told only where it is asked for");
    let none = ask(&stage, RESPONSES, &question(RESPONSES, "hello", json!({"reasoning": {"effort": "none"}}))).await;
    assert_eq!(types(&none["output"]), ["message"]);

    let body = question(CHAT, "hello", json!({"reasoning_effort": "low"}));
    let complete = ask(&stage, CHAT, &body).await;
    assert!(complete["usage"]["completion_tokens_details"]["reasoning_tokens"].as_i64().unwrap() > 0);
    let streamed = joined(&events(&stage, CHAT, &body).await, "/choices/0/delta/reasoning_content");
    assert_eq!(json!(streamed), complete["choices"][0]["message"]["reasoning_content"]);
    assert!(stage.calls().await.iter().all(|call| call.used.tokens_out > 0));
}

#[tokio::test]
async fn each_prompt_is_completed_as_often_as_it_is_asked_for() {
    let stage = Stage::sandbox().await;
    let body = json!({"model": "sandbox-1", "prompt": ["one", "other"], "n": 2});
    let complete = ask(&stage, "/v1/completions", &body).await;
    let texts: Vec<&str> =
        complete["choices"].as_array().unwrap().iter().map(|choice| choice["text"].as_str().unwrap()).collect();
    assert_eq!(texts.len(), 4);
    let chunks = events(&stage, "/v1/completions", &body).await;
    for (index, text) in texts.iter().enumerate() {
        let own: Vec<Value> = chunks.iter().filter(|chunk| chunk["choices"][0]["index"] == index).cloned().collect();
        assert_eq!(joined(&own, "/choices/0/text"), *text);
    }
    let tokens = ask(&stage, "/v1/completions", &json!({"model": "sandbox-1", "prompt": [[1, 2, 3], [4]]})).await;
    assert_eq!((tokens["choices"].as_array().unwrap().len(), &tokens["usage"]["prompt_tokens"]), (2, &json!(4)));
}
