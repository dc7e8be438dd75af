//! `POST /v1/events`: usage of other gateways, as CloudEvents in JSON. `docs/events.md` describes them.

mod binary;
mod schema;

use std::time::Duration;

use axum::{
    Json,
    extract::{FromRef, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use domain::{api_keys::Secret, permissions::Permission, time::Timestamp};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;
use services::{
    ServiceError,
    events::{Attributes, BatchError, BatchFormat, BatchResult, Events, ParsedBatch, RejectedEvent, read, read_one},
};
use tokio::time::timeout;
use utoipa::{OpenApi, ToSchema};

pub(crate) use self::schema::schemas;
use crate::v1::{
    caller::Caller,
    error::{ErrorDetails, ErrorDocument, V1Error},
    gzip::{self, GunzipBody},
    routes::Route,
    state::V1State,
};

/// Maximum body size: 10 MB, or as much in powers of two.
const MAX_BODY_BYTES: u64 = 10 * 1024 * 1024;
/// Time for a body to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// The handler's state. Cheap to clone.
#[derive(Clone)]
pub(crate) struct EventsState {
    pub(crate) v1: V1State,
    pub(crate) events: Events,
}

impl FromRef<EventsState> for V1State {
    fn from_ref(state: &EventsState) -> Self {
        state.v1.clone()
    }
}

/// The route of events.
pub(crate) fn routes() -> Vec<Route<EventsState>> {
    vec![(Method::POST, "/v1/events", post(receive))]
}

/// The events' part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(receive),
    tags((name = "Events", description = "Usage of other gateways."))
)]
pub(crate) struct EventsDocument;

/// The result of a batch.
#[derive(Serialize, ToSchema)]
struct BatchResponse {
    #[schema(example = "events.result")]
    object: &'static str,
    /// Number of events in the batch.
    received: usize,
    /// Number of accepted events.
    new: usize,
    /// Number of events that had been accepted before, which change nothing.
    duplicate: usize,
    /// Number of rejected events.
    refused: usize,
    /// The rejected events, in the order of the batch.
    errors: Vec<LineError>,
    /// The error of the request, only if all events were rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ErrorDetails>, nullable = false)]
    error: Option<serde_json::Value>,
}

/// A rejected event. It may be corrected and sent again.
#[derive(Serialize, ToSchema)]
struct LineError {
    /// Position of the event in the batch, from 0.
    index: usize,
    /// Id of the event; `null` if it can't be read.
    #[schema(required)]
    id: Option<String>,
    /// Reason, one of `invalid_event`, `unknown_type`, `event_too_old`, `event_too_new`, `not_found` and
    /// `project_archived`.
    code: &'static str,
    /// Invalid attribute, such as `data.model`; `null` for the event as a whole.
    #[schema(required)]
    param: Option<&'static str>,
    /// What is wrong, for people.
    message: String,
}

/// Accepts usage events of other gateways.
///
/// Each event is one call. The valid events of a batch are accepted, whatever is wrong with others, and are stored
/// when this is answered. An event is known by its `source` and `id`: sent again, it changes nothing. Its attributes
/// may also be headers that begin with `ce-`; the body is then its `data`, as JSON. A body may be compressed
/// (`Content-Encoding: gzip`); it has at most 10,000 events and 10 MB.
#[utoipa::path(
    post,
    path = "/v1/events",
    operation_id = "send-events",
    tag = "Events",
    security(("bearer" = ["events.write"])),
    request_body(description = "CloudEvents 1.0 in JSON", content(
        (ref("#/components/schemas/Event") = "application/cloudevents+json"),
        (ref("#/components/schemas/EventBatch") = "application/cloudevents-batch+json"),
        (ref("#/components/schemas/EventsOrData") = "application/json")
    )),
    responses(
        (status = 200, description = "At least one event was accepted, now or before", body = BatchResponse),
        (
            status = 400,
            description = "All events were rejected, or the body is invalid",
            body = ref("#/components/schemas/RejectedEvents")
        ),
        (status = 408, description = "The body didn't arrive in time", body = ErrorDocument)
    )
)]
async fn receive(
    State(EventsState { v1, events }): State<EventsState>,
    caller: Caller,
    request: Request,
) -> Result<Response, V1Error> {
    let actor = caller.with(Permission::SendEvents)?;
    let mode = content_mode(request.headers())?;
    let is_gzip = gzip::is_declared(request.headers())?;
    let body = match timeout(BODY_TIMEOUT, Limited::new(request.into_body(), MAX_BODY_BYTES as usize).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(V1Error::body_too_large(MAX_BODY_BYTES)),
        Ok(Err(_)) => return Err(V1Error::malformed("The body ended early.")),
        Err(_) => return Err(V1Error::body_too_slow()),
    };
    let now = v1.services().now();
    let read = tokio::task::spawn_blocking(move || {
        if !is_gzip {
            return mode.read(&body, now);
        }
        let max_bytes = MAX_BODY_BYTES as usize;
        mode.read(&GunzipBody::new(body, max_bytes).finish().map_err(|fault| fault.to_v1_error(max_bytes))?, now)
    });
    let read = read.await.map_err(|error| ServiceError::Internal(error.to_string()))??;
    let received = read.received();
    let result = events.store(&actor, read).await?;
    Ok(response(received, result))
}

/// The content mode of a request with events.
enum ContentMode {
    /// All events are in the body.
    Structured(BatchFormat),
    /// One event, with its data as the body.
    Binary(Attributes),
}

impl ContentMode {
    fn read(&self, body: &[u8], now: Timestamp) -> Result<ParsedBatch, V1Error> {
        let read = match self {
            Self::Structured(format) => read(body, *format, now),
            Self::Binary(attributes) => read_one(attributes, body, now),
        };
        read.map_err(|malformed| match malformed {
            BatchError::Unreadable(message) => V1Error::malformed(message),
            BatchError::TooMany(_) => V1Error::too_many(malformed.to_string()),
        })
    }
}

/// Reads the mode from the content type, or else from the presence of attributes in headers.
fn content_mode(headers: &HeaderMap) -> Result<ContentMode, V1Error> {
    let kind = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"));
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    match kind.as_deref() {
        Some("application/cloudevents+json") => return Ok(ContentMode::Structured(BatchFormat::One)),
        Some("application/cloudevents-batch+json") => return Ok(ContentMode::Structured(BatchFormat::Batch)),
        Some(kind) if kind.starts_with("application/cloudevents") => {}
        kind => match binary::attributes(headers)? {
            Some(attributes) => return Ok(ContentMode::Binary(attributes)),
            None if matches!(kind, None | Some("application/json")) => {
                return Ok(ContentMode::Structured(BatchFormat::Either));
            }
            None => {}
        },
    }
    Err(V1Error::wrong_content_type(
        "Send CloudEvents as application/cloudevents+json or application/cloudevents-batch+json, or their data as \
         application/json with the other attributes in `ce-` headers.",
    ))
}

/// The response: 200 if any event was accepted, now or before; 400 if all were refused.
fn response(received: usize, result: BatchResult) -> Response {
    let refused = result.refused.len();
    let failed = received > 0 && refused == received;
    let error = result.refused.first().filter(|_| failed).map(|first| error_json(&V1Error::from(first)));
    let answer = BatchResponse {
        object: "events.result",
        received,
        new: result.new,
        duplicate: result.duplicate,
        refused,
        errors: result.refused.into_iter().map(LineError::from).collect(),
        error,
    };
    let status = if failed { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    (status, Json(answer)).into_response()
}

/// The member `error` of an error's JSON.
fn error_json(error: &V1Error) -> serde_json::Value {
    let response: serde_json::Value = serde_json::from_str(&error.json()).unwrap_or_default();
    response.get("error").cloned().unwrap_or_default()
}

impl From<&RejectedEvent> for V1Error {
    fn from(refused: &RejectedEvent) -> Self {
        let message = format!("No event was accepted. Event {}: {}", refused.index, refused.error.message);
        Self::invalid(refused.error.param.unwrap_or_default(), message)
    }
}

impl From<RejectedEvent> for LineError {
    fn from(refused: RejectedEvent) -> Self {
        let RejectedEvent { index, id, error } = refused;
        // Both may quote the request, which may contain a secret in the wrong place.
        let id = id.map(|id| Secret::redact(&id));
        Self { index, id, code: error.code.name(), param: error.param, message: Secret::redact(&error.message) }
    }
}
