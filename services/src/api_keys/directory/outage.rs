//! What is done while the database can't be asked.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long an answer is waited for, when it isn't known that none comes.
pub(super) const ANSWER: Duration = Duration::from_millis(500);
/// The same when nothing tells that the database is gone: a busy one answers within that.
pub(super) const SLOW_ANSWER: Duration = Duration::from_secs(3);
/// How often is asked again, by one call for all.
const AGAIN: Duration = Duration::from_secs(5);

/// Since when the database doesn't answer.
pub(super) struct Outage {
    /// When it was asked in vain last.
    asked: Mutex<Option<Instant>>,
    /// How long keys are good that were seen before.
    pub(super) patience: Duration,
}

impl Outage {
    pub(super) fn new(patience: Duration) -> Self {
        Self { asked: Mutex::default(), patience }
    }

    /// Whether to ask the database: not where others did so in vain a moment ago.
    pub(super) fn may_ask(&self, now: Instant) -> bool {
        let mut asked = self.lock();
        match *asked {
            Some(at) if now.duration_since(at) < AGAIN => false,
            Some(at) if now.duration_since(at) < 2 * AGAIN => {
                // Until its answer comes, the others go by what they know.
                *asked = Some(now);
                true
            }
            // That was another time.
            _ => true,
        }
    }

    pub(super) fn note_answer(&self) {
        *self.lock() = None;
    }

    /// That a call asked in vain, or others did before.
    pub(super) fn note_failure(&self) {
        self.lock().get_or_insert_with(Instant::now);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_asks_again_for_all() {
        let outage = Outage::new(Duration::ZERO);
        let now = Instant::now();
        assert!(outage.may_ask(now) && outage.may_ask(now));
        outage.note_failure();
        assert!(!outage.may_ask(now));
        let later = Instant::now() + AGAIN;
        assert!(outage.may_ask(later) && !outage.may_ask(later));
        let much_later = later + 2 * AGAIN;
        assert!(outage.may_ask(much_later) && outage.may_ask(much_later));
        outage.note_answer();
        assert!(outage.may_ask(later) && outage.may_ask(later));
    }
}
