//! A running call in the journal.

use std::sync::Arc;

use domain::ids::CallId;

use super::{journal::Journal, storer::interrupted};

/// A call that has begun, to be kept until it is recorded.
#[must_use = "the call is recorded as interrupted when this is dropped"]
pub struct OpenCall {
    journal: Arc<Journal>,
    id: CallId,
}

impl OpenCall {
    pub(super) fn new(journal: Arc<Journal>, id: CallId) -> Self {
        Self { journal, id }
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        // Usually the call was recorded.
        let Some(call) = self.journal.open_call(self.id) else { return };
        tracing::error!(call = %self.id, "a call ended without a record; it is recorded as interrupted");
        // If this fails, another process does it, or the next start.
        let _ = self.journal.end(&interrupted(call));
    }
}
