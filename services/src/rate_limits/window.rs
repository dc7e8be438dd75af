//! Counts of the last minute, second by second.

use std::collections::{HashMap, VecDeque};

/// How long a call counts, in seconds.
pub(super) const MINUTE: i64 = 60;

/// A number of calls and tokens.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct WindowCount {
    pub(super) calls: u64,
    pub(super) tokens: u64,
}

impl WindowCount {
    fn plus(self, other: Self) -> Self {
        Self { calls: self.calls.saturating_add(other.calls), tokens: self.tokens.saturating_add(other.tokens) }
    }

    fn minus(self, other: Self) -> Self {
        Self { calls: self.calls.saturating_sub(other.calls), tokens: self.tokens.saturating_sub(other.tokens) }
    }
}

/// The count of another server in one of its seconds.
#[derive(Clone, Copy, Debug)]
struct RemoteCount {
    /// The second by this server's clock that it counts in, whatever the other's clock says.
    at: i64,
    count: WindowCount,
}

/// The recent counts of one key, project or organization, on this server and others.
///
/// A second counts until a whole minute has passed since its end. So no minute, whenever it begins, has more
/// than the limit, and counts expire up to a second late.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Counts of this server by second, in order.
    local: VecDeque<(i64, WindowCount)>,
    local_sum: WindowCount,
    /// Counts of other servers, by server and second of that server's clock.
    remote: HashMap<(i32, i64), RemoteCount>,
    /// Sum of `remote`, as of `summed_at`.
    remote_sum: WindowCount,
    /// The second in which `remote` was last summed; `None` if it has changed since.
    summed_at: Option<i64>,
    /// Seconds of `local` that other servers don't have yet.
    unpublished: Vec<i64>,
}

impl Window {
    /// The count at `now`.
    pub(super) fn count(&mut self, now: i64) -> WindowCount {
        while let Some((second, count)) = self.local.front().copied().filter(|(second, _)| is_expired(*second, now)) {
            self.local.pop_front();
            self.local_sum = self.local_sum.minus(count);
            self.unpublished.retain(|unpublished| *unpublished != second);
        }
        // After the clock was set back, seconds far ahead would count for too long.
        while let Some((_, count)) = self.local.back().copied().filter(|(second, _)| *second > now + MINUTE) {
            self.local.pop_back();
            self.local_sum = self.local_sum.minus(count);
        }
        if self.summed_at != Some(now) {
            self.summed_at = Some(now);
            // Expired counts are kept for another minute, so
            // that they aren't new when they are received again.
            self.remote.retain(|_, entry| (now - 2 * MINUTE..=now + MINUTE).contains(&entry.at));
            let counting = self.remote.values().filter(|entry| !is_expired(entry.at, now));
            self.remote_sum = counting.fold(WindowCount::default(), |sum, entry| sum.plus(entry.count));
        }
        self.local_sum.plus(self.remote_sum)
    }

    /// Adds to the current second, and returns that for [`subtract`](Self::subtract).
    pub(super) fn add(&mut self, now: i64, count: WindowCount) -> i64 {
        // If the clock went back a little, the newest second is used.
        let second = self.local.back().map_or(now, |(newest, _)| now.max(*newest));
        match self.local.back_mut().filter(|(newest, _)| *newest == second) {
            Some((_, sum)) => *sum = sum.plus(count),
            None => self.local.push_back((second, count)),
        }
        self.local_sum = self.local_sum.plus(count);
        self.mark_unpublished(second);
        second
    }

    /// Subtracts from `second`, if it still counts.
    pub(super) fn subtract(&mut self, second: i64, count: WindowCount) {
        let Ok(position) = self.local.binary_search_by_key(&second, |(second, _)| *second) else { return };
        let sum = &mut self.local[position].1;
        let less = sum.minus(count);
        self.local_sum = self.local_sum.minus(sum.minus(less));
        *sum = less;
        self.mark_unpublished(second);
    }

    /// Seconds from `now` until `needed` has expired; at least one.
    pub(super) fn wait_for(&self, now: i64, needed: WindowCount) -> i64 {
        let mut seconds: Vec<(i64, WindowCount)> = self.local.iter().copied().collect();
        seconds.extend(self.remote.values().map(|entry| (entry.at, entry.count)));
        seconds.retain(|(second, _)| !is_expired(*second, now));
        seconds.sort_unstable_by_key(|(second, _)| *second);
        let mut freed = WindowCount::default();
        for (second, count) in seconds {
            freed = freed.plus(count);
            if freed.calls >= needed.calls && freed.tokens >= needed.tokens {
                return (second + MINUTE + 1 - now).max(1);
            }
        }
        MINUTE
    }

    /// Seconds from `now` until everything has expired.
    pub(super) fn wait_for_all(&self, now: i64) -> i64 {
        let local = self.local.back().map(|(second, _)| *second);
        let remote = self.remote.values().map(|entry| entry.at).max();
        local.max(remote).map_or(0, |second| (second + MINUTE + 1 - now).max(0))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.local.is_empty() && self.remote.is_empty()
    }

    /// Takes the counts to publish: the total of each second, so that publishing it twice does no harm.
    pub(super) fn unpublished(&mut self) -> Vec<(i64, WindowCount)> {
        let unpublished = std::mem::take(&mut self.unpublished);
        self.local.iter().copied().filter(|(second, _)| unpublished.contains(second)).collect()
    }

    /// Sets the count of `server` in `second` of its clock. It counts as if
    /// it were this server's in second `at`, when it was first received.
    pub(super) fn add_remote(&mut self, second: i64, server: i32, count: WindowCount, at: i64) {
        self.remote.entry((server, second)).or_insert(RemoteCount { at, count }).count = count;
        self.summed_at = None;
    }

    pub(super) fn mark_unpublished(&mut self, second: i64) {
        if !self.unpublished.contains(&second) {
            self.unpublished.push(second);
        }
    }
}

/// Whether a whole minute has passed since the end of `second`.
const fn is_expired(second: i64, now: i64) -> bool {
    second + MINUTE < now
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn calls(calls: u64) -> WindowCount {
        WindowCount { calls, tokens: 0 }
    }

    #[test]
    fn what_was_taken_counts_for_a_minute() {
        let mut window = Window::default();
        window.add(100, calls(3));
        window.add(110, calls(2));
        assert_eq!(window.count(160), calls(5));
        assert_eq!((window.wait_for(110, calls(1)), window.wait_for(110, calls(4))), (51, 61));
        assert_eq!(window.count(161), calls(2));
        assert_eq!(window.wait_for_all(161), 10);
        assert_eq!(window.count(171), calls(0));
        assert!(window.is_empty());
    }

    #[test]
    fn a_clock_that_goes_back_neither_loses_nor_locks() {
        let mut window = Window::default();
        window.add(1_000, calls(3));
        window.add(998, calls(1));
        assert_eq!(window.count(998), calls(4));
        assert_eq!(window.count(100), calls(0));
    }

    #[test]
    fn what_is_given_back_is_never_more_than_was_taken() {
        let mut window = Window::default();
        let second = window.add(100, WindowCount { calls: 1, tokens: 50 });
        window.subtract(second, WindowCount { calls: 0, tokens: 80 });
        assert_eq!(window.count(100), calls(1));
        window.subtract(99, calls(1));
        assert_eq!(window.count(100), calls(1));
    }

    #[test]
    fn others_are_heard_again_and_again() {
        let mut window = Window::default();
        window.add(100, calls(1));
        window.add_remote(100, 7, calls(4), 100);
        window.add_remote(100, 7, calls(6), 102);
        window.add_remote(101, 8, calls(1), 101);
        assert_eq!(window.count(102), calls(8));
        assert_eq!(window.unpublished(), [(100, calls(1))]);
        assert_eq!(window.unpublished(), []);
        assert_eq!(window.count(161), calls(1));
    }

    #[test]
    fn what_a_server_with_another_clock_took_counts_for_a_minute() {
        for second in [100 + 3_600, 100 - 3_600] {
            let mut window = Window::default();
            window.add_remote(second, 7, calls(4), 100);
            assert_eq!((window.count(100), window.wait_for_all(100)), (calls(4), 61));
            assert_eq!(window.count(160), calls(4));
            assert_eq!(window.count(161), calls(0));
            // Received again, it stays expired.
            window.add_remote(second, 7, calls(4), 161);
            assert_eq!(window.count(161), calls(0));
            assert_eq!((window.count(221), window.is_empty()), (calls(0), true));
        }
    }

    proptest! {
        /// Compares with the history: no minute of what the window admits exceeds the limit.
        #[test]
        fn no_minute_sees_more_than_the_limit(steps in prop::collection::vec((0i64..20, 1u64..5), 1..200)) {
            const LIMIT: u64 = 25;
            let mut window = Window::default();
            let (mut now, mut history) = (1_000, HashMap::<i64, u64>::new());
            for (later, wanted) in steps {
                now += later;
                if window.count(now).calls + wanted <= LIMIT {
                    window.add(now, calls(wanted));
                    *history.entry(now).or_default() += wanted;
                }
                let minute: u64 = history.iter().filter(|(at, _)| **at >= now - MINUTE).map(|(_, calls)| calls).sum();
                prop_assert!(minute <= LIMIT);
                prop_assert_eq!(window.count(now).calls, minute);
            }
        }
    }
}
