//! The sandbox repeats its stored answers exactly, and cancelled jobs stay cancelled.

use axum::http::{Method, StatusCode};
use domain::calls::Outcome;
use patience::wait_until;
use serde_json::{Value, json};

use crate::gateway::{
    stage::{Answer, CHAT, Stage},
    upstream::Upstream,
};

const RESPONSES: &str = "/v1/responses";

async fn ask(stage: &Stage, method: Method, path: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {}", stage.key.secret);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    stage.request(method, path, &headers, body).await
}

async fn get(stage: &Stage, path: &str) -> Value {
    let answer = ask(stage, Method::GET, path, Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

async fn post(stage: &Stage, path: &str, body: Value) -> Value {
    let answer = ask(stage, Method::POST, path, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

fn events(answer: &Answer) -> Vec<Value> {
    let data = answer.text().lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[tokio::test]
async fn a_response_is_told_again_as_it_was() {
    let stage = Stage::sandbox().await;
    let schema = json!({"type": "object", "properties": {"a": {"const": 7}}, "required": ["a"]});
    for more in [
        json!({}),
        json!({"text": {"format": {"type": "json_schema", "name": "x", "schema": schema}}}),
        json!({"tools": [{"type": "function", "name": "f", "parameters": schema}], "tool_choice": "required"}),
        json!({"reasoning": {"summary": "auto"}, "instructions": "Be brief.", "metadata": {"a": "b"}}),
        json!({"max_output_tokens": 2}),
    ] {
        let mut body = json!({"model": "sandbox-1", "input": "hello"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let complete = post(&stage, RESPONSES, body).await;
        let path = format!("{RESPONSES}/{}", complete["id"].as_str().unwrap());
        assert_eq!(get(&stage, &path).await, complete, "{more}");

        let streamed = ask(&stage, Method::GET, &format!("{path}?stream=true"), Value::Null).await;
        assert!(streamed.headers["content-type"].to_str().unwrap().starts_with("text/event-stream"));
        let all = events(&streamed);
        assert_eq!((&all[0]["type"], &all.last().unwrap()["response"]), (&json!("response.created"), &complete));
        let rest = ask(&stage, Method::GET, &format!("{path}?stream=true&starting_after=3"), Value::Null).await;
        assert_eq!(events(&rest), all[4..]);
        let behind = format!("{path}?stream=true&starting_after={}", all.len() - 1);
        let behind = ask(&stage, Method::GET, &behind, Value::Null).await;
        assert_eq!(behind.status, StatusCode::BAD_REQUEST, "nothing comes after the last");
    }
    let conversation = json!({"model": "sandbox-1", "input": [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}, {"role": "user", "content": "three"}]});
    let id = post(&stage, RESPONSES, conversation).await["id"].as_str().unwrap().to_owned();
    let items = get(&stage, &format!("{RESPONSES}/{id}/input_items?limit=2")).await;
    assert_eq!(items["data"][0]["content"][0], json!({"type": "input_text", "text": "three"}));
    assert_eq!((&items["has_more"], &items["last_id"]), (&json!(true), &items["data"][1]["id"]));
    let wrong = ask(&stage, Method::GET, &format!("{RESPONSES}/{id}?stream=true&starting_after=x"), Value::Null).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_isnt_remembered_any_more_has_its_words_still() {
    let stage = Stage::sandbox().await;
    let first = post(&stage, RESPONSES, json!({"model": "sandbox-1", "input": "first"})).await;
    for number in 0..256 {
        post(&stage, RESPONSES, json!({"model": "sandbox-1", "input": number.to_string()})).await;
    }
    let answer = get(&stage, &format!("{RESPONSES}/{}", first["id"].as_str().unwrap())).await;
    assert_eq!((&answer["output"], &answer["usage"]), (&first["output"], &first["usage"]));
}

#[tokio::test]
async fn a_cancelled_response_stays_cancelled() {
    let stage = Stage::sandbox().await;
    let body = json!({"model": "sandbox-1", "input": "hello [sandbox job=600s]", "background": true});
    let created = post(&stage, RESPONSES, body.clone()).await;
    let other = post(&stage, RESPONSES, body).await;
    let path = format!("{RESPONSES}/{}", created["id"].as_str().unwrap());
    assert_eq!(get(&stage, &path).await["status"], "in_progress");
    let cancelled = post(&stage, &format!("{path}/cancel"), Value::Null).await;
    assert_eq!(
        (&cancelled["status"], &cancelled["output"], &cancelled["error"]),
        (&json!("cancelled"), &json!([]), &Value::Null)
    );
    assert_eq!(get(&stage, &path).await, cancelled);
    assert_eq!(post(&stage, &format!("{path}/cancel"), Value::Null).await, cancelled, "twice does no harm");
    let streamed = ask(&stage, Method::GET, &format!("{path}?stream=true"), Value::Null).await;
    assert_eq!(events(&streamed).last().unwrap()["response"]["status"], "cancelled");
    let other = get(&stage, &format!("{RESPONSES}/{}", other["id"].as_str().unwrap())).await;
    assert_eq!(other["status"], "in_progress", "the same question, but another response");
    let job = stage
        .calls()
        .await
        .into_iter()
        .find(|call| call.endpoint == "/v1/responses/{id}" && !call.error_code.is_empty())
        .unwrap();
    assert_eq!((job.outcome, job.error_code.as_str(), job.used.tokens_out), (Outcome::Interrupted, "cancelled", 0));
    assert!(job.used.tokens_in > 0 && job.cost.is_some());

    let at_once = post(&stage, RESPONSES, json!({"model": "sandbox-1", "input": "hello"})).await;
    let path = format!("{RESPONSES}/{}/cancel", at_once["id"].as_str().unwrap());
    assert_eq!(ask(&stage, Method::POST, &path, Value::Null).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_background_response_is_streamed_as_it_gets_on() {
    let stage = Stage::sandbox().await;
    let body = json!({"model": "sandbox-1", "input": "hello [sandbox job=300ms]", "background": true, "stream": true});
    let all = events(&ask(&stage, Method::POST, RESPONSES, body).await);
    let done = &all.last().unwrap()["response"];
    assert_eq!((&all[0]["response"]["status"], &done["status"]), (&json!("in_progress"), &json!("completed")));
    let path = format!("{RESPONSES}/{}", done["id"].as_str().unwrap());
    assert_eq!(&get(&stage, &path).await, done, "when the stream is over, it is done");
}

#[tokio::test]
async fn a_conversation_is_compacted_to_what_the_user_said_and_one_item() {
    let stage = Stage::sandbox().await;
    let input = json!([{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}, {"role": "user", "content": "three"}]);
    let compacted = post(&stage, "/v1/responses/compact", json!({"model": "sandbox-1", "input": input})).await;
    assert_eq!(compacted["object"], "response.compaction");
    let output = compacted["output"].as_array().unwrap();
    let kinds: Vec<&str> = output.iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message", "message", "compaction"]);
    assert!(output[2]["encrypted_content"].is_string() && output.iter().all(|item| item["id"].is_string()));
    let call = stage.call().await;
    assert_eq!(Some(call.used.tokens_in), compacted["usage"]["input_tokens"].as_i64());
    let mut next = output.clone();
    next.push(json!({"role": "user", "content": "four"}));
    post(&stage, RESPONSES, json!({"model": "sandbox-1", "input": next})).await;
}

#[tokio::test]
async fn a_stored_completion_has_what_it_was_asked_with() {
    let stage = Stage::sandbox().await;
    let body = json!({"model": "sandbox-1", "store": true, "metadata": {"a": "b"}, "tool_choice": "required",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
        "tools": [{"type": "function", "function": {"name": "f"}}]});
    let (one, other) = (post(&stage, CHAT, body.clone()).await, post(&stage, CHAT, body).await);
    let path = |completion: &Value| format!("{CHAT}/{}", completion["id"].as_str().unwrap());
    let stored = get(&stage, &path(&one)).await;
    assert_eq!((&stored["choices"], &stored["metadata"]["a"]), (&one["choices"], &json!("b")));
    let messages = get(&stage, &format!("{}/messages", path(&one))).await;
    assert_eq!(messages["data"][0]["content_parts"][0]["text"], "hello");
    post(&stage, &path(&one), json!({"metadata": {"a": "c"}})).await;
    assert_eq!(get(&stage, &path(&one)).await["metadata"], json!({"a": "c"}));
    assert_eq!(
        get(&stage, &path(&other)).await["metadata"],
        json!({"a": "b"}),
        "it is another, though it says the same"
    );
}

#[tokio::test]
async fn a_fine_tuning_job_that_was_stopped_stays_so() {
    let models = "files_provider = \"sandbox\"\n\n[[model]]\nname = \"tune\"\nproviders = [\"sandbox\"]\nservice = \"fine_tuning\"\n";
    let stage = Stage::with(&[&Upstream::down().await], models).await;
    let file = {
        let form = "--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n--XX\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncontent\r\n--XX--\r\n";
        let bearer = format!("Bearer {}", stage.key.secret);
        let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=XX")];
        stage.request(Method::POST, "/v1/files", &headers, form).await.json()["id"].clone()
    };
    let create = async |job: &str| {
        let bearer = format!("Bearer {}", stage.key.secret);
        let headers =
            [("authorization", bearer.as_str()), ("content-type", "application/json"), ("x-sandbox-job", job)];
        let body = json!({"model": "tune", "training_file": file}).to_string();
        let created = stage.request(Method::POST, "/v1/fine_tuning/jobs", &headers, body).await.json();
        format!("/v1/fine_tuning/jobs/{}", created["id"].as_str().unwrap())
    };
    let long = create("600s").await;
    assert_eq!(get(&stage, &long).await["training_file"], file);
    for (step, status) in [("pause", "queued"), ("resume", "running"), ("cancel", "cancelled"), ("resume", "cancelled")]
    {
        assert_eq!(post(&stage, &format!("{long}/{step}"), Value::Null).await["status"], status, "{step}");
        assert_eq!(get(&stage, &long).await["status"], status, "{step}");
    }
    let short = create("100ms").await;
    wait_until("the job is done", async || get(&stage, &short).await["status"] == "succeeded").await;
    assert_eq!(post(&stage, &format!("{short}/cancel"), Value::Null).await["status"], "succeeded");
}
