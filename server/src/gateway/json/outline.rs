//! Outlines JSON texts in bounded memory, independent of their size and of the network's chunks.
//!
//! An outline is the text without large values. Long strings, such as pictures in base64, are empty. After
//! [`FULL_BYTES`] bytes, only members in [`KEPT_KEYS`] and the number of objects in lists are kept.
//! Anything that Python and JavaScript accept but `serde_json` doesn't, such as `NaN`, is `null` or empty,
//! so that the rest can be read.

mod text;

use serde::de::IgnoredAny;

use self::text::Text;

/// Longest string that is kept, in bytes of JSON.
const MAX_TEXT_LENGTH: usize = 4 * 1024;
/// Longest key or number, in bytes.
const MAX_WORD_LENGTH: usize = 256;
/// Size in bytes up to which everything but long strings is kept.
const FULL_BYTES: usize = 64 * 1024;
/// Size in bytes up to which the items of lists are kept, as empty objects.
const ITEMS_BYTES: usize = FULL_BYTES + 32 * 1024;
/// Maximum size of an outline in bytes, without its closing brackets.
const MAX_OUTLINE_BYTES: usize = ITEMS_BYTES + 32 * 1024;
/// Most levels of nested objects and lists, as in `serde_json`.
const MAX_DEPTH: usize = 127;

/// Keys that show how a call went and its usage.
const KEPT_KEYS: &str = "type object id status choices index finish_reason response message delta stop_reason data output action \
    duration service_tier code";
/// Keys whose values are kept in full.
const FULLY_KEPT_KEYS: &str = "error usage usageMetadata meta timings x_groq amazon-bedrock-invocationMetrics";

/// Outlines a JSON text that arrives in pieces.
#[derive(Debug)]
pub(in crate::gateway) struct JsonOutliner {
    out: Vec<u8>,
    frames: Vec<OutlineFrame>,
    state: State,
    /// How much of the next value is kept.
    next: Keep,
    /// A number, or a word such as `true`.
    word: Vec<u8>,
    omitted_text_bytes: usize,
}

/// The outline of a JSON text.
#[derive(Debug, Eq, PartialEq)]
pub(in crate::gateway) struct JsonOutline {
    pub(in crate::gateway) json: Vec<u8>,
    /// Number of bytes of omitted strings other than pictures and audio.
    pub(in crate::gateway) omitted_text_bytes: usize,
}

/// An object or a list that is being read.
#[derive(Clone, Copy, Debug)]
struct OutlineFrame {
    is_object: bool,
    keep: Keep,
    /// Start of the current member in the outline.
    start: usize,
    /// Whether something of it is kept, so that a comma must precede the next value.
    has_any: bool,
}

/// How much of a value is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Keep {
    Nothing,
    /// As long as there is room.
    IfRoom,
    All,
}

/// The position in the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Value,
    Key,
    Colon,
    /// After a value.
    AfterValue,
    Text(Text),
    Word,
    /// The text is complete.
    Complete,
    /// The text isn't JSON.
    Invalid,
}

impl Default for JsonOutliner {
    fn default() -> Self {
        let (out, frames, word) = (Vec::new(), Vec::new(), Vec::new());
        Self { out, frames, state: State::Value, next: Keep::IfRoom, word, omitted_text_bytes: 0 }
    }
}

impl JsonOutliner {
    /// Outlines a complete text; `None` if it isn't JSON.
    #[cfg(test)]
    pub(in crate::gateway) fn of(json: &[u8]) -> Option<JsonOutline> {
        let mut outliner = Self::default();
        outliner.push(json);
        outliner.finish()
    }

    pub(in crate::gateway) fn push(&mut self, mut bytes: &[u8]) {
        while let Some(&byte) = bytes.first() {
            let mut read = 1;
            match self.state {
                State::Text(text) => read = self.text(text, bytes),
                State::Word if !is_end(byte) => {
                    if self.word.len() <= MAX_WORD_LENGTH {
                        self.word.push(byte);
                    }
                }
                _ => {
                    if self.state == State::Word {
                        self.end_word();
                    }
                    self.step(byte);
                }
            }
            bytes = &bytes[read..];
        }
    }

    /// Returns the outline; `None` if the text is incomplete or isn't JSON.
    pub(in crate::gateway) fn finish(mut self) -> Option<JsonOutline> {
        if self.state == State::Word {
            self.end_word();
        }
        (self.state == State::Complete)
            .then_some(JsonOutline { json: self.out, omitted_text_bytes: self.omitted_text_bytes })
    }

    fn step(&mut self, byte: u8) {
        let in_object = self.frames.last().map(|frame| frame.is_object);
        // A byte order mark is skipped.
        let is_mark = self.out.is_empty() && self.frames.is_empty() && matches!(byte, 0xEF | 0xBB | 0xBF);
        match (self.state, byte) {
            (_, b' ' | b'\t' | b'\r' | b'\n') => {}
            (State::Value, _) if is_mark => {}
            (State::Value, b'{' | b'[') => self.open(byte == b'{'),
            (State::Value, b']') if in_object == Some(false) => self.close(),
            (State::Value, _) if byte == b'"' || !is_end(byte) => self.begin_scalar(byte),
            (State::Key, b'}') => self.close(),
            (State::Key, b'"') => self.begin_key(),
            (State::Colon, b':') => {
                if self.next != Keep::Nothing {
                    self.out.push(b':');
                }
                self.state = State::Value;
            }
            (State::AfterValue, b',') if in_object == Some(true) => self.state = State::Key,
            (State::AfterValue, b',') if in_object == Some(false) => self.state = State::Value,
            (State::AfterValue, b'}') if in_object == Some(true) => self.close(),
            (State::AfterValue, b']') if in_object == Some(false) => self.close(),
            _ => self.state = State::Invalid,
        }
    }

    /// Begins a value, with a comma in a list; returns how much of it is kept.
    fn begin_value(&mut self, is_scalar: bool) -> Keep {
        let length = self.out.len();
        let Some(list) = self.frames.last().filter(|frame| !frame.is_object) else { return self.next };
        let keep = match list.keep {
            _ if length >= MAX_OUTLINE_BYTES => Keep::Nothing,
            Keep::IfRoom if length >= ITEMS_BYTES || (length >= FULL_BYTES && is_scalar) => Keep::Nothing,
            keep => keep,
        };
        if keep != Keep::Nothing && list.has_any {
            self.out.push(b',');
        }
        keep
    }

    fn open(&mut self, is_object: bool) {
        if self.frames.len() >= MAX_DEPTH {
            self.state = State::Invalid;
            return;
        }
        let keep = self.begin_value(false);
        if keep != Keep::Nothing {
            self.out.push(if is_object { b'{' } else { b'[' });
        }
        self.frames.push(OutlineFrame { is_object, keep, start: self.out.len(), has_any: false });
        self.state = if is_object { State::Key } else { State::Value };
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        if frame.keep != Keep::Nothing {
            self.out.push(if frame.is_object { b'}' } else { b']' });
        }
        self.end_value(frame.keep);
    }

    fn end_value(&mut self, keep: Keep) {
        match self.frames.last_mut() {
            Some(frame) => {
                frame.has_any |= keep != Keep::Nothing;
                self.state = State::AfterValue;
            }
            None => self.state = State::Complete,
        }
    }

    fn begin_scalar(&mut self, byte: u8) {
        let keep = self.begin_value(true);
        if byte == b'"' {
            self.begin_text(false, keep);
        } else {
            self.next = keep;
            self.word.clear();
            self.word.push(byte);
            self.state = State::Word;
        }
    }

    fn end_word(&mut self) {
        let is_plain = self.word.len() <= MAX_WORD_LENGTH && serde_json::from_slice::<IgnoredAny>(&self.word).is_ok();
        let is_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.');
        if !is_plain && !self.word.first().is_some_and(is_number) && !matches!(&*self.word, b"NaN" | b"Infinity") {
            self.state = State::Invalid;
            return;
        }
        if self.next != Keep::Nothing {
            self.out.extend_from_slice(if is_plain { &self.word } else { b"null" });
        }
        self.end_value(self.next);
    }
}

/// Whether this byte ends a number or a word.
fn is_end(byte: u8) -> bool {
    matches!(byte, b',' | b':' | b'"' | b'{' | b'}' | b'[' | b']' | b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests;
