//! Videos and fine-tuning jobs, in the form of OpenAI's API reference.
//!
//! A job's id contains its start, its end and its amount of work, so that every server knows its
//! state, even after a restart. Its parameters, and whether it was stopped, are known as long as its
//! request is remembered.

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value, json};

use crate::{
    bodies::{body_response, json_response, to_bytes},
    error::{SandboxError, SandboxResult},
    files,
    memory::StoredQuestion,
    request::ReceivedRequest,
    seeds::now_ms,
};

/// Longest video, in seconds.
const MAX_VIDEO_SECONDS: u64 = 60;
/// Trained tokens if the file's size isn't known.
const DEFAULT_TRAINED_TOKENS: u64 = 1_000;

/// A job, as its id describes it.
struct Job {
    began_ms: u64,
    done_ms: u64,
    /// Seconds of a video, or trained tokens.
    amount: u64,
}

impl Job {
    fn new(request: &ReceivedRequest<'_>, amount: u64) -> Self {
        let began_ms = now_ms();
        Self { began_ms, done_ms: began_ms + request.job_ms, amount }
    }

    fn id(&self, prefix: &str) -> String {
        format!("{prefix}{:x}_{:x}_{:x}_{:08x}", self.began_ms, self.done_ms, self.amount, fastrand::u32(..))
    }

    fn of(prefix: &str, id: &str) -> Result<Self, SandboxError> {
        let mut parts = id.strip_prefix(prefix).unwrap_or_default().split('_');
        let mut part = || u64::from_str_radix(parts.next()?, 16).ok();
        match (part(), part(), part()) {
            (Some(began_ms), Some(done_ms), Some(amount)) => Ok(Self { began_ms, done_ms, amount }),
            _ => Err(SandboxError::not_found()),
        }
    }

    fn is_done(&self) -> bool {
        now_ms() >= self.done_ms
    }
}

/// Remembers these fields of a request.
fn remember_fields(request: &ReceivedRequest<'_>, id: &str, fields: &[&str]) {
    let field = |name: &&str| Some(((*name).to_owned(), request.input.text(name)?.into()));
    let fields: Map<String, Value> = fields.iter().filter_map(field).collect();
    request.stored_questions.remember(id.to_owned(), &to_bytes(&fields));
}

/// The remembered state of a job.
struct JobState {
    fields: Map<String, Value>,
    stopped_status: Option<&'static str>,
}

impl JobState {
    fn of(request: &ReceivedRequest<'_>, id: &str) -> Self {
        let StoredQuestion { body, stopped_status, .. } = request.stored_questions.find(id).unwrap_or_default();
        Self { fields: serde_json::from_slice(&body).unwrap_or_default(), stopped_status }
    }

    fn text<'k>(&'k self, name: &str, default: &'k str) -> &'k str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or(default)
    }
}

/// The status of a fine-tuning job that was cancelled.
const CANCELLED: &str = "cancelled";
/// The status of a paused job. OpenAI has none of its own for that.
const PAUSED: &str = "queued";
const VIDEO: &str = "video_sandbox_";
const FINE_TUNING: &str = "ftjob-sandbox_";

pub(super) fn video(method: &Method, route: &str, request: &ReceivedRequest<'_>) -> SandboxResult {
    let id = request.id;
    match (method, route) {
        (&Method::POST, _) => {
            let text = |name: &str| request.input.text(name);
            if text("prompt").is_none_or(|prompt| prompt.is_empty()) {
                return Err(SandboxError::invalid("prompt", "`prompt` must be there."));
            }
            let original = route.ends_with("/remix").then_some(id);
            let seconds = match original {
                Some(original) => Job::of(VIDEO, original)?.amount,
                None => text("seconds").map_or(Ok(4), |seconds| seconds.parse()).unwrap_or(0),
            };
            if !(1..=MAX_VIDEO_SECONDS).contains(&seconds) {
                return Err(SandboxError::invalid("seconds", format!("`seconds` must be 1 to {MAX_VIDEO_SECONDS}.")));
            }
            let job = Job::new(request, seconds);
            let new_id = job.id(VIDEO);
            remember_fields(request, &new_id, &["model", "prompt", "size"]);
            let mut document = video_document(&new_id, &job, &JobState::of(request, &new_id));
            document["remixed_from_video_id"] = original.into();
            Ok(json_response(&document))
        }
        (&Method::DELETE, _) => {
            Job::of(VIDEO, id)?;
            Ok(json_response(&json!({"id": id, "object": "video.deleted", "deleted": true})))
        }
        (&Method::GET, route) if route.ends_with("/content") => match Job::of(VIDEO, id)?.is_done() {
            // The first bytes of every MP4.
            true => Ok(body_response(vec![Bytes::from_static(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom")], "video/mp4")),
            false => Err(SandboxError::invalid("video_id", "The video isn't done yet.")),
        },
        (&Method::GET, _) => Ok(json_response(&video_document(id, &Job::of(VIDEO, id)?, &JobState::of(request, id)))),
        _ => Err(SandboxError::not_found()),
    }
}

fn video_document(id: &str, job: &Job, state: &JobState) -> Value {
    let is_done = job.is_done();
    let prompt = state.fields.get("prompt");
    json!({
        "id": id,
        "object": "video",
        "created_at": job.began_ms / 1000,
        "completed_at": is_done.then_some(job.done_ms / 1000),
        "expires_at": null,
        "status": if is_done { "completed" } else { "in_progress" },
        "progress": if is_done { 100 } else { 50 },
        "seconds": job.amount.to_string(),
        "size": state.text("size", "720x1280"),
        "model": state.text("model", "sandbox"),
        "prompt": prompt,
        "error": null,
        "remixed_from_video_id": null,
    })
}

pub(super) fn fine_tuning(method: &Method, route: &str, request: &ReceivedRequest<'_>) -> SandboxResult {
    let id = request.id;
    if method == Method::POST && id.is_empty() {
        let file = request.input.text("training_file").filter(|file| !file.is_empty());
        let file = file.ok_or_else(|| SandboxError::invalid("training_file", "`training_file` must be there."))?;
        let job = Job::new(request, files::size(&file).map_or(DEFAULT_TRAINED_TOKENS, |bytes| bytes.div_ceil(4)));
        let new_id = job.id(FINE_TUNING);
        remember_fields(request, &new_id, &["model", "training_file"]);
        return Ok(json_response(&fine_tuning_document(&new_id, &job, &JobState::of(request, &new_id))));
    }
    let job = Job::of(FINE_TUNING, id)?;
    let list = |data: Vec<Value>| json_response(&json!({"object": "list", "data": data, "has_more": false}));
    match route.rsplit('/').next() {
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
            let stopped_status = JobState::of(request, id).stopped_status;
            let is_over = stopped_status == Some(CANCELLED) || stopped_status.is_none() && job.is_done();
            let change = match step {
                Some("cancel") => Some(Some(CANCELLED)),
                Some("pause") => Some(Some(PAUSED)),
                Some("resume") => Some(None),
                _ => None,
            };
            if let Some(stopped_status) = change.filter(|_| !is_over) {
                request.stored_questions.change(id, |question| question.stopped_status = stopped_status);
            }
            Ok(json_response(&fine_tuning_document(id, &job, &JobState::of(request, id))))
        }
    }
}

fn fine_tuning_document(id: &str, job: &Job, state: &JobState) -> Value {
    let is_done = job.is_done() && state.stopped_status.is_none();
    let model = state.text("model", "sandbox");
    json!({
        "id": id,
        "object": "fine_tuning.job",
        "created_at": job.began_ms / 1000,
        "finished_at": is_done.then_some(job.done_ms / 1000),
        "status": state.stopped_status.unwrap_or(if is_done { "succeeded" } else { "running" }),
        "trained_tokens": is_done.then_some(job.amount),
        "model": model,
        "fine_tuned_model": is_done.then(|| format!("ft:{model}:{id}")),
        "training_file": state.text("training_file", ""),
        "validation_file": null,
        "hyperparameters": {"n_epochs": 1},
        "organization_id": "org-sandbox",
        "result_files": [],
        "seed": 0,
        "error": null,
    })
}
