//! Texts and keys within an outline, and which long texts are pictures or sounds.

use memchr::memchr2;
use serde::de::IgnoredAny;

use super::{Keep, LONGEST_TEXT, LONGEST_WORD, MOST, Outline, ROOMY, State, TELLING, WHOLE};

/// A text, or a key, that is being read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Text {
    is_key: bool,
    keep: Keep,
    /// Where it begins in the outline.
    begin: usize,
    /// How many bytes of it were read.
    length: usize,
    /// Whether a backslash came just before.
    escaped: bool,
    /// Whether it counts among the texts that are left out.
    counts: bool,
}

impl Outline {
    pub(super) fn begin_key(&mut self) {
        let length = self.out.len();
        let Some(object) = self.around.last_mut() else { return };
        object.begin = length;
        let keep = if length >= MOST { Keep::Nothing } else { object.keep };
        if keep != Keep::Nothing && object.has_any {
            self.out.push(b',');
        }
        self.begin_text(true, keep);
    }

    pub(super) fn begin_text(&mut self, is_key: bool, keep: Keep) {
        let begin = self.out.len();
        if keep != Keep::Nothing {
            self.out.push(b'"');
        }
        self.state = State::Text(Text { is_key, keep, begin, length: 0, escaped: false, counts: false });
    }

    /// Reads on in a text; tells how many bytes of it.
    pub(super) fn text(&mut self, mut text: Text, bytes: &[u8]) -> usize {
        let (length, escaped, is_over) = match memchr2(b'"', b'\\', bytes) {
            _ if text.escaped => (1, false, false),
            None => (bytes.len(), false, false),
            Some(at) if bytes[at] == b'\\' => (at + 1, true, false),
            Some(at) => (at, false, true),
        };
        self.keep_text(&mut text, &bytes[..length]);
        text.escaped = escaped;
        self.state = State::Text(text);
        if !is_over {
            return length;
        }
        self.end_text(text);
        length + 1
    }

    fn keep_text(&mut self, text: &mut Text, more: &[u8]) {
        let longest = if text.is_key { LONGEST_WORD } else { LONGEST_TEXT };
        let was_kept = text.length <= longest;
        text.length += more.len();
        if text.keep == Keep::Nothing {
            return;
        }
        if text.length <= longest {
            self.out.extend_from_slice(more);
            return;
        }
        let mut left_out = more.len();
        if was_kept {
            let begin = &self.out[text.begin + 1..];
            text.counts = !text.is_key && !is_medium(begin, more);
            left_out += begin.len();
            self.out.truncate(text.begin + 1);
        }
        if text.counts {
            self.texts += left_out;
        }
    }

    fn end_text(&mut self, text: Text) {
        if text.keep != Keep::Nothing {
            self.out.push(b'"');
            let written = &self.out[text.begin..];
            let is_plain =
                std::str::from_utf8(written).is_ok() && serde_json::from_slice::<IgnoredAny>(written).is_ok();
            if !is_plain {
                self.out.truncate(text.begin + 1);
                self.out.push(b'"');
            }
        }
        if text.is_key {
            self.end_key(text);
        } else {
            self.end_value(text.keep);
        }
    }

    /// Decides how much is kept of a member, now that its name is known.
    fn end_key(&mut self, text: Text) {
        self.state = State::Colon;
        let Some(object) = self.around.last().copied() else { return };
        self.next = Keep::Nothing;
        if text.keep == Keep::Nothing {
            return;
        }
        let name = &self.out[text.begin + 1..self.out.len() - 1];
        // Too long, or written as nobody could read it.
        let is_unread = name.is_empty() && text.length > 0;
        self.next = match text.keep {
            _ if is_unread => Keep::Nothing,
            Keep::Some if is_among(WHOLE, name) => Keep::All,
            Keep::Some if object.begin >= ROOMY && !is_among(TELLING, name) => Keep::Nothing,
            keep => keep,
        };
        if self.next == Keep::Nothing {
            self.out.truncate(object.begin);
        }
    }
}

fn is_among(names: &str, name: &[u8]) -> bool {
    names.split_ascii_whitespace().any(|known| known.as_bytes() == name)
}

/// How much of a text is looked at, in bytes.
const BEGINNING: usize = 256;

/// Whether a long text, of which this is the beginning, is a picture, a sound or another file in base64: what a model writes has
/// blanks in it, quotes, or letters beyond ASCII.
fn is_medium(begin: &[u8], more: &[u8]) -> bool {
    let beginning: Vec<u8> = begin.iter().chain(more).take(BEGINNING).copied().collect();
    let is_address = beginning.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"data:"))
        && memchr::memmem::find(&beginning, b";base64,").is_some();
    // As base64 or base64url is written (RFC 4648), also where slashes or line ends are escaped.
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=\\".contains(byte);
    is_address || beginning.iter().all(is_base64)
}
