//! A body with events.

use domain::time::Timestamp;
use serde_json::value::RawValue;

use super::{
    Attributes, MOST_EVENTS, Refused,
    line::{self, Line},
};

/// How events come, which the content type says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// `application/cloudevents+json`: one.
    One,
    /// `application/cloudevents-batch+json`: an array of them.
    Batch,
    /// `application/json`: whichever it is.
    Either,
}

/// A body of which nothing can be taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Malformed {
    #[error("{0}")]
    Unreadable(String),
    #[error("A batch has at most {MOST_EVENTS} events; this one has {0}. Send several.")]
    TooMany(usize),
}

/// The events of a body, as far as they make sense by themselves.
#[derive(Clone, Debug, Default)]
pub struct Read {
    pub(super) lines: Vec<Line>,
    pub(super) refused: Vec<Refused>,
}

impl Read {
    /// How many events there were.
    pub fn received(&self) -> usize {
        self.lines.len() + self.refused.len()
    }
}

/// Reads the one event whose attributes came by themselves, and whose data is `body`, as of `now`.
pub fn read_one(attributes: &Attributes, body: &[u8], now: Timestamp) -> Result<Read, Malformed> {
    let mut read = Read::default();
    match line::read_parts(attributes, utf8(body)?, now) {
        Ok(line) => read.lines.push(line),
        Err((id, why)) => read.refused.push(Refused { index: 0, id, why }),
    }
    Ok(read)
}

fn utf8(body: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(body).map_err(|_| Malformed::Unreadable("The body isn't UTF-8.".to_owned()))
}

/// Reads `body`, as of `now`. It is work for a thread of its own: some milliseconds for a large one.
pub fn read(body: &[u8], form: Form, now: Timestamp) -> Result<Read, Malformed> {
    let text = utf8(body)?;
    let is_batch = match form {
        Form::One => false,
        Form::Batch => true,
        Form::Either => text.trim_start().starts_with('['),
    };
    let unreadable = |error: serde_json::Error| Malformed::Unreadable(format!("The body can't be read: {error}."));
    let texts: Vec<&RawValue> = if is_batch {
        serde_json::from_str(text).map_err(unreadable)?
    } else {
        vec![serde_json::from_str(text).map_err(unreadable)?]
    };
    if texts.len() > MOST_EVENTS {
        return Err(Malformed::TooMany(texts.len()));
    }
    let mut read = Read { lines: Vec::with_capacity(texts.len()), refused: Vec::new() };
    for (index, text) in texts.into_iter().enumerate() {
        match line::read(index, text.get(), now) {
            Ok(line) => read.lines.push(line),
            Err((id, why)) => read.refused.push(Refused { index, id, why }),
        }
    }
    Ok(read)
}
