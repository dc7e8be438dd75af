//! Reads `multipart/form-data` as it arrives: finds the parameters that the gateway
//! needs, and spools all of it.
//!
//! The spooled form is written from the parsed parts, in their order, with an unpredictable boundary and
//! with heads of our own, so that a provider can't parse it differently. A form without oddities keeps
//! every byte but the boundary.

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

use self::head::{MODEL, PartHead};
use super::{
    body::{BodyTags, USER, find_mentions_in_field, positive, unknown_field},
    collect::{CollectError, CollectLimits, NextPiece, next},
    estimate::Recording,
    payload::{Payload, Spool, SpoolQuota, SpoolWriter},
    references::Mentions,
};
use crate::v1::error::V1Error;

/// Most parts of a form: up to 16 images are edited at once, and forms have some dozen fields.
const MAX_PARTS: usize = 256;
/// Longest value of `model`, in bytes.
const MAX_MODEL_LENGTH: usize = 1024;
/// Longest value of a field without a file name, in bytes: OpenAI's longest prompts have 32,000 characters.
const MAX_VALUE_LENGTH: usize = 256 * 1024;
/// The part with the audio to be transcribed, by OpenAI's API reference.
const RECORDING: &str = "file";
/// Longest file that could be taken for a field's value, in bytes: an id, possibly with surrounding text.
const SHORT_FILE: usize = 512;

/// A form that has been read.
#[derive(Debug)]
pub(super) struct SpooledForm {
    spool: Spool,
    /// The content type with the boundary.
    pub(super) content_type: HeaderValue,
    boundary: String,
    /// The requested model, and its position.
    model: Option<(String, Range<u64>)>,
    /// Positions of the files to be transcribed.
    recordings: Vec<Range<u64>>,
    /// Mentions of objects that a provider may keep.
    pub(super) mentions: Mentions,
    pub(super) notes: FormNotes,
}

/// Facts about a form: what decides what its call can cost at most, and its tags.
#[derive(Debug, Default)]
pub(super) struct FormNotes {
    /// The number of pictures to be made: the highest of several, and absurdly many if it can't be read.
    pub(super) answers: Option<u64>,
    /// The length of the video to be made, likewise, in seconds.
    pub(super) seconds: Option<u64>,
    /// The first field whose effect isn't known.
    pub(super) unknown_field: Option<String>,
    /// Texts that may be tags.
    pub(super) tags: BodyTags,
}

impl FormNotes {
    fn add(&mut self, name: &str, value: &[u8]) {
        let number = || std::str::from_utf8(value).ok().and_then(|text| positive(text.trim())).or(Some(u64::MAX));
        let name = name.split(['[', '.']).next().unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "n" => self.answers = self.answers.max(number()),
            "seconds" => self.seconds = self.seconds.max(number()),
            _ => self.unknown_field = self.unknown_field.take().or_else(|| unknown_field(name)),
        }
    }
}

/// The error of reading a form; `None` if the client left.
type FormError = Option<V1Error>;

impl SpooledForm {
    pub(super) async fn read(
        headers: &HeaderMap,
        body: Body,
        quota: &SpoolQuota,
        limits: CollectLimits,
    ) -> Result<Self, FormError> {
        let boundary = head::boundary(headers).map_err(Some)?;
        let max_bytes = limits.bytes as u64;
        let chunks = stream::unfold((body, 0_u64), move |(mut body, before)| async move {
            match next(&mut body, limits.idle, limits.deadline_after(before)).await {
                NextPiece::Data(data) => {
                    let read = before + data.len() as u64;
                    let chunk = if read <= max_bytes { Ok(data) } else { Err(CollectError::TooLarge) };
                    Some((chunk, (body, read)))
                }
                NextPiece::End => None,
                NextPiece::TooSlow => Some((Err(CollectError::TooSlow), (body, before))),
                NextPiece::Broken => Some((Err(CollectError::Broken), (body, before))),
            }
        });
        let mut form = Multipart::new(Box::pin(chunks), boundary.as_str());
        let mut writer = FormWriter::new(quota);
        for _ in 0..MAX_PARTS {
            match form.next_field().await.map_err(|error| read_error(&error, max_bytes))? {
                Some(field) => writer.add_part(field, max_bytes).await?,
                None => return writer.finish().await,
            }
        }
        Err(Some(V1Error::malformed(format!("The form has more than {MAX_PARTS} parts."))))
    }

    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_ref().map(|(model, _)| model.as_str())
    }

    /// The files to be transcribed.
    pub(super) fn recordings(&self) -> Vec<Recording> {
        let ranges = self.recordings.iter().cloned();
        ranges.map(|range| Recording { spool: self.spool.clone(), range }).collect()
    }

    /// Returns the form with its model replaced by `model`, which is inserted at the
    /// beginning if it names none.
    pub(super) fn payload(&self, model: &str) -> Payload {
        let (range, replacement) = match &self.model {
            Some((_, range)) => (range.clone(), model.to_owned()),
            None if model.is_empty() => (0..0, String::new()),
            None => {
                let head = format!("--{}\r\nContent-Disposition: form-data; name=\"{MODEL}\"", self.boundary);
                (0..0, format!("{head}\r\n\r\n{model}\r\n"))
            }
        };
        let replacement = Bytes::from(replacement);
        Payload::Spooled { spool: self.spool.clone(), range, replacement }
    }
}

/// Writes a form to the spool.
struct FormWriter {
    spool: SpoolWriter,
    boundary: String,
    model: Option<(String, Range<u64>)>,
    recordings: Vec<Range<u64>>,
    mentions: Mentions,
    notes: FormNotes,
}

impl FormWriter {
    fn new(quota: &SpoolQuota) -> Self {
        // A boundary that no client can predict can't be in its data, whichever line ends a parser accepts.
        let boundary = format!("----tollhouse-{}", services::random_hex());
        Self {
            spool: SpoolWriter::new(quota),
            boundary,
            model: None,
            recordings: Vec::new(),
            mentions: Mentions::default(),
            notes: FormNotes::default(),
        }
    }

    async fn add_part(&mut self, field: Field<'_>, max_bytes: u64) -> Result<(), FormError> {
        let mut field = pin!(field);
        let head = PartHead::read(&field).map_err(Some)?;
        let is_model = head.is_model().map_err(Some)?;
        let mut bytes = format!("--{}\r\n", self.boundary).into_bytes();
        head.write(&mut bytes);
        self.push(&bytes).await?;
        let (max_length, is_file) = match (is_model, &head.file_name) {
            (true, _) => (MAX_MODEL_LENGTH, false),
            (false, None) => (MAX_VALUE_LENGTH, false),
            (false, Some(_)) => (SHORT_FILE, true),
        };
        let start = self.spool.len();
        let mut value = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(|error| read_error(&error, max_bytes))? {
            self.push(&chunk).await?;
            match value.len() + chunk.len() <= max_length {
                true => value.extend_from_slice(&chunk),
                // A file longer than any id isn't searched.
                false if is_file => value.resize(max_length + 1, 0),
                false => return Err(Some(V1Error::invalid(head.name, "This field is too long."))),
            }
        }
        let range = start..self.spool.len();
        self.push(b"\r\n").await?;
        if head.name == RECORDING {
            self.recordings.push(range.clone());
        }
        self.add_references(&head, &value, is_file);
        self.notes.add(&head.name, &value);
        if head.name == USER && !is_file {
            self.notes.tags = BodyTags::of_user(&String::from_utf8_lossy(&value));
        }
        if is_model { self.set_model(value, range).map_err(Some) } else { Ok(()) }
    }

    /// Adds a part's mentions. A short file is searched as well, since a provider may
    /// read it as a field's value.
    fn add_references(&mut self, head: &PartHead, value: &[u8], is_file: bool) {
        if let Some(name) = &head.file_name {
            self.mentions.add_text(name);
        }
        if head.name == MODEL || (is_file && value.len() > SHORT_FILE) {
            return;
        }
        self.mentions.extend(find_mentions_in_field(&head.name, &String::from_utf8_lossy(value)));
    }

    fn set_model(&mut self, value: Vec<u8>, range: Range<u64>) -> Result<(), V1Error> {
        let value = String::from_utf8(value).map_err(|_| V1Error::invalid(MODEL, "`model` isn't UTF-8."))?;
        match self.model.replace((value, range)) {
            Some(_) => Err(V1Error::invalid(MODEL, "`model` may be given only once.")),
            None => Ok(()),
        }
    }

    async fn push(&mut self, bytes: &[u8]) -> Result<(), FormError> {
        self.spool.push(bytes).await.map_err(|error| Some(error.into()))
    }

    async fn finish(mut self) -> Result<SpooledForm, FormError> {
        let end = format!("--{}--\r\n", self.boundary);
        self.push(end.as_bytes()).await?;
        let spool = self.spool.finish().await.map_err(|error| Some(error.into()))?;
        // It is ASCII, so this can't fail.
        let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={}", self.boundary));
        let content_type = content_type.map_err(|_| Some(V1Error::internal()))?;
        Ok(SpooledForm {
            spool,
            content_type,
            boundary: self.boundary,
            model: self.model,
            recordings: self.recordings,
            mentions: self.mentions,
            notes: self.notes,
        })
    }
}

fn read_error(error: &multer::Error, max_bytes: u64) -> FormError {
    if let multer::Error::StreamReadFailed(cause) = error {
        return match cause.downcast_ref::<CollectError>() {
            Some(CollectError::TooLarge) => Some(V1Error::body_too_large(max_bytes)),
            Some(CollectError::TooSlow) => Some(V1Error::body_too_slow()),
            Some(CollectError::NoRoom(full)) => Some(V1Error::from(*full)),
            Some(CollectError::Broken) | None => None,
        };
    }
    Some(V1Error::malformed(format!("The form can't be read: {error}.")))
}
