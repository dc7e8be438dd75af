//! What the storer asks of the journal, and tells it.

use std::{io, sync::atomic::Ordering, time::Duration};

use super::{state::State, writer::Journal};

/// How far the storer has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub(super) results: u64,
    pub(super) recovered: bool,
}

/// How much of a segment can be read.
#[derive(Clone, Copy, Debug)]
pub(in crate::metering) struct Readable {
    pub(in crate::metering) end: u64,
    /// The segment after it, if there is one; then no more comes to this one.
    pub(in crate::metering) next: Option<u64>,
    /// Whether nothing will be written any more.
    pub(in crate::metering) done: bool,
}

impl Journal {
    pub(in crate::metering) fn readable(&self, segment: u64) -> Readable {
        let state = self.lock();
        let end = match state.sealed.get(&segment) {
            Some(end) => *end,
            None => state.segment.end,
        };
        let next = state.sealed.range(segment + 1..).next().map(|(number, _)| *number);
        let next = next.or((segment < state.segment.number).then_some(state.segment.number));
        Readable { end, next, done: state.done }
    }

    /// How many results aren't in the database.
    pub(in crate::metering) fn unstored(&self) -> u64 {
        let results = self.lock().results;
        results.saturating_sub(self.progress.borrow().results)
    }

    /// So many more results are in the database, or set aside.
    pub(in crate::metering) fn stored(&self, more: u64) {
        let mut progress = *self.progress.borrow();
        progress.results += more;
        self.lock().forget_marks(progress);
        self.progress.send_replace(progress);
    }

    /// What was left over is in the database.
    pub(in crate::metering) fn recovered(&self) {
        self.left_over_bytes.store(0, Ordering::Relaxed);
        let progress = Progress { recovered: true, ..*self.progress.borrow() };
        self.lock().forget_marks(progress);
        self.progress.send_replace(progress);
    }

    /// Returns when so many results are in the database.
    pub(in crate::metering) async fn until_stored(&self, results: u64) {
        // Fails only without a sender, which is this very journal.
        let _ = self.progress.subscribe().wait_for(|progress| progress.results >= results).await;
    }

    /// Returns when all results are in the database that there are at this moment, those left over too.
    pub(in crate::metering) async fn until_all_stored(&self) {
        let results = self.lock().results;
        let _ = self.progress.subscribe().wait_for(|now| now.recovered && now.results >= results).await;
    }

    pub(in crate::metering) fn is_settled(&self) -> bool {
        let results = self.lock().results;
        let progress = *self.progress.borrow();
        progress.recovered && progress.results >= results
    }

    /// Writes once more what a segment says of calls that aren't over, so that it isn't needed for them.
    pub(in crate::metering) fn carry_on(&self, segment: u64) -> io::Result<()> {
        let mut state = self.lock();
        let State { segment: current, open, .. } = &mut *state;
        for (number, line) in open.values_mut().filter(|(number, _)| *number <= segment) {
            current.write(line)?;
            *number = current.number;
        }
        Ok(())
    }

    /// Whether segments up to this one say what no later one does of calls that aren't over.
    pub(in crate::metering) fn is_needed(&self, segment: u64) -> bool {
        self.lock().open.values().any(|(number, _)| *number <= segment)
    }

    /// Forgets a segment that was deleted.
    pub(in crate::metering) fn forget(&self, segment: u64) {
        self.lock().sealed.remove(&segment);
    }

    /// Whether calls have begun that aren't over.
    pub(in crate::metering) fn has_open_calls(&self) -> bool {
        !self.lock().open.is_empty()
    }

    /// How long ago it was closed.
    pub(in crate::metering) fn closed_for(&self) -> Option<Duration> {
        self.lock().closed.map(|since| since.elapsed())
    }
}
