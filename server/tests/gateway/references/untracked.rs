//! References to objects that nobody tracks.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{CHAT, FORM, MODELS, RESPONSES, Stage, form, has_requests_since, keeper, neighbours, post, send};

/// Bodies that refer to untracked objects, with the kinds that allow them in the configuration.
fn untracked() -> Vec<(&'static str, &'static str, Value)> {
    let input = |item: Value| json!({"model": "gpt-x", "input": [{"role": "user", "content": "a"}, item]});
    let tool = |tool: Value| json!({"model": "gpt-x", "input": "a", "tools": [tool]});
    vec![
        (RESPONSES, "conversation", json!({"model": "gpt-x", "input": "a", "conversation": "conv_1"})),
        (RESPONSES, "conversation", json!({"model": "gpt-x", "input": "a", "conversation": {"id": "conv_1"}})),
        (RESPONSES, "conversation", json!({"model": "gpt-x", "input": "a", "Conversation": "conv_1"})),
        (RESPONSES, "item", input(json!({"type": "item_reference", "id": "msg_1"}))),
        (RESPONSES, "item", input(json!({"id": "msg_1"}))),
        (RESPONSES, "item", input(json!({"type": null, "id": "msg_1"}))),
        (RESPONSES, "item", input(json!({"type": " Item_Reference", "ID": "msg_1"}))),
        (RESPONSES, "container", tool(json!({"type": "code_interpreter", "container": "cntr_1"}))),
        (
            RESPONSES,
            "container",
            tool(json!({"type": "shell", "environment": {"type": "container_reference", "container_id": "cntr_1"}})),
        ),
        (RESPONSES, "vector_store", tool(json!({"type": "file_search", "vector_store_ids": ["vs_1"]}))),
        (RESPONSES, "prompt", json!({"model": "gpt-x", "prompt": {"id": "pmpt_1", "version": "2"}})),
        (
            RESPONSES,
            "skill",
            tool(
                json!({"type": "shell", "environment": {"skills": [{"type": "skill_reference", "skill_id": "skill_1"}]}}),
            ),
        ),
        (CHAT, "audio", json!({"model": "gpt-x", "messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]})),
        (
            CHAT,
            "voice",
            json!({"model": "gpt-x", "messages": [], "audio": {"voice": {"id": "voice_1"}, "format": "wav"}}),
        ),
        ("/v1/videos", "character", json!({"model": "film-x", "prompt": "a", "characters": [{"id": "char_1"}]})),
        (
            "/v1/fine_tuning/jobs",
            "integration",
            json!({"model": "tune-x", "training_file": "file-Theirs1", "integrations": [{"type": "wandb"}]}),
        ),
    ]
}

#[tokio::test]
async fn what_nobody_tracks_is_refused_unless_it_is_shared() {
    let upstream = keeper().await;
    let (stage, _) = neighbours(&upstream).await;
    let before = upstream.requests().len();
    for (path, kind, body) in untracked() {
        let answer = post(&stage, &stage.key, path, body.to_string()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {body}");
        assert!(answer.text().contains(kind), "{}", answer.text());
    }
    let film = r#"{"model":"film-x","prompt":"a","video":{"id":"video_nobodys"}}"#;
    assert_eq!(post(&stage, &stage.key, "/v1/videos", film).await.status, StatusCode::NOT_FOUND);
    assert!(!has_requests_since(&upstream, before));

    let kinds = [
        "audio",
        "character",
        "container",
        "conversation",
        "integration",
        "item",
        "prompt",
        "skill",
        "vector_store",
        "voice",
    ];
    let stage = Stage::with(&[&upstream], &format!("shared = {kinds:?}\n{MODELS}")).await;
    let uploaded = send(&stage, &stage.key, "/v1/files", FORM, form(&[("file\"; filename=\"a", "content")])).await;
    assert_eq!(uploaded.status, StatusCode::OK);
    for (path, _, body) in untracked() {
        assert_eq!(post(&stage, &stage.key, path, body.to_string()).await.status, StatusCode::OK, "{path} {body}");
    }
}
