//! A chart's contents, as plain data.

use domain::usage::ChartForm;

use super::{
    slots::{Slot, slots},
    units::Unit,
};

/// Values over time: one stack of bars for each bucket, or a line for each series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartData {
    pub unit: Unit,
    pub form: ChartForm,
    pub buckets: Vec<Bucket>,
    /// Series in stacking order, from the bottom up.
    pub series: Vec<ChartSeries>,
    /// Sums of an earlier range, over all series.
    pub compared: Option<ComparedLine>,
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
    /// A second link, which only its tooltip shows: its text and address.
    pub other_link: Option<(&'static str, String)>,
}

/// Sums of an earlier range, which a dashed line shows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ComparedLine {
    /// The range's name: `Previous period`.
    pub label: String,
    /// Sums, by the place of the buckets; fewer than these where the rest is yet to come.
    pub values: Vec<i64>,
    /// What has changed since, for each bucket: `+12.3%`.
    pub differences: Vec<String>,
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
    /// What an estimated value lies between, for each bucket: `1 s – 2.5 s`; empty if all values are exact.
    pub ranges: Vec<String>,
    /// Whether the reader has hidden it: its values count as 0.
    pub hidden: bool,
}

impl ChartSeries {
    pub fn value(&self, bucket: usize) -> i64 {
        if self.hidden { 0 } else { self.values.get(bucket).copied().unwrap_or(0).max(0) }
    }

    /// The sum over all buckets.
    pub fn total(&self) -> i128 {
        (0..self.values.len()).map(|bucket| i128::from(self.value(bucket))).sum()
    }

    /// Whether the value of a bucket is unknown at least in part.
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

    /// The highest stack or point, also of the compared line.
    pub fn maximum(&self) -> i128 {
        let highest = |bucket| match self.form {
            ChartForm::Lines => self.series.iter().map(|series| i128::from(series.value(bucket))).max().unwrap_or(0),
            ChartForm::Stacked | ChartForm::Share => self.total(bucket),
        };
        let highest = (0..self.buckets.len()).map(highest).max().unwrap_or(0);
        let compared = self.compared.iter().flat_map(|line| &line.values).copied().max().unwrap_or(0);
        highest.max(compared.into())
    }

    /// The data with these series hidden, by their keys. A single series always shows: nothing in the legend would bring it back.
    #[must_use]
    pub fn with_hidden(mut self, keys: &[String]) -> Self {
        let are_several = self.series.len() > 1;
        for series in &mut self.series {
            series.hidden = are_several && keys.contains(&series.key);
        }
        self
    }

    /// The earlier range, if the form has a line for it: shares have none.
    pub fn compared_line(&self) -> Option<&ComparedLine> {
        self.compared.as_ref().filter(|_| self.form != ChartForm::Share)
    }

    /// The last bucket that has begun.
    pub fn last_begun(&self) -> usize {
        self.running.unwrap_or(self.buckets.len().saturating_sub(1))
    }

    /// The color of each series.
    pub fn slots(&self) -> Vec<Slot> {
        slots(self.series.iter().map(|series| series.key.as_str()))
    }

    /// A bucket's values above 0 with the index of their series, the largest first.
    pub fn largest_first(&self, bucket: usize) -> Vec<(usize, i64)> {
        let mut parts: Vec<(usize, i64)> = Vec::new();
        for (index, series) in self.series.iter().enumerate() {
            let value = series.value(bucket);
            if value > 0 {
                // There are few, and the library's sorting is four kilobytes for each type.
                let place = parts.iter().position(|(_, other)| *other < value).unwrap_or(parts.len());
                parts.insert(place, (index, value));
            }
        }
        parts
    }

    /// Whether a bucket has anything to read: a value, or calls behind it.
    #[cfg(feature = "csr")]
    pub fn has_bar(&self, bucket: usize) -> bool {
        self.total(bucket) > 0 || self.buckets.get(bucket).is_some_and(|bucket| bucket.href.is_some())
    }

    /// Formats the sum of a bucket's stack; empty where values don't add up.
    #[cfg(feature = "csr")]
    pub fn format_total(&self, bucket: usize) -> String {
        if !self.unit.adds_up() {
            return String::new();
        }
        self.unit.format_known(self.total(bucket), self.series.iter().any(|series| series.is_unknown(bucket)))
    }

    /// Describes a bucket for screen readers.
    #[cfg(feature = "csr")]
    pub fn describe(&self, bucket: usize) -> String {
        let Some(Bucket { title, detail, action, .. }) = self.buckets.get(bucket) else { return String::new() };
        let running = if self.running == Some(bucket) { ", in progress" } else { "" };
        let values = if self.unit.adds_up() { self.format_total(bucket) } else { self.format_each(bucket) };
        let mut text = format!("{title}{running}: {values}. {detail}");
        if let Some((label, value, difference)) = self.compared_at(bucket) {
            text.push_str(&format!(". {label}: {value} {difference}"));
        }
        if action.is_empty() { text } else { format!("{text}. {action}") }
    }

    /// The compared line's label, value and difference at a bucket.
    #[cfg(feature = "csr")]
    pub fn compared_at(&self, bucket: usize) -> Option<(String, String, String)> {
        let line = self.compared.as_ref()?;
        let value = *line.values.get(bucket)?;
        let difference = line.differences.get(bucket).cloned().unwrap_or_default();
        Some((line.label.clone(), self.unit.format_exact(value.into()), difference))
    }

    /// Formats a bucket's values one by one: `p50 0.41 s, p95 1.90 s`.
    #[cfg(feature = "csr")]
    fn format_each(&self, bucket: usize) -> String {
        let value = |series: &ChartSeries| {
            let value = self.unit.format_known(series.value(bucket).into(), series.is_unknown(bucket));
            format!("{} {value}", series.label)
        };
        self.series.iter().filter(|series| !series.hidden).map(value).collect::<Vec<_>>().join(", ")
    }
}
