//! What matters of a JSON text, in bounded memory, however long the text is and however the network cut it.
//!
//! An outline is the text without what is large in it. Long texts, such as pictures in base64, are empty; once it has
//! [`ROOMY`] bytes, only what [`TELLING`] names goes on, and how many objects a list has. What Python and JavaScript would read
//! and `serde_json` doesn't, such as `NaN`, is `null` or empty, so that the rest can be read.

mod text;

use serde::de::IgnoredAny;

use self::text::Text;

/// Longest text that is kept, in bytes as it is written.
const LONGEST_TEXT: usize = 4 * 1024;
/// Longest key and longest number, in bytes.
const LONGEST_WORD: usize = 256;
/// Up to how many bytes everything is kept that isn't a long text.
const ROOMY: usize = 64 * 1024;
/// Up to how many bytes the items of lists are kept, as empty objects.
const ITEMS: usize = ROOMY + 32 * 1024;
/// How large an outline is at most, but for the brackets that close it, in bytes.
const MOST: usize = ITEMS + 32 * 1024;
/// How deep objects and lists may be within each other, as with `serde_json`.
const DEEPEST: usize = 127;

/// What tells how a call went, and what it used.
const TELLING: &str = "type object id status choices index finish_reason response message delta stop_reason data output action \
    duration service_tier code";
/// What is kept with all that is in it.
const WHOLE: &str = "error usage usageMetadata meta timings x_groq amazon-bedrock-invocationMetrics";

/// Takes a JSON text piece by piece.
#[derive(Debug)]
pub(in crate::gateway) struct Outline {
    out: Vec<u8>,
    around: Vec<Around>,
    state: State,
    /// How much is kept of the value that comes next.
    next: Keep,
    /// A number, or a word such as `true`.
    word: Vec<u8>,
    texts: usize,
}

/// What is left of a JSON text.
#[derive(Debug, Eq, PartialEq)]
pub(in crate::gateway) struct Outlined {
    pub(in crate::gateway) json: Vec<u8>,
    /// How many bytes of texts were left out that are neither pictures nor sounds.
    pub(in crate::gateway) texts: usize,
}

/// An object or a list around what is being read.
#[derive(Clone, Copy, Debug)]
struct Around {
    is_object: bool,
    keep: Keep,
    /// Where the member of an object begins that is being read.
    begin: usize,
    /// Whether something is kept of it, so that what follows stands behind a comma.
    has_any: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Keep {
    Nothing,
    /// As long as there is room.
    Some,
    All,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Value,
    Key,
    Colon,
    /// Behind a value.
    Behind,
    Text(Text),
    Word,
    /// All of it was read.
    Over,
    /// It makes no sense.
    Broken,
}

impl Default for Outline {
    fn default() -> Self {
        let (out, around, word) = (Vec::new(), Vec::new(), Vec::new());
        Self { out, around, state: State::Value, next: Keep::Some, word, texts: 0 }
    }
}

impl Outline {
    /// Of a text that is there as a whole; `None` where it is no JSON.
    #[cfg(test)]
    pub(in crate::gateway) fn of(json: &[u8]) -> Option<Outlined> {
        let mut outline = Self::default();
        outline.push(json);
        outline.finish()
    }

    pub(in crate::gateway) fn push(&mut self, mut bytes: &[u8]) {
        while let Some(&byte) = bytes.first() {
            let mut read = 1;
            match self.state {
                State::Text(text) => read = self.text(text, bytes),
                State::Word if !is_end(byte) => {
                    if self.word.len() <= LONGEST_WORD {
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

    /// What is left of it; `None` where it isn't complete, or no JSON.
    pub(in crate::gateway) fn finish(mut self) -> Option<Outlined> {
        if self.state == State::Word {
            self.end_word();
        }
        (self.state == State::Over).then_some(Outlined { json: self.out, texts: self.texts })
    }

    fn step(&mut self, byte: u8) {
        let in_object = self.around.last().map(|around| around.is_object);
        // A byte order mark says nothing.
        let is_mark = self.out.is_empty() && self.around.is_empty() && matches!(byte, 0xEF | 0xBB | 0xBF);
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
            (State::Behind, b',') if in_object == Some(true) => self.state = State::Key,
            (State::Behind, b',') if in_object == Some(false) => self.state = State::Value,
            (State::Behind, b'}') if in_object == Some(true) => self.close(),
            (State::Behind, b']') if in_object == Some(false) => self.close(),
            _ => self.state = State::Broken,
        }
    }

    /// How much is kept of the value that begins here; where it is an item of a list, its comma is written.
    fn begin_value(&mut self, is_scalar: bool) -> Keep {
        let length = self.out.len();
        let Some(list) = self.around.last().filter(|around| !around.is_object) else { return self.next };
        let keep = match list.keep {
            _ if length >= MOST => Keep::Nothing,
            Keep::Some if length >= ITEMS || (length >= ROOMY && is_scalar) => Keep::Nothing,
            keep => keep,
        };
        if keep != Keep::Nothing && list.has_any {
            self.out.push(b',');
        }
        keep
    }

    fn open(&mut self, is_object: bool) {
        if self.around.len() >= DEEPEST {
            self.state = State::Broken;
            return;
        }
        let keep = self.begin_value(false);
        if keep != Keep::Nothing {
            self.out.push(if is_object { b'{' } else { b'[' });
        }
        self.around.push(Around { is_object, keep, begin: self.out.len(), has_any: false });
        self.state = if is_object { State::Key } else { State::Value };
    }

    fn close(&mut self) {
        let Some(around) = self.around.pop() else { return };
        if around.keep != Keep::Nothing {
            self.out.push(if around.is_object { b'}' } else { b']' });
        }
        self.end_value(around.keep);
    }

    fn end_value(&mut self, keep: Keep) {
        match self.around.last_mut() {
            Some(around) => {
                around.has_any |= keep != Keep::Nothing;
                self.state = State::Behind;
            }
            None => self.state = State::Over,
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
        let is_plain = self.word.len() <= LONGEST_WORD && serde_json::from_slice::<IgnoredAny>(&self.word).is_ok();
        let is_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.');
        if !is_plain && !self.word.first().is_some_and(is_number) && !matches!(&*self.word, b"NaN" | b"Infinity") {
            self.state = State::Broken;
            return;
        }
        if self.next != Keep::Nothing {
            self.out.extend_from_slice(if is_plain { &self.word } else { b"null" });
        }
        self.end_value(self.next);
    }
}

/// Whether a number or a word is over before this.
fn is_end(byte: u8) -> bool {
    matches!(byte, b',' | b':' | b'"' | b'{' | b'}' | b'[' | b']' | b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests;
