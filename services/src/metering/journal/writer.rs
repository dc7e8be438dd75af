//! Takes lines from many tasks.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    io,
    path::Path,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{ids::CallId, time::Timestamp};
use tokio::sync::{Notify, oneshot, watch};

use super::{
    Folder, JournalSettings, Kind, SetAside, entry,
    segment::Segment,
    state::{State, Waiting},
    storing::Progress,
};
use crate::{ServiceError, ServiceResult, metering::CallRecord};

/// How many bytes of results may wait in memory while the disk takes none.
const MOST_UNWRITTEN: usize = 16 << 20;

/// What is written of a process's calls, until it is in the database.
pub(in crate::metering) struct Journal {
    pub(in crate::metering) folder: Folder,
    pub(in crate::metering) set_aside: SetAside,
    pub(super) settings: JournalSettings,
    pub(super) state: Mutex<State>,
    /// Wakes the thread that syncs.
    pub(super) work: Condvar,
    /// Wakes the storer: there is something to read, or the journal is closed.
    pub(in crate::metering) written: Notify,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) left_over_bytes: AtomicU64,
}

/// How the journal does.
#[derive(Clone, Copy, Debug, Default)]
pub struct MeterStatus {
    /// Calls that were forwarded and aren't over.
    pub open_calls: usize,
    /// Calls that are over and not yet in the database, without those that an earlier process left behind.
    pub waiting_calls: u64,
    /// What lies on the disk, in bytes; never much less than a segment's length.
    pub journal_bytes: u64,
    /// How long the oldest of the waiting calls waits.
    pub oldest_age: Option<Duration>,
    /// Calls and damaged files that were set aside, since the database can't take them.
    pub set_aside: u64,
    /// Whether new calls are refused.
    pub refusing: bool,
}

impl Journal {
    /// Begins a folder of its own; gives what others left behind, the oldest first.
    pub(in crate::metering) fn open(settings: JournalSettings, now: Timestamp) -> io::Result<(Self, Vec<Folder>)> {
        let folder = Folder::create(&settings.folder, now)?;
        Folder::remove_gone(&settings.folder)?;
        let (left_over, doubtful) = Folder::left_over(&settings.folder)?;
        if let Some(error) = doubtful {
            return Err(error);
        }
        let mut bytes = 0;
        for folder in &left_over {
            bytes += folder.segments()?.iter().map(|(_, length)| length).sum::<u64>();
        }
        let state = State {
            segment: Segment::create(&folder.path, 1)?,
            sealed: BTreeMap::new(),
            buffer: Vec::new(),
            waiting: Vec::new(),
            open: HashMap::new(),
            results: 0,
            doubtful: 0,
            marks: VecDeque::from([(0, Instant::now())]),
            trouble: None,
            closed: None,
            idle: false,
            done: false,
        };
        let journal = Self {
            set_aside: SetAside::open(&settings.folder)?,
            folder,
            settings,
            state: Mutex::new(state),
            work: Condvar::new(),
            written: Notify::new(),
            progress: watch::Sender::default(),
            left_over_bytes: AtomicU64::new(bytes),
        };
        Ok((journal, left_over))
    }

    /// Where the journals of all processes lie.
    pub(in crate::metering) fn root(&self) -> &Path {
        &self.settings.folder
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down that a call begins: when this returns, the end of the process can't lose it.
    ///
    /// # Errors
    /// So much waits for the database, or for so long, that no more calls may begin; or the disk takes nothing.
    pub(in crate::metering) fn begin(&self, call: &CallRecord) -> ServiceResult<()> {
        let line = entry::line(Kind::Begun, call)?;
        let mut state = self.lock();
        if let Some(reason) = self.reason_to_refuse(&state) {
            return Err(ServiceError::unavailable(reason));
        }
        state
            .segment
            .write(&line)
            .map_err(|error| ServiceError::unavailable(format!("the journal can't be written: {error}")))?;
        let number = state.segment.number;
        state.open.insert(call.id, (number, line.into()));
        self.wake_if_needed(state);
        Ok(())
    }

    /// Writes down the result of a call, which the end of the process can't lose then; tells how many there are with it.
    pub(in crate::metering) fn end(&self, call: &CallRecord) -> ServiceResult<u64> {
        let line = entry::line(Kind::Ended, call)?;
        let mut state = self.take_result(call.id, line.len())?;
        let results = state.results;
        if state.buffer.is_empty() && state.segment.write(&line).is_ok() {
            self.written.notify_one();
            self.wake_if_needed(state);
        } else {
            // The thread tries it again.
            state.buffer.extend(line);
            self.wake(state);
        }
        Ok(results)
    }

    /// The same by the next sync; what is given back tells whether it is on the disk.
    pub(in crate::metering) fn end_synced(&self, call: &CallRecord) -> ServiceResult<oneshot::Receiver<bool>> {
        let line = entry::line(Kind::Ended, call)?;
        let (done, synced) = oneshot::channel();
        let mut state = self.take_result(call.id, line.len())?;
        state.buffer.extend(line);
        let result = Some(state.results);
        state.waiting.push(Waiting { done, result });
        self.wake(state);
        Ok(synced)
    }

    fn take_result(&self, id: CallId, length: usize) -> ServiceResult<MutexGuard<'_, State>> {
        let mut state = self.lock();
        if state.closed.is_some() {
            return Err(ServiceError::unavailable("the meter is shut down"));
        }
        if !state.buffer.is_empty() && state.buffer.len() + length > MOST_UNWRITTEN {
            return Err(ServiceError::unavailable("the journal can't be written"));
        }
        state.open.remove(&id);
        state.note_result();
        Ok(state)
    }

    /// Wakes the thread where lines are written past it and there must be room for more.
    fn wake_if_needed(&self, state: MutexGuard<'_, State>) {
        if self.is_full(&state) || !state.has_room() {
            self.wake(state);
        }
    }

    /// Wakes the thread; awake, it looks for more work before it rests.
    pub(super) fn wake(&self, mut state: MutexGuard<'_, State>) {
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        if idle {
            self.work.notify_one();
        }
    }

    pub(super) fn is_full(&self, state: &State) -> bool {
        state.segment.end >= self.settings.segment_bytes
    }

    /// Whether all that was taken before is on the disk, as soon as that is decided.
    pub(in crate::metering) async fn synced(&self) -> bool {
        self.next_sync(None).await.unwrap_or(false)
    }

    /// The same of one result, by its number.
    pub(in crate::metering) async fn synced_result(&self, result: u64) -> bool {
        self.next_sync(Some(result)).await.unwrap_or(false)
    }

    pub(super) fn next_sync(&self, result: Option<u64>) -> oneshot::Receiver<bool> {
        let (done, synced) = oneshot::channel();
        let mut state = self.lock();
        if !state.done {
            state.waiting.push(Waiting { done, result });
        }
        self.wake(state);
        synced
    }

    /// What was known of a call when it began, if it isn't over.
    pub(in crate::metering) fn open_call(&self, id: CallId) -> Option<CallRecord> {
        let line = self.lock().open.get(&id).map(|(_, line)| line.clone())?;
        let (_, json) = entry::read(line.strip_suffix(b"\n")?)?;
        entry::call(json).ok()
    }

    /// Whether calls are refused by now that have nothing to do with a provider.
    pub(in crate::metering) fn refuses(&self) -> bool {
        self.reason_to_refuse(&self.lock()).is_some()
    }

    fn reason_to_refuse(&self, state: &State) -> Option<&'static str> {
        if state.closed.is_some() {
            Some("the meter is shut down")
        } else if state.trouble.is_some() {
            Some("the journal can't be written")
        } else if self.bytes(state) >= self.settings.max_bytes {
            Some("the journal is full of calls that the database hasn't taken")
        } else if state.oldest_age().is_some_and(|age| age >= self.settings.max_age) {
            Some("the database has taken no calls for too long")
        } else {
            None
        }
    }

    fn bytes(&self, state: &State) -> u64 {
        state.sealed.values().sum::<u64>() + state.segment.end + self.left_over_bytes.load(Ordering::Relaxed)
    }

    /// How long the oldest result waits that isn't in the database.
    pub(in crate::metering) fn oldest_age(&self) -> Option<Duration> {
        self.lock().oldest_age()
    }

    pub(in crate::metering) fn status(&self) -> MeterStatus {
        let state = self.lock();
        MeterStatus {
            open_calls: state.open.len(),
            waiting_calls: state.results - self.progress.borrow().results.min(state.results),
            journal_bytes: self.bytes(&state),
            oldest_age: state.oldest_age(),
            set_aside: self.set_aside.count(),
            refusing: self.reason_to_refuse(&state).is_some(),
        }
    }
}
