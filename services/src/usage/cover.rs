//! Which rollups make up some buckets, so that few have to be read.
//!
//! Days of another zone than the organization's are no rows. Of all 24 hours each would be many: instead the organization's
//! own days are read, and what lies between their beginnings and those of the days that are asked for, which is added or
//! taken away. Hours that begin at another quarter than UTC's are made of those alike.

use domain::{time::Timestamp, usage::Measures};

use super::{buckets::Buckets, resolution::Resolution};

/// Rollups of one resolution that follow each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) resolution: Resolution,
    /// The first bucket.
    pub(crate) from: Timestamp,
    /// The bucket after the last.
    pub(crate) to: Timestamp,
    /// What their sums are told by.
    pub(crate) place: usize,
}

/// What some buckets are made of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Cover {
    pub(crate) stretches: Vec<Stretch>,
    /// Of each place, where it is added and where it is taken away.
    counted: Vec<Counted>,
}

/// In which buckets the sums of a place count.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Counted {
    added: Option<usize>,
    taken: Option<usize>,
}

impl Cover {
    /// The cheapest for `buckets`. `days` says of a moment when the organization's day begins that holds it, and when the
    /// next does; it is left out where the buckets are hours.
    pub(crate) fn of(buckets: &Buckets, days: Option<&dyn Fn(Timestamp) -> [Timestamp; 2]>) -> Self {
        let hour = |moment: Timestamp| {
            let begin = floor(moment, Resolution::Hour);
            [begin, begin.plus_millis(length(Resolution::Hour))]
        };
        let mut covers = vec![Self::direct(buckets), Self::shifted(buckets, Resolution::Hour, &hour)];
        covers.extend(days.map(|days| Self::shifted(buckets, Resolution::Day, days)));
        covers.into_iter().min_by_key(Self::cost).unwrap_or_default()
    }

    /// All rollups of one resolution from a bucket to before another, under one place.
    pub(crate) fn whole(resolution: Resolution, from: Timestamp, to: Timestamp) -> Self {
        let stretches = vec![Stretch { resolution, from, to, place: 0 }];
        Self { stretches, counted: vec![Counted { added: Some(0), taken: None }] }
    }

    /// Each bucket of its own hours and quarters.
    fn direct(buckets: &Buckets) -> Self {
        let mut cover = Self::default();
        for (bucket, (from, to)) in spans(buckets).into_iter().enumerate() {
            cover.add(from, to, Counted { added: Some(bucket), taken: None });
        }
        cover
    }

    /// Each bucket of the rollups of `resolution` that begin next to its beginning and end next to its end, with what lies
    /// between; `around` says where the one begins that holds a moment, and where the next does.
    fn shifted(buckets: &Buckets, resolution: Resolution, around: &dyn Fn(Timestamp) -> [Timestamp; 2]) -> Self {
        let nearest = |moment: Timestamp| {
            let [begin, next] = around(moment);
            let is_nearer = next.millis() - moment.millis() < moment.millis() - begin.millis();
            if is_nearer { next } else { begin }
        };
        let mut cover = Self::default();
        let spans = spans(buckets);
        for (bucket, (from, to)) in spans.iter().enumerate() {
            let (from, to) = (nearest(*from), nearest(*to));
            if from < to {
                let place = cover.place(Counted { added: Some(bucket), taken: None });
                cover.stretches.push(Stretch { resolution, from, to, place });
            }
        }
        let edges = buckets.starts.iter().copied().chain([buckets.end]);
        for (edge, moment) in edges.enumerate() {
            let (before, after) = (edge.checked_sub(1), (edge < spans.len()).then_some(edge));
            let near = nearest(moment);
            if near < moment {
                // What ends here has it besides, and what begins here hasn't.
                cover.add(near, moment, Counted { added: before, taken: after });
            } else {
                cover.add(moment, near, Counted { added: after, taken: before });
            }
        }
        cover
    }

    /// Counts what lies between two moments.
    fn add(&mut self, from: Timestamp, to: Timestamp, counted: Counted) {
        if from >= to {
            return;
        }
        let place = self.place(counted);
        let (first, last) = (ceil(from, Resolution::Hour), floor(to, Resolution::Hour));
        let parts = if first <= last {
            [
                (Resolution::QuarterHour, from, first),
                (Resolution::Hour, first, last),
                (Resolution::QuarterHour, last, to),
            ]
        } else {
            [(Resolution::QuarterHour, from, to), (Resolution::Hour, to, to), (Resolution::QuarterHour, to, to)]
        };
        let parts = parts.into_iter().filter(|(_, from, to)| from < to);
        self.stretches.extend(parts.map(|(resolution, from, to)| Stretch { resolution, from, to, place }));
    }

    fn place(&mut self, counted: Counted) -> usize {
        self.counted.push(counted);
        self.counted.len() - 1
    }

    /// About how many buckets are read.
    fn cost(&self) -> i64 {
        const DAY: i64 = 24 * 60 * 60_000;
        let buckets = |stretch: &Stretch| {
            let millis = stretch.resolution.millis().unwrap_or(DAY);
            (stretch.to.millis() - stretch.from.millis() + millis / 2) / millis
        };
        self.stretches.iter().map(buckets).sum()
    }

    /// The buckets that sums of `place` count in, each with what to add there.
    pub(crate) fn count(&self, place: usize, sums: Measures) -> impl Iterator<Item = (usize, Measures)> + use<> {
        let counted = self.counted.get(place).copied().unwrap_or_default();
        counted.added.map(|bucket| (bucket, sums)).into_iter().chain(counted.taken.map(|bucket| (bucket, -sums)))
    }
}

/// From when to when each bucket goes.
fn spans(buckets: &Buckets) -> Vec<(Timestamp, Timestamp)> {
    let ends = buckets.starts.iter().copied().skip(1).chain([buckets.end]);
    buckets.starts.iter().copied().zip(ends).collect()
}

/// The length of a resolution that always has the same.
fn length(resolution: Resolution) -> i64 {
    resolution.millis().unwrap_or(1)
}

fn floor(moment: Timestamp, resolution: Resolution) -> Timestamp {
    let length = length(resolution);
    Timestamp::from_millis(moment.millis().div_euclid(length) * length)
}

fn ceil(moment: Timestamp, resolution: Resolution) -> Timestamp {
    floor(moment.plus_millis(length(resolution) - 1), resolution)
}

#[cfg(test)]
mod tests {
    use chrono::{Days, NaiveDate};
    use chrono_tz::{Asia, Australia, Europe, Pacific, Tz};
    use domain::usage::View;
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

    /// What a call at `moment` is counted as in each bucket.
    fn counts(cover: &Cover, buckets: usize, zone: Tz, moment: Timestamp) -> Vec<i64> {
        let mut counts = vec![0; buckets];
        for stretch in &cover.stretches {
            let rollup = stretch.resolution.bucket(moment, zone);
            if (stretch.from..stretch.to).contains(&rollup) {
                let once = Measures { calls: 1, ..Measures::default() };
                cover.count(stretch.place, once).for_each(|(bucket, measures)| counts[bucket] += measures.calls);
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
    fn days_of_any_other_zone_are_few_rows_more() {
        for organization in [Tz::UTC, Europe::Berlin, Asia::Kathmandu, Pacific::Auckland] {
            for zone in chrono_tz::TZ_VARIANTS {
                let cost = Cover::of(&ninety_days(zone), Some(&around(organization))).cost();
                // Of hours alone these are 2,160 or more, of quarter hours 8,640.
                assert!(cost <= 91 * 17, "{organization} {zone}: {cost}");
            }
        }
        let kathmandu = Cover::of(&ninety_days(Asia::Kathmandu), Some(&around(Tz::UTC)));
        assert_eq!(kathmandu.cost(), 90 + 91 * 8, "five hours and three quarters");
    }

    #[test]
    fn hours_that_begin_at_a_quarter_are_hours_and_two_quarters() {
        let now = "2026-11-20T00:00:00Z".parse().unwrap();
        let hours = buckets::of("2026-11-01..2026-11-10".parse().unwrap(), View::Hour, Asia::Kathmandu, now).unwrap();
        assert_eq!(Cover::of(&hours, None).cost(), 2 * 240 + 1);
        let full = buckets::of("2026-11-01..2026-11-10".parse().unwrap(), View::Hour, Europe::Berlin, now).unwrap();
        assert_eq!(Cover::of(&full, None).cost(), 240);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_call_counts_once_in_its_own_bucket(
            zone in 0..chrono_tz::TZ_VARIANTS.len(), organization in 0..chrono_tz::TZ_VARIANTS.len(),
            day in 0u64..9_000, length in 1u64..12, by_hour in any::<bool>(), minutes in prop::collection::vec(0i64..20 * 1440, 40),
        ) {
            let (zone, organization) = (chrono_tz::TZ_VARIANTS[zone], chrono_tz::TZ_VARIANTS[organization]);
            let first = NaiveDate::from_ymd_opt(2005, 1, 1).unwrap() + Days::new(day);
            let view = if by_hour { View::Hour } else { View::Day };
            let range = format!("{first}..{}", first + Days::new(length)).parse().unwrap();
            let buckets = buckets::of(range, view, zone, start_of_day(first + Days::new(60), zone)).unwrap();
            let around = around(organization);
            let around: &dyn Fn(Timestamp) -> [Timestamp; 2] = &around;
            let cover = Cover::of(&buckets, (view == View::Day).then_some(around));
            for stretch in &cover.stretches {
                prop_assert_eq!((stretch.from.millis() % QUARTER, stretch.to.millis() % QUARTER), (0, 0));
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
