//! Bars above a list of calls: some tens of buckets, whatever the range, with calls, errors and rejections.

use chrono::{NaiveDate, Timelike};
use chrono_tz::Tz;
use domain::{
    calls::MAX_BARS,
    time::Timestamp,
    usage::{Filter, Measures},
};
use sea_orm::DatabaseConnection;

use super::{
    buckets::{Buckets, day_around, every_day, every_hour, next_hour},
    grouped_sums::Selection,
    sources::Sources,
};
use crate::{Organization, ServiceResult, projects::ProjectScope, zones};

const HOUR: i64 = 60 * 60_000;
const QUARTER: i64 = HOUR / 4;

/// The bars from `first` on, and the length that they have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Bars {
    pub(crate) buckets: Buckets,
    is_days: bool,
}

impl Bars {
    /// The bars of the time from `first` up to `until`, which is excluded, or up to `now`, in hours or days of `zone`.
    /// If one of the moments lies within a quarter of an hour, all of that is included.
    pub(crate) fn new(first: Timestamp, until: Option<Timestamp>, now: Timestamp, zone: Tz) -> Self {
        // The last quarter of an hour isn't stored for long (see `cover`).
        let is_last_quarter = |moment: Timestamp| moment.millis().rem_euclid(HOUR) == 3 * QUARTER;
        let first = floor(first, QUARTER);
        let first = if is_last_quarter(first) { first.plus_millis(-QUARTER) } else { first };
        let until = until.map(|until| floor(until.plus_millis(QUARTER - 1), QUARTER));
        let until = until.map(|until| if is_last_quarter(until) { until.plus_millis(QUARTER) } else { until });
        // The last moment that a bar contains.
        let last = until.map_or(now, |until| until.plus_millis(-1).min(now));
        let bars = i64::try_from(MAX_BARS).unwrap_or(i64::MAX);
        let hours = (last.millis() - first.millis()) / HOUR + 1;
        let is_days = hours > 3 * bars;
        let end = if is_days { day_around(last, zone)[1] } else { next_hour(floor(last, QUARTER), zone) };
        let end = until.map_or(end, |until| end.min(until));
        let mut starts = if is_days { days(first, end, zone) } else { every_hour(first, end, zone).starts };
        if !is_days && hours > bars {
            let hour = |start: &Timestamp| start.to_chrono().with_timezone(&zone).hour();
            starts.retain(|start| hour(start).is_multiple_of(3));
        }
        // The first bar may begin within a day, or within three hours.
        if first < end && starts.first() != Some(&first) {
            starts.insert(0, first);
        }
        Self { buckets: Buckets { starts, end }, is_days }
    }

    /// Sums calls, errors and rejections by bar: from rollups, or from calls for a filter by tags, which rollups don't
    /// have.
    pub(crate) async fn sum(
        &self,
        database: &DatabaseConnection,
        organization: &Organization,
        scope: &ProjectScope,
        filter: &Filter,
    ) -> ServiceResult<Vec<Measures>> {
        let sources = match filter.tags.is_empty() {
            true => Sources::of(&self.buckets, self.is_days, organization.time_zone),
            false => Sources::of_calls(&self.buckets),
        };
        let selection = Selection { organization, sources: &sources, scope, filter };
        selection.counts(database, self.buckets.starts.len()).await
    }
}

/// The days from `first` up to `end`, several together if they are many.
fn days(first: Timestamp, end: Timestamp, zone: Tz) -> Vec<Timestamp> {
    let (first, after): (NaiveDate, _) = (zones::date(first, zone), zones::date(end.plus_millis(-1), zone).succ_opt());
    let days = every_day(first, after.unwrap_or(first), zone).starts;
    let together = days.len().div_ceil(MAX_BARS).max(1);
    // The first day may begin before the first moment.
    days.into_iter().step_by(together).skip(1).collect()
}

/// The last multiple of `step` milliseconds up to `moment`.
pub(crate) fn floor(moment: Timestamp, step: i64) -> Timestamp {
    Timestamp::from_millis(moment.millis().div_euclid(step) * step)
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America, Asia, Europe};
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn starts(first: &str, until: Option<&str>, zone: Tz) -> (Vec<String>, String) {
        let bars = Bars::new(at(first), until.map(at), at("2026-11-17T14:32:07Z"), zone);
        (bars.buckets.starts.iter().map(ToString::to_string).collect(), bars.buckets.end.to_string())
    }

    #[test]
    fn bars_are_hours_three_hours_or_days_of_the_zone() {
        let (hours, end) = starts("2026-11-16T23:00:00Z", None, Europe::Berlin);
        assert_eq!((hours.len(), end.as_str()), (16, "2026-11-17T15:00:00Z"));
        let (thirds, end) = starts("2026-11-10T23:00:00Z", None, Europe::Berlin);
        assert_eq!((thirds.len(), &*thirds[1], end.as_str()), (54, "2026-11-11T02:00:00Z", "2026-11-17T15:00:00Z"));
        let (days, end) = starts("2026-10-18T22:00:00Z", None, Europe::Berlin);
        assert_eq!((days.len(), end.as_str()), (30, "2026-11-17T23:00:00Z"));
        assert_eq!(days[6..8], ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"], "a day of 25 hours");
        let (year, _) = starts("2025-11-17T18:15:00Z", None, Asia::Kathmandu);
        assert_eq!((year.len(), &*year[1]), (61, "2025-11-23T18:15:00Z"), "six days each");
    }

    #[test]
    fn a_range_of_moments_is_covered_by_whole_quarters_that_are_stored() {
        let (bars, end) = starts("2026-11-16T09:50:00Z", Some("2026-11-16T13:20:00Z"), Tz::UTC);
        assert_eq!(bars[..2], ["2026-11-16T09:30:00Z", "2026-11-16T10:00:00Z"]);
        assert_eq!((bars.len(), end.as_str()), (5, "2026-11-16T13:30:00Z"));
        let (days, end) = starts("2026-09-01T12:00:00Z", Some("2026-10-01T12:00:00Z"), Tz::UTC);
        assert_eq!(days[..2], ["2026-09-01T12:00:00Z", "2026-09-02T00:00:00Z"]);
        assert_eq!((days.len(), end.as_str()), (31, "2026-10-01T12:00:00Z"));
    }

    #[test]
    fn time_that_is_still_to_come_has_no_bars() {
        let future = Bars::new(at("2027-01-01T00:00:00Z"), None, at("2026-11-17T14:32:07Z"), Tz::UTC);
        assert!(future.buckets.starts.is_empty());
    }

    proptest! {
        #[test]
        fn bars_follow_each_other_and_are_not_too_many(
            zone in 0..chrono_tz::TZ_VARIANTS.len(), first in 0i64..2_000_000, hours in 0i64..100_000, open: bool,
        ) {
            let zone = chrono_tz::TZ_VARIANTS[zone];
            let first = Timestamp::from_millis(1_100_000_000_000 + first * 77_777);
            let until = first.plus_millis(hours * HOUR + 1);
            let bars = Bars::new(first, (!open).then_some(until), if open { until } else { until.plus_days(9) }, zone);
            let Buckets { starts, end } = &bars.buckets;
            prop_assert!(starts.len() <= MAX_BARS + 3, "{}", starts.len());
            prop_assert!(starts.is_sorted_by(|a, b| a < b));
            prop_assert!(starts.first().is_some_and(|start| *start <= first) && *end >= until);
            prop_assert!(starts.last() < Some(end));
        }
    }

    #[test]
    fn a_year_across_changed_clocks_has_as_many_bars() {
        let (bars, _) = starts("2025-11-18T05:00:00Z", None, America::New_York);
        assert!((60..=MAX_BARS).contains(&bars.len()), "{}", bars.len());
    }
}
