//! What buckets are called in the report's time zone.

use domain::usage::{UsageReport, View};

use crate::components::{TimeStyle, format_moment};

/// From how many days on only months are named under the axis.
const ONLY_MONTHS: usize = 93;
/// How many hours or days may lie between two labels.
const HOURS: &[usize] = &[1, 2, 3, 6, 12];
const DAYS: &[usize] = &[1, 2, 3, 5, 7, 10, 14];

/// What one bucket is called.
pub(super) struct Names {
    /// Under the axis.
    pub(super) axis: String,
    /// Whether a day of hours or a month of days begins with it.
    pub(super) major: bool,
    /// In full: `Tue 17 Nov 2026, 14:00 – 15:00`.
    pub(super) title: String,
}

/// The strides that suit the report's buckets; none where only months are named.
pub(super) fn strides(report: &UsageReport) -> &'static [usize] {
    match report.view {
        View::Hour => HOURS,
        View::Day if report.buckets.len() >= ONLY_MONTHS => &[],
        View::Day => DAYS,
    }
}

pub(super) fn names(report: &UsageReport) -> Vec<Names> {
    let only_months = strides(report).is_empty();
    let zone = report.time_zone.as_str();
    let mut larger_before = None;
    (0..report.buckets.len())
        .map(|index| {
            let start = report.buckets[index];
            let say = |style| format_moment(start, zone, style);
            let date = say(TimeStyle::Date);
            let (larger, axis, title) = match report.view {
                View::Hour => {
                    let end = format_moment(report.bucket_end(index), zone, TimeStyle::Minute);
                    let begin = say(TimeStyle::Minute);
                    let title = format!("{}, {begin} – {end}", with_year(&say(TimeStyle::Weekday), &date));
                    (date, begin, title)
                }
                View::Day => (say(TimeStyle::Month), say(TimeStyle::Day), with_year(&say(TimeStyle::Weekday), &date)),
            };
            // A range may begin in the middle of a month: nothing larger begins there.
            let begins = axis == "00:00" || axis.starts_with("1 ");
            let major = larger_before.as_ref().map_or(begins, |before| *before != larger);
            let axis = match report.view {
                View::Hour if major => say(TimeStyle::Day),
                View::Day if only_months => month(&larger),
                _ => axis,
            };
            larger_before = Some(larger);
            Names { axis, major, title }
        })
        .collect()
}

/// `Tue 17 Nov` with the year of `17 Nov 2026`.
fn with_year(weekday: &str, date: &str) -> String {
    let year = date.rsplit(' ').next().unwrap_or_default();
    format!("{weekday} {year}")
}

/// `November 2026` as `Nov`; January with its year.
fn month(name: &str) -> String {
    let short = name.get(..3).unwrap_or(name);
    match name.split_once(' ') {
        Some((_, year)) if short == "Jan" => format!("{short} {year}"),
        _ => short.to_owned(),
    }
}
