//! The list of models: its entries, its filters, and its two forms.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    stage::{Answer, CHAT, Stage},
    upstream::Upstream,
};

const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

async fn stage() -> Stage {
    let model = |name: &str, provider: &str, service: &str, more: &str| {
        format!("[[model]]\nname = {name:?}\nproviders = [{provider:?}]\nservice = {service:?}\n{more}\n")
    };
    let models = [
        "[[provider]]\nname = \"anthropic\"\nkind = \"anthropic\"\nbase_url = \"http://127.0.0.1:1/v1\"\n".to_owned(),
        model("claude-x", "anthropic", "chat", "context_window = 200000\nmax_output_tokens = 8192"),
        model("draw-x", "upstream-0", "image", ""),
        model("disk", "upstream-0", "storage", ""),
    ];
    Stage::with(&[&Upstream::down().await], &models.concat()).await
}

async fn get(stage: &Stage, path: &str, headers: &[(&str, &str)]) -> Answer {
    let bearer = format!("Bearer {}", stage.key.secret);
    stage.request(Method::GET, path, &[&[("authorization", &*bearer)], headers].concat(), "").await
}

fn names(list: &Answer) -> Vec<String> {
    let list = list.json();
    list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_tells_what_it_is_for_and_how_much_it_takes() {
    let stage = stage().await;
    let list = get(&stage, "/v1/models", &[]).await.json();
    let model = |name: &str| list["data"].as_array().unwrap().iter().find(|model| model["id"] == name).unwrap().clone();
    let claude = model("claude-x");
    assert_eq!(claude["service"], "chat");
    assert_eq!(claude["endpoints"], json!(["/v1/messages", "/v1/messages/count_tokens"]));
    assert_eq!((&claude["context_window"], &claude["max_output_tokens"]), (&json!(200_000), &json!(8_192)));
    assert_eq!(claude, get(&stage, "/v1/models/claude-x", &[]).await.json());
    assert_eq!(model("embed-x")["endpoints"], json!(["/v1/embeddings"]));
    let images = json!(["/v1/images/generations", "/v1/images/edits", "/v1/images/variations"]);
    assert_eq!(model("draw-x")["endpoints"], images);
    assert_eq!(model("gpt-x")["context_window"], Value::Null);
    let chats = model("gpt-x")["endpoints"].clone();
    assert!(chats.as_array().unwrap().contains(&json!(CHAT)) && !chats.to_string().contains("messages"), "{chats}");
    // The sandbox speaks both dialects.
    let both = model("sandbox-1")["endpoints"].to_string();
    assert!(both.contains(CHAT) && both.contains("/v1/messages"), "{both}");
    assert_eq!(get(&stage, "/v1/models/disk", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_client_may_ask_for_those_that_it_can_call() {
    let stage = stage().await;
    for (query, expected) in [
        ("endpoint=/v1/chat/completions", &["gpt-unpriced", "gpt-x", "sandbox-1"][..]),
        ("endpoint=messages", &["claude-x", "sandbox-1"][..]),
        ("service=embeddings", &["embed-x", "sandbox-embed"][..]),
        ("service=image&service=embeddings", &["draw-x", "embed-x", "sandbox-embed"][..]),
        ("service=chat&endpoint=v1/messages", &["claude-x", "sandbox-1"][..]),
        ("service=video", &[][..]),
    ] {
        assert_eq!(names(&get(&stage, &format!("/v1/models?{query}"), &[]).await), expected, "{query}");
    }
    for (query, param) in [("service=chats", "service"), ("endpoint=/v1/chats", "endpoint")] {
        let answer = get(&stage, &format!("/v1/models?{query}"), &[]).await;
        assert_eq!((answer.status, answer.json()["error"]["param"].as_str()), (StatusCode::BAD_REQUEST, Some(param)));
    }
}

#[tokio::test]
async fn anthropics_clients_are_told_in_their_form_of_those_that_they_can_call() {
    let stage = stage().await;
    let list = get(&stage, "/v1/models", &[VERSION]).await;
    assert_eq!(names(&list), ["claude-x", "sandbox-1"]);
    assert_eq!(list.headers["request-id"], list.headers["x-request-id"]);
    let list = list.json();
    assert_eq!(
        (&list["has_more"], &list["first_id"], &list["last_id"]),
        (&json!(false), &json!("claude-x"), &json!("sandbox-1"))
    );
    let claude = &list["data"][0];
    assert_eq!((&claude["type"], &claude["display_name"]), (&json!("model"), &json!("claude-x")));
    assert_eq!((&claude["max_input_tokens"], &claude["max_tokens"]), (&json!(200_000), &json!(8_192)));
    assert!(claude["created_at"].as_str().unwrap().ends_with('Z'), "{claude}");
    assert_eq!(*claude, get(&stage, "/v1/models/claude-x", &[VERSION]).await.json());

    for (query, expected, more) in [
        ("limit=1", "claude-x", true),
        ("limit=1&after_id=claude-x", "sandbox-1", false),
        ("limit=1&before_id=sandbox-1", "claude-x", false),
        ("limit=1&before_id=z", "sandbox-1", true),
    ] {
        let page = get(&stage, &format!("/v1/models?{query}"), &[VERSION]).await;
        assert_eq!(names(&page), [expected], "{query}");
        assert_eq!(page.json()["has_more"], more, "{query}");
    }
    for (path, status, kind) in [
        ("/v1/models?limit=0", 400, "invalid_request_error"),
        ("/v1/models/none", 404, "not_found_error"),
        ("/v1/models?service=x", 400, "invalid_request_error"),
    ] {
        let answer = get(&stage, path, &[VERSION]).await;
        assert_eq!((answer.status.as_u16(), answer.json()["error"]["type"].as_str()), (status, Some(kind)), "{path}");
    }
    let answer = stage.request(Method::GET, "/v1/models", &[VERSION], "").await;
    assert_eq!(answer.json()["error"]["type"], "authentication_error");
}
