//! Stored chat completions: listed as their provider describes them, for their own project only.

use axum::{
    body::Body,
    http::{Method, StatusCode},
    response::Response,
};
use domain::{api_keys::CreatedApiKey, rate_limits::RateLimits};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::{
    stage::{Answer, CHAT, Stage},
    upstream::{Upstream, UpstreamRequest},
};

/// A provider that stores completions under the `seed` of their requests. It has deleted the fourth, and
/// fails to return the ninth.
async fn keeper() -> Upstream {
    Upstream::new(|request: UpstreamRequest| {
        let (status, kind, text) = answer(&request);
        let response = Response::builder().status(status).header("content-type", kind).body(Body::from(text));
        async { response.unwrap() }
    })
    .await
}

fn answer(request: &UpstreamRequest) -> (u16, &'static str, String) {
    let completion = |number: u64| {
        json!({
            "id": format!("chatcmpl-{number}"),
            "object": "chat.completion",
            "model": "gpt-x-2026",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": format!("answer {number}")}}],
            "metadata": {"parity": if number.is_multiple_of(2) { "even" } else { "odd" }},
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        })
    };
    let id = request.path.rsplit('/').next().unwrap();
    let number = id.strip_prefix("chatcmpl-").and_then(|number| number.parse().ok());
    let json = |status: u16, document: Value| (status, "application/json", document.to_string());
    match (request.method.as_str(), number) {
        ("POST", None) if request.json()["stream"] == true => {
            let chunk = completion(request.json()["seed"].as_u64().unwrap());
            (200, "text/event-stream", format!("data: {chunk}\n\ndata: [DONE]\n\n"))
        }
        ("POST", None) => json(200, completion(request.json()["seed"].as_u64().unwrap())),
        ("GET", Some(9)) => json(500, json!({"error": {"message": "no"}})),
        ("GET" | "DELETE", Some(4)) | (_, None) => json(404, json!({"error": {"message": "none"}})),
        ("DELETE", Some(_)) => json(200, json!({"id": id, "deleted": true})),
        (_, Some(number)) => json(200, completion(number)),
    }
}

async fn ask(stage: &Stage, key: &CreatedApiKey, method: Method, path: &str) -> Answer {
    stage.request(method, path, &[("authorization", &format!("Bearer {}", key.secret))], "").await
}

async fn list(stage: &Stage, query: &str) -> Answer {
    ask(stage, &stage.key, Method::GET, &format!("{CHAT}?{query}")).await
}

/// The numbers of the completions on a list, and whether there are more.
fn shown_numbers(list: &Answer) -> (Vec<u64>, bool) {
    assert_eq!(list.status, StatusCode::OK, "{list:?}");
    let list = list.json();
    let number = |one: &Value| one["id"].as_str().unwrap().strip_prefix("chatcmpl-").unwrap().parse().unwrap();
    (list["data"].as_array().unwrap().iter().map(number).collect(), list["has_more"].as_bool().unwrap())
}

async fn store(stage: &Stage, numbers: impl IntoIterator<Item = u64>, model: &str) {
    for number in numbers {
        // Every third one is streamed.
        let body = json!({"model": model, "messages": [], "store": true, "seed": number, "stream": number % 3 == 0});
        assert_eq!(stage.post(CHAT, body.to_string()).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn stored_completions_are_listed_as_their_provider_tells_them() {
    let upstream = keeper().await;
    let stage = Stage::new(&upstream).await;
    store(&stage, [1, 2, 3], "gpt-x").await;
    store(&stage, [5, 6], "gpt-unpriced").await;
    stage.post(CHAT, json!({"model": "gpt-x", "messages": [], "seed": 7}).to_string()).await;

    let all = list(&stage, "").await;
    assert_eq!(
        shown_numbers(&all),
        (vec![1, 2, 3, 5, 6], false),
        "the oldest first, and none that wasn't to be stored"
    );
    let listed = all.json();
    assert_eq!(listed["data"][2]["choices"][0]["message"]["content"], "answer 3");
    assert_eq!(
        (&listed["object"], &listed["first_id"], &listed["last_id"]),
        (&json!("list"), &json!("chatcmpl-1"), &json!("chatcmpl-6"))
    );
    assert_eq!(shown_numbers(&list(&stage, "order=desc&limit=2").await), (vec![6, 5], true));
    assert_eq!(shown_numbers(&list(&stage, "order=desc&limit=2&after=chatcmpl-5").await), (vec![3, 2], true));
    assert_eq!(shown_numbers(&list(&stage, "after=chatcmpl-5").await), (vec![6], false));
    assert_eq!(shown_numbers(&list(&stage, "after=chatcmpl-8").await), (vec![], false));
    assert_eq!(shown_numbers(&list(&stage, "model=gpt-unpriced").await), (vec![5, 6], false));
    assert_eq!(shown_numbers(&list(&stage, "metadata[parity]=even").await), (vec![2, 6], false));
    assert_eq!(shown_numbers(&list(&stage, "metadata%5Bparity%5D=odd&model=gpt-x").await), (vec![1, 3], false));
    assert_eq!(shown_numbers(&list(&stage, "metadata[parity]=odd&metadata[x]=y").await), (vec![], false));
    assert_eq!(list(&stage, "limit=many").await.json()["error"]["param"], "limit");

    let deleted = ask(&stage, &stage.key, Method::DELETE, &format!("{CHAT}/chatcmpl-2")).await;
    assert_eq!(deleted.json()["deleted"], true);
    assert_eq!(shown_numbers(&list(&stage, "").await), (vec![1, 3, 5, 6], false));
}

#[tokio::test]
async fn they_are_their_projects_alone() {
    let upstream = keeper().await;
    let stage = Stage::new(&upstream).await;
    store(&stage, [1, 2], "gpt-x").await;
    let before = upstream.requests().len();
    let other = services::projects::create(&stage.services, &stage.actor, "Other", "").await.unwrap();
    let stranger = stage.key(|key| key.project_id = Some(other.id)).await;
    for query in ["", "?after=chatcmpl-1"] {
        assert_eq!(
            shown_numbers(&ask(&stage, &stranger, Method::GET, &format!("{CHAT}{query}")).await),
            (vec![], false)
        );
    }
    let reader = stage.key(|key| key.level = domain::api_keys::Level::Read).await;
    assert_eq!(ask(&stage, &reader, Method::GET, CHAT).await.status, StatusCode::FORBIDDEN);
    assert_eq!(upstream.requests().len(), before, "the provider wasn't asked");
}

#[tokio::test]
async fn what_was_deleted_at_the_provider_isnt_listed_and_what_it_cant_tell_of_is_an_error() {
    let upstream = keeper().await;
    let stage = Stage::new(&upstream).await;
    store(&stage, [1, 4, 2], "gpt-x").await;
    let count_requests = async || {
        let before = upstream.requests().len();
        assert_eq!(shown_numbers(&list(&stage, "").await), (vec![1, 2], false));
        upstream.requests().len() - before
    };
    assert_eq!((count_requests().await, count_requests().await), (3, 3), "a provider may not know yet what is new");
    let transaction = stage.services.database().begin().await.unwrap();
    let earlier = "UPDATE provider_objects SET created_at = created_at - 1000000";
    transaction.execute_unprepared(earlier).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(
        (count_requests().await, count_requests().await),
        (3, 2),
        "it isn't asked again for what it has deleted"
    );
    store(&stage, [9], "gpt-x").await;
    let failed = list(&stage, "").await;
    assert_eq!((failed.status, failed.code().as_str()), (StatusCode::BAD_GATEWAY, "upstream_error"));
}

#[tokio::test]
async fn a_filter_looks_beyond_the_first_page() {
    let upstream = keeper().await;
    let stage = Stage::new(&upstream).await;
    store(&stage, (11..50).step_by(2).chain([50, 52, 54]), "gpt-x").await;
    assert_eq!(shown_numbers(&list(&stage, "metadata[parity]=even&limit=2").await), (vec![50, 52], true));
    let rest = list(&stage, "metadata[parity]=even&limit=2&after=chatcmpl-52").await;
    assert_eq!(shown_numbers(&rest), (vec![54], false));
}

#[tokio::test]
async fn a_list_counts_as_a_call_does() {
    let upstream = keeper().await;
    let stage = Stage::new(&upstream).await;
    let limits = RateLimits { calls_per_minute: Some(1), tokens_per_minute: None };
    let slow = stage.key(|key| key.rate_limits = limits).await;
    assert_eq!(ask(&stage, &slow, Method::GET, CHAT).await.status, StatusCode::OK);
    let refused = ask(&stage, &slow, Method::GET, CHAT).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded"));
    // Files are listed without calling a provider.
    assert_eq!(ask(&stage, &slow, Method::GET, "/v1/files").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_sandbox_tells_again_what_it_said() {
    let stage = Stage::sandbox().await;
    let body = json!({"model": "sandbox-1", "messages": [{"role": "user", "content": "hi"}], "store": true, "n": 2, "max_tokens": 5});
    let created = stage.post(CHAT, body.to_string()).await.json();
    let listed = list(&stage, "").await.json();
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["choices"]), (&created["id"], &created["choices"]));
    assert_eq!(listed["data"][0]["usage"], created["usage"]);
    let path = format!("{CHAT}/{}", created["id"].as_str().unwrap());
    assert_eq!(ask(&stage, &stage.key, Method::GET, &path).await.json()["choices"], created["choices"]);
    let changed = stage.post(&path, json!({"metadata": {"a": "b"}}).to_string()).await.json();
    assert_eq!((&changed["metadata"]["a"], &changed["choices"]), (&json!("b"), &created["choices"]));
    let messages = ask(&stage, &stage.key, Method::GET, &format!("{path}/messages")).await.json();
    assert_eq!((&messages["data"][0]["role"], &messages["data"][0]["content"]), (&json!("user"), &json!("hi")));
    assert_eq!(ask(&stage, &stage.key, Method::DELETE, &path).await.json()["deleted"], true);
    assert_eq!(ask(&stage, &stage.key, Method::GET, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(list(&stage, "").await.json()["data"], json!([]));
}
