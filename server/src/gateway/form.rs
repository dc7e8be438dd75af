//! Reads a form, `multipart/form-data`, as it comes: what is decided upon is found on the way, and all of it is spooled.
//!
//! What is sent on is written anew from the parts that were read, in their order and with their headers, so that a
//! provider can't understand another form than was understood here. Without oddities that is byte by byte what came.

use std::{ops::Range, pin::pin};

use axum::{body::Body, http::HeaderMap};
use bytes::Bytes;
use futures::stream;
use multer::{Field, Multipart};

use super::{
    collect::{CollectError, Next, Within, next},
    payload::{Payload, Room, Spool, SpoolError, Spooling},
    refusal::Refusal,
};

/// Most parts of a form: pictures to be edited come 16 at once, and forms have some dozen fields.
const MOST_PARTS: usize = 256;
/// Longest value, in bytes, of a field that is decided upon.
const LONGEST_VALUE: usize = 1024;
/// Longest headers of a part, in bytes, with all their names.
const LONGEST_HEADERS: usize = 16 * 1024;
/// The field that something is decided by; it may be there once.
const MODEL: &str = "model";

/// A form that has been read.
#[derive(Debug)]
pub(super) struct Form {
    spool: Spool,
    /// The model that was asked for, and where it stands.
    model: Option<(String, Range<u64>)>,
}

/// Why a form couldn't be read; `None` where the client left.
type Failed = Option<Refusal>;

impl Form {
    pub(super) async fn read(headers: &HeaderMap, body: Body, room: &Room, within: Within) -> Result<Self, Failed> {
        let boundary = boundary(headers)?;
        let most = within.bytes as u64;
        let chunks = stream::unfold((body, 0_u64), move |(mut body, before)| async move {
            match next(&mut body, within.idle, within.deadline).await {
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
        let mut writing = Writing { spooling: Spooling::new(room), boundary: &boundary, model: None };
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

    /// The form with `model` in place of the model that it names.
    pub(super) fn payload(&self, model: &str) -> Payload {
        let (place, new) = match &self.model {
            Some((_, place)) => (place.clone(), Bytes::copy_from_slice(model.as_bytes())),
            None => (0..0, Bytes::new()),
        };
        Payload::Spooled { spool: self.spool.clone(), place, new }
    }
}

/// A form on its way to the spool.
struct Writing<'b> {
    spooling: Spooling,
    boundary: &'b str,
    model: Option<(String, Range<u64>)>,
}

impl Writing<'_> {
    async fn part(&mut self, field: Field<'_>, most: u64) -> Result<(), Failed> {
        let mut field = pin!(field);
        let mut head = format!("--{}\r\n", self.boundary).into_bytes();
        for (name, value) in field.headers() {
            head.extend_from_slice(capitalized(name.as_str()).as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        if head.len() > LONGEST_HEADERS {
            return Err(Some(Refusal::malformed("A part of the form has headers that are too long.")));
        }
        let name = field.name().unwrap_or_default();
        let decides = name.eq_ignore_ascii_case(MODEL);
        if decides && (name != MODEL || field.file_name().is_some()) {
            return Err(Some(Refusal::invalid(MODEL, "`model` must be a plain field, spelt like this.")));
        }
        self.push(&head).await?;
        let start = self.spooling.len();
        let mut value = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(|error| wrong(&error, most))? {
            self.push(&chunk).await?;
            if decides {
                value.extend_from_slice(&chunk);
                if value.len() > LONGEST_VALUE {
                    return Err(Some(Refusal::invalid(MODEL, "`model` is too long.")));
                }
            }
        }
        let place = start..self.spooling.len();
        self.push(b"\r\n").await?;
        if decides { self.decide(value, place).map_err(Some) } else { Ok(()) }
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
        Ok(Form { spool, model: self.model })
    }
}

fn boundary(headers: &HeaderMap) -> Result<String, Failed> {
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    multer::parse_boundary(kind)
        .map_err(|_| Some(Refusal::wrong_content_type("Send a form: `content-type: multipart/form-data; boundary=…`.")))
}

/// `content-disposition` as everybody writes it.
fn capitalized(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

fn no_room(error: &SpoolError) -> Refusal {
    tracing::error!(%error, "an upload can't be taken");
    Refusal::no_room()
}

fn wrong(error: &multer::Error, most: u64) -> Failed {
    if let multer::Error::StreamReadFailed(cause) = error {
        return match cause.downcast_ref::<CollectError>() {
            Some(CollectError::TooLarge) => Some(Refusal::body_too_large(most)),
            Some(CollectError::TooSlow) => Some(Refusal::body_too_slow()),
            Some(CollectError::Broken) | None => None,
        };
    }
    Some(Refusal::malformed(format!("The form can't be read: {error}.")))
}
