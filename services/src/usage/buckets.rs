//! Resolves a range to buckets: the starts of its hours, days, weeks or months in a time zone.

use chrono::{Datelike, Days, Months, NaiveDate, Offset, TimeZone, Timelike, Weekday};
use chrono_tz::Tz;
use domain::{
    time::Timestamp,
    usage::{Range, View},
};

use crate::zones;

/// Consecutive buckets, without gaps.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Buckets {
    /// The start of each bucket, ascending.
    pub(crate) starts: Vec<Timestamp>,
    /// The end of the last bucket.
    pub(crate) end: Timestamp,
}

impl Buckets {
    pub(crate) fn start(&self) -> Timestamp {
        self.starts.first().copied().unwrap_or(self.end)
    }

    /// Start and end of each bucket.
    pub(crate) fn spans(&self) -> Vec<(Timestamp, Timestamp)> {
        let ends = self.starts.iter().copied().skip(1).chain([self.end]);
        self.starts.iter().copied().zip(ends).collect()
    }

    /// The buckets at these indexes.
    pub(super) fn slice(&self, indexes: std::ops::Range<usize>) -> Self {
        let end = self.starts.get(indexes.end).copied().unwrap_or(self.end);
        Self { starts: self.starts.get(indexes).unwrap_or_default().to_vec(), end }
    }

    /// One bucket in place of all.
    pub(crate) fn whole(&self) -> Self {
        Self { starts: self.starts.first().copied().into_iter().collect(), end: self.end }
    }

    /// The index of the bucket that contains `moment`.
    pub(crate) fn index(&self, moment: Timestamp) -> Option<usize> {
        if moment >= self.end {
            return None;
        }
        self.starts.partition_point(|start| *start <= moment).checked_sub(1)
    }
}

/// The first and last day of `range` at `now` in `zone`.
pub(crate) fn days(range: Range, zone: Tz, now: Timestamp) -> (NaiveDate, NaiveDate) {
    let today = zones::date(now, zone);
    let back = |days| today.checked_sub_days(Days::new(days)).unwrap_or(today);
    let month = today.with_day(1).unwrap_or(today);
    match range {
        Range::Today => (today, today),
        Range::Last7Days => (back(6), today),
        Range::Last30Days => (back(29), today),
        Range::MonthToDate => (month, today),
        Range::LastMonth => {
            let first = month.checked_sub_months(Months::new(1)).unwrap_or(month);
            (first, month.pred_opt().unwrap_or(month))
        }
        Range::Last90Days => (back(89), today),
        Range::Last12Months => {
            let year_ago = today.checked_sub_months(Months::new(12)).unwrap_or(today);
            (year_ago.succ_opt().unwrap_or(today), today)
        }
        Range::Custom(days) => (days.first(), days.last()),
        Range::Between(minutes) => (zones::date(minutes.from(), zone), zones::date(minutes.to().plus_millis(-1), zone)),
    }
}

/// The beginning and end of `range` at `now` in `zone`.
pub(crate) fn ends(range: Range, zone: Tz, now: Timestamp) -> (Timestamp, Timestamp) {
    if let Range::Between(minutes) = range {
        return (minutes.from(), minutes.to());
    }
    let (first, last) = days(range, zone, now);
    let after = last.succ_opt().unwrap_or(last);
    (zones::start_of_day(first, zone), zones::start_of_day(after, zone))
}

/// The buckets of `range` in `zone`, up to the one that contains `now`. The first and the last week or month
/// are as long as the range.
pub(crate) fn of(range: Range, view: View, zone: Tz, now: Timestamp) -> Buckets {
    let (first, last) = days(range, zone, now);
    let after = last.succ_opt().unwrap_or(last);
    let (from, to) = ends(range, zone, now);
    let mut all = match view {
        View::Minute => every_minute(from, to),
        // Hours are found from a quarter of an hour on.
        View::Hour => every_hour(floor_quarter(from), to, zone),
        View::Day => every_day(first, after, zone),
        View::Week => at_days(first, after, zone, |day| day.weekday() == Weekday::Mon),
        View::Month => at_days(first, after, zone, |day| day.day() == 1),
    };
    // Of a range between two minutes, the first and the last bucket are parts.
    if let Some(start) = all.starts.first_mut().filter(|start| **start < from) {
        *start = from;
    }
    all.end = all.end.min(to);
    truncate_after(all, now)
}

/// The minutes from `from` up to `to`.
pub(crate) fn every_minute(from: Timestamp, to: Timestamp) -> Buckets {
    let next = |at: &Timestamp| Some(at.plus_minutes(1));
    Buckets { starts: std::iter::successors(Some(from), next).take_while(|at| *at < to).collect(), end: to }
}

/// The beginning of the quarter of an hour that contains `moment`.
fn floor_quarter(moment: Timestamp) -> Timestamp {
    const QUARTER_MILLIS: i64 = 15 * 60_000;
    Timestamp::from_millis(moment.millis().div_euclid(QUARTER_MILLIS) * QUARTER_MILLIS)
}

/// The days from `first` up to `after`, which is excluded.
pub(crate) fn every_day(first: NaiveDate, after: NaiveDate, zone: Tz) -> Buckets {
    at_days(first, after, zone, |_| true)
}

/// The time from `first` up to `after`, which is excluded, cut at the days at which a bucket `begins`.
fn at_days(first: NaiveDate, after: NaiveDate, zone: Tz, begins: fn(NaiveDate) -> bool) -> Buckets {
    let days = first.iter_days().take_while(|day| *day < after).filter(|day| *day == first || begins(*day));
    let mut starts: Vec<Timestamp> = days.map(|day| zones::start_of_day(day, zone)).collect();
    // A date that the zone skipped starts when the next one does.
    starts.dedup();
    let end = zones::start_of_day(after, zone);
    starts.retain(|start| *start < end);
    Buckets { starts, end }
}

/// The start of the day in `zone` that contains `moment`, and that of the next day.
pub(crate) fn day_around(moment: Timestamp, zone: Tz) -> [Timestamp; 2] {
    let day = zones::date(moment, zone);
    let begin = zones::start_of_day(day, zone);
    // A date that the zone skipped starts when the next one does.
    let later = day.iter_days().skip(1).map(|day| zones::start_of_day(day, zone)).find(|next| *next > begin);
    [begin, later.unwrap_or(begin)]
}

/// The hours in `zone` from `from` up to `to`. If clocks change by half an hour, one is shorter.
pub(crate) fn every_hour(from: Timestamp, to: Timestamp, zone: Tz) -> Buckets {
    let mut starts = Vec::new();
    let mut at = from;
    while at < to {
        starts.push(at);
        at = next_hour(at, zone);
    }
    Buckets { starts, end: to }
}

/// The next moment after `at` when clocks in `zone` show a full hour, or change before one.
pub(crate) fn next_hour(at: Timestamp, zone: Tz) -> Timestamp {
    let offset = |moment: Timestamp| zone.offset_from_utc_datetime(&moment.to_chrono().naive_utc()).fix();
    let minutes = i64::from(60 - at.to_chrono().with_timezone(&zone).minute());
    let change = (1..=4)
        .map(|quarter| quarter * 15)
        .find(|later| *later <= minutes && offset(at.plus_minutes(*later)) != offset(at));
    at.plus_minutes(change.unwrap_or(minutes))
}

/// Removes the buckets that begin after `now`.
fn truncate_after(mut buckets: Buckets, now: Timestamp) -> Buckets {
    let begun = buckets.starts.partition_point(|start| *start <= now);
    if let Some(next) = buckets.starts.get(begun) {
        buckets.end = *next;
        buckets.starts.truncate(begun);
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::{super::resolution::Resolution, *};
    use chrono_tz::{America, Australia, Europe};
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn custom(range: &str, view: View, zone: Tz) -> Buckets {
        of(range.parse().unwrap(), view, zone, at("2100-01-01T00:00:00Z"))
    }

    fn lengths_in_minutes(buckets: &Buckets) -> Vec<i64> {
        let ends = buckets.starts.iter().skip(1).chain([&buckets.end]);
        buckets.starts.iter().zip(ends).map(|(start, end)| (end.millis() - start.millis()) / 60_000).collect()
    }

    #[test]
    fn days_have_23_and_25_hours_where_clocks_change() {
        let spring = custom("2026-03-28..2026-03-30", View::Day, Europe::Berlin);
        assert_eq!(lengths_in_minutes(&spring), [24 * 60, 23 * 60, 24 * 60]);
        let autumn = custom("2026-10-25..2026-10-25", View::Hour, Europe::Berlin);
        assert_eq!(lengths_in_minutes(&autumn), [60; 25]);
    }

    #[test]
    fn a_change_by_half_an_hour_makes_a_short_hour() {
        let zone = Australia::Lord_Howe;
        let spring = custom("2026-10-04..2026-10-04", View::Hour, zone);
        assert_eq!(lengths_in_minutes(&spring).iter().sum::<i64>(), 23 * 60 + 30);
        assert_eq!(lengths_in_minutes(&spring).iter().filter(|length| **length == 30).count(), 1);
        let autumn = custom("2026-04-05..2026-04-05", View::Hour, zone);
        assert_eq!(lengths_in_minutes(&autumn).iter().sum::<i64>(), 24 * 60 + 30);
    }

    #[test]
    fn a_day_without_midnight_begins_at_one() {
        let buckets = custom("2018-11-03..2018-11-04", View::Day, America::Sao_Paulo);
        assert_eq!(lengths_in_minutes(&buckets), [24 * 60, 23 * 60]);
    }

    #[test]
    fn a_range_that_goes_on_ends_with_the_bucket_of_now() {
        let now = at("2026-11-17T14:32:07Z");
        let month = of(Range::MonthToDate, View::Day, Tz::UTC, now);
        assert_eq!((month.starts.len(), month.end), (17, at("2026-11-18T00:00:00Z")));
        let today = of(Range::Today, View::Hour, Tz::UTC, now);
        assert_eq!((today.starts.len(), today.end), (15, at("2026-11-17T15:00:00Z")));
        let last = of(Range::LastMonth, View::Day, Tz::UTC, now);
        assert_eq!((last.start(), last.end), (at("2026-10-01T00:00:00Z"), at("2026-11-01T00:00:00Z")));
        let future = of("2027-01-01..2027-01-05".parse().unwrap(), View::Day, Tz::UTC, now);
        assert!(future.starts.is_empty());
    }

    #[test]
    fn a_range_between_minutes_has_parts_of_hours_and_days() {
        let starts = |range, view, zone| -> Vec<String> {
            let buckets = custom(range, view, zone);
            buckets.starts.iter().chain([&buckets.end]).map(ToString::to_string).collect()
        };
        let range = "2026-11-17T14:07:00Z..2026-11-17T16:20:00Z";
        assert_eq!(
            starts(range, View::Hour, Tz::UTC),
            ["2026-11-17T14:07:00Z", "2026-11-17T15:00:00Z", "2026-11-17T16:00:00Z", "2026-11-17T16:20:00Z"]
        );
        assert_eq!(starts(range, View::Hour, chrono_tz::Asia::Kathmandu)[1], "2026-11-17T14:15:00Z");
        assert_eq!(starts(range, View::Minute, Tz::UTC).len(), 134);
        let long = "2026-11-17T14:07:00Z..2026-11-18T14:07:00Z";
        assert_eq!(
            starts(long, View::Day, Europe::Berlin),
            ["2026-11-17T14:07:00Z", "2026-11-17T23:00:00Z", "2026-11-18T14:07:00Z"]
        );
    }

    #[test]
    fn slices_end_where_the_next_bucket_begins() {
        let days = custom("2026-11-01..2026-11-03", View::Day, Tz::UTC);
        let slice = days.slice(0..2);
        assert_eq!((slice.starts.as_slice(), slice.end), (&days.starts[..2], days.starts[2]));
        assert_eq!((days.slice(2..3).starts.len(), days.slice(2..3).end), (1, days.end));
        assert_eq!(days.slice(0..3), days);
    }

    #[test]
    fn minutes_end_with_that_of_now() {
        let today = of(Range::Today, View::Minute, Tz::UTC, at("2026-11-17T14:32:07Z"));
        assert_eq!((today.starts.len(), today.end), (14 * 60 + 33, at("2026-11-17T14:33:00Z")));
    }

    #[test]
    fn a_year_ends_today_also_on_29_february() {
        let (first, last) = days(Range::Last12Months, Tz::UTC, at("2028-02-29T12:00:00Z"));
        assert_eq!((first.to_string(), last.to_string()), ("2027-03-01".to_owned(), "2028-02-29".to_owned()));
        let longest = of(Range::Last12Months, View::Day, Tz::UTC, at("2028-02-29T12:00:00Z"));
        assert!(longest.starts.len() <= 366);
    }

    /// The local dates at which the buckets begin, and the one after them.
    fn edges(buckets: &Buckets, zone: Tz) -> Vec<String> {
        buckets.starts.iter().chain([&buckets.end]).map(|edge| zones::date(*edge, zone).to_string()).collect()
    }

    #[test]
    fn weeks_begin_on_mondays_and_the_first_and_last_are_as_long_as_the_range() {
        let weeks = custom("2026-03-18..2026-04-07", View::Week, Europe::Berlin);
        assert_eq!(
            edges(&weeks, Europe::Berlin),
            ["2026-03-18", "2026-03-23", "2026-03-30", "2026-04-06", "2026-04-08"]
        );
        // Clocks went forward on the 29th.
        assert_eq!(lengths_in_minutes(&weeks), [5 * 24, 7 * 24 - 1, 7 * 24, 2 * 24].map(|hours| hours * 60));
        let one = custom("2026-03-24..2026-03-26", View::Week, Europe::Berlin);
        assert_eq!(edges(&one, Europe::Berlin), ["2026-03-24", "2026-03-27"]);
    }

    #[test]
    fn months_begin_on_their_first_day() {
        let months = custom("2026-01-31..2026-04-01", View::Month, Europe::Berlin);
        assert_eq!(
            edges(&months, Europe::Berlin),
            ["2026-01-31", "2026-02-01", "2026-03-01", "2026-04-01", "2026-04-02"]
        );
        assert_eq!(lengths_in_minutes(&months), [24, 28 * 24, 31 * 24 - 1, 24].map(|hours| hours * 60));
    }

    #[test]
    fn a_week_under_way_ends_with_the_range() {
        let weeks = of(Range::Last12Months, View::Week, Tz::UTC, at("2026-11-18T12:00:00Z"));
        assert_eq!((weeks.starts.len(), weeks.end), (53, at("2026-11-19T00:00:00Z")));
        let custom = of("2026-08-01..2026-12-31".parse().unwrap(), View::Week, Tz::UTC, at("2026-11-18T12:00:00Z"));
        assert_eq!(custom.end, at("2026-11-23T00:00:00Z"), "the next Monday");
    }

    proptest! {
        #[test]
        fn hours_make_up_days_in_every_zone(zone in 0..chrono_tz::TZ_VARIANTS.len(), day in 0u64..9_000, length in 0u64..31) {
            let zone = chrono_tz::TZ_VARIANTS[zone];
            let first = NaiveDate::from_ymd_opt(2005, 1, 1).unwrap() + Days::new(day);
            let after = first + Days::new(length + 1);
            let days = every_day(first, after, zone);
            let hours = every_hour(days.start(), days.end, zone);
            prop_assert!(hours.starts.is_sorted_by(|a, b| a < b));
            prop_assert!(hours.starts.len() <= 750, "they fit on a chart");
            for day in &days.starts {
                prop_assert!(hours.starts.contains(day), "{zone} {day}");
            }
            for start in days.starts.iter().chain(&hours.starts) {
                prop_assert_eq!(start.millis() % (15 * 60_000), 0);
                prop_assert_eq!(Resolution::Day.bucket(*start, zone) <= *start, true);
            }
            for (index, start) in days.starts.iter().enumerate() {
                prop_assert_eq!(Resolution::Day.bucket(*start, zone), *start);
                let end = days.starts.get(index + 1).copied().unwrap_or(days.end);
                prop_assert_eq!(Resolution::Day.bucket(end.plus_millis(-1), zone), *start);
            }
        }
    }
}
