//! What was taken within the last minute, second by second.

use std::collections::{HashMap, VecDeque};

/// How long what was taken counts, in seconds.
pub(super) const MINUTE: i64 = 60;

/// Calls and tokens.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Taken {
    pub(super) calls: u64,
    pub(super) tokens: u64,
}

impl Taken {
    fn plus(self, other: Self) -> Self {
        Self { calls: self.calls.saturating_add(other.calls), tokens: self.tokens.saturating_add(other.tokens) }
    }

    fn minus(self, other: Self) -> Self {
        Self { calls: self.calls.saturating_sub(other.calls), tokens: self.tokens.saturating_sub(other.tokens) }
    }
}

/// What another server took in one of its seconds.
#[derive(Clone, Copy, Debug)]
struct Heard {
    /// The second here that it counts in, whatever the clock there says.
    at: i64,
    taken: Taken,
}

/// What one key, project or organization took lately: here, and on other servers.
///
/// A second counts until a whole minute has passed since its end. So no minute, wherever it begins, ever sees more than
/// the limit, and what was taken is given back up to a second late.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Seconds in which something was taken here, in order.
    own: VecDeque<(i64, Taken)>,
    own_sum: Taken,
    /// The same by others: by server and second, as it tells them by its own clock.
    others: HashMap<(i32, i64), Heard>,
    /// Of those, what counted when it was added up last.
    others_sum: Taken,
    /// In which second that was; none since others were heard.
    added_up: Option<i64>,
    /// Seconds of `own` that others weren't told of.
    untold: Vec<i64>,
}

impl Window {
    /// What counts at `now`.
    pub(super) fn taken(&mut self, now: i64) -> Taken {
        while let Some((second, taken)) = self.own.front().copied().filter(|(second, _)| is_over(*second, now)) {
            self.own.pop_front();
            self.own_sum = self.own_sum.minus(taken);
            self.untold.retain(|untold| *untold != second);
        }
        // The clock was set back: what is far ahead would count for ever.
        while let Some((_, taken)) = self.own.back().copied().filter(|(second, _)| *second > now + MINUTE) {
            self.own.pop_back();
            self.own_sum = self.own_sum.minus(taken);
        }
        if self.added_up != Some(now) {
            self.added_up = Some(now);
            // What is over is remembered for another minute, so that it isn't new when it is told again.
            self.others.retain(|_, heard| (now - 2 * MINUTE..=now + MINUTE).contains(&heard.at));
            let counting = self.others.values().filter(|heard| !is_over(heard.at, now));
            self.others_sum = counting.fold(Taken::default(), |sum, heard| sum.plus(heard.taken));
        }
        self.own_sum.plus(self.others_sum)
    }

    /// Adds to the current second; tells which that is, for later.
    pub(super) fn take(&mut self, now: i64, taken: Taken) -> i64 {
        // Where the clock went back a little, the newest second goes on.
        let second = self.own.back().map_or(now, |(newest, _)| now.max(*newest));
        match self.own.back_mut().filter(|(newest, _)| *newest == second) {
            Some((_, sum)) => *sum = sum.plus(taken),
            None => self.own.push_back((second, taken)),
        }
        self.own_sum = self.own_sum.plus(taken);
        self.remember_to_tell(second);
        second
    }

    /// Puts right what was taken in `second`: less, if it still counts.
    pub(super) fn give_back(&mut self, second: i64, taken: Taken) {
        let Ok(position) = self.own.binary_search_by_key(&second, |(second, _)| *second) else { return };
        let sum = &mut self.own[position].1;
        let less = sum.minus(taken);
        self.own_sum = self.own_sum.minus(sum.minus(less));
        *sum = less;
        self.remember_to_tell(second);
    }

    /// How many seconds from `now` on it is until so much less counts; at least one.
    pub(super) fn wait_for(&self, now: i64, needed: Taken) -> i64 {
        let mut seconds: Vec<(i64, Taken)> = self.own.iter().copied().collect();
        seconds.extend(self.others.values().map(|heard| (heard.at, heard.taken)));
        seconds.retain(|(second, _)| !is_over(*second, now));
        seconds.sort_unstable_by_key(|(second, _)| *second);
        let mut freed = Taken::default();
        for (second, taken) in seconds {
            freed = freed.plus(taken);
            if freed.calls >= needed.calls && freed.tokens >= needed.tokens {
                return (second + MINUTE + 1 - now).max(1);
            }
        }
        MINUTE
    }

    /// How many seconds from `now` on it is until nothing counts.
    pub(super) fn wait_for_all(&self, now: i64) -> i64 {
        let own = self.own.back().map(|(second, _)| *second);
        let others = self.others.values().map(|heard| heard.at).max();
        own.max(others).map_or(0, |second| (second + MINUTE + 1 - now).max(0))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.others.is_empty()
    }

    /// What others are to be told: whole seconds as they are now, so that it does no harm to be told twice.
    pub(super) fn untold(&mut self) -> Vec<(i64, Taken)> {
        let untold = std::mem::take(&mut self.untold);
        self.own.iter().copied().filter(|(second, _)| untold.contains(second)).collect()
    }

    /// What `server` took in `second` of its clock, as it tells. It counts as if it had been taken here `at` the second in
    /// which it was told first.
    pub(super) fn hear(&mut self, second: i64, server: i32, taken: Taken, at: i64) {
        self.others.entry((server, second)).or_insert(Heard { at, taken }).taken = taken;
        self.added_up = None;
    }

    pub(super) fn remember_to_tell(&mut self, second: i64) {
        if !self.untold.contains(&second) {
            self.untold.push(second);
        }
    }
}

/// Whether a whole minute has passed since the end of `second`.
const fn is_over(second: i64, now: i64) -> bool {
    second + MINUTE < now
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn calls(calls: u64) -> Taken {
        Taken { calls, tokens: 0 }
    }

    #[test]
    fn what_was_taken_counts_for_a_minute() {
        let mut window = Window::default();
        window.take(100, calls(3));
        window.take(110, calls(2));
        assert_eq!(window.taken(160), calls(5));
        assert_eq!((window.wait_for(110, calls(1)), window.wait_for(110, calls(4))), (51, 61));
        assert_eq!(window.taken(161), calls(2));
        assert_eq!(window.wait_for_all(161), 10);
        assert_eq!(window.taken(171), calls(0));
        assert!(window.is_empty());
    }

    #[test]
    fn a_clock_that_goes_back_neither_loses_nor_locks() {
        let mut window = Window::default();
        window.take(1_000, calls(3));
        window.take(998, calls(1));
        assert_eq!(window.taken(998), calls(4));
        assert_eq!(window.taken(100), calls(0));
    }

    #[test]
    fn what_is_given_back_is_never_more_than_was_taken() {
        let mut window = Window::default();
        let second = window.take(100, Taken { calls: 1, tokens: 50 });
        window.give_back(second, Taken { calls: 0, tokens: 80 });
        assert_eq!(window.taken(100), calls(1));
        window.give_back(99, calls(1));
        assert_eq!(window.taken(100), calls(1));
    }

    #[test]
    fn others_are_heard_again_and_again() {
        let mut window = Window::default();
        window.take(100, calls(1));
        window.hear(100, 7, calls(4), 100);
        window.hear(100, 7, calls(6), 102);
        window.hear(101, 8, calls(1), 101);
        assert_eq!(window.taken(102), calls(8));
        assert_eq!(window.untold(), [(100, calls(1))]);
        assert_eq!(window.untold(), []);
        assert_eq!(window.taken(161), calls(1));
    }

    #[test]
    fn what_a_server_with_another_clock_took_counts_for_a_minute() {
        for second in [100 + 3_600, 100 - 3_600] {
            let mut window = Window::default();
            window.hear(second, 7, calls(4), 100);
            assert_eq!((window.taken(100), window.wait_for_all(100)), (calls(4), 61));
            assert_eq!(window.taken(160), calls(4));
            assert_eq!(window.taken(161), calls(0));
            // Told again, it is the same.
            window.hear(second, 7, calls(4), 161);
            assert_eq!(window.taken(161), calls(0));
            assert_eq!((window.taken(221), window.is_empty()), (calls(0), true));
        }
    }

    proptest! {
        /// Against every minute of the history: what the window lets through never passes the limit.
        #[test]
        fn no_minute_sees_more_than_the_limit(steps in prop::collection::vec((0i64..20, 1u64..5), 1..200)) {
            const LIMIT: u64 = 25;
            let mut window = Window::default();
            let (mut now, mut history) = (1_000, HashMap::<i64, u64>::new());
            for (later, wanted) in steps {
                now += later;
                if window.taken(now).calls + wanted <= LIMIT {
                    window.take(now, calls(wanted));
                    *history.entry(now).or_default() += wanted;
                }
                let minute: u64 = history.iter().filter(|(at, _)| **at >= now - MINUTE).map(|(_, calls)| calls).sum();
                prop_assert!(minute <= LIMIT);
                prop_assert_eq!(window.taken(now).calls, minute);
            }
        }
    }
}
