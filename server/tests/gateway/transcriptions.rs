//! The usage of transcriptions that the provider doesn't report.

use axum::http::Method;
use domain::calls::CountSource;

use super::{
    endpoints::MODELS,
    stage::{EMBEDDINGS, Stage},
    upstream::Upstream,
};

const FORM: &str = "multipart/form-data; boundary=XX";

fn field(name: &str, value: &str) -> Vec<u8> {
    format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes()
}

/// A minute and a half of silence: 1,000 samples per second, 8 bits each.
fn recording() -> Vec<u8> {
    let (samples, rate) = (90_000_u32, 1_000_u32);
    let mut file = b"--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n".to_vec();
    file.extend(b"RIFF");
    file.extend((36 + samples).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(rate.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend(b"\x01\0\x08\0data");
    file.extend(samples.to_le_bytes());
    file.extend(vec![128; samples as usize]);
    file.extend(b"\r\n");
    file
}

async fn transcribe(stage: &Stage, parts: &[Vec<u8>]) -> String {
    let bearer = format!("Bearer {}", stage.key.secret);
    let headers = [("authorization", bearer.as_str()), ("content-type", FORM)];
    let form = [parts.concat(), b"--XX--\r\n".to_vec()].concat();
    let answer = stage.request(Method::POST, "/v1/audio/transcriptions", &headers, form).await;
    answer.text().to_owned()
}

#[tokio::test]
async fn a_transcription_costs_the_same_in_whatever_form_it_is_asked_for() {
    for (format, kind, answer) in [
        ("text", "text/plain; charset=utf-8", "hello\n"),
        ("srt", "text/plain; charset=utf-8", "1\n00:00:00,000 --> 00:00:01,000\nhello\n"),
        ("vtt", "text/vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n"),
        ("json", "application/json", r#"{"text":"hello"}"#),
    ] {
        let upstream = Upstream::answering(200, &[("content-type", kind)], answer).await;
        let stage = Stage::with(&[&upstream], MODELS).await;
        let parts = [recording(), field("model", "talk-x"), field("response_format", format)];
        assert_eq!(transcribe(&stage, &parts).await, answer);
        let call = stage.call().await;
        assert_eq!((call.measured, call.used.media_ms), (CountSource::Estimated, 90_000), "{format}");
        assert_eq!(call.cost.unwrap().to_string(), "0.009", "{format}");
    }
    let reported = r#"{"text":"hello","usage":{"type":"duration","seconds":60}}"#;
    let upstream = Upstream::answering(200, &[("content-type", "application/json")], reported).await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    transcribe(&stage, &[recording(), field("model", "talk-x")]).await;
    let call = stage.call().await;
    assert_eq!((call.measured, call.used.media_ms), (CountSource::Reported, 60_000), "what the provider says counts");
}

#[tokio::test]
async fn a_recording_that_isnt_here_has_no_known_length() {
    let upstream = Upstream::answering(200, &[("content-type", "text/plain")], "hello\n").await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    transcribe(&stage, &[field("url", "https://a.example/b.wav"), field("model", "talk-x")]).await;
    let call = stage.call().await;
    assert_eq!((call.measured, call.cost), (CountSource::Unknown, None));

    let upstream = Upstream::answering(400, &[("content-type", "application/json")], r#"{"error":{"code":"x"}}"#).await;
    let stage = Stage::with(&[&upstream], MODELS).await;
    transcribe(&stage, &[recording(), field("model", "talk-x")]).await;
    let call = stage.call().await;
    assert_eq!((call.measured, call.cost.unwrap().nanos()), (CountSource::Unknown, 0), "what failed costs nothing");
}

#[tokio::test]
async fn arrays_of_tokens_are_as_many_as_they_hold() {
    let upstream = Upstream::answering(200, &[("content-type", "application/json")], r#"{"data":[{}]}"#).await;
    let stage = Stage::new(&upstream).await;
    let many = vec!["100257"; 50_000].join(",");
    for (input, tokens) in [("[1,2,3]", 3), ("[[100257,1],[7]]", 3), (format!("[{many}]").as_str(), 50_000)] {
        stage.post(EMBEDDINGS, format!(r#"{{"model":"embed-x","input":{input}}}"#)).await;
        let call = stage.calls().await.remove(0);
        assert_eq!((call.measured, call.used.tokens_in, call.used.tokens_out), (CountSource::Estimated, tokens, 0));
    }
}
