//! The journal: accepts lines from many tasks.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::Path,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{ids::CallId, time::Timestamp};
use tokio::sync::{Notify, oneshot, watch};

use super::{
    EntryKind, Folder, JournalSettings, SetAside, entry,
    progress::{ResultAges, StoredProgress},
    segment::Segment,
    state::{State, SyncWaiter},
};
use crate::{ServiceError, ServiceResult, metering::CallRecord};

/// Maximum bytes of results in memory while the disk can't be written.
const MAX_UNWRITTEN: usize = 16 << 20;

/// The journal of one process's calls.
pub(in crate::metering) struct Journal {
    pub(in crate::metering) folder: Folder,
    pub(in crate::metering) set_aside: SetAside,
    pub(super) settings: JournalSettings,
    pub(super) state: Mutex<State>,
    /// Wakes the sync thread.
    pub(super) work: Condvar,
    /// Wakes the storer: there is something to read, or the journal is closed.
    pub(in crate::metering) written: Notify,
    pub(super) progress: watch::Sender<StoredProgress>,
    pub(super) abandoned_bytes: AtomicU64,
}

/// The state of the journal, for metrics and health checks.
#[derive(Clone, Copy, Debug, Default)]
pub struct MeterStatus {
    /// Calls that were forwarded and aren't over.
    pub open_calls: usize,
    /// Calls that are over and not yet in the database, without those of abandoned journals.
    pub waiting_calls: u64,
    /// Bytes of the journal on the disk, including abandoned journals found at start-up.
    pub journal_bytes: u64,
    /// Age of the oldest waiting call.
    pub oldest_age: Option<Duration>,
    /// Calls and damaged files that were set aside because they can't be stored.
    pub set_aside: u64,
    /// Whether new calls are refused.
    pub refusing: bool,
}

impl Journal {
    /// Creates a journal in its own folder; returns the abandoned folders too, oldest first.
    pub(in crate::metering) fn open(settings: JournalSettings, now: Timestamp) -> io::Result<(Self, Vec<Folder>)> {
        let folder = Folder::create(&settings.folder, now)?;
        Folder::finish_deletions(&settings.folder)?;
        let (abandoned, failure) = Folder::lock_abandoned(&settings.folder)?;
        if let Some(error) = failure {
            return Err(error);
        }
        let mut bytes = 0;
        for folder in &abandoned {
            bytes += folder.segments()?.iter().map(|(_, length)| length).sum::<u64>();
        }
        let state = State {
            segment: Segment::create(&folder.path, 1)?,
            sealed: BTreeMap::new(),
            buffer: Vec::new(),
            waiters: Vec::new(),
            open: HashMap::new(),
            results: 0,
            unsynced_up_to: 0,
            ages: ResultAges::new(),
            write_error: None,
            closed_at: None,
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
            abandoned_bytes: AtomicU64::new(bytes),
        };
        Ok((journal, abandoned))
    }

    /// The folder with the journals of all processes.
    pub(in crate::metering) fn root(&self) -> &Path {
        &self.settings.folder
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down that a call begins. Once this returns, the call outlives the process.
    ///
    /// # Errors
    /// Too much waits for the database, or for too long; or the disk can't be written.
    pub(in crate::metering) fn begin(&self, call: &CallRecord) -> ServiceResult<()> {
        let line = entry::encode_line(EntryKind::Begun, call)?;
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

    /// Writes down the result of a call and returns its number.
    /// The result then outlives the process, once written.
    pub(in crate::metering) fn end(&self, call: &CallRecord) -> ServiceResult<u64> {
        let line = entry::encode_line(EntryKind::Ended, call)?;
        let mut state = self.register_result(call.id, line.len())?;
        let results = state.results;
        if state.buffer.is_empty() && state.segment.write(&line).is_ok() {
            self.written.notify_one();
            self.wake_if_needed(state);
        } else {
            // The thread tries again.
            state.buffer.extend(line);
            self.wake(state);
        }
        Ok(results)
    }

    /// Writes down the result of a call with the next sync; the receiver gets whether it is on the disk.
    pub(in crate::metering) fn end_synced(&self, call: &CallRecord) -> ServiceResult<oneshot::Receiver<bool>> {
        let line = entry::encode_line(EntryKind::Ended, call)?;
        let (done, synced) = oneshot::channel();
        let mut state = self.register_result(call.id, line.len())?;
        state.buffer.extend(line);
        let result = Some(state.results);
        state.waiters.push(SyncWaiter { done, result });
        self.wake(state);
        Ok(synced)
    }

    fn register_result(&self, id: CallId, length: usize) -> ServiceResult<MutexGuard<'_, State>> {
        let mut state = self.lock();
        if state.closed_at.is_some() {
            return Err(ServiceError::unavailable("the meter is shut down"));
        }
        if !state.buffer.is_empty() && state.buffer.len() + length > MAX_UNWRITTEN {
            return Err(ServiceError::unavailable("the journal can't be written"));
        }
        state.open.remove(&id);
        state.count_result();
        Ok(state)
    }

    /// Wakes the thread if lines written directly need a new segment or more preallocated bytes.
    fn wake_if_needed(&self, state: MutexGuard<'_, State>) {
        if self.is_full(&state) || !state.has_room() {
            self.wake(state);
        }
    }

    /// Wakes the thread. If it is awake, it looks for more work before it waits.
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

    /// Waits for the next sync; returns whether everything accepted before is on the disk.
    pub(in crate::metering) async fn wait_until_synced(&self) -> bool {
        self.next_sync(None).await.unwrap_or(false)
    }

    /// Waits for the next sync; returns whether the result with this number is on the disk.
    pub(in crate::metering) async fn wait_until_result_synced(&self, result: u64) -> bool {
        self.next_sync(Some(result)).await.unwrap_or(false)
    }

    pub(super) fn next_sync(&self, result: Option<u64>) -> oneshot::Receiver<bool> {
        let (done, synced) = oneshot::channel();
        let mut state = self.lock();
        if !state.done {
            state.waiters.push(SyncWaiter { done, result });
        }
        self.wake(state);
        synced
    }

    /// The record of a running call, as of its begin.
    pub(in crate::metering) fn open_call(&self, id: CallId) -> Option<CallRecord> {
        let line = self.lock().open.get(&id).map(|(_, line)| line.clone())?;
        let (_, json) = entry::decode_line(line.strip_suffix(b"\n")?)?;
        entry::decode_call(json).ok()
    }

    /// Whether new calls are refused at the moment.
    pub(in crate::metering) fn is_refusing(&self) -> bool {
        self.reason_to_refuse(&self.lock()).is_some()
    }

    fn reason_to_refuse(&self, state: &State) -> Option<&'static str> {
        if state.closed_at.is_some() {
            Some("the meter is shut down")
        } else if state.write_error.is_some() {
            Some("the journal can't be written")
        } else if self.bytes(state) >= self.settings.max_bytes {
            Some("the journal is full of calls that the database hasn't taken")
        } else if state.ages.oldest().is_some_and(|age| age >= self.settings.max_age) {
            Some("the database has taken no calls for too long")
        } else {
            None
        }
    }

    fn bytes(&self, state: &State) -> u64 {
        state.sealed.values().sum::<u64>() + state.segment.end + self.abandoned_bytes.load(Ordering::Relaxed)
    }

    /// Age of the oldest result that isn't in the database.
    pub(in crate::metering) fn oldest_age(&self) -> Option<Duration> {
        self.lock().ages.oldest()
    }

    pub(in crate::metering) fn status(&self) -> MeterStatus {
        let state = self.lock();
        MeterStatus {
            open_calls: state.open.len(),
            waiting_calls: state.results - self.progress.borrow().results.min(state.results),
            journal_bytes: self.bytes(&state),
            oldest_age: state.ages.oldest(),
            set_aside: self.set_aside.count(),
            refusing: self.reason_to_refuse(&state).is_some(),
        }
    }
}
