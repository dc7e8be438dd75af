//! Prices of more than text tokens, and costs with a missing price.

use domain::{
    money::{Money, PricePart, PriceParts, Tier},
    usage::UsageQuery,
};

use super::{
    anthropic,
    stage::{CHAT, Stage},
    upstream::Upstream,
};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

const MODELS: &str = r#"
[[model]]
name = "rich-x"
providers = ["upstream-0"]
service = "chat"
[model.price]
input_per_million = "1"
audio_input_per_million = "32"
output_per_million = "2"
audio_output_per_million = "64"
reasoning_output_per_million = "1"
per_search = "0.01"
per_tool_call = "0.0025"
priority_factor = "1.75"

[[model]]
name = "say-x"
providers = ["upstream-0"]
service = "audio"
price = { per_million_characters = "15" }
"#;

fn parts(parts: &[PricePart]) -> PriceParts {
    parts.iter().copied().collect()
}

#[tokio::test]
async fn what_no_price_covers_is_told_and_the_rest_is_charged() {
    let answer = r#"{"id":"msg_1","type":"message","content":[],"usage":{"input_tokens":10,"output_tokens":5,
        "cache_creation_input_tokens":20,"cache_creation":{"ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":15},
        "server_tool_use":{"web_search_requests":2},"service_tier":"standard"}}"#;
    let upstream = Upstream::answering(200, JSON, answer).await;
    let stage = anthropic::stage(&upstream).await;
    stage.post("/v1/messages", r#"{"model":"claude-x","max_tokens":9,"messages":[]}"#).await;
    let call = stage.call().await;
    assert_eq!((call.used.cache_write_1h_tokens_in, call.used.searches), (15, 2));
    assert_eq!(call.cost.unwrap().nanos(), 10 * 3_000 + 5 * 3_750 + 5 * 15_000);
    assert_eq!(call.unpriced, parts(&[PricePart::HourCacheWrite, PricePart::Search]));
    let report = services::usage::report(&stage.services, &stage.actor, &UsageQuery::default()).await.unwrap();
    assert_eq!(
        (report.total.unpriced, report.total.spend),
        (1, call.cost.unwrap()),
        "it counts as one of unknown cost"
    );
}

#[tokio::test]
async fn sound_reasoning_searches_tools_and_tiers_have_prices_of_their_own() {
    let answer = r#"{"id":"resp_1","object":"response","status":"completed","service_tier":"priority",
        "output":[{"type":"web_search_call","action":{"type":"search"}},{"type":"file_search_call"}],
        "usage":{"input_tokens":100,"output_tokens":80,"total_tokens":180,"input_tokens_details":{"audio_tokens":60},
            "output_tokens_details":{"audio_tokens":20,"reasoning_tokens":40}}}"#;
    let upstream = Upstream::answering(200, JSON, answer).await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    stage.post("/v1/responses", r#"{"model":"rich-x","input":"a"}"#).await;
    let call = stage.call().await;
    let tokens = 40 * 1_000 + 60 * 32_000 + 20 * 2_000 + 20 * 64_000 + 40 * 1_000;
    assert_eq!(call.cost.unwrap().nanos(), tokens * 7 / 4 + 10_000_000 + 2_500_000);
    assert_eq!((call.unpriced, call.used.tier), (PriceParts::NONE, Tier::Priority));

    let answer = answer.replace("priority", "flex");
    let upstream = Upstream::answering(200, JSON, &answer).await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    stage.post("/v1/responses", r#"{"model":"rich-x","input":"a"}"#).await;
    let call = stage.call().await;
    assert_eq!((call.cost.unwrap().nanos(), call.unpriced), (12_500_000, parts(&[PricePart::Tier])));

    let sound = r#"{"choices":[{}],"usage":{"prompt_tokens":100,"completion_tokens":10,
        "prompt_tokens_details":{"audio_tokens":60}}}"#;
    let upstream = Upstream::answering(200, JSON, sound).await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    stage.post(CHAT, r#"{"model":"gpt-x","messages":[]}"#).await;
    let call = stage.call().await;
    assert_eq!((call.cost.unwrap().nanos(), call.unpriced), (40 * 250 + 10 * 2_000, parts(&[PricePart::AudioInput])));
}

#[tokio::test]
async fn what_is_spoken_is_charged_by_its_characters() {
    let upstream = Upstream::answering(200, &[("content-type", "audio/mpeg")], "sound").await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    stage
        .post("/v1/audio/speech", r#"{"model":"say-x","voice":"a","input":"h\u00e9llo w\u00f6rld \ud83d\ude00"}"#)
        .await;
    let call = stage.call().await;
    assert_eq!(
        (call.used.characters, call.cost, call.unpriced),
        (13, Some(Money::from_nanos(195_000)), PriceParts::NONE)
    );
}
