//! `POST /v1/events`: what other gateways let through, as CloudEvents in JSON. `docs/events.md` describes them.

mod binary;

use std::time::Duration;

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    api_keys::{Scope, Secret},
    time::Timestamp,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;
use services::{
    ServiceError,
    events::{Attributes, Form, Malformed, Read, Refused, Taken, read, read_one},
};
use tokio::time::timeout;

use crate::{
    management::Management,
    v1::{
        caller::Caller,
        error::Refusal,
        gzip::{self, Unpacking},
    },
};

pub(crate) const PATH: &str = "/v1/events";

/// Largest body, in bytes: 10 MB, with room for those who count in powers of two.
const LARGEST_BODY: u64 = 10 * 1024 * 1024;
/// How long a body may take to arrive.
const LONGEST_BODY: Duration = Duration::from_secs(60);

/// What became of a batch.
#[derive(Serialize)]
struct Answer {
    object: &'static str,
    received: usize,
    new: usize,
    duplicate: usize,
    refused: usize,
    /// Those that were refused, in their order.
    errors: Vec<LineError>,
    /// What OpenAI's form of an error wants, where not one event could be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct LineError {
    /// Where the event stood in the batch, from 0.
    index: usize,
    id: Option<String>,
    code: &'static str,
    param: Option<&'static str>,
    message: String,
}

/// Takes a batch, as far as it makes sense. It is on the disk when this answers.
pub(crate) async fn take(
    State(management): State<Management>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let actor = caller.with(Scope::EventsWrite)?;
    let mode = mode(request.headers())?;
    let is_gzip = gzip::is_said(request.headers())?;
    let body = match timeout(LONGEST_BODY, Limited::new(request.into_body(), LARGEST_BODY as usize).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(Refusal::body_too_large(LARGEST_BODY)),
        Ok(Err(_)) => return Err(Refusal::malformed("The body broke off.")),
        Err(_) => return Err(Refusal::body_too_slow()),
    };
    let now = management.hub.services.now();
    let read = tokio::task::spawn_blocking(move || {
        if !is_gzip {
            return mode.read(&body, now);
        }
        let most = LARGEST_BODY as usize;
        mode.read(&Unpacking::new(body, most).finish().map_err(|fault| fault.refusal(most))?, now)
    });
    let read = read.await.map_err(|error| ServiceError::Internal(error.to_string()))??;
    let received = read.received();
    let taken = management.events.take(&actor, read).await?;
    Ok(answer(received, taken))
}

/// How events come.
enum Mode {
    /// All of them in the body.
    Structured(Form),
    /// One, of which the body is the data.
    Binary(Attributes),
}

impl Mode {
    fn read(&self, body: &[u8], now: Timestamp) -> Result<Read, Refusal> {
        let read = match self {
            Self::Structured(form) => read(body, *form, now),
            Self::Binary(attributes) => read_one(attributes, body, now),
        };
        read.map_err(|malformed| match malformed {
            Malformed::Unreadable(message) => Refusal::malformed(message),
            Malformed::TooMany(_) => Refusal::too_many(malformed.to_string()),
        })
    }
}

/// The content type tells, and where that isn't one of CloudEvents, whether there are attributes in headers.
fn mode(headers: &HeaderMap) -> Result<Mode, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"));
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    match kind.as_deref() {
        Some("application/cloudevents+json") => return Ok(Mode::Structured(Form::One)),
        Some("application/cloudevents-batch+json") => return Ok(Mode::Structured(Form::Batch)),
        Some(kind) if kind.starts_with("application/cloudevents") => {}
        kind => match binary::attributes(headers)? {
            Some(attributes) => return Ok(Mode::Binary(attributes)),
            None if matches!(kind, None | Some("application/json")) => return Ok(Mode::Structured(Form::Either)),
            None => {}
        },
    }
    Err(Refusal::wrong_content_type(
        "Send CloudEvents as application/cloudevents+json or application/cloudevents-batch+json, or their data as \
         application/json and what else they say in headers that begin with `ce-`.",
    ))
}

/// 200 where anything was taken, now or before; 400 where every event was refused.
fn answer(received: usize, taken: Taken) -> Response {
    let refused = taken.refused.len();
    let failed = received > 0 && refused == received;
    let error = taken.refused.first().filter(|_| failed).map(|first| error(&Refusal::from(first)));
    let answer = Answer {
        object: "events.result",
        received,
        new: taken.new,
        duplicate: taken.duplicate,
        refused,
        errors: taken.refused.into_iter().map(LineError::from).collect(),
        error,
    };
    let status = if failed { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    (status, Json(answer)).into_response()
}

/// The part of a refusal's JSON that says why.
fn error(refusal: &Refusal) -> serde_json::Value {
    let whole: serde_json::Value = serde_json::from_str(&refusal.json()).unwrap_or_default();
    whole.get("error").cloned().unwrap_or_default()
}

impl From<&Refused> for Refusal {
    fn from(refused: &Refused) -> Self {
        let message = format!("No event could be taken. Event {}: {}", refused.index, refused.why.message);
        Self::invalid(refused.why.param.unwrap_or_default(), message)
    }
}

impl From<Refused> for LineError {
    fn from(refused: Refused) -> Self {
        let Refused { index, id, why } = refused;
        // Both may quote what was sent, which may be a secret in the wrong place.
        let id = id.map(|id| Secret::redact(&id));
        Self { index, id, code: why.code.name(), param: why.param, message: Secret::redact(&why.message) }
    }
}
