//! What providers say of what they keep. Source: OpenAI's API reference, for files, fine-tuning jobs, videos and responses.

use domain::{
    calls::{Measured, Outcome},
    money::Quantities,
};
use serde::Deserialize;
use serde_json::Value;
use services::{
    metering::MOST_TOKENS,
    provider_objects::{Kind, Settled},
};

use crate::gateway::{
    answers::signs::code_in,
    endpoint::{Counts, Dialect},
    usage::Reported,
};

/// Longest video, in seconds, that is believed: a day.
const LONGEST_VIDEO: f64 = 86_400.0;

/// The status of a job that was cancelled, and the code by which the log knows it.
const CANCELLED: &str = "cancelled";

#[derive(Debug, Default, Deserialize)]
pub(super) struct Document {
    pub(super) id: Option<String>,
    status: Option<String>,
    /// When it is gone by itself, in seconds of Unix time.
    pub(super) expires_at: Option<i64>,
    bytes: Option<i64>,
    purpose: Option<String>,
    metadata: Option<Value>,
    /// Of a video: a text at OpenAI.
    seconds: Option<Value>,
    trained_tokens: Option<i64>,
    result_files: Option<Vec<String>>,
}

impl Document {
    /// What isn't an object, or has another form, says nothing.
    pub(super) fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    pub(super) fn bytes(&self) -> i64 {
        self.bytes.unwrap_or(0).max(0)
    }

    pub(super) fn is_for(&self, purpose: &str) -> bool {
        self.purpose.as_deref() == Some(purpose)
    }

    /// Whether its metadata have this value by this name.
    pub(super) fn has(&self, key: &str, value: &str) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| metadata.get(key).is_some_and(|found| found == value))
    }

    pub(super) fn result_files(&self) -> &[String] {
        self.result_files.as_deref().unwrap_or_default()
    }

    /// How the job ended, if it did. `text` is what this was read from.
    pub(super) fn settled(&self, kind: Kind, text: &str) -> Option<Settled> {
        let outcome = match self.status.as_deref()? {
            "completed" | "succeeded" | "incomplete" => Outcome::Succeeded,
            "failed" | "expired" => Outcome::Failed,
            // Whoever asked for it didn't want it any more; what was done until then may be charged.
            CANCELLED => Outcome::Interrupted,
            _ => return None,
        };
        let used = match kind {
            _ if outcome != Outcome::Succeeded && kind != Kind::Response => None,
            Kind::Video => {
                self.video_ms().map(|media_ms| (Measured::Reported, Quantities { media_ms, ..Quantities::default() }))
            }
            Kind::FineTuningJob => self
                .trained_tokens
                .filter(|tokens| (0..=MOST_TOKENS).contains(tokens))
                .map(|tokens_in| (Measured::Reported, Quantities { tokens_in, ..Quantities::default() })),
            Kind::Response => Reported::read(text.as_bytes()).reports.quantities(Dialect::OpenAi, Counts::Tokens),
            Kind::File | Kind::ChatCompletion => None,
        };
        let error_code = match outcome {
            Outcome::Succeeded => String::new(),
            Outcome::Interrupted => CANCELLED.to_owned(),
            _ => code_in(text.as_bytes()).unwrap_or_else(|| "job_failed".to_owned()),
        };
        Some(Settled { outcome, used, error_code })
    }

    fn video_ms(&self) -> Option<i64> {
        let seconds = match self.seconds.as_ref()? {
            Value::String(text) => text.parse().ok()?,
            number => number.as_f64()?,
        };
        // In range, so the conversion is exact to the millisecond.
        (0.0..=LONGEST_VIDEO).contains(&seconds).then(|| (seconds * 1000.0).round() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(kind: Kind, text: &str) -> Option<(Outcome, Option<Quantities>)> {
        let settled = Document::read(text).settled(kind, text)?;
        Some((settled.outcome, settled.used.map(|(_, used)| used)))
    }

    #[test]
    fn what_a_job_used_is_known_when_it_is_done() {
        let video = Quantities { media_ms: 8_000, ..Quantities::default() };
        assert_eq!(settled(Kind::Video, r#"{"status":"in_progress","seconds":"8"}"#), None);
        for seconds in ["\"8\"", "8", "8.0"] {
            let text = format!(r#"{{"status":"completed","seconds":{seconds}}}"#);
            assert_eq!(settled(Kind::Video, &text), Some((Outcome::Succeeded, Some(video))));
        }
        assert_eq!(settled(Kind::Video, r#"{"status":"failed","seconds":"8"}"#), Some((Outcome::Failed, None)));
        assert_eq!(settled(Kind::Video, r#"{"status":"completed"}"#), Some((Outcome::Succeeded, None)));
        let trained = Quantities { tokens_in: 70, ..Quantities::default() };
        assert_eq!(
            settled(Kind::FineTuningJob, r#"{"status":"succeeded","trained_tokens":70}"#),
            Some((Outcome::Succeeded, Some(trained)))
        );
        assert_eq!(
            settled(Kind::FineTuningJob, r#"{"status":"cancelled","trained_tokens":null}"#),
            Some((Outcome::Interrupted, None))
        );
        let used = Quantities { tokens_in: 3, tokens_out: 2, ..Quantities::default() };
        assert_eq!(
            settled(Kind::Response, r#"{"status":"completed","usage":{"input_tokens":3,"output_tokens":2}}"#),
            Some((Outcome::Succeeded, Some(used)))
        );
        assert_eq!(settled(Kind::Response, "[]"), None);
        let text = r#"{"status":"cancelled","usage":{"input_tokens":3,"output_tokens":0}}"#;
        let until_then = Quantities { tokens_in: 3, ..Quantities::default() };
        assert_eq!(settled(Kind::Response, text), Some((Outcome::Interrupted, Some(until_then))));
        let told = Document::read(text).settled(Kind::Response, text).map(|settled| settled.error_code);
        assert_eq!(told.as_deref(), Some("cancelled"));
    }
}
