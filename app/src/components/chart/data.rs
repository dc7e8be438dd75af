//! A chart's contents, as plain data.

use super::{
    slots::{Slot, slots},
    units::Unit,
};

/// Bars over time, one stack for each bucket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartData {
    pub unit: Unit,
    pub buckets: Vec<Bucket>,
    /// Series in stacking order, from the bottom up.
    pub series: Vec<ChartSeries>,
    /// The bucket that is still being filled.
    pub running: Option<usize>,
    /// Allowed distances between labels in buckets, ascending: whole weeks look better than nine days.
    pub strides: &'static [usize],
}

/// A span of time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Bucket {
    /// Label under the axis.
    pub axis: String,
    /// Whether a larger span begins with it (a day of hours, a month of days), whose label takes precedence.
    pub major: bool,
    /// Full name: `Tuesday, 17 November 2026`.
    pub title: String,
    /// Text below its values: `8,410 calls, 3 rejected`.
    pub detail: String,
    /// Address that its bar links to.
    pub href: Option<String>,
    /// Text of its link: `View calls`.
    pub action: &'static str,
}

/// A series of the stacks, in one color.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ChartSeries {
    /// Key that its color is chosen by, so that it is equal on every page.
    pub key: String,
    pub label: String,
    /// Address that its name links to: the page narrowed to it.
    pub href: Option<String>,
    /// Values, one for each bucket, in the chart's unit; negative ones count as 0.
    pub values: Vec<i64>,
    /// Whether a value of 0 isn't known instead, for each bucket; empty if all values are known.
    pub unknown: Vec<bool>,
}

impl ChartSeries {
    pub fn value(&self, bucket: usize) -> i64 {
        self.values.get(bucket).copied().unwrap_or(0).max(0)
    }

    /// The sum over all buckets.
    pub fn total(&self) -> i128 {
        self.values.iter().map(|&value| i128::from(value.max(0))).sum()
    }

    /// Whether the value of a bucket is unknown at least in part.
    #[cfg(feature = "csr")]
    pub fn is_unknown(&self, bucket: usize) -> bool {
        self.unknown.get(bucket).is_some_and(|unknown| *unknown)
    }
}

impl ChartData {
    /// The sum of a bucket's stack.
    pub fn total(&self, bucket: usize) -> i128 {
        self.series.iter().map(|series| i128::from(series.value(bucket))).sum()
    }

    /// The sum of everything.
    pub fn sum(&self) -> i128 {
        self.series.iter().map(ChartSeries::total).sum()
    }

    /// The highest stack.
    pub fn maximum(&self) -> i128 {
        (0..self.buckets.len()).map(|bucket| self.total(bucket)).max().unwrap_or(0)
    }

    /// The color of each series.
    pub fn slots(&self) -> Vec<Slot> {
        slots(self.series.iter().map(|series| series.key.as_str()))
    }

    /// A bucket's values above 0 with the index of their series, the largest first.
    pub fn largest_first(&self, bucket: usize) -> Vec<(usize, i64)> {
        let mut parts: Vec<_> =
            self.series.iter().map(|series| series.value(bucket)).enumerate().filter(|(_, value)| *value > 0).collect();
        parts.sort_by_key(|(_, value)| std::cmp::Reverse(*value));
        parts
    }

    /// Whether a bucket has anything to read: a value, or calls behind it.
    #[cfg(feature = "csr")]
    pub fn has_bar(&self, bucket: usize) -> bool {
        self.total(bucket) > 0 || self.buckets.get(bucket).is_some_and(|bucket| bucket.href.is_some())
    }

    /// Formats the sum of a bucket's stack.
    #[cfg(feature = "csr")]
    pub fn format_total(&self, bucket: usize) -> String {
        self.unit.format_known(self.total(bucket), self.series.iter().any(|series| series.is_unknown(bucket)))
    }

    /// Describes a bucket for screen readers.
    #[cfg(feature = "csr")]
    pub fn describe(&self, bucket: usize) -> String {
        let Some(Bucket { title, detail, action, .. }) = self.buckets.get(bucket) else { return String::new() };
        let running = if self.running == Some(bucket) { ", in progress" } else { "" };
        let text = format!("{title}{running}: {}. {detail}", self.format_total(bucket));
        if action.is_empty() { text } else { format!("{text}. {action}") }
    }
}
