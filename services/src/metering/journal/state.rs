//! What the journal holds in memory: bounded by the calls that are under way, not by those that wait.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    io,
    time::{Duration, Instant},
};

use domain::ids::CallId;
use tokio::sync::oneshot;

use super::{
    segment::{AHEAD, Segment},
    storing::Progress,
};

/// What a result takes, with some to spare.
const LONG_LINE: u64 = 1024;
/// How far apart the moments are at which is noted when a call came in.
const MARKS: Duration = Duration::from_millis(100);

/// Whoever waits for results to be on the disk.
pub(super) struct Waiting {
    pub(super) done: oneshot::Sender<bool>,
    /// The number of the one that matters; all there were before, where it is `None`.
    pub(super) result: Option<u64>,
}

impl Waiting {
    /// Whether what this waits for is safe after a sync that succeeded, while `stored` results are in the database and up to
    /// `doubtful` some may be nowhere.
    pub(super) fn is_safe(&self, stored: u64, doubtful: u64) -> bool {
        match self.result {
            Some(result) => result > doubtful || result <= stored,
            None => doubtful <= stored,
        }
    }
}

pub(super) struct State {
    /// Where lines go.
    pub(super) segment: Segment,
    /// Earlier segments that aren't deleted yet, with their lengths.
    pub(super) sealed: BTreeMap<u64, u64>,
    /// Results that the thread is to write.
    pub(super) buffer: Vec<u8>,
    pub(super) waiting: Vec<Waiting>,
    /// Calls that have begun and aren't over, with their line and the segment that holds it.
    pub(super) open: HashMap<CallId, (u64, Box<[u8]>)>,
    /// How many results there were.
    pub(super) results: u64,
    /// So many of them may not be on the disk, though they were written: a sync failed, and what it left undone isn't done by
    /// a later one, which may succeed all the same.
    pub(super) doubtful: u64,
    /// From how many results on they came in at this moment or later.
    pub(super) marks: VecDeque<(u64, Instant)>,
    /// Why no call may begin: the disk takes nothing.
    pub(super) trouble: Option<io::ErrorKind>,
    pub(super) closed: Option<Instant>,
    /// Whether the thread waits for work. Waking it costs a system call, also where it is awake.
    pub(super) idle: bool,
    /// Nothing will be written any more.
    pub(super) done: bool,
}

impl State {
    /// What there must be room for: the calls under way, and some more.
    fn reserve(&self) -> u64 {
        AHEAD + self.open.len() as u64 * LONG_LINE
    }

    pub(super) fn has_room(&self) -> bool {
        self.segment.has_room(self.reserve())
    }

    pub(super) fn make_room(&mut self) -> io::Result<()> {
        let reserve = self.reserve();
        self.segment.make_room(reserve)
    }

    pub(super) fn note_result(&mut self) {
        let now = Instant::now();
        if self.marks.back().is_none_or(|(_, at)| now.duration_since(*at) >= MARKS) {
            self.marks.push_back((self.results, now));
        }
        self.results += 1;
    }

    /// Keeps the mark of the oldest result that isn't stored.
    pub(super) fn forget_marks(&mut self, progress: Progress) {
        if !progress.recovered {
            return;
        }
        while self.marks.get(1).is_some_and(|(from, _)| *from <= progress.results) {
            self.marks.pop_front();
        }
        if progress.results >= self.results {
            self.marks.clear();
        }
    }

    pub(super) fn oldest_age(&self) -> Option<Duration> {
        self.marks.front().map(|(_, at)| at.elapsed())
    }
}
