//! A call that has begun.

use std::sync::Arc;

use domain::ids::CallId;

use super::{journal::Journal, storer::interrupted};

/// Holds a call's place in the journal: to be kept until the call is recorded.
#[must_use = "the call is recorded as interrupted when this is dropped"]
pub struct Open {
    journal: Arc<Journal>,
    id: CallId,
}

impl Open {
    pub(super) fn new(journal: Arc<Journal>, id: CallId) -> Self {
        Self { journal, id }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // Usually it is over, and that was all.
        let Some(call) = self.journal.open_call(self.id) else { return };
        tracing::error!(call = %self.id, "a call ended without a record; it is recorded as interrupted");
        // Where this can't be done, another process does it, or the next start.
        let _ = self.journal.end(&interrupted(call));
    }
}
