//! Stores calls from the journal in the database: first those of abandoned journals, then this process's as
//! they come, and those of journals abandoned meanwhile.

mod group;
mod line_storer;
mod recovery;

use std::{
    fs::File,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Notify, time::sleep};

pub(super) use self::{group::Groups, line_storer::LineStorer, recovery::interrupted};
use super::journal::{Folder, Journal, JournalLines, JournalPosition, ReadRange, Readable, read};

/// Number of waiting calls from which a batch is stored at once.
const GROUP_SIZE: u64 = 512;
/// How long a smaller batch waits for more calls, so that one
/// transaction takes many under load. No client waits for it.
const BATCH_DELAY: Duration = Duration::from_millis(25);
/// How often the stored position is written down.
const MARK_INTERVAL: Duration = Duration::from_secs(1);
/// Delay before the next attempt after a read error.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The error after a shutdown while the database doesn't
/// answer: the rest waits in the journal for the next start.
#[derive(Clone, Copy, Debug)]
pub(super) struct StorerStopped;

/// The task that stores calls from the journal.
pub(super) struct Storer {
    pub(super) journal: Arc<Journal>,
    pub(super) line_storer: Arc<LineStorer>,
    /// Whether to wait for larger batches: calls are acknowledged before they are stored, so no client waits.
    pub(super) batches: bool,
    /// Ends the wait for a larger batch.
    pub(super) wake: Arc<Notify>,
    /// Position up to which this process's lines are stored.
    pub(super) position: JournalPosition,
    /// Segments whose calls are all stored, and whether they are damaged.
    pub(super) finished: Vec<(u64, bool)>,
    /// When the stored position was last written down.
    pub(super) marked_at: Instant,
}

impl Storer {
    pub(super) async fn run(mut self, abandoned: Vec<Folder>) {
        let line_storer = Arc::clone(&self.line_storer);
        let result = tokio::select! {
            result = self.store(abandoned) => result,
            never = line_storer.report() => match never {},
        };
        match result {
            Err(StorerStopped) => {
                tracing::warn!("the database doesn't answer: calls wait in the journal for the next start")
            }
            // The journal stays, so that running calls are found as interrupted.
            Ok(()) if self.journal.has_open_calls() => {}
            Ok(()) => self.line_storer.unregister(&self.journal.folder, self.journal.folder.remove()).await,
        }
    }

    /// Stores abandoned journals, then this process's lines until its journal is done.
    async fn store(&mut self, abandoned: Vec<Folder>) -> Result<(), StorerStopped> {
        let line_storer = Arc::clone(&self.line_storer);
        let mut result = Ok(());
        for folder in abandoned {
            result = result.and(line_storer.recover(&Arc::new(folder)).await);
        }
        result?;
        self.journal.mark_recovered();
        tokio::select! {
            followed = self.follow() => followed,
            never = line_storer.adopt() => match never {},
        }
    }

    /// Stores this process's lines until the journal is done.
    async fn follow(&mut self) -> Result<(), StorerStopped> {
        self.position = JournalPosition { segment: 1, offset: 0 };
        let mut damaged = false;
        let mut file = None;
        loop {
            let Readable { end, next, done } = self.journal.readable(self.position.segment);
            if self.position.offset < end {
                self.wait_for_more().await;
                let range = ReadRange {
                    from: self.position.offset,
                    end: self.journal.readable(self.position.segment).end,
                    with_begun: false,
                };
                let Some(lines) = self.read(&mut file, range).await else {
                    sleep(RETRY_DELAY).await;
                    continue;
                };
                damaged |= !lines.damaged.is_empty();
                self.position.offset = lines.next;
                let results = lines.results;
                self.line_storer.store(lines, false).await?;
                self.journal.add_stored(results);
            } else if let Some(next) = next {
                self.finished.push((self.position.segment, damaged));
                self.position = JournalPosition { segment: next, offset: 0 };
                (damaged, file) = (false, None);
            } else if done {
                return Ok(());
            } else {
                self.journal.written.notified().await;
            }
            self.tidy().await;
        }
    }

    /// Waits briefly for a larger batch, if no client waits for this one.
    async fn wait_for_more(&self) {
        if self.batches && self.journal.unstored_count() < GROUP_SIZE && self.journal.closed_for().is_none() {
            tokio::select! {
                () = sleep(BATCH_DELAY) => {}
                () = self.wake.notified() => {}
            }
        }
    }

    /// Reads from this process's own segment.
    async fn read(&self, file: &mut Option<Arc<File>>, range: ReadRange) -> Option<JournalLines> {
        let opened = match file {
            Some(file) => Ok(Arc::clone(file)),
            None => File::open(self.journal.folder.segment(self.position.segment)).map(Arc::new),
        };
        let result = match opened {
            Ok(opened) => {
                *file = Some(Arc::clone(&opened));
                run_blocking(move || read(&opened, range)).await
            }
            Err(error) => Err(error),
        };
        result.inspect_err(|error| tracing::error!(%error, "the journal can't be read; trying again")).ok()
    }

    /// Writes down the stored position, and deletes segments that are no longer needed.
    async fn tidy(&mut self) {
        if self.marked_at.elapsed() >= MARK_INTERVAL || !self.finished.is_empty() {
            self.marked_at = Instant::now();
            let result = self.journal.folder.mark_stored(self.position);
            log_failure(result, "it can't be noted what of the journal is stored");
        }
        let Some((last, _)) = self.finished.last().copied() else { return };
        // Rewritten lines must be on the disk before the old ones are deleted.
        let rewritten = self.journal.rewrite_open_calls(last);
        if rewritten.is_err() || !self.journal.wait_until_synced().await || self.journal.is_needed(last) {
            return;
        }
        for (number, damaged) in std::mem::take(&mut self.finished) {
            let path = self.journal.folder.segment(number);
            log_failure(
                if damaged { self.journal.set_aside.add_segment(&path) } else { std::fs::remove_file(&path) },
                "a segment that isn't needed any more can't be removed",
            );
            self.journal.forget(number);
        }
    }
}

/// Runs file operations on the blocking thread pool.
async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn log_failure(result: io::Result<()>, failure: &'static str) {
    if let Err(error) = result {
        tracing::error!(%error, "{failure}");
    }
}
