//! What is typed into the search for calls.

use domain::calls::SearchText;
use leptos::{html, prelude::*};

/// What is typed, and where: the field's text follows the address unless it is being edited.
#[derive(Clone, Copy)]
pub(super) struct SearchDraft {
    pub input: NodeRef<html::Input>,
    pub text: RwSignal<String>,
    /// Place of the cursor in `text`, in bytes.
    pub cursor: RwSignal<usize>,
    /// The value at the cursor, for which the server suggests others.
    pub value: RwSignal<String>,
}

impl SearchDraft {
    pub(super) fn new() -> Self {
        let (text, cursor, value) = (RwSignal::default(), RwSignal::new(0), RwSignal::default());
        Self { input: NodeRef::new(), text, cursor, value }
    }

    /// The text and the cursor, as the field has them.
    pub(super) fn read(&self) {
        let Some(input) = self.input.get_untracked() else { return };
        let text = input.value();
        let cursor = input.selection_start().ok().flatten().map_or(text.len(), |units| place(&text, units));
        if self.cursor.get_untracked() != cursor || self.text.with_untracked(|before| *before != text) {
            self.set(text, cursor);
        }
    }

    /// Replaces the text, and leaves the cursor at `cursor`.
    pub(super) fn write(&self, text: &str, cursor: usize) {
        if let Some(input) = self.input.get_untracked() {
            input.set_value(text);
            let units = u32::try_from(text[..cursor].encode_utf16().count()).unwrap_or_default();
            let _ = input.set_selection_range(units, units);
        }
        self.set(text.to_owned(), cursor);
    }

    fn set(&self, text: String, cursor: usize) {
        self.value.set(SearchText::typed_value(&text, cursor));
        self.cursor.set(cursor);
        self.text.set(text);
    }
}

/// The place in bytes of a place in UTF-16 units, in which browsers count.
fn place(text: &str, units: u32) -> usize {
    let mut left = units as usize;
    for (index, letter) in text.char_indices() {
        if left == 0 {
            return index;
        }
        left = left.saturating_sub(letter.len_utf16());
    }
    text.len()
}
