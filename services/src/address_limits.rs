//! How often somebody may do what costs something: strangers by the address that they come from, others by what they are known
//! by.
//!
//! Each server counts in memory, by the clock that never jumps. What must hold over all servers, the failures of sign-ins,
//! is counted in the database besides: see [`accounts::Guesses`](crate::accounts::Guesses).

mod network;

use std::{
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};
use quick_cache::sync::Cache;

pub(crate) use network::network;
pub use network::{Doer, Network};

use crate::{ServiceError, ServiceResult};

/// How many askers are remembered of each doing. When so many are at it at once, more of them are counted together.
const REMEMBERED: usize = 20_000;
/// How often those are looked for, at most, that may be forgotten.
const CLEANING: Duration = Duration::from_secs(1);

/// What is done.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Doing {
    /// A password is tried, whether or not it is right.
    SignIn,
    /// An account is asked for, whether or not it is made.
    SignUp,
    LeakReport,
    /// A key is shown that is well formed and doesn't exist: looking for it costs a query.
    UnknownKey,
    /// The same key is asked about by somebody who may ask: an organization.
    UnknownKeyAsked,
    /// The management API is called, with a key.
    Management,
}

impl Doing {
    const ALL: [Self; 6] =
        [Self::SignIn, Self::SignUp, Self::LeakReport, Self::UnknownKey, Self::UnknownKeyAsked, Self::Management];

    /// How often one may do it; and one who may stand for many.
    fn quotas(self) -> [Quota; 2] {
        match self {
            // Failures are counted beside this, and far more strictly.
            Self::SignIn => [per_minute(240), per_minute(1_200)],
            // Accounts are counted beside this.
            Self::SignUp => [per_minute(30), per_minute(120)],
            Self::LeakReport => [per_minute(30), per_minute(30)],
            Self::UnknownKey => [per_minute(60), per_minute(1_200)],
            Self::UnknownKeyAsked | Self::Management => [per_minute(1_200), per_minute(1_200)],
        }
    }
}

fn per_minute(times: u32) -> Quota {
    Quota::per_minute(at_least_one(times))
}

fn at_least_one(times: u32) -> NonZeroU32 {
    NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN)
}

/// Counts what each does. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AddressLimits(Arc<[Counted; Doing::ALL.len()]>);

impl Default for AddressLimits {
    fn default() -> Self {
        Self(Arc::new(Doing::ALL.map(Counted::new)))
    }
}

impl AddressLimits {
    /// Counts one, whatever comes of it.
    ///
    /// # Errors
    /// [`ServiceError::RateLimited`] where it comes too often from there; then it isn't counted.
    pub fn take(&self, doing: Doing, from: impl Into<Doer>) -> ServiceResult<()> {
        self.of(doing).take(from.into())
    }

    /// Whether so much failed lately that the next is to wait. Counts nothing.
    ///
    /// # Errors
    /// [`ServiceError::RateLimited`] where it is.
    pub fn check(&self, doing: Doing, from: impl Into<Doer>) -> ServiceResult<()> {
        self.of(doing).check(from.into())
    }

    /// Counts a failure, for [`check`](Self::check).
    pub fn failed(&self, doing: Doing, from: impl Into<Doer>) {
        self.of(doing).failed(from.into());
    }

    fn of(&self, doing: Doing) -> &Counted {
        match doing {
            Doing::SignIn => &self.0[0],
            Doing::SignUp => &self.0[1],
            Doing::LeakReport => &self.0[2],
            Doing::UnknownKey => &self.0[3],
            Doing::UnknownKeyAsked => &self.0[4],
            Doing::Management => &self.0[5],
        }
    }
}

/// One doing, by network.
#[derive(Debug)]
struct Counted {
    /// Each who is one.
    ones: DefaultKeyedRateLimiter<Doer>,
    /// Each who may stand for many: private networks, whoever comes from nobody knows where, and, in their place, those
    /// for whom there is no room any more.
    many: DefaultKeyedRateLimiter<Doer>,
    /// Until when those wait who failed too often.
    waiting: Cache<Doer, Instant>,
    /// In which second, since `start`, the limiter was cleaned last.
    cleaned: AtomicU64,
    start: Instant,
    /// Held while it is.
    cleaning: Mutex<()>,
}

impl Counted {
    fn new(doing: Doing) -> Self {
        let [ones, many] = doing.quotas();
        Self {
            ones: DefaultKeyedRateLimiter::keyed(ones),
            many: DefaultKeyedRateLimiter::keyed(many),
            waiting: Cache::new(REMEMBERED),
            cleaned: AtomicU64::new(0),
            start: Instant::now(),
            cleaning: Mutex::default(),
        }
    }

    fn take(&self, from: Doer) -> ServiceResult<()> {
        self.count(from).map_err(too_often)
    }

    fn check(&self, from: Doer) -> ServiceResult<()> {
        match self.waiting.get(&from).and_then(|until| until.checked_duration_since(Instant::now())) {
            Some(wait) => Err(too_often(wait)),
            None => Ok(()),
        }
    }

    fn failed(&self, from: Doer) {
        if let Err(wait) = self.count(from) {
            self.waiting.insert(from, Instant::now() + wait);
        }
    }

    /// Counts one, or says how long it is to wait.
    fn count(&self, from: Doer) -> Result<(), Duration> {
        let counted = match from {
            Doer::From(network) if network.is_one_of_many() => self.many.check_key(&from),
            _ if self.is_full() => self.many.check_key(&Doer::From(Network::Unknown)),
            _ => self.ones.check_key(&from),
        };
        counted.map_err(|later| later.wait_time_from(DefaultClock::default().now()))
    }

    /// Whether there is no room for another network, also after those were dropped that did nothing for a while.
    fn is_full(&self) -> bool {
        if self.ones.len() < REMEMBERED {
            return false;
        }
        let second = self.start.elapsed().as_secs() / CLEANING.as_secs().max(1) + 1;
        if self.cleaned.load(Ordering::Relaxed) != second {
            let _cleaning = self.cleaning.lock().unwrap_or_else(PoisonError::into_inner);
            if self.cleaned.swap(second, Ordering::Relaxed) != second {
                self.ones.retain_recent();
            }
        }
        self.ones.len() >= REMEMBERED
    }
}

fn too_often(wait: Duration) -> ServiceError {
    ServiceError::RateLimited { retry_after_seconds: u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX) }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn is_refused(outcome: ServiceResult<()>) -> bool {
        matches!(outcome, Err(ServiceError::RateLimited { retry_after_seconds: 1.. }))
    }

    #[test]
    fn an_address_is_slowed_down_by_itself_and_for_one_doing() {
        let limits = AddressLimits::default();
        for _ in 0..30 {
            limits.take(Doing::SignUp, ip("192.0.2.1")).unwrap();
        }
        assert!(is_refused(limits.take(Doing::SignUp, ip("192.0.2.1"))));
        limits.take(Doing::SignUp, ip("192.0.2.2")).unwrap();
        limits.take(Doing::SignIn, ip("192.0.2.1")).unwrap();
    }

    #[test]
    fn all_addresses_of_one_network_are_one() {
        let limits = AddressLimits::default();
        for last in 0..30 {
            limits.take(Doing::SignUp, ip(&format!("2001:db8::{last}"))).unwrap();
        }
        assert!(is_refused(limits.take(Doing::SignUp, ip("2001:db8::ffff"))));
        limits.take(Doing::SignUp, ip("2001:db8:0:1::1")).unwrap();
    }

    #[test]
    fn who_may_stand_for_many_has_a_wider_limit() {
        let limits = AddressLimits::default();
        for from in [ip("127.0.0.1"), ip("10.1.2.3"), ip("fd00::1"), None] {
            for _ in 0..120 {
                limits.take(Doing::SignUp, from).unwrap();
            }
            assert!(is_refused(limits.take(Doing::SignUp, from)), "{from:?}");
        }
        limits.take(Doing::SignUp, ip("10.1.2.4")).unwrap();
    }

    #[test]
    fn only_failures_make_the_next_wait() {
        let limits = AddressLimits::default();
        for _ in 0..60 {
            limits.check(Doing::UnknownKey, ip("192.0.2.1")).unwrap();
            limits.failed(Doing::UnknownKey, ip("192.0.2.1"));
        }
        limits.check(Doing::UnknownKey, ip("192.0.2.1")).unwrap();
        limits.failed(Doing::UnknownKey, ip("192.0.2.1"));
        assert!(is_refused(limits.check(Doing::UnknownKey, ip("192.0.2.1"))));
        limits.check(Doing::UnknownKey, ip("192.0.2.2")).unwrap();
    }

    #[test]
    fn more_networks_than_can_be_remembered_are_counted_together() {
        let limits = AddressLimits::default();
        let network = |number: usize| ip(&format!("2001:db8:{:x}:{:x}::1", number / 0x1_0000, number % 0x1_0000));
        for number in 0..REMEMBERED {
            limits.take(Doing::SignUp, network(number)).unwrap();
        }
        let more = (REMEMBERED..2 * REMEMBERED).map(|number| limits.take(Doing::SignUp, network(number)));
        assert!(more.filter(Result::is_ok).count() < 200);
    }
}
