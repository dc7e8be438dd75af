//! Keeps a provider that fails from being asked for a while.
//!
//! After so many failures in a row the breaker opens: for a pause nobody is
//! asked, and calls go to the model's other providers, or are refused at once.
//! Then it is half open: one call is let through as a probe. When that one is
//! answered the breaker closes; when it fails, another pause begins.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::config::GatewayConfig;

/// When to open, and for how long.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct Policy {
    /// Failures in a row; 0 for never.
    failures: u32,
    pause: Duration,
}

impl From<&GatewayConfig> for Policy {
    fn from(config: &GatewayConfig) -> Self {
        Self { failures: config.breaker_failures, pause: config.breaker_pause }
    }
}

/// What is told of a breaker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::gateway) enum BreakerState {
    Closed,
    HalfOpen,
    Open,
}

/// One provider's.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Breaker(Mutex<State>);

#[derive(Clone, Copy, Debug)]
enum State {
    /// Calls pass; the last so many of them failed.
    Closed { failures: u32 },
    /// No call passes before this moment.
    Open { until: Instant },
    /// A probe is under way. One that takes longer than this isn't waited for with the next.
    HalfOpen { until: Instant },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Lets a call pass, or says how long it will be until one may.
    pub(in crate::gateway) fn admit(&self, policy: Policy, now: Instant) -> Result<Pass<'_>, Duration> {
        let mut state = self.lock();
        let probe = match *state {
            State::Closed { .. } => false,
            State::Open { until } | State::HalfOpen { until } if until > now => return Err(until - now),
            State::Open { .. } | State::HalfOpen { .. } => {
                *state = State::HalfOpen { until: now + policy.pause };
                true
            }
        };
        Ok(Pass { breaker: self, policy, probe, settled: false })
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

/// A call that may ask the provider. Dropped without a word it says nothing of the provider.
pub(in crate::gateway) struct Pass<'a> {
    breaker: &'a Breaker,
    policy: Policy,
    probe: bool,
    settled: bool,
}

/// What a call's end changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::gateway) enum Change {
    None,
    Opened,
    Closed,
}

impl Pass<'_> {
    /// The provider works.
    pub(in crate::gateway) fn succeeded(mut self) -> Change {
        self.settled = true;
        let mut state = self.breaker.lock();
        match *state {
            // Most calls: nothing is written.
            State::Closed { failures: 0 } => return Change::None,
            State::Closed { .. } => *state = State::default(),
            State::Open { .. } | State::HalfOpen { .. } if self.probe => {
                *state = State::default();
                return Change::Closed;
            }
            // It was asked before the failures that opened the breaker.
            State::Open { .. } | State::HalfOpen { .. } => {}
        }
        Change::None
    }

    /// The provider couldn't be reached, broke off, took too long, or said that it failed.
    pub(in crate::gateway) fn failed(mut self, now: Instant) -> Change {
        self.settled = true;
        let mut state = self.breaker.lock();
        let open = State::Open { until: now + self.policy.pause };
        match *state {
            State::Closed { failures } if self.policy.failures == 0 || failures + 1 < self.policy.failures => {
                *state = State::Closed { failures: failures.saturating_add(1) };
                Change::None
            }
            State::Closed { .. } => {
                *state = open;
                Change::Opened
            }
            State::HalfOpen { .. } if self.probe => {
                *state = open;
                Change::Opened
            }
            State::Open { .. } | State::HalfOpen { .. } => Change::None,
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.probe && !self.settled {
            let mut state = self.breaker.lock();
            if matches!(*state, State::HalfOpen { .. }) {
                // The next call is the probe then.
                *state = State::Open { until: Instant::now() };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy { failures: 3, pause: Duration::from_secs(10) };

    fn fail(breaker: &Breaker, times: usize, now: Instant) {
        for _ in 0..times {
            breaker.admit(POLICY, now).ok().unwrap().failed(now);
        }
    }

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        fail(&breaker, 2, now);
        breaker.admit(POLICY, now).ok().unwrap().succeeded();
        fail(&breaker, 2, now);
        assert_eq!(breaker.state(now), BreakerState::Closed);
        assert_eq!(breaker.admit(POLICY, now).ok().unwrap().failed(now), Change::Opened);
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
        assert_eq!(probe.failed(now), Change::Opened);
        assert!(breaker.admit(POLICY, now).is_err());
        now += POLICY.pause;
        assert_eq!(breaker.admit(POLICY, now).ok().unwrap().succeeded(), Change::Closed);
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
        breaker.admit(POLICY, now).ok().unwrap().succeeded();
        assert_eq!((slow.failed(now), breaker.state(now)), (Change::None, BreakerState::Closed));
    }

    #[test]
    fn calls_from_before_it_opened_change_nothing() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        let early = [breaker.admit(POLICY, now).ok().unwrap(), breaker.admit(POLICY, now).ok().unwrap()];
        fail(&breaker, 3, now);
        let [one, other] = early;
        assert_eq!((one.succeeded(), other.failed(now)), (Change::None, Change::None));
        assert_eq!(breaker.state(now), BreakerState::Open);
    }

    #[test]
    fn it_may_be_switched_off() {
        let now = Instant::now();
        let (breaker, never) = (Breaker::default(), Policy { failures: 0, ..POLICY });
        for _ in 0..100 {
            breaker.admit(never, now).ok().unwrap().failed(now);
        }
        assert_eq!(breaker.state(now), BreakerState::Closed);
    }
}
