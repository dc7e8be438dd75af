//! Names of buckets, in the report's time zone.

use domain::{
    time::Timestamp,
    usage::{UsageReport, View},
};

use crate::components::{TimeStyle, format_moment};

/// Number of days and of weeks from which on the axis names months only.
const MIN_DAYS_FOR_MONTHS: usize = 93;
const MIN_WEEKS_FOR_MONTHS: usize = 27;
/// Allowed distances between two labels, in minutes, hours, days, weeks and months.
const MINUTE_STRIDES: &[usize] = &[1, 2, 5, 10, 15, 30, 60, 120, 180, 360];
const HOUR_STRIDES: &[usize] = &[1, 2, 3, 6, 12];
const DAY_STRIDES: &[usize] = &[1, 2, 3, 5, 7, 10, 14];
const WEEK_STRIDES: &[usize] = &[1, 2, 4];
const MONTH_STRIDES: &[usize] = &[1, 2, 3, 6, 12];

/// Names of one bucket.
pub(super) struct BucketNames {
    /// The label under the axis.
    pub(super) axis: String,
    /// Whether a day of hours, a month of days or weeks, or a year of months begins with the bucket.
    pub(super) major: bool,
    /// The full name: `Tue 17 Nov 2026, 14:00 – 15:00`.
    pub(super) title: String,
}

/// The strides that suit the report's buckets; none if the axis names months only.
pub(super) fn strides(report: &UsageReport) -> &'static [usize] {
    match report.view {
        View::Minute => MINUTE_STRIDES,
        View::Hour => HOUR_STRIDES,
        View::Day if report.buckets.len() >= MIN_DAYS_FOR_MONTHS => &[],
        View::Day => DAY_STRIDES,
        View::Week if report.buckets.len() >= MIN_WEEKS_FOR_MONTHS => &[],
        View::Week => WEEK_STRIDES,
        View::Month => MONTH_STRIDES,
    }
}

pub(super) fn bucket_names(report: &UsageReport) -> Vec<BucketNames> {
    let only_months = strides(report).is_empty();
    let zone = report.time_zone.as_str();
    let mut previous_larger = None;
    (0..report.buckets.len())
        .map(|index| {
            let (start, end) = (report.buckets[index], report.bucket_end(index));
            let in_style = |style| format_moment(start, zone, style);
            let date = in_style(TimeStyle::Date);
            let month_name = in_style(TimeStyle::Month);
            let (larger, axis, title) = match report.view {
                View::Minute | View::Hour => {
                    let begin = in_style(TimeStyle::Minute);
                    let end = format_moment(end, zone, TimeStyle::Minute);
                    let title = format!("{}, {begin} – {end}", with_year(&in_style(TimeStyle::Weekday), &date));
                    (date, begin, title)
                }
                View::Day => (month_name, in_style(TimeStyle::Day), with_year(&in_style(TimeStyle::Weekday), &date)),
                View::Week => (month_name, in_style(TimeStyle::Day), format_days(start, end, zone)),
                View::Month => {
                    let is_whole = [start, end].iter().all(|edge| is_first_of_month(*edge, zone));
                    let title = if is_whole { month_name.clone() } else { format_days(start, end, zone) };
                    (year(&date).to_owned(), month(&month_name), title)
                }
            };
            // A range may begin in the middle of a larger span; its first bucket isn't major then.
            let begins = axis == "00:00" || axis.starts_with("1 ") || axis.starts_with("Jan ");
            let major = previous_larger.as_ref().map_or(begins, |previous| *previous != larger);
            let axis = match report.view {
                View::Minute | View::Hour if major => in_style(TimeStyle::Day),
                View::Day | View::Week if only_months => month(&larger),
                _ => axis,
            };
            previous_larger = Some(larger);
            BucketNames { axis, major, title }
        })
        .collect()
}

/// Names the days from `start` up to `end`, which is excluded: `16 Nov – 22 Nov 2026`.
pub(super) fn format_days(start: Timestamp, end: Timestamp, zone: &str) -> String {
    let (first, last) =
        (format_moment(start, zone, TimeStyle::Date), format_moment(end.plus_millis(-1), zone, TimeStyle::Date));
    if first == last {
        return last;
    }
    let first = if year(&first) == year(&last) { format_moment(start, zone, TimeStyle::Day) } else { first };
    format!("{first} – {last}")
}

fn is_first_of_month(moment: Timestamp, zone: &str) -> bool {
    format_moment(moment, zone, TimeStyle::Day).starts_with("1 ")
}

/// The year of a date such as `17 Nov 2026`.
fn year(date: &str) -> &str {
    date.rsplit(' ').next().unwrap_or_default()
}

/// Appends the year of a date such as `17 Nov 2026` to a day such as `Tue 17 Nov`.
fn with_year(weekday: &str, date: &str) -> String {
    format!("{weekday} {}", year(date))
}

/// Shortens `November 2026` to `Nov`; January keeps its year.
fn month(name: &str) -> String {
    let short = name.get(..3).unwrap_or(name);
    match name.split_once(' ') {
        Some((_, year)) if short == "Jan" => format!("{short} {year}"),
        _ => short.to_owned(),
    }
}
