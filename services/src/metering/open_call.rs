//! A running call in the journal.

use std::sync::Arc;

use domain::ids::CallId;

use super::{CallRecord, recorder::Recorder, storer::interrupted};
use crate::ServiceResult;

/// A call that has begun. It ends once: with [`OpenCall::end`], or as interrupted when this is dropped.
#[must_use = "the call is recorded as interrupted when this is dropped"]
pub struct OpenCall {
    recorder: Arc<Recorder>,
    id: CallId,
}

impl OpenCall {
    pub(super) fn new(recorder: Arc<Recorder>, id: CallId) -> Self {
        Self { recorder, id }
    }

    /// Records the call, which is over, as [`Meter::record`](super::Meter::record) does. `call` is that call's record.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`](crate::ServiceError::Unavailable): the disk can't be written.
    pub async fn end(self, call: CallRecord) -> ServiceResult<()> {
        debug_assert_eq!(call.id, self.id, "a call ends with its own record");
        self.recorder.record(call).await
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        // Usually the call was recorded.
        let Some(call) = self.recorder.journal.open_call(self.id) else { return };
        tracing::error!(call = %self.id, "a call ended without a record; it is recorded as interrupted");
        // If this fails, another process does it, or the next start.
        let _ = self.recorder.journal.end(&interrupted(call));
    }
}
