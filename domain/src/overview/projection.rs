//! Projection of a month's usage to the month's end.
//!
//! Each day to come is expected to have the mean of the full days so far: of the weekdays or of the weekend days among
//! them once there are three of each, and of all before. Today has what is expected, or what it has already
//! if that is more.

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use crate::{money::Money, usage::Measures};

/// Least number of full days from which anything is projected.
const MIN_FULL_DAYS: usize = 3;
/// Least number of full weekdays, and of full weekend days, from which these are expected to differ.
const MIN_DAYS_APART: usize = 3;

/// Whether people work on a day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DayKind {
    Weekday,
    /// Saturday or Sunday.
    Weekend,
}

impl DayKind {
    /// The kind of a day.
    pub fn of(day: NaiveDate) -> Self {
        match day.weekday() {
            Weekday::Sat | Weekday::Sun => Self::Weekend,
            _ => Self::Weekday,
        }
    }
}

/// Estimate of a whole month's usage.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Projection {
    /// `None` where calls of unknown cost are among those of the month.
    pub spend: Option<Money>,
    pub calls: i64,
    /// Input and output tokens together.
    pub tokens: i64,
}

impl Projection {
    /// Projects a month's usage from its `days` up to today, which is the last of them, and the days that are `to_come`.
    /// `None` while there are fewer than three full days.
    pub fn of(days: &[(DayKind, Measures)], to_come: &[DayKind]) -> Option<Self> {
        if days.len() <= MIN_FULL_DAYS {
            return None;
        }
        let estimate = |value: &dyn Fn(&Measures) -> i64| {
            let values: Vec<(DayKind, i64)> = days.iter().map(|(kind, measures)| (*kind, value(measures))).collect();
            project(&values, to_come)
        };
        let is_priced = days.iter().all(|(_, measures)| measures.unpriced == 0);
        Some(Self {
            spend: is_priced.then(|| Money::from_nanos(estimate(&|measures| measures.spend.nanos()))),
            calls: estimate(&|measures| measures.calls),
            tokens: estimate(&Measures::tokens),
        })
    }
}

/// Projects one measure.
fn project(days: &[(DayKind, i64)], to_come: &[DayKind]) -> i64 {
    let Some(((today, so_far), full)) = days.split_last() else { return 0 };
    let of_kind = |kind: DayKind| full.iter().filter(move |(other, _)| *other == kind);
    let are_apart =
        [DayKind::Weekday, DayKind::Weekend].into_iter().all(|kind| of_kind(kind).count() >= MIN_DAYS_APART);
    // The expected sum of `count` days of a kind, rounded once.
    let expected = |kind: DayKind, count: usize| {
        let sample: Vec<i64> =
            full.iter().filter(|(other, _)| !are_apart || *other == kind).map(|(_, value)| *value).collect();
        let sum: i128 = sample.iter().copied().map(i128::from).sum();
        let days = i128::try_from(sample.len().max(1)).unwrap_or(i128::MAX);
        let count = i128::try_from(count).unwrap_or(i128::MAX);
        (sum.saturating_mul(count) + days / 2).div_euclid(days)
    };
    let mut total: i128 = full.iter().map(|(_, value)| i128::from(*value)).sum();
    total += expected(*today, 1).max(i128::from(*so_far));
    for kind in [DayKind::Weekday, DayKind::Weekend] {
        total += expected(kind, to_come.iter().filter(|other| **other == kind).count());
    }
    i64::try_from(total).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        DayKind::{Weekday as Work, Weekend as Rest},
        *,
    };

    fn calls(days: &[(DayKind, i64)]) -> Vec<(DayKind, Measures)> {
        let measures = |calls| Measures { calls, ..Measures::default() };
        days.iter().map(|(kind, count)| (*kind, measures(*count))).collect()
    }

    fn projected(days: &[(DayKind, i64)], to_come: &[DayKind]) -> Option<i64> {
        Projection::of(&calls(days), to_come).map(|projection| projection.calls)
    }

    #[test]
    fn saturdays_and_sundays_are_weekend_days() {
        let kinds = (16..=22).map(|day| DayKind::of(NaiveDate::from_ymd_opt(2026, 11, day).unwrap()));
        assert_eq!(kinds.collect::<Vec<_>>(), [Work, Work, Work, Work, Work, Rest, Rest]);
    }

    #[test]
    fn nothing_is_projected_in_the_first_three_days() {
        assert_eq!(projected(&[], &[Work; 30]), None);
        assert_eq!(projected(&[(Work, 10); 3], &[Work; 27]), None);
        assert_eq!(projected(&[(Work, 10); 4], &[Work; 26]), Some(300));
    }

    #[test]
    fn today_has_what_is_expected_or_more() {
        let days = |today| [(Work, 10), (Work, 20), (Work, 30), (Work, today)];
        assert_eq!(projected(&days(5), &[]), Some(80));
        assert_eq!(projected(&days(90), &[]), Some(150));
    }

    #[test]
    fn weekends_are_apart_once_there_are_enough_days() {
        let mut days = vec![(Work, 10), (Work, 10), (Work, 10), (Rest, 2), (Rest, 2), (Work, 0)];
        // The mean of five days is 6.8.
        assert_eq!(projected(&days, &[Work, Rest]), Some(34 + 7 + 7 + 7));
        days.insert(5, (Rest, 2));
        assert_eq!(projected(&days, &[Work, Rest, Rest]), Some(36 + 10 + 10 + 2 + 2));
    }

    #[test]
    fn a_mean_below_one_adds_up() {
        assert_eq!(projected(&[(Work, 1), (Work, 0), (Work, 0), (Work, 0)], &[Work; 9]), Some(4));
    }

    #[test]
    fn the_spend_is_not_projected_from_calls_of_unknown_cost() {
        let mut days = calls(&[(Work, 1); 4]);
        let spend = |days: &[(DayKind, Measures)]| Projection::of(days, &[]).unwrap().spend;
        assert_eq!(spend(&days), Some(Money::ZERO));
        days[1].1.unpriced = 1;
        assert_eq!(spend(&days), None);
    }

    proptest! {
        #[test]
        fn a_projection_is_never_below_what_there_is(
            days in prop::collection::vec((any::<bool>(), 0i64..=i64::MAX / 100), 4..31), to_come in prop::collection::vec(any::<bool>(), 0..28),
        ) {
            let kind = |is_weekend| if is_weekend { Rest } else { Work };
            let days: Vec<_> = days.into_iter().map(|(is_weekend, calls)| (kind(is_weekend), calls)).collect();
            let to_come: Vec<_> = to_come.into_iter().map(kind).collect();
            let so_far = days.iter().map(|(_, calls)| *calls).sum::<i64>();
            prop_assert!(projected(&days, &to_come).unwrap() >= so_far);
        }
    }
}
