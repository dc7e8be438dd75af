//! Reads a form, `multipart/form-data`, as it comes: what is decided upon is found on the way, and all of it is spooled.
//!
//! What is sent on is written anew from the parts that were read, in their order, so that a provider can't understand another
//! form than was understood here: the boundary is one that no client can foresee, and each part's head is ours. Without
//! oddities that is, but for the boundary, byte by byte what came.

mod head;
#[cfg(test)]
mod peers;

use std::{ops::Range, pin::pin};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue},
};
use bytes::Bytes;
use futures::stream;
use multer::{Field, Multipart};

use self::head::{Head, MODEL};
use super::{
    body::mentions_of_field,
    budget::Full,
    collect::{CollectError, Next, Within, next},
    estimate::Recording,
    payload::{Payload, Room, Spool, SpoolError, Spooling},
    references::Mentions,
};
use crate::v1::error::Refusal;

/// Most parts of a form: pictures to be edited come 16 at once, and forms have some dozen fields.
const MOST_PARTS: usize = 256;
/// Longest value, in bytes, of a field that is decided upon.
const LONGEST_MODEL: usize = 1024;
/// Longest value, in bytes, of a field without a file's name: OpenAI's longest prompts have 32,000 characters.
const LONGEST_VALUE: usize = 256 * 1024;
/// The part of a form that a model is to listen to, by OpenAI's API reference.
const RECORDING: &str = "file";
/// Longest content of a file, in bytes, that could be read as a field's value: an id, with what may stand around it.
const SHORT_FILE: usize = 512;

/// A form that has been read.
#[derive(Debug)]
pub(super) struct Form {
    spool: Spool,
    /// Its type, with its boundary.
    pub(super) kind: HeaderValue,
    boundary: String,
    /// The model that was asked for, and where it stands.
    model: Option<(String, Range<u64>)>,
    /// Where the files are that a model is to listen to.
    recordings: Vec<Range<u64>>,
    /// What its fields mention that a provider may keep.
    pub(super) mentions: Mentions,
}

/// Why a form couldn't be read; `None` where the client left.
type Failed = Option<Refusal>;

impl Form {
    pub(super) async fn read(headers: &HeaderMap, body: Body, room: &Room, within: Within) -> Result<Self, Failed> {
        let boundary = head::boundary(headers).map_err(Some)?;
        let most = within.bytes as u64;
        let chunks = stream::unfold((body, 0_u64), move |(mut body, before)| async move {
            match next(&mut body, within.idle, within.until(before)).await {
                Next::Data(data) => {
                    let read = before + data.len() as u64;
                    let chunk = if read <= most { Ok(data) } else { Err(CollectError::TooLarge) };
                    Some((chunk, (body, read)))
                }
                Next::End => None,
                Next::TooSlow => Some((Err(CollectError::TooSlow), (body, before))),
                Next::Broken => Some((Err(CollectError::Broken), (body, before))),
            }
        });
        let mut form = Multipart::new(Box::pin(chunks), boundary.as_str());
        let mut writing = Writing::new(room);
        for _ in 0..MOST_PARTS {
            match form.next_field().await.map_err(|error| wrong(&error, most))? {
                Some(field) => writing.part(field, most).await?,
                None => return writing.finish().await,
            }
        }
        Err(Some(Refusal::malformed(format!("The form has more than {MOST_PARTS} parts."))))
    }

    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_ref().map(|(model, _)| model.as_str())
    }

    /// What a model is to listen to.
    pub(super) fn recordings(&self) -> Vec<Recording> {
        let places = self.recordings.iter().cloned();
        places.map(|place| Recording { spool: self.spool.clone(), place }).collect()
    }

    /// The form with `model` in place of the model that it names, or before all that it has where it names none.
    pub(super) fn payload(&self, model: &str) -> Payload {
        let (place, new) = match &self.model {
            Some((_, place)) => (place.clone(), model.to_owned()),
            None if model.is_empty() => (0..0, String::new()),
            None => {
                let head = format!("--{}\r\nContent-Disposition: form-data; name=\"{MODEL}\"", self.boundary);
                (0..0, format!("{head}\r\n\r\n{model}\r\n"))
            }
        };
        let new = Bytes::from(new);
        Payload::Spooled { spool: self.spool.clone(), place, new }
    }
}

/// A form on its way to the spool.
struct Writing {
    spooling: Spooling,
    boundary: String,
    model: Option<(String, Range<u64>)>,
    recordings: Vec<Range<u64>>,
    mentions: Mentions,
}

impl Writing {
    fn new(room: &Room) -> Self {
        // What no client can foresee can't stand in what it sends, not even for those who read line ends otherwise.
        let boundary = format!("----tollhouse-{}", services::new_mark());
        Self {
            spooling: Spooling::new(room),
            boundary,
            model: None,
            recordings: Vec::new(),
            mentions: Mentions::default(),
        }
    }

    async fn part(&mut self, field: Field<'_>, most: u64) -> Result<(), Failed> {
        let mut field = pin!(field);
        let head = Head::read(&field).map_err(Some)?;
        let decides = head.is_model().map_err(Some)?;
        let mut written = format!("--{}\r\n", self.boundary).into_bytes();
        head.write(&mut written);
        self.push(&written).await?;
        let (longest, is_file) = match (decides, &head.file_name) {
            (true, _) => (LONGEST_MODEL, false),
            (false, None) => (LONGEST_VALUE, false),
            (false, Some(_)) => (SHORT_FILE, true),
        };
        let start = self.spooling.len();
        let mut value = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(|error| wrong(&error, most))? {
            self.push(&chunk).await?;
            match value.len() + chunk.len() <= longest {
                true => value.extend_from_slice(&chunk),
                // Of a file, what is longer than any id isn't read.
                false if is_file => value.resize(longest + 1, 0),
                false => return Err(Some(Refusal::invalid(head.name, "This field is too long."))),
            }
        }
        let place = start..self.spooling.len();
        self.push(b"\r\n").await?;
        if head.name == RECORDING {
            self.recordings.push(place.clone());
        }
        self.note(&head, &value, is_file);
        if decides { self.decide(value, place).map_err(Some) } else { Ok(()) }
    }

    /// What a part mentions: also a file may be read as a field's value, where it is as short as one.
    fn note(&mut self, head: &Head, value: &[u8], is_file: bool) {
        if let Some(name) = &head.file_name {
            self.mentions.text(name);
        }
        if head.name == MODEL || (is_file && value.len() > SHORT_FILE) {
            return;
        }
        self.mentions.and(mentions_of_field(&head.name, &String::from_utf8_lossy(value)));
    }

    fn decide(&mut self, value: Vec<u8>, place: Range<u64>) -> Result<(), Refusal> {
        let value = String::from_utf8(value).map_err(|_| Refusal::invalid(MODEL, "`model` isn't UTF-8."))?;
        match self.model.replace((value, place)) {
            Some(_) => Err(Refusal::invalid(MODEL, "`model` must be there once.")),
            None => Ok(()),
        }
    }

    async fn push(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        self.spooling.push(bytes).await.map_err(|error| Some(no_room(&error)))
    }

    async fn finish(mut self) -> Result<Form, Failed> {
        let end = format!("--{}--\r\n", self.boundary);
        self.push(end.as_bytes()).await?;
        let spool = self.spooling.finish().await.map_err(|error| Some(no_room(&error)))?;
        // All of it is ASCII.
        let kind = HeaderValue::try_from(format!("multipart/form-data; boundary={}", self.boundary));
        let kind = kind.map_err(|_| Some(Refusal::internal()))?;
        Ok(Form {
            spool,
            kind,
            boundary: self.boundary,
            model: self.model,
            recordings: self.recordings,
            mentions: self.mentions,
        })
    }
}

/// What somebody is told whose upload can't be spooled.
pub(super) fn no_room(error: &SpoolError) -> Refusal {
    match error {
        SpoolError::Full(full) => Refusal::no_room(*full),
        SpoolError::Disk(_) => {
            tracing::error!(%error, "an upload can't be taken");
            Refusal::no_room(Full::All)
        }
    }
}

fn wrong(error: &multer::Error, most: u64) -> Failed {
    if let multer::Error::StreamReadFailed(cause) = error {
        return match cause.downcast_ref::<CollectError>() {
            Some(CollectError::TooLarge) => Some(Refusal::body_too_large(most)),
            Some(CollectError::TooSlow) => Some(Refusal::body_too_slow()),
            Some(CollectError::NoRoom(full)) => Some(Refusal::no_room(*full)),
            Some(CollectError::Broken) | None => None,
        };
    }
    Some(Refusal::malformed(format!("The form can't be read: {error}.")))
}
