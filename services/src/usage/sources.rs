//! Chooses what is summed for given buckets: rollups, and calls for times that aren't made of rollups.
//!
//! Rollups that are kept begin at the full hour, at a quarter past or at half past (`cover`). What lies between the
//! beginning or end of the buckets and the nearest such moment is summed from calls: less than half an hour at each end.
//! Buckets of minutes are summed from calls as a whole.

use chrono_tz::Tz;
use domain::time::{MINUTE_MILLIS, Timestamp};

use super::{
    buckets::{Buckets, day_around},
    cover::Cover,
};

const HOUR_MILLIS: i64 = 60 * MINUTE_MILLIS;

/// What makes up some buckets.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Sources {
    pub(crate) cover: Cover,
    pub(crate) spans: Vec<CallSpan>,
}

/// A time whose calls are summed for a bucket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CallSpan {
    pub(crate) from: Timestamp,
    /// End, exclusive.
    pub(crate) to: Timestamp,
    pub(crate) bucket: usize,
}

impl Sources {
    /// Rollups for `buckets`, as far as these are made of rollups. `own_zone` is the organization's, whose days are used
    /// `with_days`.
    pub(crate) fn of(buckets: &Buckets, with_days: bool, own_zone: Tz) -> Self {
        // Buckets that were moved by some minutes aren't cut where rollups begin.
        if buckets.starts.iter().skip(1).any(|start| floor(*start) != *start) {
            return Self::of_each(buckets, with_days, own_zone);
        }
        let (first, last) = (ceil(buckets.start()), floor(buckets.end));
        if first >= last {
            return Self::of_calls(buckets);
        }
        let (mut inner, mut skipped) = (Buckets { starts: Vec::new(), end: last }, 0);
        let mut spans = Vec::new();
        for (bucket, (start, end)) in buckets.spans().into_iter().enumerate() {
            let (from, to) = (start.max(first), end.min(last));
            if start < first {
                spans.push(CallSpan { from: start, to: end.min(first), bucket });
            }
            if from < to {
                inner.starts.push(from);
            } else if inner.starts.is_empty() {
                skipped += 1;
            }
            if end > last {
                spans.push(CallSpan { from: start.max(last), to: end, bucket });
            }
        }
        let days: &dyn Fn(Timestamp) -> [Timestamp; 2] = &|moment| day_around(moment, own_zone);
        Self { cover: Cover::of(&inner, with_days.then_some(days)).shifted_by(skipped), spans }
    }

    /// Rollups and calls for each of `buckets` by itself, wherever they are cut.
    fn of_each(buckets: &Buckets, with_days: bool, own_zone: Tz) -> Self {
        let mut sources = Self::default();
        for (bucket, (start, end)) in buckets.spans().into_iter().enumerate() {
            let one = Self::of(&Buckets { starts: vec![start], end }, with_days, own_zone);
            sources.cover.append(one.cover.shifted_by(bucket));
            sources.spans.extend(one.spans.into_iter().map(|span| CallSpan { bucket, ..span }));
        }
        sources
    }

    /// Calls for all `buckets`.
    pub(crate) fn of_calls(buckets: &Buckets) -> Self {
        let span = |(bucket, (from, to))| CallSpan { from, to, bucket };
        Self { cover: Cover::default(), spans: buckets.spans().into_iter().enumerate().map(span).collect() }
    }
}

/// The last moment up to this one at which a rollup begins that is kept.
fn floor(moment: Timestamp) -> Timestamp {
    let hour = moment.millis().div_euclid(HOUR_MILLIS) * HOUR_MILLIS;
    let minutes = [30, 15, 0].into_iter().find(|minutes| hour + minutes * MINUTE_MILLIS <= moment.millis());
    Timestamp::from_millis(hour).plus_minutes(minutes.unwrap_or(0))
}

/// The first moment from this one on at which a rollup begins that is kept.
fn ceil(moment: Timestamp) -> Timestamp {
    let hour = moment.millis().div_euclid(HOUR_MILLIS) * HOUR_MILLIS;
    let minutes = [0, 15, 30].into_iter().find(|minutes| hour + minutes * MINUTE_MILLIS >= moment.millis());
    Timestamp::from_millis(hour).plus_minutes(minutes.unwrap_or(60))
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America, Asia, Australia, Pacific};
    use domain::usage::{Range, View};
    use proptest::prelude::*;

    use super::*;
    use crate::usage::buckets;

    const ZONES: [Tz; 5] = [Tz::UTC, America::New_York, Asia::Kathmandu, Australia::Lord_Howe, Pacific::Kiritimati];

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn rollups_begin_in_the_first_half_of_an_hour() {
        for (moment, before, after) in [
            ("2026-11-17T14:00:00Z", "2026-11-17T14:00:00Z", "2026-11-17T14:00:00Z"),
            ("2026-11-17T14:07:00Z", "2026-11-17T14:00:00Z", "2026-11-17T14:15:00Z"),
            ("2026-11-17T14:15:00.001Z", "2026-11-17T14:15:00Z", "2026-11-17T14:30:00Z"),
            ("2026-11-17T14:45:00Z", "2026-11-17T14:30:00Z", "2026-11-17T15:00:00Z"),
        ] {
            assert_eq!((floor(at(moment)), ceil(at(moment))), (at(before), at(after)), "{moment}");
        }
    }

    /// How often a call at `moment` counts in each bucket.
    fn counts(sources: &Sources, buckets: usize, own_zone: Tz, moment: Timestamp) -> Vec<i64> {
        let mut counts = vec![0; buckets];
        for stretch in &sources.cover.stretches {
            let rollup = stretch.resolution.bucket(moment, own_zone);
            if (stretch.from..stretch.to).contains(&rollup) {
                let places = sources.cover.places(stretch.slot);
                places.for_each(|(bucket, is_added)| counts[bucket] += if is_added { 1 } else { -1 });
            }
        }
        for span in &sources.spans {
            counts[span.bucket] += i64::from((span.from..span.to).contains(&moment));
        }
        counts
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_call_counts_once_between_any_two_minutes(
            zone in 0..ZONES.len(), own_zone in 0..ZONES.len(), from in 0i64..20 * 525_600, length in 1i64..3_000,
            view in 0..View::ALL.len(), offsets in prop::collection::vec(-100i64..3_100, 30), cut in 0i64..60_000,
            moved_by in prop_oneof![Just(0i64), -3_600_000i64..0],
        ) {
            let (zone, own_zone, view) = (ZONES[zone], ZONES[own_zone], View::ALL[view]);
            let from = at("2015-01-01T00:00:00Z").plus_minutes(from);
            let range: Range = format!("{from}..{}", from.plus_minutes(length)).parse().unwrap();
            let mut buckets = buckets::of(range, view, zone, at("2100-01-01T00:00:00Z"));
            prop_assert_eq!((buckets.start(), buckets.end), (from, from.plus_minutes(length)));
            prop_assert!(buckets.starts.is_sorted_by(|a, b| a < b));
            // The earlier range of one between minutes is cut anywhere, and ends within a minute if that one still runs.
            buckets.starts.iter_mut().for_each(|start| *start = start.plus_millis(moved_by));
            buckets.end = buckets.end.plus_millis(moved_by - cut);
            buckets.starts.retain(|start| *start < buckets.end);
            let with_days = !matches!(view, View::Minute | View::Hour);
            for sources in [Sources::of(&buckets, with_days, own_zone), Sources::of_calls(&buckets)] {
                let edges = buckets.starts.iter().chain([&buckets.end]).flat_map(|edge| [edge.plus_millis(-1), *edge]);
                let edges = edges.step_by(1 + buckets.starts.len() / 40);
                for moment in edges.chain(offsets.iter().map(|offset| from.plus_minutes(*offset))) {
                    let mut expected = vec![0; buckets.starts.len()];
                    if let Some(bucket) = buckets.index(moment) {
                        expected[bucket] = 1;
                    }
                    prop_assert_eq!(counts(&sources, expected.len(), own_zone, moment), expected, "{}", moment);
                }
            }
        }
    }
}
