//! Schedules the attempts of a call.

use std::time::Duration;

use tokio::time::Instant;

use super::verdict::{self, NextAttempt};

/// The attempts of one call: each provider once, in order and without delay; then, up to the maximum of
/// attempts, the provider that may be retried first.
#[derive(Debug)]
pub(super) struct Schedule {
    turns: Vec<Turn>,
    attempts: u32,
    max_attempts: u32,
}

#[derive(Debug)]
struct Turn {
    index: usize,
    /// Number of attempts with this provider.
    tries: u32,
    /// When it may be tried next; `None` if no more.
    due: Option<Instant>,
}

impl Schedule {
    /// Creates a schedule of the providers in `order`, given as indexes. Up to `max_attempts` attempts in
    /// total, providers are retried after the first round.
    pub(super) fn new(order: Vec<usize>, max_attempts: u32, now: Instant) -> Self {
        let turns = order.into_iter().map(|index| Turn { index, tries: 0, due: Some(now) }).collect();
        Self { turns, attempts: 0, max_attempts }
    }

    /// Returns the index of the next provider, and the wait before.
    pub(super) fn next(&self, now: Instant) -> Option<(usize, Duration)> {
        let open = || self.turns.iter().filter_map(|turn| Some((turn, turn.due?)));
        let (turn, due) = match open().find(|(turn, _)| turn.tries == 0) {
            Some(first) => first,
            // The one that is due first; of several, the first in order.
            None if self.attempts < self.max_attempts => open().min_by_key(|(_, due)| *due)?,
            None => return None,
        };
        Some((turn.index, due.saturating_duration_since(now)))
    }

    /// Records an attempt with the provider at `index`.
    pub(super) fn record_attempt(&mut self, index: usize, next: NextAttempt, now: Instant) {
        self.attempts += 1;
        let Some(turn) = self.turns.iter_mut().find(|turn| turn.index == index) else { return };
        turn.tries += 1;
        turn.due = match next {
            NextAttempt::AnyAfter(wait) => Some(now + wait.unwrap_or_else(|| verdict::backoff(turn.tries))),
            NextAttempt::None | NextAttempt::OtherProviders => None,
        };
    }

    /// Excludes the provider at `index` from the call.
    pub(super) fn skip(&mut self, index: usize) {
        if let Some(turn) = self.turns.iter_mut().find(|turn| turn.index == index) {
            turn.due = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: NextAttempt = NextAttempt::AnyAfter(Some(Duration::ZERO));

    fn seconds(seconds: u64) -> NextAttempt {
        NextAttempt::AnyAfter(Some(Duration::from_secs(seconds)))
    }

    #[test]
    fn each_is_asked_once_and_then_as_often_as_it_may() {
        let now = Instant::now();
        let mut schedule = Schedule::new(vec![1, 0], 3, now);
        for (index, next) in [(1, seconds(4)), (0, seconds(2))] {
            assert_eq!(schedule.next(now), Some((index, Duration::ZERO)));
            schedule.record_attempt(index, next, now);
        }
        assert_eq!(schedule.next(now), Some((0, Duration::from_secs(2))), "the one that is due first");
        schedule.record_attempt(0, NOW, now);
        assert_eq!(schedule.next(now), None, "three times is enough");
    }

    #[test]
    fn more_providers_than_attempts_are_all_asked() {
        let now = Instant::now();
        let mut schedule = Schedule::new(vec![0, 1, 2], 1, now);
        for index in 0..3 {
            assert_eq!(schedule.next(now).unwrap().0, index);
            schedule.record_attempt(index, NOW, now);
        }
        assert_eq!(schedule.next(now), None);
    }

    #[test]
    fn who_isnt_to_be_asked_isnt() {
        let now = Instant::now();
        let mut schedule = Schedule::new(vec![0, 1], 9, now);
        schedule.skip(0);
        assert_eq!(schedule.next(now).unwrap().0, 1);
        schedule.record_attempt(1, NextAttempt::OtherProviders, now);
        assert_eq!(schedule.next(now), None);
    }
}
