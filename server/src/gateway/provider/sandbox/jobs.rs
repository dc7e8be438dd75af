//! Videos and fine-tuning jobs, in the form of OpenAI's API reference.
//!
//! A job's id holds when it began, when it is done, and how much it takes, so that every server knows how it is getting
//! on, also after a restart. What it is about, and that it was stopped, is known as long as its question is remembered.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Answer, Question, Wrong, body, files, json as whole, memory::Remembered, now_ms, to_bytes};
use crate::gateway::endpoint::Verb;

/// Longest video, in seconds.
const LONGEST_VIDEO: u64 = 60;
/// Tokens that are trained where the file's size isn't known.
const TOKENS: u64 = 1_000;

struct Job {
    began_ms: u64,
    done_ms: u64,
    /// Seconds of a video, or tokens that are trained.
    amount: u64,
}

impl Job {
    fn new(question: &Question<'_>, amount: u64) -> Self {
        let began_ms = now_ms();
        Self { began_ms, done_ms: began_ms + question.job_ms, amount }
    }

    fn id(&self, prefix: &str) -> String {
        format!("{prefix}{:x}_{:x}_{:x}_{:08x}", self.began_ms, self.done_ms, self.amount, fastrand::u32(..))
    }

    fn of(prefix: &str, id: &str) -> Result<Self, Wrong> {
        let mut parts = id.strip_prefix(prefix).unwrap_or_default().split('_');
        let mut part = || u64::from_str_radix(parts.next()?, 16).ok();
        match (part(), part(), part()) {
            (Some(began_ms), Some(done_ms), Some(amount)) => Ok(Self { began_ms, done_ms, amount }),
            _ => Err(Wrong::not_found()),
        }
    }

    fn is_done(&self) -> bool {
        now_ms() >= self.done_ms
    }
}

/// What is remembered of a question: these fields of it.
fn note(question: &Question<'_>, id: &str, fields: &[&str]) {
    let field = |name: &&str| Some(((*name).to_owned(), question.input.text(name)?.into()));
    let fields: Map<String, Value> = fields.iter().filter_map(field).collect();
    question.questions.note(id.to_owned(), &to_bytes(&fields));
}

/// What is known of the job that is asked about.
struct Known {
    fields: Map<String, Value>,
    stopped: Option<&'static str>,
}

impl Known {
    fn of(question: &Question<'_>, id: &str) -> Self {
        let Remembered { body, stopped, .. } = question.questions.find(id).unwrap_or_default();
        Self { fields: serde_json::from_slice(&body).unwrap_or_default(), stopped }
    }

    fn text<'k>(&'k self, name: &str, otherwise: &'k str) -> &'k str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or(otherwise)
    }
}

/// The status of a fine-tuning job that was cancelled.
const CANCELLED: &str = "cancelled";
/// The status of one that is paused: OpenAI has none of its own for that.
const PAUSED: &str = "queued";
const VIDEO: &str = "video_sandbox_";
const FINE_TUNING: &str = "ftjob-sandbox_";

pub(super) fn video(verb: Verb, path: &str, question: &Question<'_>) -> Answer {
    let id = question.id;
    match (verb, path) {
        (Verb::Post, _) => {
            let text = |name: &str| question.input.text(name);
            if text("prompt").is_none_or(|prompt| prompt.is_empty()) {
                return Err(Wrong::about("prompt", "`prompt` must be there."));
            }
            let original = path.ends_with("/remix").then_some(id);
            let seconds = match original {
                Some(original) => Job::of(VIDEO, original)?.amount,
                None => text("seconds").map_or(Ok(4), |seconds| seconds.parse()).unwrap_or(0),
            };
            if !(1..=LONGEST_VIDEO).contains(&seconds) {
                return Err(Wrong::about("seconds", format!("`seconds` must be 1 to {LONGEST_VIDEO}.")));
            }
            let job = Job::new(question, seconds);
            let made = job.id(VIDEO);
            note(question, &made, &["model", "prompt", "size"]);
            let mut document = video_document(&made, &job, &Known::of(question, &made));
            document["remixed_from_video_id"] = original.into();
            Ok(whole(&document))
        }
        (Verb::Delete, _) => {
            Job::of(VIDEO, id)?;
            Ok(whole(&json!({"id": id, "object": "video.deleted", "deleted": true})))
        }
        (Verb::Get, path) if path.ends_with("/content") => match Job::of(VIDEO, id)?.is_done() {
            // The beginning that every MP4 has.
            true => Ok(body(vec![Bytes::from_static(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom")], "video/mp4")),
            false => Err(Wrong::about("video_id", "The video isn't done yet.")),
        },
        (Verb::Get, _) => Ok(whole(&video_document(id, &Job::of(VIDEO, id)?, &Known::of(question, id)))),
    }
}

fn video_document(id: &str, job: &Job, known: &Known) -> Value {
    let done = job.is_done();
    let prompt = known.fields.get("prompt");
    json!({
        "id": id,
        "object": "video",
        "created_at": job.began_ms / 1000,
        "completed_at": done.then_some(job.done_ms / 1000),
        "expires_at": null,
        "status": if done { "completed" } else { "in_progress" },
        "progress": if done { 100 } else { 50 },
        "seconds": job.amount.to_string(),
        "size": known.text("size", "720x1280"),
        "model": known.text("model", "sandbox"),
        "prompt": prompt,
        "error": null,
        "remixed_from_video_id": null,
    })
}

pub(super) fn fine_tuning(verb: Verb, path: &str, question: &Question<'_>) -> Answer {
    let id = question.id;
    if verb == Verb::Post && id.is_empty() {
        let file = question.input.text("training_file").filter(|file| !file.is_empty());
        let file = file.ok_or_else(|| Wrong::about("training_file", "`training_file` must be there."))?;
        let job = Job::new(question, files::size(&file).map_or(TOKENS, |bytes| bytes.div_ceil(4)));
        let made = job.id(FINE_TUNING);
        note(question, &made, &["model", "training_file"]);
        return Ok(whole(&fine_tuning_document(&made, &job, &Known::of(question, &made))));
    }
    let job = Job::of(FINE_TUNING, id)?;
    let list = |data: Vec<Value>| whole(&json!({"object": "list", "data": data, "has_more": false}));
    match path.rsplit('/').next() {
        Some("events") => Ok(list(vec![json!({
            "object": "fine_tuning.job.event",
            "id": format!("ftevent-{id}"),
            "created_at": job.began_ms / 1000,
            "level": "info",
            "message": "The job began.",
            "type": "message",
        })])),
        Some("checkpoints") => Ok(list(Vec::new())),
        step => {
            let stopped = Known::of(question, id).stopped;
            let is_over = stopped == Some(CANCELLED) || stopped.is_none() && job.is_done();
            let change = match step {
                Some("cancel") => Some(Some(CANCELLED)),
                Some("pause") => Some(Some(PAUSED)),
                Some("resume") => Some(None),
                _ => None,
            };
            if let Some(stopped) = change.filter(|_| !is_over) {
                question.questions.change(id, |remembered| remembered.stopped = stopped);
            }
            Ok(whole(&fine_tuning_document(id, &job, &Known::of(question, id))))
        }
    }
}

fn fine_tuning_document(id: &str, job: &Job, known: &Known) -> Value {
    let done = job.is_done() && known.stopped.is_none();
    let model = known.text("model", "sandbox");
    json!({
        "id": id,
        "object": "fine_tuning.job",
        "created_at": job.began_ms / 1000,
        "finished_at": done.then_some(job.done_ms / 1000),
        "status": known.stopped.unwrap_or(if done { "succeeded" } else { "running" }),
        "trained_tokens": done.then_some(job.amount),
        "model": model,
        "fine_tuned_model": done.then(|| format!("ft:{model}:{id}")),
        "training_file": known.text("training_file", ""),
        "validation_file": null,
        "hyperparameters": {"n_epochs": 1},
        "organization_id": "org-sandbox",
        "result_files": [],
        "seed": 0,
        "error": null,
    })
}
