//! The earlier range that a range is compared with, cut to buckets that are aligned with its own
//! (`domain::usage::Comparison`).
//!
//! Days are aligned with days. Within a day, an hour or minute is aligned with that of the same local time: where clocks
//! went back, both hours belong to the first of that time. If the range still runs, the day that corresponds to today ends
//! after as long as today has lasted.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use domain::{
    time::Timestamp,
    usage::{ComparedUsage, Comparison, Measures, OTHERS, Range, View},
};

use super::{
    buckets::{Buckets, day_around, days, every_hour, every_minute},
    grouped_sums::GroupedSum,
};
use crate::zones;

/// Consecutive buckets of the earlier range, and the report's buckets that they are aligned with.
#[derive(Debug)]
pub(super) struct EarlierBuckets {
    comparison: Comparison,
    pub(super) buckets: Buckets,
    /// By the index of each: the index of the report's bucket; `None` for days that aren't compared.
    places: Vec<Option<usize>>,
}

impl EarlierBuckets {
    /// The buckets that `comparison` aligns with `buckets`, those of `range` in `zone` at `now`.
    pub(super) fn new(
        comparison: Comparison,
        (range, view): (Range, View),
        buckets: &Buckets,
        zone: Tz,
        now: Timestamp,
    ) -> Self {
        let end = Buckets { starts: Vec::new(), end: buckets.start() };
        let mut earlier = Self { comparison, buckets: end, places: Vec::new() };
        match (range, comparison) {
            (Range::Between(minutes), Comparison::Previous) => {
                let back = minutes.from().millis() - minutes.to().millis();
                for (place, (start, end)) in buckets.spans().into_iter().enumerate() {
                    earlier.push(start.plus_millis(back), end.min(now).plus_millis(back), place);
                }
            }
            _ => earlier.push_days(range, view, buckets, zone, now),
        }
        earlier
    }

    /// The place of the report's bucket with which one of these is compared.
    pub(super) fn place(&self, bucket: usize) -> Option<usize> {
        self.places.get(bucket).copied().flatten()
    }

    /// The beginnings of the first of these that are compared with each of the report's buckets, of which there are `count`; `None` for
    /// days that the earlier month doesn't have.
    pub(super) fn starts(&self, count: usize) -> Vec<Option<Timestamp>> {
        let mut starts = vec![None; count];
        for (place, start) in self.places.iter().zip(&self.buckets.starts) {
            if let Some(first) = place.and_then(|place| starts.get_mut(place)) {
                *first = first.or(Some(*start));
            }
        }
        starts
    }

    /// Those of these that are compared with the report's buckets at `indexes`, and the index of each one's.
    pub(super) fn slice(&self, indexes: &std::ops::Range<usize>) -> (Buckets, &[Option<usize>]) {
        // They are in the order of the report's, with gaps.
        let is_within = |place: &Option<usize>| place.is_some_and(|place| indexes.contains(&place));
        let first = self.places.iter().position(is_within);
        let after = self.places.iter().rposition(is_within).map(|last| last + 1);
        let found = first.zip(after).map_or(0..0, |(first, after)| first..after);
        (self.buckets.slice(found.clone()), self.places.get(found).unwrap_or_default())
    }

    fn push_days(&mut self, range: Range, view: View, buckets: &Buckets, zone: Tz, now: Timestamp) {
        let (first, last) = days(range, zone, now);
        let length = last.signed_duration_since(first).num_days() + 1;
        let end = buckets.end.min(now);
        let mut at = buckets.start();
        while at < end {
            let [begin, next] = day_around(at, zone);
            if next <= at {
                return;
            }
            let day = AlignedDay { zone, from: at, to: next.min(end) };
            let earlier = earlier_day(self.comparison, zones::date(at, zone), length);
            if let Some([earlier_begin, earlier_end]) = earlier.map(|day| ends_of_day(day, zone)) {
                // A day that is whole is compared with a whole day, however long both are.
                let is_whole = day.to == next;
                let from = earlier_begin.plus_millis(at.millis() - begin.millis());
                let to = earlier_begin.plus_millis(day.to.millis() - begin.millis());
                let to = if is_whole { earlier_end } else { to.min(earlier_end) };
                self.push_day(&day, view, buckets, (earlier_begin, from, to));
            }
            at = next;
        }
    }

    /// Adds an earlier day that begins at `begin`, from one moment to another.
    fn push_day(
        &mut self,
        day: &AlignedDay,
        view: View,
        buckets: &Buckets,
        (begin, from, to): (Timestamp, Timestamp, Timestamp),
    ) {
        let parts = match view {
            View::Minute => every_minute(from, to),
            View::Hour => every_hour(begin, to.max(begin), day.zone),
            View::Day | View::Week | View::Month => {
                if let Some(place) = buckets.index(day.from) {
                    self.push(from, to, place);
                }
                return;
            }
        };
        let places = day.places(buckets);
        for (start, end) in parts.spans() {
            let (start, end) = (start.max(from), end.min(to));
            let time = local_time(start, day.zone);
            let place = places.range(..=time).next_back().or_else(|| places.first_key_value());
            if let Some((_, place)) = place {
                self.push(start, end, *place);
            }
        }
    }

    /// Adds the time from `from` to `to`, after all that was added before.
    fn push(&mut self, from: Timestamp, to: Timestamp, place: usize) {
        let from = if self.places.is_empty() { from } else { from.max(self.buckets.end) };
        if from >= to {
            return;
        }
        if !self.places.is_empty() && from > self.buckets.end {
            self.buckets.starts.push(self.buckets.end);
            self.places.push(None);
        }
        if self.places.last() != Some(&Some(place)) {
            self.buckets.starts.push(from);
            self.places.push(Some(place));
        }
        self.buckets.end = to;
    }
}

/// A day of the range, or the part of it that is compared.
struct AlignedDay {
    zone: Tz,
    from: Timestamp,
    to: Timestamp,
}

impl AlignedDay {
    /// The day's buckets by the local times at which they begin; the first if a time comes twice.
    fn places(&self, buckets: &Buckets) -> BTreeMap<NaiveTime, usize> {
        let first = buckets.starts.partition_point(|start| *start < self.from);
        let mut places = BTreeMap::new();
        for (place, start) in buckets.starts.iter().enumerate().skip(first).take_while(|(_, start)| **start < self.to) {
            places.entry(local_time(*start, self.zone)).or_insert(place);
        }
        places
    }
}

fn local_time(moment: Timestamp, zone: Tz) -> NaiveTime {
    moment.to_chrono().with_timezone(&zone).time()
}

/// The beginning and end of a day. A date that the zone skipped has no length.
fn ends_of_day(day: NaiveDate, zone: Tz) -> [Timestamp; 2] {
    let next = day.succ_opt().unwrap_or(day);
    [zones::start_of_day(day, zone), zones::start_of_day(next, zone)]
}

/// The day that a day is compared with, in a range of `length` days; `None` if a month doesn't have it.
fn earlier_day(comparison: Comparison, day: NaiveDate, length: i64) -> Option<NaiveDate> {
    let months = match comparison {
        Comparison::Previous => return day.checked_sub_days(Days::new(length.unsigned_abs())),
        Comparison::LastMonth => 1,
        Comparison::LastYear => 12,
    };
    day.checked_sub_months(Months::new(months)).filter(|earlier| earlier.day() == day.day())
}

/// The sums of the earlier range.
pub(super) struct EarlierSums {
    earlier: EarlierBuckets,
    total: Measures,
    buckets: Vec<Measures>,
    groups: HashMap<String, Measures>,
}

impl EarlierSums {
    /// No sums, for a report with this number of buckets.
    pub(super) fn new(earlier: EarlierBuckets, buckets: usize) -> Self {
        Self {
            earlier,
            total: Measures::default(),
            buckets: vec![Measures::default(); buckets],
            groups: HashMap::new(),
        }
    }

    /// Adds a sum of one of the earlier buckets.
    pub(super) fn add(&mut self, sum: GroupedSum) {
        let place = self.earlier.place(sum.bucket);
        if let Some(bucket) = place.and_then(|place| self.buckets.get_mut(place)) {
            *bucket += sum.measures;
            self.total += sum.measures;
            *self.groups.entry(sum.key).or_default() += sum.measures;
        }
    }

    /// Returns the sums for a report with these series. Groups without one are [`OTHERS`].
    pub(super) fn into_compared(mut self, keys: &[&str]) -> ComparedUsage {
        let named = keys.iter().filter(|key| **key != OTHERS);
        let mut series: Vec<(String, Measures)> =
            named.map(|key| ((*key).to_owned(), self.groups.remove(*key).unwrap_or_default())).collect();
        let mut others = Measures::default();
        self.groups.into_values().for_each(|group| others += group);
        if keys.contains(&OTHERS) || !others.is_zero() {
            series.push((OTHERS.to_owned(), others));
        }
        let EarlierBuckets { comparison, buckets, .. } = self.earlier;
        ComparedUsage {
            comparison,
            from: buckets.start(),
            to: buckets.end,
            total: self.total,
            buckets: self.buckets,
            series,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America, Asia, Australia, Europe};
    use proptest::prelude::*;

    use super::*;
    use crate::usage::buckets;

    const ZONES: [Tz; 4] = [Tz::UTC, America::New_York, Asia::Kathmandu, Australia::Lord_Howe];

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn earlier(comparison: Comparison, range: &str, view: View, zone: Tz, now: &str) -> (Buckets, EarlierBuckets) {
        let range = range.parse().unwrap();
        let buckets = buckets::of(range, view, zone, at(now));
        let earlier = EarlierBuckets::new(comparison, (range, view), &buckets, zone, at(now));
        (buckets, earlier)
    }

    fn shown(earlier: &EarlierBuckets) -> (String, String, Vec<Option<usize>>) {
        (earlier.buckets.start().to_string(), earlier.buckets.end.to_string(), earlier.places.clone())
    }

    const LATER: &str = "2030-01-01T00:00:00Z";

    #[test]
    fn days_of_a_longer_month_are_left_out() {
        let (_, february) = earlier(Comparison::LastMonth, "2026-03-27..2026-04-02", View::Day, Tz::UTC, LATER);
        assert_eq!(
            shown(&february),
            ("2026-02-27T00:00:00Z".to_owned(), "2026-03-03T00:00:00Z".to_owned(), [0, 1, 5, 6].map(Some).to_vec())
        );
        // January's last days have no counterpart, so they aren't counted.
        let (_, january) = earlier(Comparison::LastMonth, "2026-02-27..2026-03-02", View::Day, Tz::UTC, LATER);
        assert_eq!(january.places, [Some(0), Some(1), None, Some(2), Some(3)]);
        assert_eq!(january.buckets.starts[2..4], ["2026-01-29T00:00:00Z", "2026-02-01T00:00:00Z"].map(at));
        let (_, leap) = earlier(Comparison::LastYear, "2028-02-28..2028-03-01", View::Day, Tz::UTC, LATER);
        assert_eq!(leap.places, [Some(0), Some(2)]);
    }

    #[test]
    fn a_range_that_runs_is_compared_with_as_long_a_time() {
        let now = "2026-11-17T14:32:07Z";
        let (_, month) = earlier(Comparison::LastMonth, "month", View::Day, Europe::Berlin, now);
        // Both days lasted 15 hours and a half, though clocks have changed since.
        assert_eq!(shown(&month).0, "2026-09-30T22:00:00Z");
        assert_eq!(shown(&month).1, "2026-10-17T13:32:07Z");
        assert_eq!(month.places.len(), 17);
        let (_, week) = earlier(Comparison::Previous, "7d", View::Hour, Tz::UTC, now);
        assert_eq!((shown(&week).0, shown(&week).1), ("2026-11-04T00:00:00Z".into(), "2026-11-10T14:32:07Z".into()));
        assert_eq!(week.places.len(), 6 * 24 + 15);
        // All of February is less than what has passed of March.
        let (_, whole) = earlier(Comparison::LastMonth, "month", View::Day, Tz::UTC, "2026-03-30T12:00:00Z");
        assert_eq!((shown(&whole).0, shown(&whole).1), ("2026-02-01T00:00:00Z".into(), "2026-03-01T00:00:00Z".into()));
    }

    #[test]
    fn a_range_between_minutes_is_moved_by_its_length() {
        let range = "2026-11-17T14:07:00Z..2026-11-17T15:20:00Z";
        let (_, before) = earlier(Comparison::Previous, range, View::Hour, Tz::UTC, LATER);
        assert_eq!(
            shown(&before),
            ("2026-11-17T12:54:00Z".to_owned(), "2026-11-17T14:07:00Z".to_owned(), vec![Some(0), Some(1)])
        );
        let (_, year) = earlier(Comparison::LastYear, range, View::Minute, Tz::UTC, LATER);
        assert_eq!((shown(&year).0, year.places.len()), ("2025-11-17T14:07:00Z".to_owned(), 73));
    }

    #[test]
    fn an_hour_that_comes_twice_counts_with_the_one_of_its_time() {
        // The day before was one of 25 hours.
        let (_, day) = earlier(Comparison::Previous, "2026-10-26..2026-10-26", View::Hour, Europe::Berlin, LATER);
        assert_eq!(day.places, (0..24).map(Some).collect::<Vec<_>>());
        assert_eq!(day.buckets.spans()[2], (at("2026-10-25T00:00:00Z"), at("2026-10-25T02:00:00Z")));
        // And one of 23 hours.
        let (_, day) = earlier(Comparison::Previous, "2026-03-30..2026-03-30", View::Hour, Europe::Berlin, LATER);
        assert_eq!(day.places.len(), 23);
        assert!(!day.places.contains(&Some(2)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn earlier_buckets_follow_each_other_and_lie_before(
            zone in 0..ZONES.len(), comparison in 0..Comparison::ALL.len(), view in 1..View::ALL.len(),
            first in 0u64..3_000, length in 0u64..40, elapsed in 0i64..60 * 1440,
        ) {
            let first = NaiveDate::from_ymd_opt(2018, 1, 1).unwrap() + Days::new(first);
            let range: Range = format!("{first}..{}", first + Days::new(length)).parse().unwrap();
            let (zone, view) = (ZONES[zone], View::ALL[view]);
            let now = zones::start_of_day(first, zone).plus_minutes(elapsed);
            let buckets = buckets::of(range, view, zone, now);
            let earlier = EarlierBuckets::new(Comparison::ALL[comparison], (range, view), &buckets, zone, now);
            prop_assert_eq!(earlier.buckets.starts.len(), earlier.places.len());
            prop_assert!(earlier.buckets.starts.is_sorted_by(|a, b| a < b));
            prop_assert!(earlier.places.iter().flatten().all(|place| *place < buckets.starts.len()));
            prop_assert!(earlier.places.iter().flatten().is_sorted());
            prop_assert!(earlier.buckets.end <= now.max(buckets.start()));
            let mut found = 0;
            for index in 0..buckets.starts.len() {
                let (slice, places) = earlier.slice(&(index..index + 1));
                prop_assert_eq!(slice.starts.len(), places.len());
                let compared = places.iter().filter(|place| **place == Some(index)).count();
                prop_assert_eq!(compared, earlier.places.iter().filter(|place| **place == Some(index)).count());
                prop_assert_eq!(earlier.starts(buckets.starts.len())[index], slice.starts.first().copied());
                found += compared;
            }
            prop_assert_eq!(found, earlier.places.iter().flatten().count());
        }
    }
}
