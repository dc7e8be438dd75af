//! The sandbox calls tools when asked to, and then continues.

use serde_json::{Value, json};

use super::answers::{MESSAGES, RESPONSES, answer_text, ask, events, kinds, question};
use crate::gateway::stage::{CHAT, Stage};

/// Continues the conversation after an answer with a tool call: appends the call and its result.
fn with_result(path: &str, body: &Value, answer: &Value) -> Value {
    let mut body = body.clone();
    let (conversation, more) = match path {
        RESPONSES => {
            let call = answer["output"][0].clone();
            let result =
                json!({"type": "function_call_output", "call_id": call["call_id"], "output": "[sandbox tool]"});
            ("input", vec![call, result])
        }
        MESSAGES => {
            let result =
                json!({"type": "tool_result", "tool_use_id": answer["content"][0]["id"], "content": "[sandbox tool]"});
            let called = json!({"role": "assistant", "content": answer["content"]});
            ("messages", vec![called, json!({"role": "user", "content": [result]})])
        }
        _ => {
            let called = answer["choices"][0]["message"].clone();
            let id = &called["tool_calls"][0]["id"];
            let result = json!({"role": "tool", "tool_call_id": id, "content": "[sandbox tool]"});
            ("messages", vec![called, result])
        }
    };
    body[conversation].as_array_mut().unwrap().extend(more);
    body
}

/// The name of the tool that an answer calls, if any.
fn called(path: &str, answer: &Value) -> Option<String> {
    let pointer = match path {
        RESPONSES => "/output/0/name",
        MESSAGES => "/content/0/name",
        _ => "/choices/0/message/tool_calls/0/function/name",
    };
    answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

#[tokio::test]
async fn no_tool_is_called_for_ever() {
    let stage = Stage::sandbox().await;
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    for path in [CHAT, RESPONSES, MESSAGES] {
        let tool = |name: &str| match path {
            CHAT => json!({"type": "function", "function": {"name": name, "parameters": schema}}),
            RESPONSES => json!({"type": "function", "name": name, "parameters": schema}),
            _ => json!({"name": name, "input_schema": schema}),
        };
        let tools = json!({"tools": [tool("weather"), tool("final_answer")]});
        let body = question(path, "please [sandbox tool]", tools.clone());
        let first = ask(&stage, path, &body).await;
        assert_eq!(called(path, &first).as_deref(), Some("weather"), "{path}");
        let second = ask(&stage, path, &with_result(path, &body, &first)).await;
        assert_eq!(called(path, &second), None, "{path}: once where it is free to");
        assert!(!answer_text(path, &second).is_empty());

        let mut must = question(path, "hello", tools);
        must["tool_choice"] = if path == MESSAGES { json!({"type": "any"}) } else { json!("required") };
        let first = ask(&stage, path, &must).await;
        let then = with_result(path, &must, &first);
        let second = ask(&stage, path, &then).await;
        let third = ask(&stage, path, &with_result(path, &then, &second)).await;
        let all = [&first, &second, &third].map(|answer| called(path, answer));
        assert_eq!(
            all,
            [Some("weather".to_owned()), Some("final_answer".to_owned()), None],
            "{path}: each once where it must"
        );
    }
    // The calls are known from the previous responses.
    let tools = json!([{"type": "function", "name": "f"}, {"type": "function", "name": "g"}]);
    let mut body = json!({"model": "sandbox-1", "input": "hello", "tools": tools, "tool_choice": "required"});
    let mut names = Vec::new();
    for _ in 0..3 {
        let answer = ask(&stage, RESPONSES, &body).await;
        names.push(called(RESPONSES, &answer));
        let result =
            json!({"type": "function_call_output", "call_id": answer["output"][0]["call_id"], "output": "done"});
        body["previous_response_id"] = answer["id"].clone();
        body["input"] = json!([result]);
    }
    assert_eq!(names, [Some("f".to_owned()), Some("g".to_owned()), None]);
    // Without the previous responses the calls are unknown.
    body["previous_response_id"] = Value::Null;
    let answer = ask(&stage, RESPONSES, &body).await;
    assert_eq!(called(RESPONSES, &answer), None, "{answer}");
}

#[tokio::test]
async fn no_tool_is_called_for_ever_where_somebody_speaks_behind_the_result() {
    let stage = Stage::sandbox().await;
    for path in [CHAT, RESPONSES] {
        let tool = |name: &str| match path {
            CHAT => json!({"type": "function", "function": {"name": name}}),
            _ => json!({"type": "function", "name": name}),
        };
        let mut body = question(path, "hello", json!({"tools": [tool("f"), tool("g")], "tool_choice": "required"}));
        let mut names = Vec::new();
        for _ in 0..3 {
            let answer = ask(&stage, path, &body).await;
            names.push(called(path, &answer));
            body = with_result(path, &body, &answer);
            let conversation = if path == CHAT { "messages" } else { "input" };
            body[conversation].as_array_mut().unwrap().push(json!({"role": "user", "content": "go on"}));
        }
        assert_eq!(names, [Some("f".to_owned()), Some("g".to_owned()), None], "{path}");
    }
}

#[tokio::test]
async fn the_same_words_twice_have_ids_of_their_own() {
    let stage = Stage::sandbox().await;
    let tools = json!({"tools": [{"name": "f", "input_schema": {"type": "object"}}], "tool_choice": {"type": "any"}});
    let body = question(MESSAGES, "hello", tools);
    let first = ask(&stage, MESSAGES, &body).await;
    let mut then = with_result(MESSAGES, &body, &first);
    let messages = then["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": "done"}));
    messages.push(json!({"role": "user", "content": "hello"}));
    let second = ask(&stage, MESSAGES, &then).await;
    assert_ne!(first["id"], second["id"]);
    assert_ne!(first["content"][0]["id"], second["content"][0]["id"]);

    let mut body = json!({"model": "sandbox-1", "input": "hello"});
    let first = ask(&stage, RESPONSES, &body).await;
    body["previous_response_id"] = first["id"].clone();
    let second = ask(&stage, RESPONSES, &body).await;
    assert_ne!(first["output"][0]["id"], second["output"][0]["id"]);
}

#[tokio::test]
async fn tool_calls_are_streamed_as_they_are_documented() {
    let stage = Stage::sandbox().await;
    let schema =
        json!({"type": "object", "properties": {"city": {"type": "string", "minLength": 40}}, "required": ["city"]});
    let body = question(
        CHAT,
        "hello",
        json!({"tool_choice": "required",
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": schema}}]}),
    );
    let complete = ask(&stage, CHAT, &body).await["choices"][0]["message"]["tool_calls"][0].clone();
    let chunks = events(&stage, CHAT, &body).await;
    let calls: Vec<&Value> = chunks.iter().filter_map(|chunk| chunk.pointer("/choices/0/delta/tool_calls/0")).collect();
    assert_eq!(
        (&calls[0]["id"], &calls[0]["function"]["name"], &calls[0]["function"]["arguments"]),
        (&complete["id"], &json!("weather"), &json!(""))
    );
    assert!(calls.len() > 3 && calls[1..].iter().all(|call| call["id"].is_null() && call["index"] == 0));
    let arguments: String = calls.iter().map(|call| call["function"]["arguments"].as_str().unwrap()).collect();
    assert_eq!(json!(arguments), complete["function"]["arguments"]);

    let custom = json!({"tool_choice": "required", "tools": [{"type": "custom", "name": "shell"}]});
    let body = question(RESPONSES, "hello", custom);
    let item = ask(&stage, RESPONSES, &body).await["output"][0].clone();
    assert_eq!((&item["type"], item["input"].is_string()), (&json!("custom_tool_call"), true));
    assert!(kinds(&events(&stage, RESPONSES, &body).await).contains(&"response.custom_tool_call_input.done"));
}
