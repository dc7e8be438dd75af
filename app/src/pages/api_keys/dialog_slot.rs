//! The slot in which a page shows one dialog at a time.

use super::actions::{KeyAction, KeyActions};

/// The page's slot for a dialog, by which the open dialog closes itself or opens the next one.
#[derive(Clone, Copy)]
pub(super) struct DialogSlot(KeyActions);

impl DialogSlot {
    pub(super) fn new(actions: KeyActions) -> Self {
        Self(actions)
    }

    pub(super) fn close(&self) {
        self.0.replace(None);
    }

    /// Closes the dialog after its change was made.
    pub(super) fn finish(&self) {
        self.0.notify_changed();
        self.close();
    }

    /// Closes the dialog after its change was made, and opens another.
    pub(super) fn finish_with(&self, next: KeyAction) {
        self.0.notify_changed();
        self.0.replace(Some(next));
    }
}
