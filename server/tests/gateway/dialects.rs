//! Usage reported in providers' own forms is charged as they mean it.

use domain::calls::CountSource;

use super::{
    anthropic,
    stage::{CHAT, EMBEDDINGS, Stage},
    upstream::Upstream,
};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

#[tokio::test]
async fn cached_tokens_are_charged_as_such_by_whichever_name() {
    for usage in [
        r#""prompt_cache_hit_tokens":900,"prompt_cache_miss_tokens":100"#,
        r#""prompt_tokens_details":{"cached_tokens":900}"#,
        r#""cached_tokens":900"#,
    ] {
        let answer = format!(
            r#"{{"choices":[{{}}],"usage":{{"prompt_tokens":1000,"completion_tokens":50,"total_tokens":1050,{usage}}}}}"#
        );
        let upstream = Upstream::answering(200, JSON, &answer).await;
        let stage = Stage::new(&upstream).await;
        stage.post(CHAT, r#"{"model":"gpt-x","messages":[]}"#).await;
        let call = stage.call().await;
        assert_eq!((call.measured, call.used.cached_tokens_in), (CountSource::Reported, 900), "{usage}");
        assert_eq!(call.cost.unwrap().nanos(), 100 * 250 + 900 * 25 + 50 * 2_000, "{usage}");
    }
}

#[tokio::test]
async fn a_sum_alone_is_the_input_of_embeddings_and_no_count_of_a_chat() {
    let upstream = Upstream::answering(200, JSON, r#"{"data":[],"usage":{"total_tokens":10}}"#).await;
    let stage = Stage::new(&upstream).await;
    stage.post(EMBEDDINGS, r#"{"model":"embed-x","input":"hello"}"#).await;
    let call = stage.calls().await.remove(0);
    assert_eq!((call.measured, call.used.tokens_in), (CountSource::Reported, 10));
    let answer = r#"{"choices":[{"message":{"content":"hello world"}}],"usage":{"prompt_tokens":1000}}"#;
    let upstream = Upstream::answering(200, JSON, answer).await;
    let stage = Stage::new(&upstream).await;
    stage.post(CHAT, r#"{"model":"gpt-x","messages":[]}"#).await;
    let call = stage.call().await;
    assert_eq!((call.measured, call.used.tokens_in, call.used.tokens_out), (CountSource::Estimated, 1000, 2));
}

#[tokio::test]
async fn counts_that_contradict_each_other_are_marked_in_the_log() {
    let answer = r#"{"choices":[{}],"usage":{"prompt_tokens":20,"completion_tokens":198,"total_tokens":623}}"#;
    let upstream = Upstream::answering(200, JSON, answer).await;
    let stage = Stage::new(&upstream).await;
    stage.post(CHAT, r#"{"model":"gpt-x","messages":[]}"#).await;
    let call = stage.call().await;
    assert_eq!((call.measured, call.used.tokens_out), (CountSource::Contradictory, 603));
    assert_eq!(call.cost.unwrap().nanos(), 20 * 250 + 603 * 2_000);
}

#[tokio::test]
async fn zeros_at_the_end_of_a_stream_take_nothing_back() {
    let events = concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"usage\":{\"input_tokens\":15,\
         \"cache_read_input_tokens\":100,\"output_tokens\":1}}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":7}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"input_tokens\":0,\
         \"cache_read_input_tokens\":0,\"output_tokens\":0}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );
    let upstream = Upstream::answering(200, &[("content-type", "text/event-stream")], events).await;
    let stage = anthropic::stage(&upstream).await;
    stage.post("/v1/messages", r#"{"model":"claude-x","max_tokens":9,"messages":[],"stream":true}"#).await;
    let call = stage.call().await;
    let used = (call.used.tokens_in, call.used.cached_tokens_in, call.used.tokens_out);
    assert_eq!((call.measured, used), (CountSource::Reported, (115, 100, 7)));
}
