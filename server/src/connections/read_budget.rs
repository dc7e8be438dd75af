//! Limits how long the server waits for a client to send or read bytes.

use std::{future::Future, pin::Pin, task::Context, time::Duration};

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that costs nothing while bytes arrive in time.
#[derive(Debug, Default)]
pub(super) struct ReadTimer(Option<Pin<Box<Sleep>>>);

impl ReadTimer {
    /// Whether `deadline` has passed; if not, wakes the task when it has.
    pub(super) fn is_past(&mut self, deadline: Instant, context: &mut Context<'_>) -> bool {
        if Instant::now() >= deadline {
            return true;
        }
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // A timer that is set to an earlier time stays: the task it wakes checks again.
        if sleep.is_elapsed() || sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return true;
            }
            sleep.as_mut().reset(deadline);
        }
        false
    }
}

/// The waiting time that a client has used up. Each byte earns more, so that slow but honest clients get
/// through.
#[derive(Debug)]
pub(super) struct ReadBudget {
    bytes_per_second: u64,
    waited: Duration,
    since: Option<Instant>,
    bytes: u64,
}

impl ReadBudget {
    pub(super) const fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second, waited: Duration::ZERO, since: None, bytes: 0 }
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new(self.bytes_per_second);
    }

    /// Notes that no bytes arrive now, and returns when they must: within `grace` plus the time that the
    /// bytes so far have earned.
    pub(super) fn start_waiting(&mut self, grace: Duration, now: Instant) -> Instant {
        let since = *self.since.get_or_insert(now);
        let allowed = grace + Duration::from_millis(self.bytes.saturating_mul(1_000) / self.bytes_per_second);
        // Caps the time that many bytes earn, so that the sum stays within what an `Instant` can hold.
        since + allowed.saturating_sub(self.waited).min(Duration::from_secs(24 * 60 * 60))
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.since.is_some()
    }

    /// Counts bytes that arrived, and ends the wait.
    pub(super) fn add_bytes(&mut self, bytes: usize, now: Instant) {
        self.bytes += bytes as u64;
        if let Some(since) = self.since.take() {
            self.waited += now.saturating_duration_since(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(30);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn who_sends_nothing_has_the_grace_in_all() {
        let mut budget = ReadBudget::new(1024);
        let begin = Instant::now();
        assert_eq!(budget.start_waiting(GRACE, begin), begin + GRACE);
        budget.add_bytes(0, begin + 20 * SECOND);
        // The time that the server itself takes isn't counted.
        let later = begin + 200 * SECOND;
        assert_eq!(budget.start_waiting(GRACE, later), later + 10 * SECOND);
    }

    #[test]
    fn who_is_slow_and_honest_comes_through() {
        let (mut honest, mut dripping) = (ReadBudget::new(1024), ReadBudget::new(1024));
        let mut now = Instant::now();
        let mut drips = 0;
        for _ in 0..1_000 {
            assert!(honest.start_waiting(GRACE, now) > now + SECOND);
            drips += u32::from(dripping.start_waiting(GRACE, now) > now + SECOND);
            now += SECOND;
            honest.add_bytes(1100, now);
            dripping.add_bytes(1, now);
        }
        assert!(drips < 31, "{drips}");
    }
}
