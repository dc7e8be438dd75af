//! Brings calls from the journal to the database: first what others left behind, then its own, as it comes, and what others
//! leave behind meanwhile.

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

pub(super) use self::{group::Groups, line_storer::Carrier, recovery::interrupted};
use super::journal::{Folder, Journal, Lines, Part, Place, Readable, read};

/// How many waiting calls aren't kept waiting for more.
const GROUP: u64 = 512;
/// How long fewer are: so many fit into one transaction under load, and nobody waits for them.
const LINGER: Duration = Duration::from_millis(25);
/// How often is noted down how far all is stored.
const NOTES: Duration = Duration::from_secs(1);
/// How long to wait after the disk gave nothing.
const PAUSE: Duration = Duration::from_secs(1);

/// The meter was shut down, and the database doesn't answer: the rest waits in the journal for the next start.
#[derive(Clone, Copy, Debug)]
pub(super) struct GaveUp;

pub(super) struct Storer {
    pub(super) journal: Arc<Journal>,
    pub(super) carrier: Arc<Carrier>,
    /// Whether calls are acknowledged before they are stored, so that nobody waits for this.
    pub(super) lingers: bool,
    /// Ends a wait for more.
    pub(super) hurry: Arc<Notify>,
    /// Up to where all is stored that this process wrote.
    pub(super) place: Place,
    /// Segments whose calls are all stored, and whether they are damaged.
    pub(super) finished: Vec<(u64, bool)>,
    pub(super) noted: Instant,
}

impl Storer {
    pub(super) async fn run(mut self, left_over: Vec<Folder>) {
        let mut result = Ok(());
        for folder in left_over {
            result = result.and(self.carrier.recover(&Arc::new(folder)).await);
        }
        if result.is_ok() {
            self.journal.recovered();
            let carrier = Arc::clone(&self.carrier);
            result = tokio::select! {
                followed = self.follow() => followed,
                never = carrier.adopt() => match never {},
            };
        }
        match result {
            Err(GaveUp) => tracing::warn!("the database doesn't answer: calls wait in the journal for the next start"),
            // A call that isn't over is to be found as interrupted.
            Ok(()) if self.journal.has_open_calls() => {}
            Ok(()) => told(self.journal.folder.remove(), "an empty journal can't be removed"),
        }
    }

    /// Stores what this process writes, until nothing will be written any more.
    async fn follow(&mut self) -> Result<(), GaveUp> {
        self.place = Place { segment: 1, offset: 0 };
        let mut damaged = false;
        let mut file = None;
        loop {
            let Readable { end, next, done } = self.journal.readable(self.place.segment);
            if self.place.offset < end {
                self.linger().await;
                let part =
                    Part { from: self.place.offset, end: self.journal.readable(self.place.segment).end, begun: false };
                let Some(lines) = self.read(&mut file, part).await else {
                    sleep(PAUSE).await;
                    continue;
                };
                damaged |= !lines.damaged.is_empty();
                self.place.offset = lines.next;
                let results = lines.results;
                self.carrier.store(lines, false).await?;
                self.journal.stored(results);
            } else if let Some(next) = next {
                self.finished.push((self.place.segment, damaged));
                self.place = Place { segment: next, offset: 0 };
                (damaged, file) = (false, None);
            } else if done {
                return Ok(());
            } else {
                self.journal.written.notified().await;
            }
            self.tidy().await;
        }
    }

    /// Waits a moment for more, where nobody waits for this.
    async fn linger(&self) {
        if self.lingers && self.journal.unstored() < GROUP && self.journal.closed_for().is_none() {
            tokio::select! {
                () = sleep(LINGER) => {}
                () = self.hurry.notified() => {}
            }
        }
    }

    /// Reads from this process's own segment.
    async fn read(&self, file: &mut Option<Arc<File>>, part: Part) -> Option<Lines> {
        let opened = match file {
            Some(file) => Ok(Arc::clone(file)),
            None => File::open(self.journal.folder.segment(self.place.segment)).map(Arc::new),
        };
        let result = match opened {
            Ok(opened) => {
                *file = Some(Arc::clone(&opened));
                in_background(move || read(&opened, part)).await
            }
            Err(error) => Err(error),
        };
        result.inspect_err(|error| tracing::error!(%error, "the journal can't be read; trying again")).ok()
    }

    /// Deletes the segments that nothing is left in, and notes down how far all is stored.
    async fn tidy(&mut self) {
        if self.noted.elapsed() >= NOTES || !self.finished.is_empty() {
            self.noted = Instant::now();
            told(self.journal.folder.note_stored(self.place), "it can't be noted what of the journal is stored");
        }
        let Some((last, _)) = self.finished.last().copied() else { return };
        // What is written anew must be on the disk before the old is gone.
        let carried = self.journal.carry_on(last);
        if carried.is_err() || !self.journal.synced().await || self.journal.is_needed(last) {
            return;
        }
        for (number, damaged) in std::mem::take(&mut self.finished) {
            let path = self.journal.folder.segment(number);
            told(
                if damaged { self.journal.set_aside.keep_segment(&path) } else { std::fs::remove_file(&path) },
                "a segment that isn't needed any more can't be removed",
            );
            self.journal.forget(number);
        }
    }
}

/// Works with files beside the tasks that answer.
async fn in_background<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn told(result: io::Result<()>, failure: &'static str) {
    if let Err(error) = result {
        tracing::error!(%error, "{failure}");
    }
}
