//! Bodies of calls are stored by the organization's settings, without delaying the calls.

use axum::http::{Method, StatusCode};
use domain::{
    api_keys::ApiKeyChanges,
    bodies::{BodiesState, BodyExclusion, BodySettings, CallBodies},
    ids::CallId,
};
use patience::find;
use serde_json::{Value, json};
use services::{bodies, calls, organizations};

use super::{
    stage::{CHAT, Stage},
    upstream::Upstream,
};

const ANSWER: &str = r#"{"choices":[{"message":{"content":"planted answer"}}],"usage":{"prompt_tokens":9}}"#;
const EVENTS: &[(&str, &str)] = &[("content-type", "text/event-stream")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json"), ("x-provider-token", "planted-token")];

impl Stage {
    /// Waits for the stored bodies of a call.
    async fn stored_bodies(&self, id: &str) -> CallBodies {
        let id: CallId = id.parse().unwrap();
        find("what was said is kept", async || match bodies::get(&self.services, &self.actor, id).await.unwrap() {
            BodiesState::Kept(stored) => Some(stored),
            BodiesState::Gone => None,
            BodiesState::Off | BodiesState::Excluded { .. } => panic!("nothing is kept"),
        })
        .await
    }

    /// Changes the settings for bodies.
    async fn set_body_settings(&self, bodies_settings: BodySettings) {
        let mut settings = organizations::settings(&self.services, &self.actor).await.unwrap();
        settings.bodies = bodies_settings;
        organizations::update_settings(&self.services, &self.actor, settings).await.unwrap();
    }
}

fn chat_request(text: &str) -> String {
    json!({ "model": "gpt-x", "user": "planted user", "messages": [{ "role": "user", "content": text }] }).to_string()
}

#[tokio::test]
async fn request_and_answer_are_kept_with_harmless_headers() {
    let stage = Stage::new(&Upstream::answering(200, JSON, ANSWER).await).await;
    let question = chat_request("hello");
    let answer = stage.post(CHAT, question.clone()).await;
    let stored = stage.stored_bodies(answer.id()).await;
    // As the client sent it, not as the provider received it.
    assert_eq!(stored.request.text.as_deref(), Some(&*question));
    assert_eq!((stored.request.bytes, stored.request.cut), (question.len() as u64, false));
    assert_eq!(stored.response.text.as_deref(), Some(ANSWER));
    assert!(!stored.response.assembled);
    let header = |body: &domain::bodies::StoredBody, name: &str| {
        body.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
    };
    assert_eq!(header(&stored.request, "authorization").as_deref(), Some("[redacted]"));
    assert_eq!(header(&stored.request, "content-type").as_deref(), Some("application/json"));
    assert_eq!(header(&stored.response, "x-provider-token"), None, "it isn't passed on");
    assert_eq!(header(&stored.response, "x-request-id").as_deref(), Some(answer.id()));
}

#[tokio::test]
async fn a_stream_is_kept_as_one_answer() {
    let chunk = |content: &str| {
        format!(
            "data: {}\n\n",
            json!({ "id": "c", "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": { "content": content } }] })
        )
    };
    let stream = format!("{}{}data: [DONE]\n\n", chunk("Hel"), chunk("lo"));
    let stage = Stage::new(&Upstream::answering(200, EVENTS, &stream).await).await;
    let answer = stage.post(CHAT, r#"{"model":"gpt-x","stream":true,"messages":[]}"#).await;
    let stored = stage.stored_bodies(answer.id()).await.response;
    let assembled: Value = serde_json::from_str(&stored.text.unwrap()).unwrap();
    assert_eq!(assembled["choices"][0]["message"]["content"], "Hello");
    assert_eq!((stored.assembled, stored.cut, stored.bytes), (true, false, stream.len() as u64));
}

#[tokio::test]
async fn what_is_chosen_holds() {
    let stage = Stage::new(&Upstream::answering(200, JSON, ANSWER).await).await;
    let redact = ["content", "user"].map(str::to_owned).to_vec();
    stage.set_body_settings(BodySettings { days: Some(3), limit: 1024, redact, ..BodySettings::default() }).await;
    // Until the gateway has the new settings, it keeps everything.
    let question = chat_request(&"planted ".repeat(1_000));
    let stored = find("less is kept", async || {
        Some(stage.stored_bodies(stage.post(CHAT, question.clone()).await.id()).await)
            .filter(|stored| stored.request.cut)
    })
    .await;
    for side in [&stored.request, &stored.response] {
        let text = side.text.as_deref().unwrap();
        assert!(!text.contains("planted") && text.contains("[redacted]"), "{text}");
    }
    assert_eq!((stored.request.bytes, stored.response.cut), (question.len() as u64, false));
}

#[tokio::test]
async fn what_was_turned_away_isnt_kept_and_failures_are() {
    let stage = Stage::new(&Upstream::answering(400, JSON, r#"{"error":{"message":"no"}}"#).await).await;
    let refused = stage.post(CHAT, r#"{"model":"none-such","messages":[]}"#).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let failed = stage.post(CHAT, chat_request("hello")).await;
    assert_eq!(stage.stored_bodies(failed.id()).await.response.text.as_deref(), Some(r#"{"error":{"message":"no"}}"#));
    // Bodies are stored in the order in which the calls ended.
    let id = refused.id().parse().unwrap();
    assert_eq!(bodies::get(&stage.services, &stage.actor, id).await.unwrap(), BodiesState::Gone);
}

#[tokio::test]
async fn a_sound_is_told_by_its_size_and_keys_in_a_text_are_masked() {
    let stage = Stage::new(&Upstream::answering(200, &[("content-type", "audio/mpeg")], "sound").await).await;
    let question = chat_request(&stage.key.secret);
    let answer = stage.post(CHAT, question).await;
    let stored = stage.stored_bodies(answer.id()).await;
    assert_eq!((stored.response.text, stored.response.bytes), (None, 5));
    assert!(!stored.request.text.unwrap().contains(&stage.key.secret));
}

#[tokio::test]
async fn a_header_and_a_keys_setting_keep_bodies_out_and_nothing_else() {
    let stage = Stage::new(&Upstream::answering(200, JSON, ANSWER).await).await;
    let silent = stage.key(|key| key.metadata_only = true).await.secret;
    let send = async |key: &str, more: &[(&str, &str)]| {
        let authorization = format!("Bearer {key}");
        let own = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        let headers: Vec<_> = own.into_iter().chain(more.iter().copied()).collect();
        stage.request(Method::POST, CHAT, &headers, chat_request("planted")).await
    };
    let by_header = send(&stage.key.secret, &[("x-tollhouse-log", "metadata")]).await;
    let by_key = send(&silent, &[]).await;
    let stored = send(&stage.key.secret, &[]).await;
    // Once the last one is stored, the others would have been as well.
    stage.stored_bodies(stored.id()).await;
    for (answer, by) in [(&by_header, BodyExclusion::Header), (&by_key, BodyExclusion::Key)] {
        assert_eq!(answer.status, StatusCode::OK);
        let id: CallId = answer.id().parse().unwrap();
        let state = bodies::get(&stage.services, &stage.actor, id).await.unwrap();
        assert_eq!(state, BodiesState::Excluded { by });
        let details = calls::get(&stage.services, &stage.actor, id).await.unwrap();
        assert_eq!((details.call.used.tokens_in, details.body_exclusion), (9, Some(by)));
    }
    let refused = send(&stage.key.secret, &[("x-tollhouse-log", "meta")]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text().contains("x-tollhouse-log"), "{}", refused.text());
}

#[tokio::test]
async fn a_keys_setting_takes_effect_for_its_next_calls() {
    let stage = Stage::new(&Upstream::answering(200, JSON, ANSWER).await).await;
    let changes = ApiKeyChanges { metadata_only: Some(true), ..ApiKeyChanges::default() };
    services::api_keys::edit(&stage.services, &stage.actor, stage.key.api_key.id, changes).await.unwrap();
    find("the key's next calls are kept out", async || {
        let id: CallId = stage.post(CHAT, chat_request("hello")).await.id().parse().unwrap();
        let details = calls::get(&stage.services, &stage.actor, id).await.unwrap();
        details.body_exclusion.map(|by| assert_eq!(by, BodyExclusion::Key))
    })
    .await;
}
