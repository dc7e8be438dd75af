//! Documents about provider objects. Source: OpenAI's API reference, for files, fine-tuning
//! jobs, videos and responses.

use domain::{
    calls::{CountSource, Outcome},
    money::Quantities,
};
use serde::Deserialize;
use serde_json::Value;
use services::{
    metering::MAX_TOKENS,
    provider_objects::{JobResult, ObjectKind},
};

use crate::{
    gateway::{answers::signs::code_in, endpoint::MeteredUnit, usage::ReportedUsage},
    v1::dialect::Dialect,
};

/// Longest plausible video, in seconds: a day.
const MAX_VIDEO_SECONDS: f64 = 86_400.0;

/// The status of a cancelled job, and its code in the log.
const CANCELLED: &str = "cancelled";

#[derive(Debug, Default, Deserialize)]
pub(super) struct Document {
    pub(super) id: Option<String>,
    status: Option<String>,
    /// The expiration, in seconds of Unix time.
    pub(super) expires_at: Option<i64>,
    bytes: Option<i64>,
    purpose: Option<String>,
    metadata: Option<Value>,
    /// The length of a video; a text at OpenAI.
    seconds: Option<Value>,
    trained_tokens: Option<i64>,
    result_files: Option<Vec<String>>,
}

impl Document {
    /// Parses a document. One of another form is empty.
    pub(super) fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    pub(super) fn bytes(&self) -> i64 {
        self.bytes.unwrap_or(0).max(0)
    }

    pub(super) fn has_purpose(&self, purpose: &str) -> bool {
        self.purpose.as_deref() == Some(purpose)
    }

    /// Whether the metadata contain this key and value.
    pub(super) fn has_metadata(&self, key: &str, value: &str) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| metadata.get(key).is_some_and(|found| found == value))
    }

    pub(super) fn result_files(&self) -> &[String] {
        self.result_files.as_deref().unwrap_or_default()
    }

    /// The result of the job, if it has ended. `text` is the document's text.
    pub(super) fn job_result(&self, kind: ObjectKind, text: &str) -> Option<JobResult> {
        let outcome = match self.status.as_deref()? {
            "completed" | "succeeded" | "incomplete" => Outcome::Succeeded,
            "failed" | "expired" => Outcome::Failed,
            // The client cancelled the job; the work until then may be charged.
            CANCELLED => Outcome::Interrupted,
            _ => return None,
        };
        let used = match kind {
            _ if outcome != Outcome::Succeeded && kind != ObjectKind::Response => None,
            ObjectKind::Video => self
                .video_ms()
                .map(|media_ms| (CountSource::Reported, Quantities { media_ms, ..Quantities::default() })),
            ObjectKind::FineTuningJob => self
                .trained_tokens
                .filter(|tokens| (0..=MAX_TOKENS).contains(tokens))
                .map(|tokens_in| (CountSource::Reported, Quantities { tokens_in, ..Quantities::default() })),
            ObjectKind::Response => {
                ReportedUsage::read(text.as_bytes()).reports.quantities(Dialect::OpenAi, MeteredUnit::Tokens)
            }
            ObjectKind::File | ObjectKind::ChatCompletion => None,
        };
        let error_code = match outcome {
            Outcome::Succeeded => String::new(),
            Outcome::Interrupted => CANCELLED.to_owned(),
            _ => code_in(text.as_bytes()).unwrap_or_else(|| "job_failed".to_owned()),
        };
        Some(JobResult { outcome, used, error_code })
    }

    fn video_ms(&self) -> Option<i64> {
        let seconds = match self.seconds.as_ref()? {
            Value::String(text) => text.parse().ok()?,
            number => number.as_f64()?,
        };
        // The value is small enough for the conversion to be exact to the millisecond.
        (0.0..=MAX_VIDEO_SECONDS).contains(&seconds).then(|| (seconds * 1000.0).round() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(kind: ObjectKind, text: &str) -> Option<(Outcome, Option<Quantities>)> {
        let result = Document::read(text).job_result(kind, text)?;
        Some((result.outcome, result.used.map(|(_, used)| used)))
    }

    #[test]
    fn what_a_job_used_is_known_when_it_is_done() {
        let video = Quantities { media_ms: 8_000, ..Quantities::default() };
        assert_eq!(result(ObjectKind::Video, r#"{"status":"in_progress","seconds":"8"}"#), None);
        for seconds in ["\"8\"", "8", "8.0"] {
            let text = format!(r#"{{"status":"completed","seconds":{seconds}}}"#);
            assert_eq!(result(ObjectKind::Video, &text), Some((Outcome::Succeeded, Some(video))));
        }
        assert_eq!(result(ObjectKind::Video, r#"{"status":"failed","seconds":"8"}"#), Some((Outcome::Failed, None)));
        assert_eq!(result(ObjectKind::Video, r#"{"status":"completed"}"#), Some((Outcome::Succeeded, None)));
        let trained = Quantities { tokens_in: 70, ..Quantities::default() };
        assert_eq!(
            result(ObjectKind::FineTuningJob, r#"{"status":"succeeded","trained_tokens":70}"#),
            Some((Outcome::Succeeded, Some(trained)))
        );
        assert_eq!(
            result(ObjectKind::FineTuningJob, r#"{"status":"cancelled","trained_tokens":null}"#),
            Some((Outcome::Interrupted, None))
        );
        let used = Quantities { tokens_in: 3, tokens_out: 2, ..Quantities::default() };
        assert_eq!(
            result(ObjectKind::Response, r#"{"status":"completed","usage":{"input_tokens":3,"output_tokens":2}}"#),
            Some((Outcome::Succeeded, Some(used)))
        );
        assert_eq!(result(ObjectKind::Response, "[]"), None);
        let text = r#"{"status":"cancelled","usage":{"input_tokens":3,"output_tokens":0}}"#;
        let until_then = Quantities { tokens_in: 3, ..Quantities::default() };
        assert_eq!(result(ObjectKind::Response, text), Some((Outcome::Interrupted, Some(until_then))));
        let code = Document::read(text).job_result(ObjectKind::Response, text).map(|result| result.error_code);
        assert_eq!(code.as_deref(), Some("cancelled"));
    }
}
