//! One event: what it says, or what is wrong with it.

use std::{borrow::Cow, fmt, sync::Arc};

use domain::{
    calls::{Measured, Outcome},
    ids::{ApiKeyId, ProjectId, UserId},
    models::Service,
    money::Quantities,
    time::Timestamp,
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{NEWEST_MINUTES, OLDEST_DAYS, data::Data, digest::digest};

/// Longest id and source, in bytes.
const LONGEST_NAME: usize = 512;

/// Why an event isn't taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    /// It isn't what `docs/events.md` describes.
    InvalidEvent,
    UnknownType,
    TooOld,
    TooNew,
    /// It names something that doesn't exist, or belongs to another organization.
    NotFound,
    ProjectArchived,
}

impl Code {
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

/// What is wrong with an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wrong {
    pub code: Code,
    /// The attribute it is about, such as `data.model`; none for the event as a whole.
    pub param: Option<&'static str>,
    pub message: Cow<'static, str>,
}

impl Wrong {
    pub(super) fn new(code: Code, param: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, param: Some(param), message: message.into() }
    }

    pub(super) fn invalid(param: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidEvent, param, message)
    }

    /// What JSON says is wrong.
    pub(super) fn unreadable(param: Option<&'static str>, error: &serde_json::Error) -> Self {
        Self { code: Code::InvalidEvent, param, message: format!("It can't be read: {error}.").into() }
    }
}

/// What kind of use an event tells of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Call,
    Tokens,
    VideoSeconds,
    StoredBytes,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Call, Self::Tokens, Self::VideoSeconds, Self::StoredBytes];

    /// The event's `type`; also its endpoint in the log, where it names none.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Call => "tollhouse.call",
            Self::Tokens => "tollhouse.tokens",
            Self::VideoSeconds => "tollhouse.video_seconds",
            Self::StoredBytes => "tollhouse.stored_bytes",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an event says besides its data, where that comes by itself. What isn't there is an empty text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Attributes {
    pub specversion: String,
    pub id: String,
    pub source: String,
    /// Its `type`.
    pub kind: String,
    pub time: String,
    pub datacontenttype: String,
}

/// An event as it was sent. Attributes that aren't known here are extensions, which mean nothing here.
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

/// An event that makes sense by itself.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Where it stood, from 0.
    pub(super) index: usize,
    pub(super) id: Box<str>,
    pub(super) digest: Uuid,
    pub(super) at: Timestamp,
    pub(super) usage: Usage,
}

/// What an event tells of.
#[derive(Clone, Debug)]
pub(super) struct Usage {
    pub(super) project_id: Option<ProjectId>,
    pub(super) api_key_id: Option<ApiKeyId>,
    pub(super) member_id: Option<UserId>,
    /// Empty for none.
    pub(super) model: Arc<str>,
    /// `None` for that of the model.
    pub(super) service: Option<Service>,
    pub(super) endpoint: Cow<'static, str>,
    pub(super) provider: Arc<str>,
    pub(super) status: u16,
    pub(super) outcome: Outcome,
    pub(super) streamed: bool,
    pub(super) measured: Measured,
    pub(super) used: Quantities,
    pub(super) duration_us: i64,
    pub(super) first_byte_us: Option<i64>,
    pub(super) error_code: Cow<'static, str>,
}

/// An event that makes no sense: its id, as far as that could be read, and why.
type Refused = (Option<Box<str>>, Wrong);

/// Reads the event at `index`, as of `now`.
pub(super) fn read(index: usize, text: &str, now: Timestamp) -> Result<Line, Refused> {
    let event: Envelope<'_> = serde_json::from_str(text).map_err(|error| (None, Wrong::unreadable(None, &error)))?;
    event.read_named(index, now)
}

/// Reads an event whose data is this JSON text, or nothing.
pub(super) fn read_parts(attributes: &Attributes, data: &str, now: Timestamp) -> Result<Line, Refused> {
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
        let data = serde_json::from_str(data).map_err(|error| (event.name(), Wrong::unreadable(Some("data"), &error)));
        event.data = Some(data?);
    }
    event.read_named(0, now)
}

impl Envelope<'_> {
    /// The id, as far as it is told again.
    fn name(&self) -> Option<Box<str>> {
        Some(self.id.chars().take(LONGEST_NAME).collect::<String>().into())
    }

    fn read_named(&self, index: usize, now: Timestamp) -> Result<Line, Refused> {
        self.read(index, now).map_err(|wrong| (self.name(), wrong))
    }

    fn read(&self, index: usize, now: Timestamp) -> Result<Line, Wrong> {
        if self.specversion != "1.0" {
            return Err(Wrong::invalid("specversion", "Only version 1.0 of CloudEvents is known."));
        }
        text("id", &self.id, 1, LONGEST_NAME)?;
        text("source", &self.source, 1, LONGEST_NAME)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == self.kind).ok_or_else(|| {
            let names = Kind::ALL.map(Kind::name).join(", ");
            Wrong::new(Code::UnknownType, "type", format!("There is no such type; there are {names}."))
        })?;
        let at = self.at(now)?;
        let is_json = |kind: &str| {
            let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            kind == "application/json" || kind.ends_with("+json")
        };
        if !self.datacontenttype.as_deref().is_none_or(is_json) || self.data_base64.is_some() {
            return Err(Wrong::invalid("datacontenttype", "Send the data as JSON."));
        }
        let data = self.data.map_or("{}", RawValue::get);
        let data: Data<'_> = serde_json::from_str(data).map_err(|error| Wrong::unreadable(Some("data"), &error))?;
        Ok(Line {
            index,
            id: self.id.as_ref().into(),
            digest: digest(&self.source, &self.id),
            at,
            usage: data.usage(kind)?,
        })
    }

    /// When it was: now, where it doesn't say.
    fn at(&self, now: Timestamp) -> Result<Timestamp, Wrong> {
        let Some(text) = &self.time else { return Ok(now) };
        let at: Timestamp = text
            .parse()
            .map_err(|_| Wrong::invalid("time", "Write a moment as RFC 3339 does, such as 2026-11-17T14:32:07.5Z."))?;
        if at < now.plus_days(-OLDEST_DAYS) {
            let message = format!("It is older than {OLDEST_DAYS} days.");
            return Err(Wrong::new(Code::TooOld, "time", message));
        }
        if at > now.plus_minutes(NEWEST_MINUTES) {
            let message = format!("It is more than {NEWEST_MINUTES} minutes ahead of this server's clock, {now}.");
            return Err(Wrong::new(Code::TooNew, "time", message));
        }
        Ok(at)
    }
}

/// Refuses a text that is too short or too long, in bytes, or holds what no name holds.
pub(super) fn text(param: &'static str, text: &str, least: usize, most: usize) -> Result<(), Wrong> {
    if text.len() < least {
        return Err(Wrong::invalid(param, "It mustn't be empty."));
    }
    if text.len() > most {
        return Err(Wrong::invalid(param, format!("Use at most {most} bytes.")));
    }
    if text.chars().any(char::is_control) {
        return Err(Wrong::invalid(param, "Remove the control characters."));
    }
    Ok(())
}
