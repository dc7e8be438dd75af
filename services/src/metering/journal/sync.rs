//! The thread that writes results to the disk, all waiting ones with one sync.

use std::{
    fs::File,
    io,
    sync::{MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{segment::Segment, state::State, writer::Journal};

/// Delay before the next attempt after a disk error.
const RETRY_DELAY: Duration = Duration::from_millis(250);
/// How long a closed journal keeps trying to write the last results.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

impl Journal {
    /// Writes and syncs until the journal is closed and everything is written.
    pub(in crate::metering) fn run(&self) {
        let mut rotation_failed = false;
        while let Some(mut state) = self.wait_for_work(rotation_failed) {
            let waiters = std::mem::take(&mut state.waiters);
            let written = state.write_results();
            let preallocated = state.preallocate();
            let file = state.segment.file();
            let full = self.is_full(&state);
            let lost = state.track_disk_failure(written.as_ref().and(preallocated.as_ref()).err()) && written.is_err();
            drop(state);
            self.written.notify_one();
            let synced = written.is_ok() && (waiters.is_empty() || self.sync_file(&file));
            let sync_failed = written.is_ok() && !synced;
            let stored = self.progress.borrow().results;
            let unsynced_up_to = self.lock().unsynced_up_to;
            for waiter in waiters {
                let safe = synced && waiter.is_safe(stored, unsynced_up_to);
                // The waiting task may have ended.
                let _ = waiter.done.send(safe);
            }
            // A file that can't be synced is no longer written to.
            rotation_failed =
                (full || sync_failed) && !self.log_failure(self.begin_segment(), "continued in a new file");
            if lost {
                tracing::error!("results of calls are lost that nobody was told of");
                break;
            }
        }
        let mut state = self.lock();
        state.done = true;
        state.waiters.clear();
        drop(state);
        self.written.notify_one();
    }

    /// Waits until a task waits for a sync or there is something
    /// to write; `None` once the journal is closed and done.
    fn wait_for_work(&self, rotation_failed: bool) -> Option<MutexGuard<'_, State>> {
        let mut state = self.lock();
        if rotation_failed || state.write_error.is_some() {
            state.idle = true;
            state = self.work.wait_timeout(state, RETRY_DELAY).unwrap_or_else(PoisonError::into_inner).0;
            state.idle = false;
        }
        loop {
            let has_results = !state.buffer.is_empty() || !state.waiters.is_empty();
            let needs_room = !state.has_room() || self.is_full(&state);
            if has_results || (state.closed_at.is_none() && (needs_room || state.write_error.is_some())) {
                return Some(state);
            }
            if state.closed_at.is_some() {
                return None;
            }
            state.idle = true;
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle = false;
        }
    }

    /// Starts a new segment. Until it exists, the old one is written to.
    fn begin_segment(&self) -> io::Result<()> {
        let number = self.lock().segment.number + 1;
        let segment = Segment::create(&self.folder.path, number)?;
        let mut state = self.lock();
        let old = std::mem::replace(&mut state.segment, segment);
        let results = state.results;
        state.sealed.insert(old.number, old.end);
        drop(state);
        self.written.notify_one();
        // Lines written to it since its last sync aren't covered by the syncs of the new one.
        if !self.log_failure(old.file().sync_data(), "synced") {
            self.lock().mark_unsynced(results);
        }
        Ok(())
    }

    /// Syncs a file. If that fails, none of the results written until now counts as synced.
    fn sync_file(&self, file: &File) -> bool {
        let synced = self.log_failure(file.sync_data(), "synced");
        if !synced {
            let mut state = self.lock();
            let results = state.results;
            state.mark_unsynced(results);
        }
        synced
    }

    /// Logs an error; returns whether there was none.
    fn log_failure(&self, result: io::Result<()>, action: &str) -> bool {
        if let Err(error) = &result {
            tracing::error!(%error, folder = %self.folder.path.display(), "the journal can't be {action}");
        }
        result.is_ok()
    }

    /// Accepts no more calls. Those accepted are written, if the disk allows it.
    pub(in crate::metering) fn close(&self) {
        let mut state = self.lock();
        state.closed_at.get_or_insert_with(Instant::now);
        self.wake(state);
        self.written.notify_one();
    }
}

impl State {
    fn write_results(&mut self) -> io::Result<()> {
        let Self { segment, buffer, .. } = self;
        if !buffer.is_empty() {
            segment.write(buffer)?;
            buffer.clear();
        }
        Ok(())
    }

    /// Marks the first `results` as possibly not on the disk,
    /// and the lines of running calls as to be written again.
    fn mark_unsynced(&mut self, results: u64) {
        self.unsynced_up_to = self.unsynced_up_to.max(results);
        self.open.values_mut().for_each(|(segment, _)| *segment = 0);
    }

    /// Sets or clears the disk's error; returns whether a closed journal has waited long enough for the disk.
    fn track_disk_failure(&mut self, error: Option<&io::Error>) -> bool {
        match (error, self.write_error) {
            (Some(error), None) => tracing::error!(%error, "the journal can't be written: calls are refused"),
            (None, Some(_)) => tracing::info!("the journal can be written again"),
            _ => {}
        }
        self.write_error = error.map(io::Error::kind);
        error.is_some() && self.closed_at.is_some_and(|since| since.elapsed() >= CLOSE_TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::time::Timestamp;

    use super::{super::entry::tests::a_call, *};
    use crate::metering::JournalSettings;

    #[test]
    fn a_failed_sync_at_a_rotation_isnt_taken_for_a_good_one_later() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(JournalSettings::at(folder.path()), Timestamp::from_millis(0)).unwrap();
        let journal = Arc::new(journal);
        journal.lock().segment = Segment::unsyncable(1);
        journal.end(&a_call(1)).unwrap();
        journal.begin_segment().unwrap();
        assert_eq!(journal.lock().segment.number, 2);
        let syncing = Arc::clone(&journal);
        let thread = std::thread::spawn(move || syncing.run());
        // The new file can be synced, and the first call isn't in it.
        assert!(!journal.next_sync(None).blocking_recv().unwrap());
        let second = journal.end_synced(&a_call(2)).unwrap();
        assert!(second.blocking_recv().unwrap(), "what comes later is safe by itself");
        assert!(!journal.next_sync(None).blocking_recv().unwrap());
        // Once the result is in the database, the file no longer matters.
        journal.add_stored(1);
        assert!(journal.next_sync(None).blocking_recv().unwrap());
        journal.close();
        thread.join().unwrap();
    }

    #[test]
    fn what_a_failed_sync_left_undone_isnt_done_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(JournalSettings::at(folder.path()), Timestamp::from_millis(0)).unwrap();
        let journal = Arc::new(journal);
        journal.lock().segment = Segment::unsyncable(1);
        let first = journal.end_synced(&a_call(1)).unwrap();
        let syncing = Arc::clone(&journal);
        let thread = std::thread::spawn(move || syncing.run());
        assert!(!first.blocking_recv().unwrap());
        assert!(!journal.next_sync(None).blocking_recv().unwrap());
        assert!(journal.end_synced(&a_call(2)).unwrap().blocking_recv().unwrap());
        journal.close();
        thread.join().unwrap();
    }
}
