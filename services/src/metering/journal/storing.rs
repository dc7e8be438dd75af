//! The storer's interface to the journal.

use std::{io, sync::atomic::Ordering, time::Duration};

use super::{progress::StoredProgress, state::State, writer::Journal};

/// The readable part of a segment.
#[derive(Clone, Copy, Debug)]
pub(in crate::metering) struct Readable {
    pub(in crate::metering) end: u64,
    /// Number of the next segment. If there is one, this one is complete.
    pub(in crate::metering) next: Option<u64>,
    /// Whether nothing more will be written to the journal.
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

    /// Number of results that aren't in the database.
    pub(in crate::metering) fn unstored_count(&self) -> u64 {
        let results = self.lock().results;
        results.saturating_sub(self.progress.borrow().results)
    }

    /// Records that this many more results are in the database, or set aside.
    pub(in crate::metering) fn add_stored(&self, more: u64) {
        let mut progress = *self.progress.borrow();
        progress.results += more;
        self.lock().forget_ages(progress);
        self.progress.send_replace(progress);
    }

    /// Records that the journals abandoned before start-up are in the database.
    pub(in crate::metering) fn mark_recovered(&self) {
        self.abandoned_bytes.store(0, Ordering::Relaxed);
        let progress = StoredProgress { recovered: true, ..*self.progress.borrow() };
        self.lock().forget_ages(progress);
        self.progress.send_replace(progress);
    }

    /// Waits until this many results are in the database.
    pub(in crate::metering) async fn wait_until_stored(&self, results: u64) {
        // Fails only without a sender, which this journal holds.
        let _ = self.progress.subscribe().wait_for(|progress| progress.results >= results).await;
    }

    /// Waits until all results known at this moment are in
    /// the database, including those of abandoned journals.
    pub(in crate::metering) async fn wait_until_all_stored(&self) {
        let results = self.lock().results;
        let _ = self.progress.subscribe().wait_for(|now| now.recovered && now.results >= results).await;
    }

    pub(in crate::metering) fn is_all_stored(&self) -> bool {
        let results = self.lock().results;
        let progress = *self.progress.borrow();
        progress.recovered && progress.results >= results
    }

    /// Copies the lines of running calls from segments up to this
    /// one to the current one, so that those can be deleted.
    pub(in crate::metering) fn rewrite_open_calls(&self, segment: u64) -> io::Result<()> {
        let mut state = self.lock();
        let State { segment: current, open, .. } = &mut *state;
        for (number, line) in open.values_mut().filter(|(number, _)| *number <= segment) {
            current.write(line)?;
            *number = current.number;
        }
        Ok(())
    }

    /// Whether segments up to this one hold the only lines of running calls.
    pub(in crate::metering) fn is_needed(&self, segment: u64) -> bool {
        self.lock().open.values().any(|(number, _)| *number <= segment)
    }

    /// Removes a deleted segment from the state.
    pub(in crate::metering) fn forget(&self, segment: u64) {
        self.lock().sealed.remove(&segment);
    }

    /// Whether calls have begun that aren't over.
    pub(in crate::metering) fn has_open_calls(&self) -> bool {
        !self.lock().open.is_empty()
    }

    /// Time since the journal was closed.
    pub(in crate::metering) fn closed_for(&self) -> Option<Duration> {
        self.lock().closed_at.map(|since| since.elapsed())
    }
}
