//! What a chart shows, as plain data.

use super::{
    slots::{Slot, slots},
    units::Unit,
};

/// Bars over time, one stack for each bucket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartData {
    pub unit: Unit,
    pub buckets: Vec<Bucket>,
    /// In the order they are stacked, from the bottom up.
    pub series: Vec<Series>,
    /// The bucket that is still being filled.
    pub running: Option<usize>,
    /// How many buckets may lie between two labels, ascending: whole weeks look better than nine days.
    pub strides: &'static [usize],
}

/// A stretch of time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Bucket {
    /// What the axis says under it.
    pub axis: String,
    /// Whether something larger begins with it (a day of hours, a month of days), so that its label goes first.
    pub major: bool,
    /// Its whole name: `Tuesday, 17 November 2026`.
    pub title: String,
    /// Where its bar leads.
    pub href: Option<String>,
    /// What is there: `See its 8,410 calls`.
    pub action: String,
}

/// One colour of the stacks.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Series {
    /// What its colour is chosen by, so that it has the same on every page.
    pub key: String,
    pub label: String,
    /// Where its name leads: what is shown, narrowed to it.
    pub href: Option<String>,
    /// One value for each bucket, in the chart's unit; negative ones count as 0.
    pub values: Vec<i64>,
}

impl Series {
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
        self.series.iter().map(Series::total).sum()
    }

    /// The highest stack.
    pub fn maximum(&self) -> i128 {
        (0..self.buckets.len()).map(|bucket| self.total(bucket)).max().unwrap_or(0)
    }

    /// Each series' colour.
    pub fn slots(&self) -> Vec<Slot> {
        slots(self.series.iter().map(|series| series.key.as_str()))
    }

    /// A bucket's stack, the largest value first, without what is 0: series' index and value.
    pub fn largest_first(&self, bucket: usize) -> Vec<(usize, i64)> {
        let mut parts: Vec<_> =
            self.series.iter().map(|series| series.value(bucket)).enumerate().filter(|(_, value)| *value > 0).collect();
        parts.sort_by_key(|(_, value)| std::cmp::Reverse(*value));
        parts
    }

    /// What a screen reader says of a bucket.
    #[cfg(feature = "csr")]
    pub fn describe(&self, bucket: usize) -> String {
        let Some(Bucket { title, action, .. }) = self.buckets.get(bucket) else { return String::new() };
        let running = if self.running == Some(bucket) { ", still running" } else { "" };
        format!("{title}{running}: {}. {action}", self.unit.exact(self.total(bucket)))
    }
}
