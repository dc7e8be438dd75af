//! Names of buckets, in the report's time zone.

use domain::usage::{UsageReport, View};

use crate::components::{TimeStyle, format_moment};

/// Number of days from which on the axis names months only.
const MIN_DAYS_FOR_MONTHS: usize = 93;
/// Allowed distances between two labels, in hours and in days.
const HOUR_STRIDES: &[usize] = &[1, 2, 3, 6, 12];
const DAY_STRIDES: &[usize] = &[1, 2, 3, 5, 7, 10, 14];

/// Names of one bucket.
pub(super) struct BucketNames {
    /// The label under the axis.
    pub(super) axis: String,
    /// Whether a day of hours or a month of days begins with the bucket.
    pub(super) major: bool,
    /// The full name: `Tue 17 Nov 2026, 14:00 – 15:00`.
    pub(super) title: String,
}

/// The strides that suit the report's buckets; none if the axis names months only.
pub(super) fn strides(report: &UsageReport) -> &'static [usize] {
    match report.view {
        View::Hour => HOUR_STRIDES,
        View::Day if report.buckets.len() >= MIN_DAYS_FOR_MONTHS => &[],
        View::Day => DAY_STRIDES,
    }
}

pub(super) fn bucket_names(report: &UsageReport) -> Vec<BucketNames> {
    let only_months = strides(report).is_empty();
    let zone = report.time_zone.as_str();
    let mut previous_larger = None;
    (0..report.buckets.len())
        .map(|index| {
            let start = report.buckets[index];
            let in_style = |style| format_moment(start, zone, style);
            let date = in_style(TimeStyle::Date);
            let (larger, axis, title) = match report.view {
                View::Hour => {
                    let end = format_moment(report.bucket_end(index), zone, TimeStyle::Minute);
                    let begin = in_style(TimeStyle::Minute);
                    let title = format!("{}, {begin} – {end}", with_year(&in_style(TimeStyle::Weekday), &date));
                    (date, begin, title)
                }
                View::Day => (
                    in_style(TimeStyle::Month),
                    in_style(TimeStyle::Day),
                    with_year(&in_style(TimeStyle::Weekday), &date),
                ),
            };
            // A range may begin in the middle of a month; its first bucket isn't major then.
            let begins = axis == "00:00" || axis.starts_with("1 ");
            let major = previous_larger.as_ref().map_or(begins, |previous| *previous != larger);
            let axis = match report.view {
                View::Hour if major => in_style(TimeStyle::Day),
                View::Day if only_months => month(&larger),
                _ => axis,
            };
            previous_larger = Some(larger);
            BucketNames { axis, major, title }
        })
        .collect()
}

/// Appends the year of a date such as `17 Nov 2026` to a day such as `Tue 17 Nov`.
fn with_year(weekday: &str, date: &str) -> String {
    let year = date.rsplit(' ').next().unwrap_or_default();
    format!("{weekday} {year}")
}

/// Shortens `November 2026` to `Nov`; January keeps its year.
fn month(name: &str) -> String {
    let short = name.get(..3).unwrap_or(name);
    match name.split_once(' ') {
        Some((_, year)) if short == "Jan" => format!("{short} {year}"),
        _ => short.to_owned(),
    }
}
