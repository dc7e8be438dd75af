//! What is said in calls is kept as the organization chose, off the calls' way.

use axum::http::StatusCode;
use domain::{
    bodies::{Bodies, BodySettings, KeptBodies},
    ids::CallId,
};
use patience::find;
use serde_json::{Value, json};
use services::{bodies, organizations};

use super::{
    stage::{CHAT, Stage},
    upstream::Upstream,
};

const ANSWER: &str = r#"{"choices":[{"message":{"content":"planted answer"}}],"usage":{"prompt_tokens":9}}"#;
const EVENTS: &[(&str, &str)] = &[("content-type", "text/event-stream")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json"), ("x-provider-token", "planted-token")];

impl Stage {
    /// What is kept of a call, as soon as it is.
    async fn kept(&self, id: &str) -> Bodies {
        let id: CallId = id.parse().unwrap();
        find("what was said is kept", async || match bodies::get(&self.services, &self.actor, id).await.unwrap() {
            KeptBodies::Kept(kept) => Some(kept),
            KeptBodies::Gone => None,
            KeptBodies::Off => panic!("nothing is kept"),
        })
        .await
    }

    /// Chooses, and waits until the gateway knows.
    async fn choose(&self, chosen: BodySettings) {
        let mut settings = organizations::settings(&self.services, &self.actor).await.unwrap();
        settings.bodies = chosen;
        organizations::update_settings(&self.services, &self.actor, settings).await.unwrap();
    }
}

fn asked(text: &str) -> String {
    json!({ "model": "gpt-x", "user": "planted user", "messages": [{ "role": "user", "content": text }] }).to_string()
}

#[tokio::test]
async fn request_and_answer_are_kept_with_harmless_headers() {
    let stage = Stage::new(&Upstream::answering(200, JSON, ANSWER).await).await;
    let question = asked("hello");
    let answer = stage.post(CHAT, question.clone()).await;
    let kept = stage.kept(answer.id()).await;
    // As the client sent it, not as the provider was asked.
    assert_eq!(kept.request.text.as_deref(), Some(&*question));
    assert_eq!((kept.request.bytes, kept.request.cut), (question.len() as u64, false));
    assert_eq!(kept.response.text.as_deref(), Some(ANSWER));
    assert!(!kept.response.assembled);
    let header = |body: &domain::bodies::Body, name: &str| {
        body.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
    };
    assert_eq!(header(&kept.request, "authorization").as_deref(), Some("[redacted]"));
    assert_eq!(header(&kept.request, "content-type").as_deref(), Some("application/json"));
    assert_eq!(header(&kept.response, "x-provider-token"), None, "it isn't passed on");
    assert_eq!(header(&kept.response, "x-request-id").as_deref(), Some(answer.id()));
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
    let kept = stage.kept(answer.id()).await.response;
    let whole: Value = serde_json::from_str(&kept.text.unwrap()).unwrap();
    assert_eq!(whole["choices"][0]["message"]["content"], "Hello");
    assert_eq!((kept.assembled, kept.cut, kept.bytes), (true, false, stream.len() as u64));
}

#[tokio::test]
async fn what_is_chosen_holds() {
    let stage = Stage::new(&Upstream::answering(200, JSON, ANSWER).await).await;
    let redact = ["content", "user"].map(str::to_owned).to_vec();
    stage.choose(BodySettings { days: Some(3), limit: 1024, redact }).await;
    // Until the gateway has heard of it, it keeps everything.
    let question = asked(&"planted ".repeat(1_000));
    let kept = find("less is kept", async || {
        Some(stage.kept(stage.post(CHAT, question.clone()).await.id()).await).filter(|kept| kept.request.cut)
    })
    .await;
    for side in [&kept.request, &kept.response] {
        let text = side.text.as_deref().unwrap();
        assert!(!text.contains("planted") && text.contains("[redacted]"), "{text}");
    }
    assert_eq!((kept.request.bytes, kept.response.cut), (question.len() as u64, false));
}

#[tokio::test]
async fn what_was_turned_away_isnt_kept_and_failures_are() {
    let stage = Stage::new(&Upstream::answering(400, JSON, r#"{"error":{"message":"no"}}"#).await).await;
    let refused = stage.post(CHAT, r#"{"model":"none-such","messages":[]}"#).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let failed = stage.post(CHAT, asked("hello")).await;
    assert_eq!(stage.kept(failed.id()).await.response.text.as_deref(), Some(r#"{"error":{"message":"no"}}"#));
    // Calls are written in the order in which they ended.
    let id = refused.id().parse().unwrap();
    assert_eq!(bodies::get(&stage.services, &stage.actor, id).await.unwrap(), KeptBodies::Gone);
}

#[tokio::test]
async fn a_sound_is_told_by_its_size_and_keys_in_a_text_are_masked() {
    let stage = Stage::new(&Upstream::answering(200, &[("content-type", "audio/mpeg")], "sound").await).await;
    let question = asked(&stage.key.secret);
    let answer = stage.post(CHAT, question).await;
    let kept = stage.kept(answer.id()).await;
    assert_eq!((kept.response.text, kept.response.bytes), (None, 5));
    assert!(!kept.request.text.unwrap().contains(&stage.key.secret));
}
