//! Stores the journals of processes that ended unexpectedly: before this
//! one started, or while it runs, such as the one it takes over from.

use std::{
    borrow::Cow,
    collections::HashMap,
    convert::Infallible,
    fs::File,
    future::pending,
    io,
    sync::{Arc, PoisonError},
    time::Duration,
};

use domain::{
    calls::{CountSource, Outcome},
    ids::CallId,
    money::{PriceParts, Quantities},
};
use tokio::time::sleep;

use super::{LineStorer, RETRY_DELAY, StorerStopped, log_failure, run_blocking};
use crate::metering::{
    CallRecord,
    journal::{Folder, JournalLines, JournalPosition, ReadRange, read},
    registry::REPORT_INTERVAL,
};

/// Error code of calls that were running when their server stopped.
const SERVER_STOPPED: &str = "server_stopped";
/// Number of interrupted calls that are stored at once.
const GROUP_SIZE: usize = 512;
/// How often to look for abandoned journals.
const ADOPTION_INTERVAL: Duration = Duration::from_secs(2);

impl LineStorer {
    /// Stores the journals that other processes abandon, as long as the future is polled.
    pub(super) async fn adopt(&self) -> Infallible {
        let mut failing = false;
        loop {
            sleep(ADOPTION_INTERVAL).await;
            let root = self.journal.root().to_owned();
            let result = run_blocking(move || Folder::lock_abandoned(&root)).await;
            let (folders, failure) = result.unwrap_or_else(|error| (Vec::new(), Some(error)));
            if let (Some(error), false) = (&failure, failing) {
                tracing::error!(%error, "it can't be seen whether other servers left a journal behind");
            }
            failing = failure.is_some();
            for folder in folders {
                if self.recover(&Arc::new(folder)).await.is_err() {
                    // The next start stores the rest.
                    return pending().await;
                }
            }
        }
    }

    /// Reports to the database that this process stores its journal, as long as the future is polled.
    pub(super) async fn report(&self) -> Infallible {
        loop {
            sleep(REPORT_INTERVAL).await;
            if let Err(error) = self.registry.report(&self.journal.folder).await {
                tracing::debug!(%error, "the database can't be told that this server runs");
            }
        }
    }

    /// Stores the calls of `folder` that aren't in the database, and deletes the folder, unless it belongs to another
    /// database.
    pub(super) async fn recover(&self, folder: &Arc<Folder>) -> Result<(), StorerStopped> {
        if self.is_foreign(folder) {
            return Ok(());
        }
        let stored = folder.stored();
        let mut open = HashMap::new();
        let mut results = 0;
        for (number, length) in self.retry_until_stopped(|| folder.segments()).await? {
            let damaged = self.recover_segment(folder, (number, length), stored, &mut open, &mut results).await?;
            if damaged {
                log_failure(
                    self.journal.set_aside.add_segment(&folder.segment(number)),
                    "a segment can't be set aside",
                );
            }
        }
        let interrupted: Vec<CallRecord> = open.into_values().map(interrupted).collect();
        for calls in interrupted.chunks(GROUP_SIZE) {
            self.store(JournalLines { ended: calls.to_vec(), ..JournalLines::default() }, true).await?;
        }
        if results > 0 || !interrupted.is_empty() {
            let interrupted = interrupted.len();
            tracing::info!(results, interrupted, "calls were found in the journal of a server that had stopped");
        }
        let removing = Arc::clone(folder);
        let removed = run_blocking(move || removing.remove()).await;
        self.unregister(folder, removed).await;
        Ok(())
    }

    /// Removes a journal, whose folder was removed with this result, from the database's list. If the database doesn't answer,
    /// the next start on this machine does it.
    pub(super) async fn unregister(&self, folder: &Folder, removed: io::Result<()>) {
        let is_removed = removed.is_ok();
        log_failure(removed, "a journal that isn't needed any more can't be removed");
        if is_removed && let Err(error) = self.registry.remove(folder).await {
            tracing::debug!(%error, "a journal can't be removed from the database's list");
        }
    }

    /// Whether a journal belongs to another database, such as the one that this folder's server used before.
    fn is_foreign(&self, folder: &Folder) -> bool {
        let is_foreign = folder.installation().is_some_and(|id| id != self.registry.installation);
        let mut logged = self.foreign.lock().unwrap_or_else(PoisonError::into_inner);
        if is_foreign && logged.insert(folder.name()) {
            let folder = folder.path().display();
            tracing::error!(%folder, "a journal belongs to another database; its calls wait for a server of that one");
        }
        is_foreign
    }

    /// Stores a segment's calls after the `stored` position; returns whether the segment is damaged.
    async fn recover_segment(
        &self,
        folder: &Folder,
        (number, length): (u64, u64),
        stored: JournalPosition,
        open: &mut HashMap<CallId, CallRecord>,
        results: &mut usize,
    ) -> Result<bool, StorerStopped> {
        let path = folder.segment(number);
        let file = Arc::new(self.retry_until_stopped(|| File::open(&path)).await?);
        let mut damaged = false;
        let mut from = 0;
        while from < length {
            // A range ends at the stored position, so that all its lines are before or after it.
            let boundary = if number == stored.segment { stored.offset } else { 0 };
            let end = if (from + 1..length).contains(&boundary) { boundary } else { length };
            let (range, file) = (ReadRange { from, end, with_begun: true }, Arc::clone(&file));
            let mut lines = match run_blocking(move || read(&file, range)).await {
                Ok(lines) => lines,
                Err(error) => {
                    tracing::error!(%error, file = %path.display(), "a journal can't be read further; it is set aside");
                    return Ok(true);
                }
            };
            damaged |= !lines.damaged.is_empty();
            open.extend(std::mem::take(&mut lines.begun).into_iter().map(|call| (call.id, call)));
            for call in &lines.ended {
                open.remove(&call.id);
            }
            let is_stored = JournalPosition { segment: number, offset: from } < stored;
            from = lines.next;
            if is_stored {
                lines.ended.clear();
            }
            *results += lines.ended.len();
            self.store(lines, true).await?;
        }
        Ok(damaged)
    }

    /// Retries `work` until it succeeds or the meter is shut down.
    async fn retry_until_stopped<T>(&self, work: impl Fn() -> io::Result<T>) -> Result<T, StorerStopped> {
        loop {
            match work() {
                Ok(value) => return Ok(value),
                Err(_) if self.journal.closed_for().is_some() => return Err(StorerStopped),
                Err(error) => tracing::error!(%error, "a journal that was left over can't be read; trying again"),
            }
            sleep(RETRY_DELAY).await;
        }
    }
}

/// The final record of a call of which only the begin is known, and so not its usage.
pub(in crate::metering) fn interrupted(call: CallRecord) -> CallRecord {
    CallRecord {
        outcome: Outcome::Interrupted,
        measured: CountSource::Unknown,
        used: Quantities::default(),
        cost: None,
        unpriced: PriceParts::NONE,
        error_code: Cow::Borrowed(SERVER_STOPPED),
        ..call
    }
}
