//! The windows of all keys, projects and organizations.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use domain::time::Timestamp;

use super::{LimitedId, window::Window};

/// Number of windows from which empty ones are dropped.
const CLEANUP_THRESHOLD: usize = 10_000;

/// The windows of all keys, projects and organizations.
#[derive(Debug, Default)]
pub(super) struct Windows {
    by_id: Mutex<HashMap<LimitedId, Window>>,
    /// The second in which empty windows were last dropped.
    cleaned_at: AtomicI64,
}

impl Windows {
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<LimitedId, Window>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops empty windows if there are many, at most once a second.
    pub(super) fn clean(&self, windows: &mut HashMap<LimitedId, Window>, now: i64) {
        if windows.len() > CLEANUP_THRESHOLD && self.cleaned_at.swap(now, Ordering::Relaxed) != now {
            drop_expired(windows, now);
        }
    }

    /// Drops empty windows, including those that only other servers counted in.
    pub(super) fn drop_expired(&self, now: Timestamp) {
        drop_expired(&mut self.lock(), seconds(now));
    }
}

fn drop_expired(windows: &mut HashMap<LimitedId, Window>, now: i64) {
    windows.retain(|_, window| {
        window.count(now);
        !window.is_empty()
    });
}

/// The second of a moment, by which windows count.
pub(super) fn seconds(now: Timestamp) -> i64 {
    now.millis().div_euclid(1000)
}
