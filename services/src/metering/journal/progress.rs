//! How many results are in the database, and how old the others are.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Minimum time between the marks of results' ages.
const MARK_INTERVAL: Duration = Duration::from_millis(100);

/// The storer's progress.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StoredProgress {
    /// Number of results in the database.
    pub(super) results: u64,
    /// Whether the abandoned journals found at start-up are in the database.
    pub(super) recovered: bool,
}

/// Ages of the results that aren't in the database.
pub(super) struct ResultAges {
    /// Numbers of results, each with a moment before which neither it nor a later one came in.
    marks: VecDeque<(u64, Instant)>,
}

impl ResultAges {
    /// The ages from now on. The first mark stands for the results of abandoned journals.
    pub(super) fn new() -> Self {
        Self { marks: VecDeque::from([(0, Instant::now())]) }
    }

    /// Adds a mark for the result with this number, unless the last mark was added a moment ago.
    pub(super) fn mark(&mut self, result: u64) {
        let now = Instant::now();
        if self.marks.back().is_none_or(|(_, at)| now.duration_since(*at) >= MARK_INTERVAL) {
            self.marks.push_back((result, now));
        }
    }

    /// Removes the marks before that of the oldest result that isn't stored, out of `results`.
    pub(super) fn forget(&mut self, progress: StoredProgress, results: u64) {
        if !progress.recovered {
            return;
        }
        while self.marks.get(1).is_some_and(|(from, _)| *from <= progress.results) {
            self.marks.pop_front();
        }
        if progress.results >= results {
            self.marks.clear();
        }
    }

    /// Age of the oldest result that isn't stored.
    pub(super) fn oldest(&self) -> Option<Duration> {
        self.marks.front().map(|(_, at)| at.elapsed())
    }
}
