//! A clock that tests move.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::time::Timestamp;
use services::Clock;

pub(crate) struct TestClock(AtomicI64);

impl Default for TestClock {
    fn default() -> Self {
        let clock = Self(AtomicI64::new(0));
        clock.set("2026-11-17T14:32:07Z");
        clock
    }
}

impl TestClock {
    pub(crate) fn set(&self, moment: &str) {
        let moment: Timestamp = moment.parse().unwrap();
        self.0.store(moment.millis(), Ordering::SeqCst);
    }

    pub(crate) fn forward_minutes(&self, minutes: i64) {
        self.forward_millis(minutes * 60_000);
    }

    pub(crate) fn forward_days(&self, days: i64) {
        self.forward_minutes(days * 24 * 60);
    }

    pub(crate) fn forward_millis(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
