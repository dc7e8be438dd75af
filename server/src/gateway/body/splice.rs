//! Changes a few values of a body, and leaves every other byte as it was.

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;

/// What is to be changed in a JSON object.
pub(super) struct Splice<'b> {
    bytes: &'b Bytes,
    /// Whether there is no field but those that are added.
    is_empty: bool,
    edits: Vec<(Range<usize>, Cow<'b, str>)>,
    added: Vec<String>,
}

impl<'b> Splice<'b> {
    pub(super) fn new(bytes: &'b Bytes, is_empty: bool) -> Self {
        Self { bytes, is_empty, edits: Vec::with_capacity(3), added: Vec::new() }
    }

    /// Puts a text in place of another.
    pub(super) fn put(&mut self, place: Range<usize>, text: impl Into<Cow<'b, str>>) {
        let text = text.into();
        if self.bytes[place.clone()] != *text.as_bytes() {
            self.edits.push((place, text));
        }
    }

    /// Adds a field, which isn't there, by its name and its value's JSON.
    pub(super) fn add(&mut self, name: &str, json: &str) {
        self.added.push(format!("\"{name}\":{json}"));
    }

    /// Takes out the field at the top whose value is at `value`, with one comma beside it.
    pub(super) fn take_out(&mut self, value: Range<usize>) {
        let quote = |byte: &u8| *byte == b'"';
        // Before the value there are a colon and the name, in which a quote would be an escape.
        let name_end = self.bytes[..value.start].iter().rposition(quote).unwrap_or_default();
        let name = self.bytes[..name_end].iter().rposition(quote).unwrap_or_default();
        let seen = |byte: &u8| !byte.is_ascii_whitespace();
        let behind = self.bytes[value.end..].iter().position(seen).map(|at| value.end + at);
        let before = self.bytes[..name].iter().rposition(seen);
        let is_comma = |at: &usize| self.bytes[*at] == b',';
        let field = match (behind.filter(is_comma), before.filter(is_comma)) {
            (Some(comma), _) => name..comma + 1,
            (None, Some(comma)) => comma..value.end,
            (None, None) => {
                self.is_empty = true;
                name..value.end
            }
        };
        self.edits.push((field, Cow::Borrowed("")));
    }

    /// The bytes with all of it. Without anything to change, the very same.
    pub(super) fn finish(mut self) -> Bytes {
        if !self.added.is_empty() {
            let comma = if self.is_empty { "" } else { "," };
            let fields = self.added.join(",") + comma;
            // It is an object: the first thing in it is its brace.
            let brace = self.bytes.iter().position(|byte| *byte == b'{').map_or(0, |at| at + 1);
            self.edits.push((brace..brace, Cow::Owned(fields)));
        }
        if self.edits.is_empty() {
            return self.bytes.clone();
        }
        self.edits.sort_by_key(|(place, _)| (place.start, place.end));
        let longer: usize = self.edits.iter().map(|(_, text)| text.len()).sum();
        let mut spliced = Vec::with_capacity(self.bytes.len() + longer);
        let mut end = 0;
        for (place, text) in self.edits {
            spliced.extend_from_slice(&self.bytes[end..place.start]);
            spliced.extend_from_slice(text.as_bytes());
            end = place.end;
        }
        spliced.extend_from_slice(&self.bytes[end..]);
        spliced.into()
    }
}
