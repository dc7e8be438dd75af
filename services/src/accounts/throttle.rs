//! Limits the accounts made from an address, and the audit entries caused by outsiders.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{ids::UserId, time::Timestamp};
use quick_cache::sync::Cache;

use crate::{ServiceError, ServiceResult, address_limits::network};

/// How long new accounts and audit entries count, in milliseconds.
const HOUR_MILLIS: i64 = 60 * 60_000;
/// Addresses and users remembered: a few megabytes at most.
const CACHE_SIZE: usize = 20_000;

/// Counts within windows of time. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Throttle {
    windows: Arc<Cache<Key, Arc<Mutex<Window>>>>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Key {
    /// `None` if it is unknown, or doesn't matter.
    address: Option<IpAddr>,
    thing: ThrottledThing,
}

/// A thing that is counted.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum ThrottledThing {
    /// New accounts from an address.
    Accounts,
    /// Audit entries about a user's failures, from any address.
    EntriesAbout(UserId),
}

#[derive(Debug, Default)]
struct Window {
    /// End of the window, in milliseconds since the Unix epoch.
    end: i64,
    count: u32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { windows: Arc::new(Cache::new(CACHE_SIZE)) }
    }
}

impl Throttle {
    /// Counts an account to be made, up to `limit` within an hour. Dropped without `keep`, it is taken back.
    pub(super) fn reserve_account(
        &self,
        now: Timestamp,
        address: Option<IpAddr>,
        limit: u32,
    ) -> ServiceResult<ReservedAccount<'_>> {
        let key = Key { address: address.map(network), thing: ThrottledThing::Accounts };
        self.count(now, &key, limit, HOUR_MILLIS)?;
        Ok(ReservedAccount { throttle: self, key: Some(key) })
    }

    /// Counts an audit entry about a user, up to `limit` within an hour.
    pub(super) fn count_entry(&self, now: Timestamp, user: UserId, limit: u32) -> ServiceResult<()> {
        self.count(now, &Key { address: None, thing: ThrottledThing::EntriesAbout(user) }, limit, HOUR_MILLIS)
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

/// An account that is counted and about to be made.
pub(super) struct ReservedAccount<'a> {
    throttle: &'a Throttle,
    /// `None` once it is made.
    key: Option<Key>,
}

impl ReservedAccount<'_> {
    /// Keeps the count: the account was made.
    pub(super) fn keep(mut self) {
        self.key = None;
    }
}

impl Drop for ReservedAccount<'_> {
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
            drop(throttle.reserve_account(NOW, ip("192.0.2.1"), 3).unwrap());
        }
        for _ in 0..3 {
            throttle.reserve_account(NOW, ip("192.0.2.1"), 3).unwrap().keep();
        }
        assert!(throttle.reserve_account(NOW.plus_minutes(59), ip("192.0.2.1"), 3).is_err());
        assert!(throttle.reserve_account(NOW, ip("192.0.2.2"), 3).is_ok());
        assert!(throttle.reserve_account(NOW.plus_minutes(60), ip("192.0.2.1"), 3).is_ok());
    }
}
