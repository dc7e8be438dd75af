//! Slows down whoever makes accounts by the dozen, or fills an audit log.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{ids::UserId, time::Timestamp};
use quick_cache::sync::Cache;

use crate::{ServiceError, ServiceResult, address_limits::network};

/// How long accounts that were made are remembered, and entries in the audit log, in milliseconds.
const HOUR_MILLIS: i64 = 60 * 60_000;
/// How many addresses and users are remembered: a few megabytes at most.
const REMEMBERED: usize = 20_000;

/// Counts within windows of time. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Throttle {
    windows: Arc<Cache<Key, Arc<Mutex<Window>>>>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Key {
    /// `None` where it isn't known.
    address: Option<IpAddr>,
    what: What,
}

/// What is counted of an address.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum What {
    /// Accounts that were made.
    Accounts,
    /// Entries in the audit log about a user's failures, from whichever address.
    EntriesAbout(UserId),
}

#[derive(Debug, Default)]
struct Window {
    /// When it ends, in milliseconds.
    end: i64,
    count: u32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { windows: Arc::new(Cache::new(REMEMBERED)) }
    }
}

impl Throttle {
    /// Counts an account that is to be made, of so many within an hour. It is taken back where it isn't made.
    pub(super) fn account(&self, now: Timestamp, address: Option<IpAddr>, limit: u32) -> ServiceResult<Account<'_>> {
        let key = Key { address: address.map(network), what: What::Accounts };
        self.count(now, &key, limit, HOUR_MILLIS)?;
        Ok(Account { throttle: self, key: Some(key) })
    }

    /// Counts an entry in the audit log about a user, of so many within an hour.
    pub(super) fn entry(&self, now: Timestamp, user: UserId, limit: u32) -> ServiceResult<()> {
        self.count(now, &Key { address: None, what: What::EntriesAbout(user) }, limit, HOUR_MILLIS)
    }

    fn count(&self, now: Timestamp, key: &Key, limit: u32, window_millis: i64) -> ServiceResult<()> {
        let window = self.window(key);
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if now.millis() >= window.end {
            *window = Window { end: now.plus_millis(window_millis).millis(), count: 0 };
        }
        if window.count >= limit {
            let seconds = (window.end - now.millis()).div_euclid(1_000) + 1;
            return Err(ServiceError::RateLimited { retry_after_seconds: u32::try_from(seconds).unwrap_or(1) });
        }
        window.count += 1;
        Ok(())
    }

    fn take_back(&self, key: &Key) {
        let window = self.window(key);
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        window.count = window.count.saturating_sub(1);
    }

    fn window(&self, key: &Key) -> Arc<Mutex<Window>> {
        match self.windows.get_or_insert_with(key, || Ok::<_, std::convert::Infallible>(Arc::default())) {
            Ok(window) => window,
            Err(never) => match never {},
        }
    }
}

/// An account that is about to be made.
pub(super) struct Account<'a> {
    throttle: &'a Throttle,
    /// `None` once it is made.
    key: Option<Key>,
}

impl Account<'_> {
    pub(super) fn made(mut self) {
        self.key = None;
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.throttle.take_back(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn accounts_count_for_an_hour_and_only_those_that_were_made() {
        let throttle = Throttle::default();
        for _ in 0..100 {
            drop(throttle.account(NOW, ip("192.0.2.1"), 3).unwrap());
        }
        for _ in 0..3 {
            throttle.account(NOW, ip("192.0.2.1"), 3).unwrap().made();
        }
        assert!(throttle.account(NOW.plus_minutes(59), ip("192.0.2.1"), 3).is_err());
        assert!(throttle.account(NOW, ip("192.0.2.2"), 3).is_ok());
        assert!(throttle.account(NOW.plus_minutes(60), ip("192.0.2.1"), 3).is_ok());
    }
}
