//! Rate limits on costly actions, by address for anonymous clients and by id for known callers.
//!
//! Each server counts in memory, by the monotonic clock. Failed sign-ins, whose limit must hold across all
//! servers, are also counted in the database: see [`accounts::GuessLimiter`](crate::accounts::GuessLimiter).

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
pub use network::{ClientNetwork, LimitedCaller};

use crate::{ServiceError, ServiceResult};

/// Callers counted separately for each action. When there are more at one time, the others are counted
/// together.
const CACHE_SIZE: usize = 20_000;
/// Minimum interval between removals of idle callers.
const CLEANING_INTERVAL: Duration = Duration::from_secs(1);

/// An action that is limited.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum LimitedAction {
    /// An attempt to sign in, whether or not it succeeds.
    SignIn,
    /// An attempt to create an account, whether or not it succeeds.
    SignUp,
    LeakReport,
    /// A request with a well-formed key that doesn't exist, whose lookup costs a query.
    UnknownKey,
    /// An organization's request to verify a well-formed key that doesn't exist.
    UnknownKeyCheck,
    /// A request to the management API with a key.
    Management,
}

impl LimitedAction {
    const ALL: [Self; 6] =
        [Self::SignIn, Self::SignUp, Self::LeakReport, Self::UnknownKey, Self::UnknownKeyCheck, Self::Management];

    /// Quotas of the action: for a single caller, and for an address that may be shared by many.
    fn quotas(self) -> [Quota; 2] {
        match self {
            // Failures are also counted separately, with a far stricter limit.
            Self::SignIn => [per_minute(240), per_minute(1_200)],
            // Created accounts are also counted separately.
            Self::SignUp => [per_minute(30), per_minute(120)],
            Self::LeakReport => [per_minute(30), per_minute(30)],
            Self::UnknownKey => [per_minute(60), per_minute(1_200)],
            Self::UnknownKeyCheck | Self::Management => [per_minute(1_200), per_minute(1_200)],
        }
    }
}

fn per_minute(times: u32) -> Quota {
    Quota::per_minute(at_least_one(times))
}

fn at_least_one(times: u32) -> NonZeroU32 {
    NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN)
}

/// Rate limiters for all limited actions. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AddressLimits(Arc<[ActionLimiter; LimitedAction::ALL.len()]>);

impl Default for AddressLimits {
    fn default() -> Self {
        Self(Arc::new(LimitedAction::ALL.map(ActionLimiter::new)))
    }
}

impl AddressLimits {
    /// Counts an attempt, whatever its outcome.
    ///
    /// # Errors
    /// [`ServiceError::RateLimited`] after too many attempts by the caller; this one isn't counted then.
    pub fn count(&self, action: LimitedAction, caller: impl Into<LimitedCaller>) -> ServiceResult<()> {
        self.limiter(action).count(caller.into())
    }

    /// Checks whether the caller has to wait after recent failures. Counts nothing.
    ///
    /// # Errors
    /// [`ServiceError::RateLimited`] where the caller has to wait.
    pub fn check(&self, action: LimitedAction, caller: impl Into<LimitedCaller>) -> ServiceResult<()> {
        self.limiter(action).check(caller.into())
    }

    /// Counts a failure, for [`check`](Self::check).
    pub fn count_failure(&self, action: LimitedAction, caller: impl Into<LimitedCaller>) {
        self.limiter(action).count_failure(caller.into());
    }

    fn limiter(&self, action: LimitedAction) -> &ActionLimiter {
        match action {
            LimitedAction::SignIn => &self.0[0],
            LimitedAction::SignUp => &self.0[1],
            LimitedAction::LeakReport => &self.0[2],
            LimitedAction::UnknownKey => &self.0[3],
            LimitedAction::UnknownKeyCheck => &self.0[4],
            LimitedAction::Management => &self.0[5],
        }
    }
}

/// The rate limiter of one action, by caller.
#[derive(Debug)]
struct ActionLimiter {
    /// Single callers.
    single: DefaultKeyedRateLimiter<LimitedCaller>,
    /// Addresses that may be shared by many: private networks, unknown addresses, and, counted as an unknown
    /// address, callers beyond `CACHE_SIZE`.
    shared: DefaultKeyedRateLimiter<LimitedCaller>,
    /// Ends of the waits of callers with too many failures.
    blocked_until: Cache<LimitedCaller, Instant>,
    /// Interval, counted since `start`, in which idle callers were last removed.
    last_cleaning: AtomicU64,
    start: Instant,
    /// Held while idle callers are removed.
    cleaning: Mutex<()>,
}

impl ActionLimiter {
    fn new(action: LimitedAction) -> Self {
        let [single, shared] = action.quotas();
        Self {
            single: DefaultKeyedRateLimiter::keyed(single),
            shared: DefaultKeyedRateLimiter::keyed(shared),
            blocked_until: Cache::new(CACHE_SIZE),
            last_cleaning: AtomicU64::new(0),
            start: Instant::now(),
            cleaning: Mutex::default(),
        }
    }

    fn count(&self, caller: LimitedCaller) -> ServiceResult<()> {
        self.try_count(caller).map_err(too_often)
    }

    fn check(&self, caller: LimitedCaller) -> ServiceResult<()> {
        match self.blocked_until.get(&caller).and_then(|until| until.checked_duration_since(Instant::now())) {
            Some(wait) => Err(too_often(wait)),
            None => Ok(()),
        }
    }

    fn count_failure(&self, caller: LimitedCaller) {
        if let Err(wait) = self.try_count(caller) {
            self.blocked_until.insert(caller, Instant::now() + wait);
        }
    }

    /// Counts an attempt, or returns the time to wait.
    fn try_count(&self, caller: LimitedCaller) -> Result<(), Duration> {
        let counted = match caller {
            LimitedCaller::From(network) if network.may_be_shared() => self.shared.check_key(&caller),
            _ if self.is_full() => self.shared.check_key(&LimitedCaller::From(ClientNetwork::Unknown)),
            _ => self.single.check_key(&caller),
        };
        counted.map_err(|later| later.wait_time_from(DefaultClock::default().now()))
    }

    /// Whether another caller can't be counted separately, even after the removal of idle ones.
    fn is_full(&self) -> bool {
        if self.single.len() < CACHE_SIZE {
            return false;
        }
        let interval = self.start.elapsed().as_secs() / CLEANING_INTERVAL.as_secs().max(1) + 1;
        if self.last_cleaning.load(Ordering::Relaxed) != interval {
            let _cleaning = self.cleaning.lock().unwrap_or_else(PoisonError::into_inner);
            if self.last_cleaning.swap(interval, Ordering::Relaxed) != interval {
                self.single.retain_recent();
            }
        }
        self.single.len() >= CACHE_SIZE
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
            limits.count(LimitedAction::SignUp, ip("192.0.2.1")).unwrap();
        }
        assert!(is_refused(limits.count(LimitedAction::SignUp, ip("192.0.2.1"))));
        limits.count(LimitedAction::SignUp, ip("192.0.2.2")).unwrap();
        limits.count(LimitedAction::SignIn, ip("192.0.2.1")).unwrap();
    }

    #[test]
    fn all_addresses_of_one_network_are_one() {
        let limits = AddressLimits::default();
        for last in 0..30 {
            limits.count(LimitedAction::SignUp, ip(&format!("2001:db8::{last}"))).unwrap();
        }
        assert!(is_refused(limits.count(LimitedAction::SignUp, ip("2001:db8::ffff"))));
        limits.count(LimitedAction::SignUp, ip("2001:db8:0:1::1")).unwrap();
    }

    #[test]
    fn who_may_stand_for_many_has_a_wider_limit() {
        let limits = AddressLimits::default();
        for from in [ip("127.0.0.1"), ip("10.1.2.3"), ip("fd00::1"), None] {
            for _ in 0..120 {
                limits.count(LimitedAction::SignUp, from).unwrap();
            }
            assert!(is_refused(limits.count(LimitedAction::SignUp, from)), "{from:?}");
        }
        limits.count(LimitedAction::SignUp, ip("10.1.2.4")).unwrap();
    }

    #[test]
    fn only_failures_make_the_next_wait() {
        let limits = AddressLimits::default();
        for _ in 0..60 {
            limits.check(LimitedAction::UnknownKey, ip("192.0.2.1")).unwrap();
            limits.count_failure(LimitedAction::UnknownKey, ip("192.0.2.1"));
        }
        limits.check(LimitedAction::UnknownKey, ip("192.0.2.1")).unwrap();
        limits.count_failure(LimitedAction::UnknownKey, ip("192.0.2.1"));
        assert!(is_refused(limits.check(LimitedAction::UnknownKey, ip("192.0.2.1"))));
        limits.check(LimitedAction::UnknownKey, ip("192.0.2.2")).unwrap();
    }

    #[test]
    fn more_networks_than_can_be_remembered_are_counted_together() {
        let limits = AddressLimits::default();
        let network = |number: usize| ip(&format!("2001:db8:{:x}:{:x}::1", number / 0x1_0000, number % 0x1_0000));
        for number in 0..CACHE_SIZE {
            limits.count(LimitedAction::SignUp, network(number)).unwrap();
        }
        let more = (CACHE_SIZE..2 * CACHE_SIZE).map(|number| limits.count(LimitedAction::SignUp, network(number)));
        assert!(more.filter(Result::is_ok).count() < 200);
    }
}
