//! Stored bodies, and data in them, as files.

use axum::http::{HeaderMap, Method, StatusCode, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use domain::{
    bodies::{BodiesState, BodyDeletion},
    ids::CallId,
};
use patience::find;
use serde_json::{Value, json};

use crate::world::{World, json as body, program};

/// Makes a call with these parts as its content; returns its ID once its bodies are stored.
async fn ask(world: &World, content: &Value) -> CallId {
    let secret = world.key(&world.owner).await.secret;
    let request = json!({ "model": "sandbox-1", "messages": [{ "role": "user", "content": content }] });
    let answer = world.send(program(&Method::POST, "/v1/chat/completions", Some(&secret), &request)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let id: CallId = answer.headers()["x-request-id"].to_str().unwrap().parse().unwrap();
    axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    find("the bodies are stored", async || {
        let state = services::bodies::get(&world.services, &world.owner.actor, id).await.unwrap();
        matches!(state, BodiesState::Kept(_)).then_some(())
    })
    .await;
    id
}

fn part(media_type: &str, data: &[u8]) -> Value {
    let url = format!("data:{media_type};base64,{}", STANDARD.encode(data));
    json!({ "type": "image_url", "image_url": { "url": url } })
}

async fn file(world: &World, path: &str) -> (StatusCode, HeaderMap, Bytes) {
    let answer = world.get(path, Some(&world.owner.token)).await;
    let (parts, body) = answer.into_parts();
    (parts.status, parts.headers, axum::body::to_bytes(body, usize::MAX).await.unwrap())
}

#[tokio::test]
async fn only_pictures_are_shown_and_nothing_runs() {
    let world = World::new().await;
    let (png, svg) = (vec![7; 1_000], "<svg onload='alert(1)'/>".repeat(50).into_bytes());
    let id = ask(&world, &json!([part("image/png", &png), part("image/svg+xml", &svg), part("text/html", &svg)])).await;
    let query = |rest: &str| format!("organization=acme&call={id}&side=request{rest}");
    for (index, kind, data) in
        [(0, "image/png", &png), (1, "application/octet-stream", &svg), (2, "application/octet-stream", &svg)]
    {
        let pointer = format!("&pointer=/messages/0/content/{index}/image_url/url");
        let (status, headers, found) = file(&world, &format!("/api/bodies/media?{}", query(&pointer))).await;
        assert_eq!((status, &found[..]), (StatusCode::OK, &data[..]), "{index}");
        assert_eq!(headers[header::CONTENT_TYPE], kind, "{index}");
        let disposition = headers[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert_eq!(disposition.starts_with("attachment"), index > 0, "{disposition}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sandbox"));
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    }
    let (status, headers, text) = file(&world, &format!("/api/bodies/raw?{}", query(""))).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CONTENT_TYPE], "application/octet-stream");
    assert_eq!(headers[header::CONTENT_DISPOSITION], format!("attachment; filename=\"{id}.request.json\"").as_str());
    let text: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(text["messages"][0]["content"][0], part("image/png", &png));
    for wrong in ["/api/bodies/media?", "/api/bodies/raw?side=both&"] {
        let (status, ..) = file(&world, &format!("{wrong}organization=acme&call={id}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{wrong}");
    }
}

#[tokio::test]
async fn bodies_are_deleted_by_those_who_manage_the_organization() {
    let world = World::new().await;
    let id = ask(&world, &json!("planted")).await;
    let input = json!({ "organization": "acme", "query": { "filter": { "models": ["sandbox-1"] } } });
    for (person, status) in [
        (&world.viewer, StatusCode::FORBIDDEN),
        (&world.developer, StatusCode::FORBIDDEN),
        (&world.stranger, StatusCode::NOT_FOUND),
    ] {
        assert_eq!(world.post("/api/bodies/delete", Some(&person.token), &input).await.status(), status);
    }
    let answer = body(world.post("/api/bodies/delete", Some(&world.admin.token), &input).await).await;
    let deletion: BodyDeletion = serde_json::from_value(answer).unwrap();
    assert_eq!(deletion, BodyDeletion { deleted: 1, rest: None });
    let state = services::bodies::get(&world.services, &world.owner.actor, id).await.unwrap();
    assert_eq!(state, BodiesState::Gone);
    assert!(services::calls::get(&world.services, &world.owner.actor, id).await.is_ok(), "the call stays");
}
