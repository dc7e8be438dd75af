//! Changes a few values of a body, and keeps every other byte.

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;

/// The changes to a JSON object.
pub(super) struct Splice<'b> {
    bytes: &'b Bytes,
    /// Whether the object has no fields besides added ones.
    is_empty: bool,
    edits: Vec<(Range<usize>, Cow<'b, str>)>,
    added: Vec<String>,
}

impl<'b> Splice<'b> {
    pub(super) fn new(bytes: &'b Bytes, is_empty: bool) -> Self {
        Self { bytes, is_empty, edits: Vec::with_capacity(3), added: Vec::new() }
    }

    /// Replaces the bytes in `range`.
    pub(super) fn replace(&mut self, range: Range<usize>, text: impl Into<Cow<'b, str>>) {
        let text = text.into();
        if self.bytes[range.clone()] != *text.as_bytes() {
            self.edits.push((range, text));
        }
    }

    /// Adds a new field, given its name and its value in JSON.
    pub(super) fn add_field(&mut self, name: &str, json: &str) {
        self.added.push(format!("\"{name}\":{json}"));
    }

    /// Removes the top-level field whose value is at `value`, with one comma next to it.
    pub(super) fn remove_field(&mut self, value: Range<usize>) {
        let quote = |byte: &u8| *byte == b'"';
        // Before the value are a colon and the name, which contains no plain quotes.
        let name_end = self.bytes[..value.start].iter().rposition(quote).unwrap_or_default();
        let name = self.bytes[..name_end].iter().rposition(quote).unwrap_or_default();
        let is_visible = |byte: &u8| !byte.is_ascii_whitespace();
        let after = self.bytes[value.end..].iter().position(is_visible).map(|at| value.end + at);
        let before = self.bytes[..name].iter().rposition(is_visible);
        let is_comma = |at: &usize| self.bytes[*at] == b',';
        let field = match (after.filter(is_comma), before.filter(is_comma)) {
            (Some(comma), _) => name..comma + 1,
            (None, Some(comma)) => comma..value.end,
            (None, None) => {
                self.is_empty = true;
                name..value.end
            }
        };
        self.edits.push((field, Cow::Borrowed("")));
    }

    /// Returns the changed bytes. Doesn't copy if there are no changes.
    pub(super) fn finish(mut self) -> Bytes {
        if !self.added.is_empty() {
            let comma = if self.is_empty { "" } else { "," };
            let fields = self.added.join(",") + comma;
            // The first character of an object is its brace.
            let brace = self.bytes.iter().position(|byte| *byte == b'{').map_or(0, |at| at + 1);
            self.edits.push((brace..brace, Cow::Owned(fields)));
        }
        if self.edits.is_empty() {
            return self.bytes.clone();
        }
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let added: usize = self.edits.iter().map(|(_, text)| text.len()).sum();
        let mut spliced = Vec::with_capacity(self.bytes.len() + added);
        let mut end = 0;
        for (range, text) in self.edits {
            spliced.extend_from_slice(&self.bytes[end..range.start]);
            spliced.extend_from_slice(text.as_bytes());
            end = range.end;
        }
        spliced.extend_from_slice(&self.bytes[end..]);
        spliced.into()
    }
}
