//! The thread that brings results to the disk: all that wait at a time with one sync.

use std::{
    fs::File,
    io,
    sync::{MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{segment::Segment, state::State, writer::Journal};

/// How long to wait after the disk took nothing.
const PAUSE: Duration = Duration::from_millis(250);
/// How long is tried to write the last results when the journal is closed.
const PATIENCE: Duration = Duration::from_secs(5);

impl Journal {
    /// Works until the journal is closed and all is written.
    pub(in crate::metering) fn run(&self) {
        let mut stuck = false;
        while let Some(mut state) = self.work_to_do(stuck) {
            let waiting = std::mem::take(&mut state.waiting);
            let written = state.write_results();
            let room = state.make_room();
            let file = state.segment.file();
            let full = self.is_full(&state);
            let lost = state.note_trouble(written.as_ref().and(room.as_ref()).err()) && written.is_err();
            drop(state);
            self.written.notify_one();
            let synced = written.is_ok() && (waiting.is_empty() || self.synced_file(&file));
            let broken = written.is_ok() && !synced;
            let stored = self.progress.borrow().results;
            let doubtful = self.lock().doubtful;
            for waiting in waiting {
                let safe = synced && waiting.is_safe(stored, doubtful);
                // Whoever waited may have gone.
                let _ = waiting.done.send(safe);
            }
            // Nothing is written any more to a file that can't be synced.
            stuck = (full || broken) && !self.told(self.begin_segment(), "continued in a new file");
            if lost {
                tracing::error!("results of calls are lost that nobody was told of");
                break;
            }
        }
        let mut state = self.lock();
        state.done = true;
        state.waiting.clear();
        drop(state);
        self.written.notify_one();
    }

    /// Waits until somebody waits, or there is something to write; `None` at the end of it all.
    fn work_to_do(&self, stuck: bool) -> Option<MutexGuard<'_, State>> {
        let mut state = self.lock();
        if stuck || state.trouble.is_some() {
            state.idle = true;
            state = self.work.wait_timeout(state, PAUSE).unwrap_or_else(PoisonError::into_inner).0;
            state.idle = false;
        }
        loop {
            let results = !state.buffer.is_empty() || !state.waiting.is_empty();
            let room = !state.has_room() || self.is_full(&state);
            if results || (state.closed.is_none() && (room || state.trouble.is_some())) {
                return Some(state);
            }
            if state.closed.is_some() {
                return None;
            }
            state.idle = true;
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle = false;
        }
    }

    /// Goes on in a new segment. Until there is one, the old one takes what comes.
    fn begin_segment(&self) -> io::Result<()> {
        let number = self.lock().segment.number + 1;
        let segment = Segment::create(&self.folder.path, number)?;
        let mut state = self.lock();
        let old = std::mem::replace(&mut state.segment, segment);
        let results = state.results;
        state.sealed.insert(old.number, old.end);
        drop(state);
        self.written.notify_one();
        // Others wrote to it since it was synced, and will wait for a sync that it has no part in.
        if !self.told(old.file().sync_data(), "synced") {
            self.lock().doubt(results);
        }
        Ok(())
    }

    /// Brings a file to the disk. Where that fails, nobody is told that it is there of what was written until now.
    fn synced_file(&self, file: &File) -> bool {
        let synced = self.told(file.sync_data(), "synced");
        if !synced {
            let mut state = self.lock();
            let results = state.results;
            state.doubt(results);
        }
        synced
    }

    fn told(&self, result: io::Result<()>, what: &str) -> bool {
        if let Err(error) = &result {
            tracing::error!(%error, folder = %self.folder.path.display(), "the journal can't be {what}");
        }
        result.is_ok()
    }

    /// Takes no more. What was taken is written, if the disk takes it.
    pub(in crate::metering) fn close(&self) {
        let mut state = self.lock();
        state.closed.get_or_insert_with(Instant::now);
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

    /// The first `results` may not be on the disk, nor what else was written until then: what it said of calls under way is to
    /// be written once more.
    fn doubt(&mut self, results: u64) {
        self.doubtful = self.doubtful.max(results);
        self.open.values_mut().for_each(|(segment, _)| *segment = 0);
    }

    /// Notes whether the disk takes what it should; tells whether that has been waited for long enough.
    fn note_trouble(&mut self, trouble: Option<&io::Error>) -> bool {
        match (trouble, self.trouble) {
            (Some(error), None) => tracing::error!(%error, "the journal can't be written: calls are refused"),
            (None, Some(_)) => tracing::info!("the journal can be written again"),
            _ => {}
        }
        self.trouble = trouble.map(io::Error::kind);
        trouble.is_some() && self.closed.is_some_and(|since| since.elapsed() >= PATIENCE)
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
        // Once the database has it, the file doesn't matter any more.
        journal.stored(1);
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
