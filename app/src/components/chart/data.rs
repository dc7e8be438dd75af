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
    /// Address that its bar links to.
    pub href: Option<String>,
    /// Text of its link: `See its 8,410 calls`.
    pub action: String,
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
}

impl ChartSeries {
    pub fn value(&self, bucket: usize) -> i64 {
        self.values.get(bucket).copied().unwrap_or(0).max(0)
    }

    /// The sum over all buckets.
    pub fn total(&self) -> i128 {
        self.values.iter().map(|&value| i128::from(value.max(0))).sum()
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

    /// Describes a bucket for screen readers.
    #[cfg(feature = "csr")]
    pub fn describe(&self, bucket: usize) -> String {
        let Some(Bucket { title, action, .. }) = self.buckets.get(bucket) else { return String::new() };
        let running = if self.running == Some(bucket) { ", still running" } else { "" };
        format!("{title}{running}: {}. {action}", self.unit.format_exact(self.total(bucket)))
    }
}
