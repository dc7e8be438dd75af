//! Circuit breakers, which keep calls from failing providers.
//!
//! After a number of failures in a row the breaker opens: during a pause the provider isn't called, and calls
//! go to the model's other providers, or are rejected. Then it is half open: one call passes as a probe. If
//! that one succeeds the breaker closes; if it fails, another pause begins.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::config::GatewayConfig;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct BreakerPolicy {
    /// Failures in a row; 0 for never.
    failures: u32,
    pause: Duration,
}

impl From<&GatewayConfig> for BreakerPolicy {
    fn from(config: &GatewayConfig) -> Self {
        Self { failures: config.breaker_failures, pause: config.breaker_pause }
    }
}

/// The state of a breaker, as shown in the metrics.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::gateway) enum BreakerState {
    Closed,
    HalfOpen,
    Open,
}

/// A circuit breaker for one provider.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Breaker(Mutex<State>);

#[derive(Clone, Copy, Debug)]
enum State {
    /// Calls pass; the last `failures` of them failed.
    Closed { failures: u32 },
    /// No call passes before this moment.
    Open { until: Instant },
    /// A probe is running. After `until` another one may start.
    HalfOpen { until: Instant },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Lets a call pass. The error is the time until one may.
    pub(in crate::gateway) fn admit(&self, policy: BreakerPolicy, now: Instant) -> Result<BreakerPermit<'_>, Duration> {
        let mut state = self.lock();
        let probe = match *state {
            State::Closed { .. } => false,
            State::Open { until } | State::HalfOpen { until } if until > now => return Err(until - now),
            State::Open { .. } | State::HalfOpen { .. } => {
                *state = State::HalfOpen { until: now + policy.pause };
                true
            }
        };
        Ok(BreakerPermit { breaker: self, policy, probe, recorded: false })
    }

    pub(in crate::gateway) fn state(&self, now: Instant) -> BreakerState {
        match *self.lock() {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { until } if until > now => BreakerState::Open,
            State::Open { .. } | State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The permission to call the provider. If dropped without a result, it says nothing about the provider.
pub(in crate::gateway) struct BreakerPermit<'a> {
    breaker: &'a Breaker,
    policy: BreakerPolicy,
    probe: bool,
    recorded: bool,
}

/// The change of a breaker's state by the result of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::gateway) enum BreakerChange {
    None,
    Opened,
    Closed,
}

impl BreakerPermit<'_> {
    /// Records that the provider works.
    pub(in crate::gateway) fn record_success(mut self) -> BreakerChange {
        self.recorded = true;
        let mut state = self.breaker.lock();
        match *state {
            // Nothing to change, as for most calls.
            State::Closed { failures: 0 } => return BreakerChange::None,
            State::Closed { .. } => *state = State::default(),
            State::Open { .. } | State::HalfOpen { .. } if self.probe => {
                *state = State::default();
                return BreakerChange::Closed;
            }
            // The call began before the failures that opened the breaker.
            State::Open { .. } | State::HalfOpen { .. } => {}
        }
        BreakerChange::None
    }

    /// Records that the provider couldn't be reached, broke off, took too long, or reported a failure.
    pub(in crate::gateway) fn record_failure(mut self, now: Instant) -> BreakerChange {
        self.recorded = true;
        let mut state = self.breaker.lock();
        let open = State::Open { until: now + self.policy.pause };
        match *state {
            State::Closed { failures } if self.policy.failures == 0 || failures + 1 < self.policy.failures => {
                *state = State::Closed { failures: failures.saturating_add(1) };
                BreakerChange::None
            }
            State::Closed { .. } => {
                *state = open;
                BreakerChange::Opened
            }
            State::HalfOpen { .. } if self.probe => {
                *state = open;
                BreakerChange::Opened
            }
            State::Open { .. } | State::HalfOpen { .. } => BreakerChange::None,
        }
    }
}

impl Drop for BreakerPermit<'_> {
    fn drop(&mut self) {
        if self.probe && !self.recorded {
            let mut state = self.breaker.lock();
            if matches!(*state, State::HalfOpen { .. }) {
                // The next call becomes the probe.
                *state = State::Open { until: Instant::now() };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: BreakerPolicy = BreakerPolicy { failures: 3, pause: Duration::from_secs(10) };

    fn fail(breaker: &Breaker, times: usize, now: Instant) {
        for _ in 0..times {
            breaker.admit(POLICY, now).ok().unwrap().record_failure(now);
        }
    }

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        fail(&breaker, 2, now);
        breaker.admit(POLICY, now).ok().unwrap().record_success();
        fail(&breaker, 2, now);
        assert_eq!(breaker.state(now), BreakerState::Closed);
        assert_eq!(breaker.admit(POLICY, now).ok().unwrap().record_failure(now), BreakerChange::Opened);
        assert_eq!(breaker.state(now), BreakerState::Open);
        assert_eq!(breaker.admit(POLICY, now).err(), Some(POLICY.pause));
    }

    #[test]
    fn one_probe_decides_what_comes_after_the_pause() {
        let (breaker, mut now) = (Breaker::default(), Instant::now());
        fail(&breaker, 3, now);
        now += POLICY.pause;
        assert_eq!(breaker.state(now), BreakerState::HalfOpen);
        let probe = breaker.admit(POLICY, now).ok().unwrap();
        assert!(breaker.admit(POLICY, now).is_err(), "one at a time");
        assert_eq!(probe.record_failure(now), BreakerChange::Opened);
        assert!(breaker.admit(POLICY, now).is_err());
        now += POLICY.pause;
        assert_eq!(breaker.admit(POLICY, now).ok().unwrap().record_success(), BreakerChange::Closed);
        assert_eq!(breaker.state(now), BreakerState::Closed);
    }

    #[test]
    fn a_probe_that_says_nothing_makes_room_for_the_next() {
        let (breaker, mut now) = (Breaker::default(), Instant::now());
        fail(&breaker, 3, now);
        now += POLICY.pause;
        drop(breaker.admit(POLICY, now).ok().unwrap());
        let slow = breaker.admit(POLICY, now).ok().unwrap();
        now += POLICY.pause;
        breaker.admit(POLICY, now).ok().unwrap().record_success();
        assert_eq!((slow.record_failure(now), breaker.state(now)), (BreakerChange::None, BreakerState::Closed));
    }

    #[test]
    fn calls_from_before_it_opened_change_nothing() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        let early = [breaker.admit(POLICY, now).ok().unwrap(), breaker.admit(POLICY, now).ok().unwrap()];
        fail(&breaker, 3, now);
        let [one, other] = early;
        assert_eq!((one.record_success(), other.record_failure(now)), (BreakerChange::None, BreakerChange::None));
        assert_eq!(breaker.state(now), BreakerState::Open);
    }

    #[test]
    fn it_may_be_switched_off() {
        let now = Instant::now();
        let (breaker, never) = (Breaker::default(), BreakerPolicy { failures: 0, ..POLICY });
        for _ in 0..100 {
            breaker.admit(never, now).ok().unwrap().record_failure(now);
        }
        assert_eq!(breaker.state(now), BreakerState::Closed);
    }
}
