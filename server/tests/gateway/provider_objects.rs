//! Provider objects: their owners, their providers, and the usage of jobs.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    body::Body,
    http::{Method, StatusCode},
    response::Response,
};
use domain::{api_keys::CreatedApiKey, calls::Outcome, money::Quantities};
use serde_json::{Value, json};

use super::{
    stage::{Answer, Stage},
    upstream::{Upstream, UpstreamRequest},
};

const MODELS: &str = r#"
files_provider = "upstream-0"

[[model]]
name = "film-x"
providers = ["upstream-0"]
upstream_name = "film-x-2026"
service = "video"
price = { per_minute = "6" }

[[model]]
name = "tune-x"
providers = ["upstream-0"]
service = "fine_tuning"
price = { input_per_million = "25" }
"#;

/// A provider that keeps objects, and whose jobs are done once the test sets the flag.
async fn keeper() -> (Upstream, Arc<AtomicBool>) {
    let done = Arc::new(AtomicBool::new(false));
    let is_done = Arc::clone(&done);
    let upstream = Upstream::new(move |request: UpstreamRequest| {
        let answer = answer(&request, is_done.load(Ordering::SeqCst));
        async move {
            let (status, body) = answer;
            let kind = if body.is_string() { "application/octet-stream" } else { "application/json" };
            let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            Response::builder().status(status).header("content-type", kind).body(Body::from(text)).unwrap()
        }
    })
    .await;
    (upstream, done)
}

fn answer(request: &UpstreamRequest, done: bool) -> (u16, Value) {
    let video = |id: &str| json!({"id": id, "object": "video", "status": if done {"completed"} else {"queued"}, "seconds": "8"});
    let job = json!({"id": "ftjob-1", "object": "fine_tuning.job", "status": if done {"succeeded"} else {"running"},
        "trained_tokens": if done { json!(4_000) } else { Value::Null }, "result_files": if done {vec!["file-result"]} else {vec![]}});
    let file = json!({"id": "file-1", "object": "file", "bytes": 120, "purpose": "fine-tune", "filename": "a"});
    let body = match (request.method.as_str(), request.path.trim_start_matches("/v1")) {
        ("POST", "/files") | ("GET", "/files/file-1") => file,
        ("DELETE", "/files/file-1") => json!({"id": "file-1", "deleted": true}),
        ("GET", "/files/file-1/content" | "/files/file-result/content") => json!("content"),
        ("POST", "/videos") | ("GET", "/videos/video_1") => video("video_1"),
        ("POST", "/videos/video_1/remix") => video("video_2"),
        ("GET", "/videos/video_1/content") => json!("film"),
        ("POST", "/fine_tuning/jobs") | ("GET", "/fine_tuning/jobs/ftjob-1") => job,
        ("GET", "/fine_tuning/jobs/ftjob-1/events") => json!({"object": "list", "data": []}),
        ("POST", "/responses") => {
            let background = request.json()["background"] == true;
            let status = if background { "queued" } else { "completed" };
            let usage = json!({"input_tokens": 5, "output_tokens": 2});
            json!({"id": "resp_1", "object": "response", "status": status, "usage": if background { Value::Null } else { usage }})
        }
        ("GET", "/responses/resp_1") => {
            json!({"id": "resp_1", "status": if done {"completed"} else {"queued"}, "usage": if done {json!({"input_tokens": 5, "output_tokens": 2})} else {Value::Null}})
        }
        _ => return (404, json!({"error": {"message": "none", "code": "not_found"}})),
    };
    (200, body)
}

async fn ask(stage: &Stage, key: &CreatedApiKey, method: Method, path: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {}", key.secret);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    stage.request(method, path, &headers, body.to_owned()).await
}

async fn get(stage: &Stage, path: &str) -> Answer {
    ask(stage, &stage.key, Method::GET, path, "").await
}

async fn upload(stage: &Stage) -> Answer {
    let form = "--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncontent\r\n--XX--\r\n";
    let bearer = format!("Bearer {}", stage.key.secret);
    let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=XX")];
    stage.request(Method::POST, "/v1/files", &headers, form).await
}

/// A key of another project of the same organization.
async fn stranger(stage: &Stage) -> CreatedApiKey {
    let other = services::projects::create(&stage.services, &stage.actor, "Other", "").await.unwrap();
    stage.key(|key| key.project_id = Some(other.id)).await
}

#[tokio::test]
async fn a_file_is_its_projects_alone() {
    let (upstream, _) = keeper().await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    let uploaded = upload(&stage).await;
    assert_eq!(uploaded.json()["id"], "file-1", "{uploaded:?}");
    assert_eq!(get(&stage, "/v1/files/file-1").await.json()["bytes"], 120);
    assert_eq!(get(&stage, "/v1/files/file-1/content").await.text(), "content");
    let listed = get(&stage, "/v1/files?purpose=fine-tune").await.json();
    assert_eq!((listed["data"][0]["id"].as_str(), listed["has_more"].as_bool()), (Some("file-1"), Some(false)));
    assert_eq!(get(&stage, "/v1/files?purpose=batch").await.json()["data"], json!([]));

    let before = upstream.requests().len();
    let stranger = stranger(&stage).await;
    for (method, path) in [
        (Method::GET, "/v1/files/file-1"),
        (Method::GET, "/v1/files/file-1/content"),
        (Method::DELETE, "/v1/files/file-1"),
    ] {
        let answer = ask(&stage, &stranger, method.clone(), path, "").await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "not_found"), "{method} {path}");
    }
    assert_eq!(ask(&stage, &stranger, Method::GET, "/v1/files", "").await.json()["data"], json!([]));
    let train = r#"{"model":"tune-x","training_file":"file-1"}"#;
    let answer = ask(&stage, &stranger, Method::POST, "/v1/fine_tuning/jobs", train).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["param"].as_str()),
        (StatusCode::NOT_FOUND, Some("training_file"))
    );
    let read = r#"{"model":"gpt-x","input":[{"content":[{"type":"input_file","file_id":"file-1"}]}]}"#;
    let answer = ask(&stage, &stranger, Method::POST, "/v1/responses", read).await;
    assert_eq!((answer.status, answer.json()["error"]["param"].as_str()), (StatusCode::NOT_FOUND, Some("file_id")));
    for id in ["file-2", "..", "%2e%2e", "file-1%2Fcontent", "a%00"] {
        assert_eq!(get(&stage, &format!("/v1/files/{id}")).await.status, StatusCode::NOT_FOUND, "{id}");
    }
    assert_eq!(upstream.requests().len(), before, "the provider wasn't asked");

    assert_eq!(ask(&stage, &stage.key, Method::DELETE, "/v1/files/file-1", "").await.json()["deleted"], true);
    assert_eq!(get(&stage, "/v1/files/file-1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&stage, "/v1/files").await.json()["data"], json!([]));
    assert!(stage.calls().await.iter().all(|call| call.cost.unwrap().nanos() == 0));
}

#[tokio::test]
async fn a_video_is_metered_once_when_it_is_done_whoever_sees_it() {
    let (upstream, done) = keeper().await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    let created = stage.post("/v1/videos", r#"{"model":"film-x","prompt":"a road"}"#).await;
    assert_eq!(created.json()["id"], "video_1");
    assert_eq!(upstream.requests()[0].json()["model"], "film-x-2026");
    assert_eq!(get(&stage, "/v1/videos/video_1").await.json()["status"], "queued");
    let minutes = |calls: Vec<domain::calls::Call>| -> Vec<(i64, i64)> {
        let metered = calls.into_iter().filter(|call| call.used.media_ms > 0);
        metered.map(|call| (call.used.media_ms, call.cost.unwrap().nanos())).collect()
    };
    assert_eq!(minutes(stage.calls().await), []);
    done.store(true, Ordering::SeqCst);
    // Two clients and the background task at once.
    let (one, other) = (get(&stage, "/v1/videos/video_1"), get(&stage, "/v1/videos/video_1"));
    let (one, other, check) = tokio::join!(one, other, stage.gateway.check_due_jobs());
    check.unwrap();
    assert_eq!((one.json()["status"].as_str(), other.status), (Some("completed"), StatusCode::OK));
    get(&stage, "/v1/videos/video_1").await;
    assert_eq!(minutes(stage.calls().await), [(8_000, 800_000_000)]);
    assert_eq!(get(&stage, "/v1/videos/video_1/content").await.text(), "film");
    assert_eq!(get(&stage, "/v1/videos").await.json()["data"][0]["status"], "completed");
    let remix = stage.post("/v1/videos/video_1/remix", r#"{"prompt":"b"}"#).await;
    assert_eq!(remix.json()["id"], "video_2");
    assert_eq!(minutes(stage.calls().await).len(), 2, "it was done at once");
}

#[tokio::test]
async fn a_job_that_nobody_asks_for_is_looked_after() {
    let (upstream, done) = keeper().await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    assert_eq!(upload(&stage).await.status, StatusCode::OK);
    let job = r#"{"model":"tune-x","training_file":"file-1"}"#;
    assert_eq!(stage.post("/v1/fine_tuning/jobs", job).await.json()["status"], "running");
    assert_eq!(get(&stage, "/v1/fine_tuning/jobs/ftjob-1/events").await.status, StatusCode::OK);
    done.store(true, Ordering::SeqCst);
    due_now(&stage).await;
    stage.gateway.check_due_jobs().await.unwrap();
    stage.gateway.check_due_jobs().await.unwrap();
    let metered: Vec<_> = stage.calls().await.into_iter().filter(|call| call.used != Quantities::NONE).collect();
    assert_eq!(metered.len(), 1);
    assert_eq!((metered[0].used.tokens_in, metered[0].cost.unwrap().nanos()), (4_000, 4_000 * 25_000));
    assert_eq!((metered[0].model.as_str(), metered[0].outcome), ("tune-x", Outcome::Succeeded));
    // The job's result belongs to its owner.
    assert_eq!(get(&stage, "/v1/files/file-result/content").await.text(), "content");
}

#[tokio::test]
async fn a_job_that_cant_be_looked_after_takes_no_other_with_it() {
    use sea_orm::ConnectionTrait;
    let (upstream, done) = keeper().await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    assert_eq!(stage.post("/v1/videos", r#"{"model":"film-x","prompt":"a road"}"#).await.json()["id"], "video_1");
    // A job of a deleted organization, which is given up immediately, and fails to be recorded.
    let transaction = stage.services.database().begin().await.unwrap();
    let gone = "INSERT INTO provider_objects SELECT randomblob(16), project_id, kind, 'video_0', api_key_id, secret_id, \
         member_id, provider, model, price_id, 0, deleted_at, bytes, randomblob(16), look_at, document, tags FROM provider_objects";
    transaction.execute_unprepared(gone).await.unwrap();
    transaction.commit().await.unwrap();
    done.store(true, Ordering::SeqCst);
    due_now(&stage).await;
    assert!(stage.gateway.check_due_jobs().await.is_err());
    assert_eq!(stage.calls().await.iter().filter(|call| call.used.media_ms == 8_000).count(), 1);
}

/// Makes all jobs due; otherwise they are checked first some seconds after their creation.
async fn due_now(stage: &Stage) {
    use sea_orm::ConnectionTrait;
    let transaction = stage.services.database().begin().await.unwrap();
    transaction.execute_unprepared("UPDATE provider_objects SET look_at = 0 WHERE look_at IS NOT NULL").await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn a_response_can_be_asked_for_again_by_its_own_project() {
    let (upstream, done) = keeper().await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    stage.post("/v1/responses", r#"{"model":"gpt-x","input":"a"}"#).await;
    assert_eq!(get(&stage, "/v1/responses/resp_1").await.json()["id"], "resp_1");
    let next = r#"{"model":"gpt-x","input":"b","previous_response_id":"resp_1"}"#;
    assert_eq!(stage.post("/v1/responses", next).await.status, StatusCode::OK);
    let stranger = stranger(&stage).await;
    assert_eq!(ask(&stage, &stranger, Method::GET, "/v1/responses/resp_1", "").await.status, StatusCode::NOT_FOUND);
    let answer = ask(&stage, &stranger, Method::POST, "/v1/responses", next).await;
    assert_eq!(answer.json()["error"]["param"], "previous_response_id");
    drop(done);
}

#[tokio::test]
async fn a_response_that_isnt_stored_cant_be_asked_for() {
    let (upstream, _) = keeper().await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    stage.post("/v1/responses", r#"{"model":"gpt-x","input":"a","store":false}"#).await;
    assert_eq!(get(&stage, "/v1/responses/resp_1").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_response_in_the_background_is_metered_when_it_is_done() {
    let (upstream, done) = keeper().await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    stage.post("/v1/responses", r#"{"model":"gpt-x","input":"a","background":true}"#).await;
    assert_eq!(stage.call().await.cost.unwrap().nanos(), 0);
    done.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(get(&stage, "/v1/responses/resp_1").await.json()["status"], "completed");
    }
    let spent: i64 = stage.calls().await.iter().map(|call| call.cost.unwrap().nanos()).sum();
    assert_eq!(spent, 5 * 250 + 2 * 2_000);
}

#[tokio::test]
async fn what_was_deleted_at_the_provider_is_gone_here_too() {
    let (upstream, _) = keeper().await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    // The provider doesn't find this video.
    stage.post("/v1/videos", r#"{"model":"film-x","prompt":"a"}"#).await;
    stage.post("/v1/videos/video_1/remix", r#"{"prompt":"b"}"#).await;
    assert_eq!(get(&stage, "/v1/videos").await.json()["data"].as_array().unwrap().len(), 2);
    assert_eq!(get(&stage, "/v1/videos/video_2").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&stage, "/v1/videos").await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn lists_go_on_where_a_page_ended() {
    let stage = Stage::with(&[&Upstream::down().await], "files_provider = \"sandbox\"").await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(upload(&stage).await.json()["id"].as_str().unwrap().to_owned());
    }
    let page = async |query: &str| -> (Vec<String>, bool) {
        let page = get(&stage, &format!("/v1/files?{query}")).await.json();
        let ids = page["data"].as_array().unwrap().iter().map(|file| file["id"].as_str().unwrap().to_owned());
        (ids.collect(), page["has_more"].as_bool().unwrap())
    };
    let (all, more) = page("order=asc").await;
    assert_eq!((all.len(), more), (5, false));
    let (first, more) = page("order=asc&limit=2").await;
    assert_eq!((&first[..], more), (&all[..2], true));
    let (next, _) = page(&format!("order=asc&limit=2&after={}", first[1])).await;
    assert_eq!(next, all[2..4]);
    let (newest, _) = page("limit=1").await;
    assert_eq!(newest[0], all[4]);
}
