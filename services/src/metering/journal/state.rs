//! The journal's state in memory: bounded by the running calls, not by those that wait for the database.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    time::Instant,
};

use domain::ids::CallId;
use tokio::sync::oneshot;

use super::{
    progress::{ResultAges, StoredProgress},
    segment::{PREALLOCATED_BYTES, Segment},
};

/// Bytes reserved for the result of a call, with some to spare.
const RESULT_BYTES: u64 = 1024;

/// A task that waits for results to be on the disk.
pub(super) struct SyncWaiter {
    pub(super) done: oneshot::Sender<bool>,
    /// Number of the result to wait for; `None` for all earlier ones.
    pub(super) result: Option<u64>,
}

impl SyncWaiter {
    /// Whether the awaited results are safe after a successful sync, with `stored` results in the database
    /// and those up to `unsynced_up_to` possibly not on the disk.
    pub(super) fn is_safe(&self, stored: u64, unsynced_up_to: u64) -> bool {
        match self.result {
            Some(result) => result > unsynced_up_to || result <= stored,
            None => unsynced_up_to <= stored,
        }
    }
}

pub(super) struct State {
    /// The segment that lines are written to.
    pub(super) segment: Segment,
    /// Earlier segments that aren't deleted yet, with their lengths.
    pub(super) sealed: BTreeMap<u64, u64>,
    /// Results for the thread to write.
    pub(super) buffer: Vec<u8>,
    pub(super) waiters: Vec<SyncWaiter>,
    /// Calls that have begun and aren't over, with the segment that holds their line, and the line.
    pub(super) open: HashMap<CallId, (u64, Box<[u8]>)>,
    /// Number of results so far.
    pub(super) results: u64,
    /// Results up to this number may not be on the disk although they were written: a sync failed, and a
    /// later one may succeed without having written what the failed one left out.
    pub(super) unsynced_up_to: u64,
    /// Ages of the results that aren't in the database.
    pub(super) ages: ResultAges,
    /// The disk's latest error, until it can be written again. No call may begin meanwhile.
    pub(super) write_error: Option<io::ErrorKind>,
    pub(super) closed_at: Option<Instant>,
    /// Whether the thread waits for work. Waking it costs a system call even if it is awake.
    pub(super) idle: bool,
    /// Whether nothing more will be written.
    pub(super) done: bool,
}

impl State {
    /// Bytes to keep preallocated: for the results of running calls, and some more.
    fn reserve(&self) -> u64 {
        PREALLOCATED_BYTES + self.open.len() as u64 * RESULT_BYTES
    }

    pub(super) fn has_room(&self) -> bool {
        self.segment.has_room(self.reserve())
    }

    pub(super) fn preallocate(&mut self) -> io::Result<()> {
        let reserve = self.reserve();
        self.segment.preallocate(reserve)
    }

    pub(super) fn count_result(&mut self) {
        self.ages.mark(self.results);
        self.results += 1;
    }

    /// Forgets the ages of stored results.
    pub(super) fn forget_ages(&mut self, progress: StoredProgress) {
        self.ages.forget(progress, self.results);
    }
}
