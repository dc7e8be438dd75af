//! Strings and keys in an outline, and detection of pictures and audio.

use memchr::memchr2;
use serde::de::IgnoredAny;

use super::{
    FULL_BYTES, FULLY_KEPT_KEYS, JsonOutliner, KEPT_KEYS, Keep, MAX_OUTLINE_BYTES, MAX_TEXT_LENGTH, MAX_WORD_LENGTH,
    State,
};

/// A string or a key that is being read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Text {
    is_key: bool,
    keep: Keep,
    /// Its start in the outline.
    start: usize,
    /// Number of bytes read.
    length: usize,
    /// Whether the last byte read is a backslash that escapes the next.
    is_escaped: bool,
    /// Whether its bytes count as omitted text.
    counts_as_text: bool,
}

impl JsonOutliner {
    pub(super) fn begin_key(&mut self) {
        let length = self.out.len();
        let Some(object) = self.frames.last_mut() else { return };
        object.start = length;
        let keep = if length >= MAX_OUTLINE_BYTES { Keep::Nothing } else { object.keep };
        if keep != Keep::Nothing && object.has_any {
            self.out.push(b',');
        }
        self.begin_text(true, keep);
    }

    pub(super) fn begin_text(&mut self, is_key: bool, keep: Keep) {
        let start = self.out.len();
        if keep != Keep::Nothing {
            self.out.push(b'"');
        }
        self.state = State::Text(Text { is_key, keep, start, length: 0, is_escaped: false, counts_as_text: false });
    }

    /// Continues a string; returns the number of bytes read.
    pub(super) fn text(&mut self, mut text: Text, bytes: &[u8]) -> usize {
        let (length, escaped, is_over) = match memchr2(b'"', b'\\', bytes) {
            _ if text.is_escaped => (1, false, false),
            None => (bytes.len(), false, false),
            Some(at) if bytes[at] == b'\\' => (at + 1, true, false),
            Some(at) => (at, false, true),
        };
        self.keep_text(&mut text, &bytes[..length]);
        text.is_escaped = escaped;
        self.state = State::Text(text);
        if !is_over {
            return length;
        }
        self.end_text(text);
        length + 1
    }

    fn keep_text(&mut self, text: &mut Text, more: &[u8]) {
        let max_length = if text.is_key { MAX_WORD_LENGTH } else { MAX_TEXT_LENGTH };
        let was_kept = text.length <= max_length;
        text.length += more.len();
        if text.keep == Keep::Nothing {
            return;
        }
        if text.length <= max_length {
            self.out.extend_from_slice(more);
            return;
        }
        let mut omitted = more.len();
        if was_kept {
            let start = &self.out[text.start + 1..];
            text.counts_as_text = !text.is_key && !is_medium(start, more);
            omitted += start.len();
            self.out.truncate(text.start + 1);
        }
        if text.counts_as_text {
            self.omitted_text_bytes += omitted;
        }
    }

    fn end_text(&mut self, text: Text) {
        if text.keep != Keep::Nothing {
            self.out.push(b'"');
            let written = &self.out[text.start..];
            let is_plain =
                std::str::from_utf8(written).is_ok() && serde_json::from_slice::<IgnoredAny>(written).is_ok();
            if !is_plain {
                self.out.truncate(text.start + 1);
                self.out.push(b'"');
            }
        }
        if text.is_key {
            self.end_key(text);
        } else {
            self.end_value(text.keep);
        }
    }

    /// Decides how much of a member is kept, now that its name is known.
    fn end_key(&mut self, text: Text) {
        self.state = State::Colon;
        let Some(object) = self.frames.last().copied() else { return };
        self.next = Keep::Nothing;
        if text.keep == Keep::Nothing {
            return;
        }
        let name = &self.out[text.start + 1..self.out.len() - 1];
        // Too long, or invalid JSON.
        let is_unreadable = name.is_empty() && text.length > 0;
        self.next = match text.keep {
            _ if is_unreadable => Keep::Nothing,
            Keep::IfRoom if is_among(FULLY_KEPT_KEYS, name) => Keep::All,
            Keep::IfRoom if object.start >= FULL_BYTES && !is_among(KEPT_KEYS, name) => Keep::Nothing,
            keep => keep,
        };
        if self.next == Keep::Nothing {
            self.out.truncate(object.start);
        }
    }
}

fn is_among(names: &str, name: &[u8]) -> bool {
    names.split_ascii_whitespace().any(|known| known.as_bytes() == name)
}

/// Number of bytes of a string that are checked.
const CHECKED_BYTES: usize = 256;

/// Whether a long string with this beginning is a picture, audio or another file in base64. A model's output
/// contains blanks, quotes, or letters beyond ASCII.
fn is_medium(start: &[u8], more: &[u8]) -> bool {
    let beginning: Vec<u8> = start.iter().chain(more).take(CHECKED_BYTES).copied().collect();
    let is_address = beginning.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"data:"))
        && memchr::memmem::find(&beginning, b";base64,").is_some();
    // Base64 or base64url (RFC 4648), perhaps with escaped slashes or line ends.
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=\\".contains(byte);
    is_address || beginning.iter().all(is_base64)
}
