//! Queries of usage, and their form in a page's address.

use std::{fmt, str::FromStr};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    comparison::Comparison,
    filter::{Filter, Group},
};
use crate::{
    choices,
    text::from_text,
    time::{DAY_MILLIS, MINUTE_MILLIS, Timestamp},
};

choices! {
    /// The length of a bucket.
    #[derive(Default)]
    View, "view" {
        /// For ranges of a day at most.
        Minute = "minute", "By minute";
        Hour = "hour", "Hourly";
        #[default]
        Day = "day", "Daily";
        /// From Monday to Sunday.
        Week = "week", "Weekly";
        /// A calendar month.
        Month = "month", "Monthly";
    }
}

choices! {
    /// The measure that a chart shows.
    #[derive(Default)]
    Metric, "metric" {
        #[default]
        Spend = "spend", "Spend";
        Calls = "calls", "Calls";
        /// Input and output tokens together.
        Tokens = "tokens", "Tokens";
        InputTokens = "input-tokens", "Input tokens";
        CachedTokens = "cached-tokens", "Cached input tokens";
        OutputTokens = "output-tokens", "Output tokens";
        Errors = "errors", "Errors";
        Rejected = "rejected", "Rejected calls";
        Images = "images", "Images";
        VideoMinutes = "video", "Video minutes";
        AudioMinutes = "audio", "Audio minutes";
        /// Bytes stored, on average over a bucket.
        Storage = "storage", "Storage";
        /// Percentiles of the time to the last byte.
        Latency = "latency", "Latency";
        /// Percentiles of the time to the first byte.
        FirstToken = "first-token", "Time to first token";
    }
}

choices! {
    /// The form of a chart.
    #[derive(Default)]
    ChartForm, "form" {
        #[default]
        Stacked = "stacked", "Stacked";
        Lines = "lines", "Lines";
        /// Each series as its share of the whole.
        Share = "share", "Share";
    }
}

/// Maximum number of days on one chart: a little over two years.
const MAX_CHART_DAYS: i64 = 750;

/// A range of time.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Range {
    Today,
    Last7Days,
    Last30Days,
    /// The current calendar month, which is also the billing cycle.
    #[default]
    MonthToDate,
    LastMonth,
    Last90Days,
    Last12Months,
    Custom(CustomRange),
    /// From one minute to another, as a zoomed chart shows.
    Between(MinuteRange),
}

/// A range of whole days, both ends included.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CustomRange {
    first: NaiveDate,
    last: NaiveDate,
}

impl CustomRange {
    /// Maximum length in days: a little over ten years.
    pub const MAX_DAYS: i64 = 3660;

    /// Makes a range; `None` where the days are in the wrong order, too many, or outside the years 2000 to
    /// 2199.
    pub fn new(first: NaiveDate, last: NaiveDate) -> Option<Self> {
        use chrono::Datelike;
        let days = last.signed_duration_since(first).num_days();
        let years = 2000..=2199;
        let fits = (0..Self::MAX_DAYS).contains(&days) && years.contains(&first.year()) && years.contains(&last.year());
        fits.then_some(Self { first, last })
    }

    /// The first day.
    pub fn first(self) -> NaiveDate {
        self.first
    }

    /// The last day, which the range includes.
    pub fn last(self) -> NaiveDate {
        self.last
    }
}

/// A range of whole minutes, its end excluded.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct MinuteRange {
    from: Timestamp,
    to: Timestamp,
}

impl MinuteRange {
    /// Makes a range; `None` unless both are full minutes in the right order, at most [`CustomRange::MAX_DAYS`] apart.
    pub fn new(from: Timestamp, to: Timestamp) -> Option<Self> {
        let is_full = |moment: Timestamp| moment.millis() % MINUTE_MILLIS == 0;
        let length = to.millis().checked_sub(from.millis())?;
        let fits = (1..=CustomRange::MAX_DAYS * DAY_MILLIS).contains(&length);
        (is_full(from) && is_full(to) && fits).then_some(Self { from, to })
    }

    /// The range's first instant.
    pub const fn from(self) -> Timestamp {
        self.from
    }

    /// The end, which the range doesn't include.
    pub const fn to(self) -> Timestamp {
        self.to
    }
}

impl Range {
    /// Named ranges, in the order in which they are offered.
    pub const PRESETS: [Self; 7] = [
        Self::Today,
        Self::Last7Days,
        Self::Last30Days,
        Self::MonthToDate,
        Self::LastMonth,
        Self::Last90Days,
        Self::Last12Months,
    ];

    /// The label shown to people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Today => "Today",
            Self::Last7Days => "Last 7 days",
            Self::Last30Days => "Last 30 days",
            Self::MonthToDate => "Month to date",
            Self::LastMonth => "Last month",
            Self::Last90Days => "Last 90 days",
            Self::Last12Months => "Last 12 months",
            Self::Custom(_) | Self::Between(_) => "Custom",
        }
    }

    /// The maximum length of the range, in days.
    pub fn most_days(self) -> i64 {
        match self {
            Self::Today => 1,
            Self::Last7Days => 7,
            Self::Last30Days => 30,
            Self::MonthToDate | Self::LastMonth => 31,
            Self::Last90Days => 90,
            Self::Last12Months => 366,
            Self::Custom(range) => range.last.signed_duration_since(range.first).num_days() + 1,
            Self::Between(range) => (range.to.millis() - range.from.millis() + DAY_MILLIS - 1) / DAY_MILLIS,
        }
    }

    /// Whether a chart can show the range by this view: hours and days only if they aren't too many, weeks and
    /// months only if they aren't too few. (31 days have up to 745 hours where clocks go back.)
    pub fn fits(self, view: View) -> bool {
        let days = self.most_days();
        match view {
            View::Minute => days <= 1,
            View::Hour => days <= 31,
            View::Day => days <= MAX_CHART_DAYS,
            View::Week | View::Month => days > 90,
        }
    }

    /// The view that is shown unless the member chooses one.
    pub fn default_view(self) -> View {
        match self.most_days() {
            ..=2 => View::Hour,
            3..=90 => View::Day,
            91..=MAX_CHART_DAYS => View::Week,
            _ => View::Month,
        }
    }
}

/// Parses a day such as `2026-11-17`.
///
/// chrono's parser, which knows many formats, would make the dashboard 10 KB larger.
pub fn parse_day(text: &str) -> Option<NaiveDate> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Today => "today",
            Self::Last7Days => "7d",
            Self::Last30Days => "30d",
            Self::MonthToDate => "month",
            Self::LastMonth => "last-month",
            Self::Last90Days => "90d",
            Self::Last12Months => "12m",
            Self::Custom(range) => return write!(f, "{}..{}", range.first, range.last),
            Self::Between(range) => return write!(f, "{}..{}", range.from, range.to),
        })
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(preset) = Self::PRESETS.into_iter().find(|preset| preset.to_string() == text) {
            return Ok(preset);
        }
        let ends = text.split_once("..");
        ends.and_then(|(first, last)| CustomRange::new(parse_day(first)?, parse_day(last)?))
            .map(Self::Custom)
            .or_else(|| {
                ends.and_then(|(from, to)| MinuteRange::new(from.parse().ok()?, to.parse().ok()?)).map(Self::Between)
            })
            .ok_or_else(|| {
                "Must be today, 7d, 30d, month, last-month, 90d, 12m, two days such as 2026-11-01..2026-11-17, or two full \
                 minutes such as 2026-11-17T14:00:00Z..2026-11-17T15:00:00Z."
                    .to_owned()
            })
    }
}

impl Serialize for Range {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

/// A query for a usage report.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct UsageQuery {
    pub range: Range,
    /// `None` for the range's default.
    pub view: Option<View>,
    pub group: Group,
    /// Measure by which the largest series are chosen.
    pub metric: Metric,
    /// IANA time zone; `None` for the organization's.
    pub time_zone: Option<String>,
    pub filter: Filter,
    /// The earlier range to compare with.
    pub compare: Option<Comparison>,
    /// Whether the report lists the groups that have no series of their own.
    pub all_groups: bool,
}

impl UsageQuery {
    /// The view to show: the chosen one if it fits the range.
    pub fn view(&self) -> View {
        self.view.filter(|view| self.range.fits(*view)).unwrap_or_else(|| self.range.default_view())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn presets_and_days_survive_a_round_trip() {
        for text in ["today", "7d", "30d", "month", "last-month", "90d", "12m", "2026-02-28..2026-03-01"] {
            assert_eq!(text.parse::<Range>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn impossible_days_are_refused() {
        for text in [
            "",
            "..",
            "2026-02-30..2026-03-01",
            "2026-03-02..2026-03-01",
            "1999-12-31..2000-01-01",
            "2000-01-01..2199-01-01",
            "yesterday",
        ] {
            assert!(text.parse::<Range>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_view_is_only_shown_where_it_fits() {
        let shown = |range: &str, view| {
            UsageQuery { range: range.parse().unwrap(), view, ..UsageQuery::default() }.view().name()
        };
        for (range, [minute, hour, day, week, month], default) in [
            ("today", ["minute", "hour", "day", "hour", "hour"], "hour"),
            ("month", ["day", "hour", "day", "day", "day"], "day"),
            ("90d", ["day", "day", "day", "day", "day"], "day"),
            ("2026-01-01..2026-04-01", ["week", "week", "day", "week", "month"], "week"),
            ("12m", ["week", "week", "day", "week", "month"], "week"),
            ("2020-01-01..2026-11-17", ["month", "month", "month", "week", "month"], "month"),
        ] {
            assert_eq!(View::ALL.map(|view| shown(range, Some(view))), [minute, hour, day, week, month], "{range}");
            assert_eq!(shown(range, None), default, "{range}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_range_or_an_error(text: String) {
            let _ = text.parse::<Range>();
        }
    }
}
