//! Chooses the rollups that make up given buckets, so that few rows are read.
//!
//! Rollups of days exist for the organization's time zone only. A day of another zone could be summed from 24 hourly
//! rows; instead the organization's day is read, the hours by which it begins too late are added, and those by which
//! it ends too late are subtracted. In the same way, an hour that doesn't begin at a full hour of UTC is made of an
//! hour of UTC and quarter hours.
//!
//! Quarter hours are only read from the beginning of an hour on: the time from a quarter past to the full hour is the
//! hour less its first quarter. Zones' hours and days begin at the full hour, at a quarter past or at half past, so
//! quarters of the second half are never read, and are deleted some time later (`metering::upkeep`).

use domain::{
    time::{DAY_MILLIS, Timestamp},
    usage::Measures,
};

use super::{buckets::Buckets, resolution::Resolution};

const HOUR_MILLIS: i64 = 60 * 60_000;

/// Consecutive rollups of one resolution.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) resolution: Resolution,
    /// The first bucket.
    pub(crate) from: Timestamp,
    /// The bucket after the last.
    pub(crate) to: Timestamp,
    /// Index in [`Cover`] of the buckets that their sums count in.
    pub(crate) slot: usize,
}

/// The rollups that make up some buckets.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Cover {
    pub(crate) stretches: Vec<Stretch>,
    slots: Vec<SlotBuckets>,
}

/// The buckets that the sums of a slot are added to and subtracted from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct SlotBuckets {
    added_to: Option<usize>,
    subtracted_from: Option<usize>,
}

impl SlotBuckets {
    /// Those that subtract what these add.
    const fn swapped(self) -> Self {
        Self { added_to: self.subtracted_from, subtracted_from: self.added_to }
    }
}

impl Cover {
    /// The cheapest cover of `buckets`. `days` returns the start of the organization's day that contains a
    /// moment, and that of the next; `None` for buckets of hours.
    pub(crate) fn of(buckets: &Buckets, days: Option<&dyn Fn(Timestamp) -> [Timestamp; 2]>) -> Self {
        let hour = |moment: Timestamp| [floor(moment), floor(moment).plus_millis(HOUR_MILLIS)];
        let mut covers = vec![Self::direct(buckets), Self::shifted(buckets, Resolution::Hour, &hour)];
        covers.extend(days.map(|days| Self::shifted(buckets, Resolution::Day, days)));
        covers.into_iter().min_by_key(Self::cost).unwrap_or_default()
    }

    /// Covers each bucket by its own hours and quarter hours.
    fn direct(buckets: &Buckets) -> Self {
        let mut cover = Self::default();
        for (bucket, (from, to)) in buckets.spans().into_iter().enumerate() {
            cover.add(from, to, SlotBuckets { added_to: Some(bucket), subtracted_from: None });
        }
        cover
    }

    /// Covers each bucket by the rollups of `resolution` nearest to its start and end, corrected by the time
    /// between. `around` returns the start of the rollup that contains a moment, and that of the next.
    fn shifted(buckets: &Buckets, resolution: Resolution, around: &dyn Fn(Timestamp) -> [Timestamp; 2]) -> Self {
        let nearest = |moment: Timestamp| {
            let [begin, next] = around(moment);
            let is_nearer = next.millis() - moment.millis() < moment.millis() - begin.millis();
            if is_nearer { next } else { begin }
        };
        let mut cover = Self::default();
        let spans = buckets.spans();
        for (bucket, (from, to)) in spans.iter().enumerate() {
            let (from, to) = (nearest(*from), nearest(*to));
            let buckets = SlotBuckets { added_to: Some(bucket), subtracted_from: None };
            cover.add_stretch(resolution, from, to, buckets);
        }
        let edges = buckets.starts.iter().copied().chain([buckets.end]);
        for (edge, moment) in edges.enumerate() {
            let (before, after) = (edge.checked_sub(1), (edge < spans.len()).then_some(edge));
            let near = nearest(moment);
            if near < moment {
                // This time belongs to the bucket that ends here,
                // and was counted in the one that begins here.
                cover.add(near, moment, SlotBuckets { added_to: before, subtracted_from: after });
            } else {
                cover.add(moment, near, SlotBuckets { added_to: after, subtracted_from: before });
            }
        }
        cover
    }

    /// Adds the time between two moments: the hours from that of the first up to that of the second, and the quarter
    /// hours of the second's hour before it, less those of the first's.
    fn add(&mut self, from: Timestamp, to: Timestamp, buckets: SlotBuckets) {
        if from >= to {
            return;
        }
        let (first, last) = (floor(from), floor(to));
        if first == last {
            return self.add_stretch(Resolution::QuarterHour, from, to, buckets);
        }
        self.add_stretch(Resolution::Hour, first, last, buckets);
        self.add_stretch(Resolution::QuarterHour, last, to, buckets);
        self.add_stretch(Resolution::QuarterHour, first, from, buckets.swapped());
    }

    /// Adds rollups of one resolution, unless there are none.
    fn add_stretch(&mut self, resolution: Resolution, from: Timestamp, to: Timestamp, buckets: SlotBuckets) {
        if from < to {
            let slot = self.add_slot(buckets);
            self.stretches.push(Stretch { resolution, from, to, slot });
        }
    }

    /// The slot of these buckets: the last one's, if they are the same.
    fn add_slot(&mut self, buckets: SlotBuckets) -> usize {
        if self.slots.last() != Some(&buckets) {
            self.slots.push(buckets);
        }
        self.slots.len() - 1
    }

    /// Approximate number of rollup buckets to read.
    fn cost(&self) -> i64 {
        let buckets = |stretch: &Stretch| {
            let millis = stretch.resolution.millis().unwrap_or(DAY_MILLIS);
            (stretch.to.millis() - stretch.from.millis() + millis / 2) / millis
        };
        self.stretches.iter().map(buckets).sum()
    }

    /// Adds the stretches of another cover of the same buckets.
    pub(crate) fn append(&mut self, other: Self) {
        let slots = self.slots.len();
        let stretches = other.stretches.into_iter();
        self.stretches.extend(stretches.map(|stretch| Stretch { slot: stretch.slot + slots, ..stretch }));
        self.slots.extend(other.slots);
    }

    /// This cover for buckets of which the first has the index `bucket`.
    pub(crate) fn shifted_by(mut self, bucket: usize) -> Self {
        for slot in &mut self.slots {
            for place in [&mut slot.added_to, &mut slot.subtracted_from].into_iter().flatten() {
                *place += bucket;
            }
        }
        self
    }

    /// The buckets that the sums of `slot` count in, and whether they are added to it: otherwise they are subtracted.
    pub(crate) fn places(&self, slot: usize) -> impl Iterator<Item = (usize, bool)> + use<> {
        let buckets = self.slots.get(slot).copied().unwrap_or_default();
        let subtracted_from = buckets.subtracted_from.map(|bucket| (bucket, false));
        buckets.added_to.map(|bucket| (bucket, true)).into_iter().chain(subtracted_from)
    }

    /// The buckets that the sums of `slot` count in, with the measures to add to each.
    pub(crate) fn count(&self, slot: usize, sums: Measures) -> impl Iterator<Item = (usize, Measures)> + use<> {
        self.places(slot).map(move |(bucket, is_added)| (bucket, if is_added { sums } else { -sums }))
    }
}

/// The beginning of the UTC hour that contains `moment`.
fn floor(moment: Timestamp) -> Timestamp {
    Timestamp::from_millis(moment.millis().div_euclid(HOUR_MILLIS) * HOUR_MILLIS)
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike, Days, NaiveDate};
    use chrono_tz::{Asia, Australia, Europe, Pacific, Tz};
    use domain::usage::{Range, View};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        usage::buckets,
        zones::{date, start_of_day},
    };

    const QUARTER: i64 = 15 * 60_000;

    fn around(zone: Tz) -> impl Fn(Timestamp) -> [Timestamp; 2] {
        move |moment| buckets::day_around(moment, zone)
    }

    /// How often a call at `moment` counts in each bucket.
    fn counts(cover: &Cover, buckets: usize, zone: Tz, moment: Timestamp) -> Vec<i64> {
        let mut counts = vec![0; buckets];
        for stretch in &cover.stretches {
            let rollup = stretch.resolution.bucket(moment, zone);
            if (stretch.from..stretch.to).contains(&rollup) {
                let once = Measures { calls: 1, ..Measures::default() };
                cover.count(stretch.slot, once).for_each(|(bucket, measures)| counts[bucket] += measures.calls);
            }
        }
        counts
    }

    fn ninety_days(zone: Tz) -> Buckets {
        let first = NaiveDate::from_ymd_opt(2026, 8, 20).unwrap();
        buckets::every_day(first, first + Days::new(90), zone)
    }

    #[test]
    fn days_of_the_organizations_zone_are_rows() {
        let buckets = ninety_days(Europe::Berlin);
        let cover = Cover::of(&buckets, Some(&around(Europe::Berlin)));
        assert_eq!((cover.stretches.len(), cover.cost()), (90, 90));
        assert!(cover.stretches.iter().all(|stretch| stretch.resolution == Resolution::Day));
    }

    #[test]
    fn a_year_of_weeks_of_another_zone_is_its_days_and_some_hours() {
        let now = "2026-11-20T00:00:00Z".parse().unwrap();
        let weeks = buckets::of(Range::Last12Months, View::Week, Asia::Kathmandu, now);
        assert_eq!(weeks.starts.len(), 53);
        assert_eq!(Cover::of(&weeks, Some(&around(Tz::UTC))).cost(), 365 + 54 * 7);
    }

    #[test]
    fn days_of_any_other_zone_are_few_rows_more() {
        for organization in [Tz::UTC, Europe::Berlin, Asia::Kathmandu, Pacific::Auckland] {
            for zone in chrono_tz::TZ_VARIANTS {
                let cost = Cover::of(&ninety_days(zone), Some(&around(organization))).cost();
                // As hours alone these are 2,160 or more, as quarter hours 8,640.
                assert!(cost <= 91 * 17, "{organization} {zone}: {cost}");
            }
        }
        let kathmandu = Cover::of(&ninety_days(Asia::Kathmandu), Some(&around(Tz::UTC)));
        assert_eq!(kathmandu.cost(), 90 + 91 * 7, "six hours less a quarter");
    }

    #[test]
    fn hours_that_begin_at_a_quarter_are_hours_and_two_quarters() {
        let now = "2026-11-20T00:00:00Z".parse().unwrap();
        let hours = buckets::of("2026-11-01..2026-11-10".parse().unwrap(), View::Hour, Asia::Kathmandu, now);
        assert_eq!(Cover::of(&hours, None).cost(), 2 * 240 + 1);
        let full = buckets::of("2026-11-01..2026-11-10".parse().unwrap(), View::Hour, Europe::Berlin, now);
        assert_eq!(Cover::of(&full, None).cost(), 240);
    }

    /// Whether a stretch reads no quarter hour of an hour's second half.
    fn is_read_of_the_first_half(stretch: &Stretch) -> bool {
        let begin = floor(stretch.from);
        stretch.resolution != Resolution::QuarterHour || stretch.to <= begin.plus_millis(HOUR_MILLIS / 2)
    }

    #[test]
    fn days_of_no_zone_need_quarter_hours_of_an_hours_second_half() {
        let first = NaiveDate::from_ymd_opt(2012, 1, 1).unwrap();
        for zone in chrono_tz::TZ_VARIANTS {
            for week in 0..30 * 52 {
                let begin = start_of_day(first + Days::new(week * 7), zone);
                let into_hour = begin.millis() - floor(begin).millis();
                assert!(into_hour <= HOUR_MILLIS / 2 && into_hour % QUARTER == 0, "{zone} {begin}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_call_counts_once_in_its_own_bucket(
            zone in 0..chrono_tz::TZ_VARIANTS.len(), organization in 0..chrono_tz::TZ_VARIANTS.len(),
            day in 0u64..9_000, length in 1u64..12, view in 1..View::ALL.len(), minutes in prop::collection::vec(0i64..20 * 1440, 40),
        ) {
            let (zone, organization) = (chrono_tz::TZ_VARIANTS[zone], chrono_tz::TZ_VARIANTS[organization]);
            let first = NaiveDate::from_ymd_opt(2005, 1, 1).unwrap() + Days::new(day);
            // Minutes, the first view, aren't made of rollups.
            let view = View::ALL[view];
            let range = format!("{first}..{}", first + Days::new(length)).parse().unwrap();
            let buckets = buckets::of(range, view, zone, start_of_day(first + Days::new(60), zone));
            let around = around(organization);
            let around: &dyn Fn(Timestamp) -> [Timestamp; 2] = &around;
            let cover = Cover::of(&buckets, (view != View::Hour).then_some(around));
            for stretch in &cover.stretches {
                prop_assert_eq!((stretch.from.millis() % QUARTER, stretch.to.millis() % QUARTER), (0, 0));
                // Until 2011 clocks in St. John's changed a minute after midnight.
                prop_assert!(first.year() < 2012 || is_read_of_the_first_half(stretch), "{} for {}", zone, organization);
            }
            let edges = buckets.starts.iter().chain([&buckets.end]).flat_map(|edge| [edge.plus_millis(-1), *edge]);
            let begin = buckets.start().plus_minutes(-4 * 1440);
            for moment in edges.chain(minutes.into_iter().map(|minutes| begin.plus_minutes(minutes))) {
                let counts = counts(&cover, buckets.starts.len(), organization, moment);
                let mut expected = vec![0; buckets.starts.len()];
                if let Some(bucket) = buckets.index(moment) {
                    expected[bucket] = 1;
                }
                prop_assert_eq!(counts, expected, "{} for {}: {} ({})", zone, organization, moment, date(moment, zone));
            }
        }
    }

    #[test]
    fn a_change_by_half_an_hour_is_covered() {
        let buckets =
            buckets::every_day("2026-10-01".parse().unwrap(), "2026-10-08".parse().unwrap(), Australia::Lord_Howe);
        let cover = Cover::of(&buckets, Some(&around(Tz::UTC)));
        for quarter in 0..8 * 96 {
            let moment = buckets.start().plus_minutes(quarter * 15);
            let counts = counts(&cover, 7, Tz::UTC, moment);
            assert_eq!(counts.iter().sum::<i64>(), i64::from(buckets.index(moment).is_some()), "{moment}");
        }
    }
}
