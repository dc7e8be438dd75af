//! Reads the events of a request body.

use domain::time::Timestamp;
use serde_json::value::RawValue;

use super::{
    Attributes, MAX_EVENTS, RejectedEvent,
    line::{self, EventLine},
};

/// The format of a body, by its content type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BatchFormat {
    /// `application/cloudevents+json`: one event.
    One,
    /// `application/cloudevents-batch+json`: an array of events.
    Batch,
    /// `application/json`: one event or an array.
    Either,
}

/// The error for a body of which no event is accepted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BatchError {
    /// The body isn't UTF-8 or isn't the JSON that its format requires; holds the message for the client.
    #[error("{0}")]
    Unreadable(String),
    /// The batch has this many events, more than [`MAX_EVENTS`].
    #[error("A batch is limited to {MAX_EVENTS} events; this one has {0}. Split it.")]
    TooMany(usize),
}

/// The events of a body, valid and rejected ones, before names are looked up.
#[derive(Clone, Debug, Default)]
pub struct ParsedBatch {
    pub(super) lines: Vec<EventLine>,
    pub(super) refused: Vec<RejectedEvent>,
}

impl ParsedBatch {
    /// Number of events in the body.
    pub fn received(&self) -> usize {
        self.lines.len() + self.refused.len()
    }
}

/// Reads an event in binary mode, whose data is `body`, as of `now`.
pub fn read_one(attributes: &Attributes, body: &[u8], now: Timestamp) -> Result<ParsedBatch, BatchError> {
    let mut batch = ParsedBatch::default();
    match line::read_parts(attributes, utf8(body)?, now) {
        Ok(line) => batch.lines.push(line),
        Err((id, error)) => batch.refused.push(RejectedEvent { index: 0, id, error }),
    }
    Ok(batch)
}

fn utf8(body: &[u8]) -> Result<&str, BatchError> {
    std::str::from_utf8(body).map_err(|_| BatchError::Unreadable("The body isn't UTF-8.".to_owned()))
}

/// Reads `body`, as of `now`. A large one takes some milliseconds, so call this on a blocking thread.
pub fn read(body: &[u8], format: BatchFormat, now: Timestamp) -> Result<ParsedBatch, BatchError> {
    let text = utf8(body)?;
    let is_batch = match format {
        BatchFormat::One => false,
        BatchFormat::Batch => true,
        BatchFormat::Either => text.trim_start().starts_with('['),
    };
    let unreadable = |error: serde_json::Error| BatchError::Unreadable(format!("The body is invalid: {error}."));
    let texts: Vec<&RawValue> = if is_batch {
        serde_json::from_str(text).map_err(unreadable)?
    } else {
        vec![serde_json::from_str(text).map_err(unreadable)?]
    };
    if texts.len() > MAX_EVENTS {
        return Err(BatchError::TooMany(texts.len()));
    }
    let mut batch = ParsedBatch { lines: Vec::with_capacity(texts.len()), refused: Vec::new() };
    for (index, text) in texts.into_iter().enumerate() {
        match line::read(index, text.get(), now) {
            Ok(line) => batch.lines.push(line),
            Err((id, error)) => batch.refused.push(RejectedEvent { index, id, error }),
        }
    }
    Ok(batch)
}
