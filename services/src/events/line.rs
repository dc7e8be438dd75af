//! Reads one event, or the error in it.

use std::{borrow::Cow, fmt, sync::Arc};

use domain::{
    calls::{CallTags, CountSource, Outcome},
    ids::{ApiKeyId, ProjectId, UserId},
    models::Service,
    money::Quantities,
    time::Timestamp,
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{MAX_AGE_DAYS, MAX_AHEAD_MINUTES, data::EventData, digest::digest};

/// Maximum length of id and source, in bytes.
const MAX_NAME_LENGTH: usize = 512;

/// The reason for rejecting an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EventErrorCode {
    /// The event isn't as `docs/events.md` describes.
    InvalidEvent,
    /// The `type` of the event is none of those in `docs/events.md`.
    UnknownType,
    /// The event is older than [`MAX_AGE_DAYS`].
    TooOld,
    /// The event is further ahead than [`MAX_AHEAD_MINUTES`].
    TooNew,
    /// The event names something that doesn't exist, or belongs to another organization.
    NotFound,
    /// The project was archived by the time of the event.
    ProjectArchived,
}

impl EventErrorCode {
    /// The code's name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidEvent => "invalid_event",
            Self::UnknownType => "unknown_type",
            Self::TooOld => "event_too_old",
            Self::TooNew => "event_too_new",
            Self::NotFound => "not_found",
            Self::ProjectArchived => "project_archived",
        }
    }
}

/// The error of a rejected event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EventError {
    pub code: EventErrorCode,
    /// The invalid attribute, such as `data.model`; `None` for the event as a whole.
    pub param: Option<&'static str>,
    pub message: Cow<'static, str>,
}

impl EventError {
    pub(super) fn new(code: EventErrorCode, param: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, param: Some(param), message: message.into() }
    }

    pub(super) fn invalid(param: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(EventErrorCode::InvalidEvent, param, message)
    }

    /// The error for JSON that can't be parsed.
    pub(super) fn unreadable(param: Option<&'static str>, error: &serde_json::Error) -> Self {
        Self { code: EventErrorCode::InvalidEvent, param, message: format!("Invalid: {error}.").into() }
    }
}

/// The kind of usage that an event reports.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum UsageKind {
    Call,
    Tokens,
    VideoSeconds,
    StoredBytes,
}

impl UsageKind {
    const ALL: [Self; 4] = [Self::Call, Self::Tokens, Self::VideoSeconds, Self::StoredBytes];

    /// The event's `type`, and its endpoint in the log if it names none.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Call => "tollhouse.call",
            Self::Tokens => "tollhouse.tokens",
            Self::VideoSeconds => "tollhouse.video_seconds",
            Self::StoredBytes => "tollhouse.stored_bytes",
        }
    }
}

impl fmt::Display for UsageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Attributes of an event in binary mode; a missing one is empty.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Attributes {
    pub specversion: String,
    pub id: String,
    pub source: String,
    /// The event's `type`.
    pub kind: String,
    pub time: String,
    pub datacontenttype: String,
}

/// An event as it was sent. Unknown attributes are extensions, and ignored.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    time: Option<Cow<'a, str>>,
    #[serde(default)]
    datacontenttype: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    data_base64: Option<IgnoredAny>,
}

/// A valid event, before names are looked up.
#[derive(Clone, Debug)]
pub(super) struct EventLine {
    /// Index in the batch, from 0.
    pub(super) index: usize,
    pub(super) id: Box<str>,
    pub(super) digest: Uuid,
    pub(super) at: Timestamp,
    pub(super) usage: EventUsage,
}

/// The usage that an event reports.
#[derive(Clone, Debug)]
pub(super) struct EventUsage {
    pub(super) project_id: Option<ProjectId>,
    pub(super) api_key_id: Option<ApiKeyId>,
    pub(super) member_id: Option<UserId>,
    /// Empty if the event names none.
    pub(super) model: Arc<str>,
    /// `None` for the model's service.
    pub(super) service: Option<Service>,
    pub(super) endpoint: Cow<'static, str>,
    pub(super) provider: Arc<str>,
    pub(super) status: u16,
    pub(super) outcome: Outcome,
    pub(super) streamed: bool,
    pub(super) measured: CountSource,
    pub(super) used: Quantities,
    pub(super) duration_us: i64,
    pub(super) first_byte_us: Option<i64>,
    pub(super) error_code: Cow<'static, str>,
    pub(super) tags: CallTags,
}

/// The id of an invalid event, if it could be read, and the error.
type ReadFailure = (Option<Box<str>>, EventError);

/// Reads the event at `index`, as of `now`.
pub(super) fn read(index: usize, text: &str, now: Timestamp) -> Result<EventLine, ReadFailure> {
    let event: Envelope<'_> =
        serde_json::from_str(text).map_err(|error| (None, EventError::unreadable(None, &error)))?;
    event.read_with_id(index, now)
}

/// Reads an event in binary mode, whose data is this JSON text or empty.
pub(super) fn read_parts(attributes: &Attributes, data: &str, now: Timestamp) -> Result<EventLine, ReadFailure> {
    let Attributes { specversion, id, source, kind, time, datacontenttype } = attributes;
    let optional = |text: &str| (!text.is_empty()).then(|| Cow::Owned(text.to_owned()));
    let mut event = Envelope {
        specversion: Cow::Borrowed(specversion),
        id: Cow::Borrowed(id),
        source: Cow::Borrowed(source),
        kind: Cow::Borrowed(kind),
        time: optional(time),
        datacontenttype: optional(datacontenttype),
        data: None,
        data_base64: None,
    };
    if !data.trim().is_empty() {
        let data = serde_json::from_str(data)
            .map_err(|error| (event.truncated_id(), EventError::unreadable(Some("data"), &error)));
        event.data = Some(data?);
    }
    event.read_with_id(0, now)
}

impl Envelope<'_> {
    /// The start of the id, to be returned with an error.
    fn truncated_id(&self) -> Option<Box<str>> {
        Some(self.id.chars().take(MAX_NAME_LENGTH).collect::<String>().into())
    }

    fn read_with_id(&self, index: usize, now: Timestamp) -> Result<EventLine, ReadFailure> {
        self.read(index, now).map_err(|error| (self.truncated_id(), error))
    }

    fn read(&self, index: usize, now: Timestamp) -> Result<EventLine, EventError> {
        if self.specversion != "1.0" {
            return Err(EventError::invalid("specversion", "Only version 1.0 of CloudEvents is supported."));
        }
        check_text("id", &self.id, 1, MAX_NAME_LENGTH)?;
        check_text("source", &self.source, 1, MAX_NAME_LENGTH)?;
        let kind = UsageKind::ALL.into_iter().find(|kind| kind.name() == self.kind).ok_or_else(|| {
            let names = UsageKind::ALL.map(UsageKind::name).join(", ");
            EventError::new(EventErrorCode::UnknownType, "type", format!("Unknown type. Use one of {names}."))
        })?;
        let at = self.read_time(now)?;
        let is_json = |kind: &str| {
            let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            kind == "application/json" || kind.ends_with("+json")
        };
        if !self.datacontenttype.as_deref().is_none_or(is_json) || self.data_base64.is_some() {
            return Err(EventError::invalid("datacontenttype", "Send the data as JSON."));
        }
        let data = self.data.map_or("{}", RawValue::get);
        let data: EventData<'_> =
            serde_json::from_str(data).map_err(|error| EventError::unreadable(Some("data"), &error))?;
        Ok(EventLine {
            index,
            id: self.id.as_ref().into(),
            digest: digest(&self.source, &self.id),
            at,
            usage: data.to_usage(kind)?,
        })
    }

    /// The event's time, or `now` without one.
    fn read_time(&self, now: Timestamp) -> Result<Timestamp, EventError> {
        let Some(text) = &self.time else { return Ok(now) };
        let at: Timestamp = text
            .parse()
            .map_err(|_| EventError::invalid("time", "Use an RFC 3339 timestamp, such as 2026-11-17T14:32:07.5Z."))?;
        if at < now.plus_days(-MAX_AGE_DAYS) {
            let message = format!("The event is older than {MAX_AGE_DAYS} days.");
            return Err(EventError::new(EventErrorCode::TooOld, "time", message));
        }
        if at > now.plus_minutes(MAX_AHEAD_MINUTES) {
            let message = format!("The event is over {MAX_AHEAD_MINUTES} minutes ahead of the server's clock, {now}.");
            return Err(EventError::new(EventErrorCode::TooNew, "time", message));
        }
        Ok(at)
    }
}

/// Rejects a text whose length in bytes is out of bounds, or that holds control characters.
pub(super) fn check_text(param: &'static str, text: &str, min: usize, max: usize) -> Result<(), EventError> {
    if text.len() < min {
        return Err(EventError::invalid(param, "Must not be empty."));
    }
    if text.len() > max {
        return Err(EventError::invalid(param, format!("Use at most {max} bytes.")));
    }
    if text.chars().any(char::is_control) {
        return Err(EventError::invalid(param, "Remove the control characters."));
    }
    Ok(())
}
