//! Local dates and times, as files have them.

use chrono::{DateTime, Datelike, Weekday};
use chrono_tz::Tz;
use domain::{time::Timestamp, usage::View};

use super::report;
use crate::{Organization, ServiceResult, zones};

/// Formats moments in one time zone, so that spreadsheets read them as dates.
#[derive(Clone, Copy, Debug)]
pub struct LocalFormat(Tz);

impl LocalFormat {
    /// Makes the format for the named zone, by default the organization's.
    ///
    /// # Errors
    ///
    /// There is no such zone.
    pub fn new(organization: &Organization, zone: Option<&str>) -> ServiceResult<Self> {
        report::zone(organization, zone).map(Self)
    }

    /// The zone's IANA name.
    pub fn zone(self) -> &'static str {
        self.0.name()
    }

    /// Formats a moment to the second: `2026-11-17 14:32:07`.
    pub fn format_second(self, moment: Timestamp) -> String {
        self.local(moment).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// Formats the zone's offset from UTC: `+01:00`. It distinguishes the hours that clocks show twice.
    pub fn format_offset(self, moment: Timestamp) -> String {
        self.local(moment).format("%:z").to_string()
    }

    /// Names the bucket that begins at `start`: a minute or an hour `2026-11-17 14:00`, a day `2026-11-17`, a week by its
    /// Monday, a month `2026-11`.
    pub fn format_bucket(self, view: View, start: Timestamp) -> String {
        let date = zones::date(start, self.0);
        match view {
            View::Minute | View::Hour => self.local(start).format("%Y-%m-%d %H:%M").to_string(),
            View::Day => date.to_string(),
            View::Week => date.week(Weekday::Mon).first_day().to_string(),
            View::Month => format!("{}-{:02}", date.year(), date.month()),
        }
    }

    fn local(self, moment: Timestamp) -> DateTime<Tz> {
        moment.to_chrono().with_timezone(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::{Africa, America, Europe};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn buckets_are_named_by_the_zones_calendar() {
        let berlin = LocalFormat(Europe::Berlin);
        let name = |view, start| berlin.format_bucket(view, at(start));
        assert_eq!(name(View::Hour, "2026-11-16T23:00:00Z"), "2026-11-17 00:00");
        assert_eq!(name(View::Day, "2026-11-16T23:00:00Z"), "2026-11-17");
        assert_eq!(name(View::Month, "2026-10-31T23:00:00Z"), "2026-11");
        assert_eq!(name(View::Week, "2026-11-15T23:00:00Z"), "2026-11-16");
        assert_eq!(name(View::Week, "2026-11-17T23:00:00Z"), "2026-11-16", "a week that began before the range");
        assert_eq!(berlin.format_second(at("2026-11-17T13:32:07.5Z")), "2026-11-17 14:32:07");
    }

    #[test]
    fn an_hour_that_comes_twice_differs_by_its_offset() {
        let berlin = LocalFormat(Europe::Berlin);
        let hour = |start| (berlin.format_bucket(View::Hour, at(start)), berlin.format_offset(at(start)));
        assert_eq!(hour("2026-10-25T00:00:00Z"), ("2026-10-25 02:00".to_owned(), "+02:00".to_owned()));
        assert_eq!(hour("2026-10-25T01:00:00Z"), ("2026-10-25 02:00".to_owned(), "+01:00".to_owned()));
        // Midnight didn't exist: the day began at one.
        let cairo = LocalFormat(Africa::Cairo);
        assert_eq!(cairo.format_bucket(View::Day, at("2026-04-23T22:00:00Z")), "2026-04-24");
        assert_eq!(LocalFormat(America::St_Johns).format_offset(at("2026-01-01T00:00:00Z")), "-03:30");
    }
}
