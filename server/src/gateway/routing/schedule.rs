//! Which provider is asked next, and when.

use std::time::Duration;

use tokio::time::Instant;

use super::verdict::{self, Next};

/// The attempts of one call: each provider once, in its order and without delay, as long as it takes; then, while the
/// call hasn't been tried often enough, whichever may be asked again first.
#[derive(Debug)]
pub(super) struct Schedule {
    turns: Vec<Turn>,
    attempts: u32,
    most: u32,
}

#[derive(Debug)]
struct Turn {
    place: usize,
    /// How often it was asked.
    asked: u32,
    /// `None` once it isn't to be asked any more.
    due: Option<Instant>,
}

impl Schedule {
    /// `order` has the places of the providers; `most` is how often the call may be tried beyond its first round.
    pub(super) fn new(order: Vec<usize>, most: u32, now: Instant) -> Self {
        let turns = order.into_iter().map(|place| Turn { place, asked: 0, due: Some(now) }).collect();
        Self { turns, attempts: 0, most }
    }

    /// The place of the provider that is next, and how long to wait before.
    pub(super) fn next(&self, now: Instant) -> Option<(usize, Duration)> {
        let open = || self.turns.iter().filter_map(|turn| Some((turn, turn.due?)));
        let (turn, due) = match open().find(|(turn, _)| turn.asked == 0) {
            Some(first) => first,
            // Of those that are due at once, the first in order.
            None if self.attempts < self.most => open().min_by_key(|(_, due)| *due)?,
            None => return None,
        };
        Some((turn.place, due.saturating_duration_since(now)))
    }

    /// Keeps what came of asking the provider at `place`.
    pub(super) fn asked(&mut self, place: usize, next: Next, now: Instant) {
        self.attempts += 1;
        let Some(turn) = self.turns.iter_mut().find(|turn| turn.place == place) else { return };
        turn.asked += 1;
        turn.due = match next {
            Next::AnyAfter(wait) => Some(now + wait.unwrap_or_else(|| verdict::backoff(turn.asked))),
            Next::Nothing | Next::Others => None,
        };
    }

    /// The provider at `place` isn't asked in this call.
    pub(super) fn skip(&mut self, place: usize) {
        if let Some(turn) = self.turns.iter_mut().find(|turn| turn.place == place) {
            turn.due = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Next = Next::AnyAfter(Some(Duration::ZERO));

    fn seconds(seconds: u64) -> Next {
        Next::AnyAfter(Some(Duration::from_secs(seconds)))
    }

    #[test]
    fn each_is_asked_once_and_then_as_often_as_it_may() {
        let now = Instant::now();
        let mut schedule = Schedule::new(vec![1, 0], 3, now);
        for (place, next) in [(1, seconds(4)), (0, seconds(2))] {
            assert_eq!(schedule.next(now), Some((place, Duration::ZERO)));
            schedule.asked(place, next, now);
        }
        assert_eq!(schedule.next(now), Some((0, Duration::from_secs(2))), "the one that is due first");
        schedule.asked(0, NOW, now);
        assert_eq!(schedule.next(now), None, "three times is enough");
    }

    #[test]
    fn more_providers_than_attempts_are_all_asked() {
        let now = Instant::now();
        let mut schedule = Schedule::new(vec![0, 1, 2], 1, now);
        for place in 0..3 {
            assert_eq!(schedule.next(now).unwrap().0, place);
            schedule.asked(place, NOW, now);
        }
        assert_eq!(schedule.next(now), None);
    }

    #[test]
    fn who_isnt_to_be_asked_isnt() {
        let now = Instant::now();
        let mut schedule = Schedule::new(vec![0, 1], 9, now);
        schedule.skip(0);
        assert_eq!(schedule.next(now).unwrap().0, 1);
        schedule.asked(1, Next::Others, now);
        assert_eq!(schedule.next(now), None);
    }
}
