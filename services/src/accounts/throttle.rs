//! Slows down guessing, without locking anybody out from where they usually are, and whoever makes accounts by the dozen.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use domain::{ids::UserId, time::Timestamp};
use quick_cache::sync::Cache;

use crate::{ServiceError, ServiceResult};

/// How long failures are remembered, in milliseconds.
const FAILURES_MILLIS: i64 = 5 * 60_000;
/// The same for accounts that were made, and for entries in the audit log.
const HOUR_MILLIS: i64 = 60 * 60_000;
/// Failures within the window from one address for one user.
const FAILURES_FOR_USER: u32 = 10;
/// Failures within the window from one address for anybody: an office shares one.
const FAILURES_FROM_ADDRESS: u32 = 30;
/// How many addresses and users are remembered: a few megabytes at most.
const REMEMBERED: usize = 20_000;

/// Counts failures by address, and by address and user. By user alone nothing is
/// counted: otherwise anybody could lock anybody else out.
///
/// Where the address isn't known, or is one of this machine or of a private network, it is most likely that of a proxy that
/// nobody told us of, and stands for everybody: then nothing is counted for all of its users together.
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
    /// Failures, for whichever user.
    Failures,
    FailuresOf(String),
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
    /// Counts an attempt as failed, before it is known how it ends: otherwise many at once would all get through.
    pub(super) fn attempt(&self, now: Timestamp, address: Option<IpAddr>, user: &str) -> ServiceResult<Attempt<'_>> {
        let address = address.map(network);
        let of_anybody = address.filter(stands_for_somebody);
        let of_anybody = of_anybody.map(|address| Key { address: Some(address), what: What::Failures });
        let of_user = Key { address, what: What::FailuresOf(user.to_owned()) };
        if let Some(key) = &of_anybody {
            // Where the second is refused the first stays counted: being refused is a failure too.
            self.count(now, key, FAILURES_FROM_ADDRESS, FAILURES_MILLIS)?;
        }
        self.count(now, &of_user, FAILURES_FOR_USER, FAILURES_MILLIS)?;
        Ok(Attempt { throttle: self, keys: of_anybody.into_iter().chain([of_user]).collect() })
    }

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

/// An attempt under way.
pub(in crate::accounts) struct Attempt<'a> {
    throttle: &'a Throttle,
    keys: Vec<Key>,
}

impl Attempt<'_> {
    /// It was no failure after all.
    pub(super) fn succeeded(self) {
        for key in &self.keys {
            self.throttle.take_back(key);
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

/// Whether an address is somebody's own, and not that of a machine which may speak for many.
fn stands_for_somebody(address: &IpAddr) -> bool {
    let shared = |first: u8, second: u8| first == 100 && second & 0b1100_0000 == 64;
    !match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified() || shared(first, second)
        }
        IpAddr::V6(v6) => {
            // Of loopback only the network is left here.
            v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local()
        }
    }
}

/// Whom an address stands for: with IPv6 everybody has at least 2⁶⁴ of them.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn fail(throttle: &Throttle, address: &str, user: &str, times: u32) {
        for _ in 0..times {
            throttle.attempt(NOW, ip(address), user).unwrap();
        }
    }

    #[test]
    fn too_many_failures_are_refused_until_the_window_ends() {
        let throttle = Throttle::default();
        fail(&throttle, "192.0.2.1", "mira", 10);
        assert!(matches!(
            throttle.attempt(NOW, ip("192.0.2.1"), "mira"),
            Err(ServiceError::RateLimited { retry_after_seconds: 301 })
        ));
        assert!(throttle.attempt(NOW.plus_minutes(5), ip("192.0.2.1"), "mira").is_ok());
    }

    #[test]
    fn nobody_is_locked_out_from_elsewhere() {
        let throttle = Throttle::default();
        fail(&throttle, "192.0.2.1", "mira", 10);
        assert!(throttle.attempt(NOW, ip("192.0.2.2"), "mira").is_ok());
    }

    #[test]
    fn an_address_is_refused_that_fails_for_many() {
        let throttle = Throttle::default();
        for user in 0..30 {
            fail(&throttle, "2001:db8::1", &user.to_string(), 1);
        }
        assert!(throttle.attempt(NOW, ip("2001:db8::2"), "another").is_err());
        assert!(throttle.attempt(NOW, ip("2001:db8:0:1::1"), "another").is_ok());
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
        assert!(throttle.attempt(NOW, ip("192.0.2.1"), "mira").is_ok(), "signing in is another matter");
        assert!(throttle.account(NOW.plus_minutes(60), ip("192.0.2.1"), 3).is_ok());
    }

    #[test]
    fn an_address_that_may_stand_for_many_locks_nobody_else_out() {
        let throttle = Throttle::default();
        for address in
            [None, ip("127.0.0.1"), ip("::1"), ip("10.1.2.3"), ip("100.64.0.1"), ip("fd00::1"), ip("fe80::1")]
        {
            for user in 0..100 {
                throttle.attempt(NOW, address, &user.to_string()).unwrap();
            }
            for _ in 0..9 {
                throttle.attempt(NOW, address, "1").unwrap();
            }
            assert!(throttle.attempt(NOW, address, "1").is_err(), "{address:?}");
        }
    }

    #[test]
    fn successes_never_count() {
        let throttle = Throttle::default();
        for _ in 0..100 {
            throttle.attempt(NOW, ip("192.0.2.1"), "mira").unwrap().succeeded();
        }
    }
}
