//! Records calls in a journal: the part of the meter that running calls hold too.

use std::{sync::Arc, time::Duration};

use domain::calls::Outcome;
use tokio::{sync::Notify, time::timeout};

use super::{CallRecord, journal::Journal};
use crate::{ServiceError, ServiceResult};

/// How long to wait for PostgreSQL before a call counts as recorded once it is on this machine's disk.
pub(super) const DATABASE_TIMEOUT: Duration = Duration::from_millis(500);

/// Records calls in a journal.
pub(super) struct Recorder {
    pub(super) journal: Arc<Journal>,
    pub(super) wake_storer: Arc<Notify>,
    /// Whether a call counts as recorded once it is in the database,
    /// if that is soon: for a database on another machine.
    pub(super) waits_for_database: bool,
}

impl Recorder {
    /// Records a call that is over, as [`Meter::record`](super::Meter::record) does.
    pub(super) async fn record(&self, call: CallRecord) -> ServiceResult<()> {
        let Self { journal, waits_for_database, .. } = self;
        if call.outcome == Outcome::Refused && journal.is_refusing() {
            return Err(ServiceError::unavailable("no calls can be taken"));
        }
        let synced = if *waits_for_database {
            let results = journal.end(&call)?;
            drop(call);
            let soon = journal.oldest_age().is_none_or(|age| age < DATABASE_TIMEOUT);
            if soon && timeout(DATABASE_TIMEOUT, journal.wait_until_stored(results)).await.is_ok() {
                return Ok(());
            }
            journal.wait_until_result_synced(results).await
        } else {
            let synced = journal.end_synced(&call)?;
            drop(call);
            // The sender is dropped if the thread has ended.
            synced.await.unwrap_or(false)
        };
        if synced { Ok(()) } else { Err(ServiceError::unavailable("the journal can't be written")) }
    }

    /// Waits until all recorded calls are in the database, however long that takes.
    pub(super) async fn wait_until_stored(&self) {
        if !self.journal.is_all_stored() {
            self.wake_storer.notify_one();
            self.journal.wait_until_all_stored().await;
        }
    }
}
