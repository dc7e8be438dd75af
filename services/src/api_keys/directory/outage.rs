//! Tracks outages of the database, and bounds how often it is tried during one.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Timeout of a look-up while changes can't be read, or when a record is old.
pub(super) const QUERY_TIMEOUT: Duration = Duration::from_millis(500);
/// Timeout of a look-up otherwise, without a sign of an outage: a busy database answers within that.
pub(super) const SLOW_QUERY_TIMEOUT: Duration = Duration::from_secs(3);
/// How often the database is tried again during an outage, by one call for all.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// The state of an outage.
pub(super) struct Outage {
    /// The latest try in vain; `None` without an outage.
    last_try: Mutex<Option<Instant>>,
    /// How long cached keys stay valid.
    pub(super) max_staleness: Duration,
}

impl Outage {
    pub(super) fn new(max_staleness: Duration) -> Self {
        Self { last_try: Mutex::default(), max_staleness }
    }

    /// Whether to query the database: not if another call tried in vain a moment ago.
    pub(super) fn can_query(&self, now: Instant) -> bool {
        let mut last_try = self.lock();
        match *last_try {
            Some(at) if now.duration_since(at) < RETRY_INTERVAL => false,
            Some(at) if now.duration_since(at) < 2 * RETRY_INTERVAL => {
                // Until this try ends, other calls use their cached records.
                *last_try = Some(now);
                true
            }
            // No outage, or one that is long over.
            _ => true,
        }
    }

    pub(super) fn end(&self) {
        *self.lock() = None;
    }

    /// Starts an outage after a try in vain, unless it has started before.
    pub(super) fn start(&self) {
        self.lock().get_or_insert_with(Instant::now);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.last_try.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_asks_again_for_all() {
        let outage = Outage::new(Duration::ZERO);
        let now = Instant::now();
        assert!(outage.can_query(now) && outage.can_query(now));
        outage.start();
        assert!(!outage.can_query(now));
        let later = Instant::now() + RETRY_INTERVAL;
        assert!(outage.can_query(later) && !outage.can_query(later));
        let much_later = later + 2 * RETRY_INTERVAL;
        assert!(outage.can_query(much_later) && outage.can_query(much_later));
        outage.end();
        assert!(outage.can_query(later) && outage.can_query(later));
    }
}
