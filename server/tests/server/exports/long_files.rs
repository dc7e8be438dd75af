//! Files that a job makes.

use axum::http::{StatusCode, header};
use patience::find;
use serde_json::json;

use super::call;
use crate::world::{Person, World, json as body};

/// Has a job make the calls' file, which only the member who wanted it gets.
async fn a_long_file_is_made_by_a_job(world: &World) {
    let secret = world.key(&world.owner).await.secret;
    call(world, &secret, "one").await;
    let direct = world.get("/api/calls/export.csv?organization=acme&bom=true", Some(&world.owner.token)).await;
    let direct = axum::body::to_bytes(direct.into_body(), usize::MAX).await.unwrap();
    let new = json!({ "source": "calls", "format": "csv", "query": "bom=true" });
    let question = json!({ "organization": "acme", "new": new });
    let started = body(world.post("/api/exports/start", Some(&world.owner.token), &question).await).await;
    let id = started["id"].as_str().unwrap().to_owned();
    assert_eq!((&started["state"], &started["expected_rows"]), (&json!("waiting"), &json!(1)));
    let path = format!("/api/exports/file?organization=acme&export={id}");
    let status = async |person: &Person| world.get(&path, Some(&person.token)).await.status();
    assert_eq!(status(&world.owner).await, StatusCode::NOT_FOUND, "it isn't ready");
    let server = world.serve("warn").await;
    let list = json!({ "organization": "acme", "watching": true });
    let ready = find("the file is ready", async || {
        let exports = body(world.post("/api/exports/list", Some(&world.owner.token), &list).await).await;
        Some(exports[0].clone()).filter(|export| export["state"] == "ready")
    })
    .await;
    assert_eq!((&ready["rows"], &ready["bytes"]), (&json!(1), &json!(direct.len())));
    // Also by another server than the one that made it.
    let response = world.get(&path, Some(&world.owner.token)).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert_eq!(response.headers()[header::CONTENT_LENGTH], direct.len().to_string());
    assert_eq!(axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap(), direct);
    for other in [&world.admin, &world.developer, &world.viewer, &world.stranger] {
        assert_eq!(status(other).await, StatusCode::NOT_FOUND);
    }
    let cancel = json!({ "organization": "acme", "id": id });
    assert_eq!(
        world.post("/api/exports/cancel", Some(&world.admin.token), &cancel).await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(world.post("/api/exports/cancel", Some(&world.owner.token), &cancel).await.status(), StatusCode::OK);
    assert_eq!(status(&world.owner).await, StatusCode::NOT_FOUND, "it is deleted");
    server.stop().await;
}

#[tokio::test]
async fn a_member_has_some_files_sent_at_once() {
    let world = World::new().await;
    let file = async |person: &Person| world.get("/api/usage/export.csv?organization=acme", Some(&person.token)).await;
    let mut responses = Vec::new();
    for _ in 0..4 {
        let response = file(&world.owner).await;
        assert_eq!(response.status(), StatusCode::OK);
        responses.push(response);
    }
    let response = file(&world.owner).await;
    assert_eq!(
        (response.status(), response.headers()[header::RETRY_AFTER].as_bytes()),
        (StatusCode::TOO_MANY_REQUESTS, &b"10"[..])
    );
    assert_eq!(file(&world.viewer).await.status(), StatusCode::OK, "each has their own");
    // One that has come, and one whose client is gone.
    let first = responses.remove(0);
    axum::body::to_bytes(first.into_body(), usize::MAX).await.unwrap();
    drop(responses.remove(0));
    responses.extend([file(&world.owner).await, file(&world.owner).await]);
    assert!(responses.iter().all(|response| response.status() == StatusCode::OK));
    assert_eq!(file(&world.owner).await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_long_file_is_made_by_a_job_on_sqlite() {
    a_long_file_is_made_by_a_job(&World::new().await).await;
}

#[tokio::test]
async fn a_long_file_is_made_by_a_job_on_postgres() {
    let (world, database) = World::on_postgres("").await;
    a_long_file_is_made_by_a_job(&world).await;
    drop(world);
    database.drop().await;
}
