//! Converts a report to the chart's data.

use domain::{
    calls::OutcomeFilter,
    usage::{Filter, Group, Measures, Metric, OTHERS, UsageQuery, UsageReport},
};

use super::names::{bucket_names, strides};
use crate::{
    addresses::{LogsAddress, UsageAddress},
    components::{
        chart::{Bucket, ChartData, ChartSeries, Unit},
        format_count,
    },
};

/// Targets of the links in a report's chart and table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Links {
    /// The organization's slug.
    pub(crate) organization: String,
    /// The usage page of the report.
    pub(crate) address: UsageAddress,
    /// Whether the member may read calls, without which bars lead nowhere.
    pub(crate) to_logs: bool,
}

impl Links {
    /// The calls from bucket `first` to the end of bucket `last`.
    pub(crate) fn calls(&self, report: &UsageReport, first: usize, last: usize) -> Option<LogsAddress> {
        self.to_logs.then(|| LogsAddress {
            from: report.buckets.get(first).copied(),
            to: Some(report.bucket_end(last)),
            filter: self.address.query.filter.clone(),
            time_zone: self.address.query.time_zone.clone(),
            ..LogsAddress::default()
        })
    }

    /// All calls of the report.
    pub(crate) fn all_calls(&self, report: &UsageReport) -> Option<LogsAddress> {
        self.calls(report, 0, report.buckets.len().saturating_sub(1))
    }

    /// The filter narrowed to one series; `None` if the series isn't a single model, key or project, or if
    /// the filter already is that narrow.
    pub(crate) fn narrowed_filter(&self, key: &str) -> Option<Filter> {
        let filter = self.address.query.filter.clone();
        let narrowed = match self.address.query.group {
            Group::Model if !key.is_empty() && key != OTHERS => {
                Filter { model: Some(key.to_owned()), ..filter.clone() }
            }
            Group::Model => return None,
            Group::ApiKey => Filter { api_key: Some(key.parse().ok()?), ..filter.clone() },
            Group::Project => Filter { project: Some(key.parse().ok()?), ..filter.clone() },
        };
        (narrowed != filter).then_some(narrowed)
    }

    /// The usage page narrowed to one series, or with all groups for the sum of the others.
    pub(crate) fn series(&self, key: &str) -> Option<String> {
        if key == OTHERS {
            return Some(self.groups(true));
        }
        let filter = self.narrowed_filter(key)?;
        Some(self.page(UsageQuery { filter, ..self.address.query.clone() }))
    }

    /// The usage page with all groups in its table, or only with those that have a series.
    pub(crate) fn groups(&self, all_groups: bool) -> String {
        self.page(UsageQuery { all_groups, ..self.address.query.clone() })
    }

    /// The usage page with another query.
    pub(crate) fn page(&self, query: UsageQuery) -> String {
        UsageAddress { query }.href(&self.organization)
    }
}

/// The calls of a bucket, as its tooltip counts them.
#[derive(Clone, Copy, Default)]
struct BucketCalls {
    calls: i64,
    rejected: i64,
    unpriced: i64,
}

impl BucketCalls {
    /// Counts the calls that a bar of `metric` leads to: errors, or all.
    fn add(&mut self, measures: &Measures, metric: Metric) {
        if metric == Metric::Errors {
            self.calls += measures.errors;
        } else {
            self.calls += measures.calls;
            self.rejected += measures.refused;
        }
        if metric == Metric::Spend {
            self.unpriced += measures.unpriced;
        }
    }

    /// Formats the counts: `8,410 calls, 3 rejected`.
    fn describe(self, noun: &str) -> String {
        let mut text = match self.calls {
            0 => format!("No {noun}s"),
            calls => plural(calls, noun),
        };
        for (count, kind) in [(self.rejected, "rejected"), (self.unpriced, "unpriced")] {
            if count > 0 {
                text.push_str(&format!(", {} {kind}", format_count(count)));
            }
        }
        text
    }
}

pub(crate) fn chart_data(report: &UsageReport, links: &Links) -> ChartData {
    let metric = links.address.query.metric;
    // A bar links to the calls it counts.
    let (noun, outcome) =
        if metric == Metric::Errors { ("error", Some(OutcomeFilter::Errors)) } else { ("call", None) };
    let mut counts = vec![BucketCalls::default(); report.buckets.len()];
    let mut series = Vec::with_capacity(report.series.len());
    for group in &report.series {
        let mut values = vec![0; report.buckets.len()];
        let mut unknown = vec![false; report.buckets.len()];
        for point in &group.points {
            let bucket = point.bucket as usize;
            if let (Some(value), Some(count)) = (values.get_mut(bucket), counts.get_mut(bucket)) {
                *value = point.measures.get(metric);
                count.add(&point.measures, metric);
                unknown[bucket] = metric == Metric::Spend && point.measures.is_spend_unknown();
            }
        }
        series.push(ChartSeries {
            key: group.key.clone(),
            label: group.label.clone(),
            href: links.series(&group.key),
            values,
            unknown,
        });
    }
    let bucket = |(index, names): (usize, super::names::BucketNames)| {
        let count = counts[index];
        let address = links.calls(report, index, index).filter(|_| count.calls + count.rejected > 0);
        Bucket {
            axis: names.axis,
            major: names.major,
            title: names.title,
            detail: count.describe(noun),
            action: if address.is_some() { view_label(metric) } else { "" },
            href: address.map(|address| LogsAddress { outcome, ..address }.href(&links.organization)),
        }
    };
    ChartData {
        unit: unit(metric),
        buckets: bucket_names(report).into_iter().enumerate().map(bucket).collect(),
        series,
        running: running_bucket(report),
        strides: strides(report),
    }
}

/// The label of a link to the calls that a metric counts.
pub(super) fn view_label(metric: Metric) -> &'static str {
    if metric == Metric::Errors { "View errors" } else { "View calls" }
}

pub(crate) fn unit(metric: Metric) -> Unit {
    match metric {
        Metric::Spend => Unit::Money,
        Metric::Tokens | Metric::Calls | Metric::Errors => Unit::Count,
    }
}

/// Index of the bucket that was still running when the report was read.
fn running_bucket(report: &UsageReport) -> Option<usize> {
    let last = report.buckets.iter().rposition(|start| *start <= report.read_at)?;
    (report.read_at < report.bucket_end(last)).then_some(last)
}

/// A count with its noun: `1 call`, `8,410 calls`.
pub(crate) fn plural(count: i64, noun: &str) -> String {
    format!("{} {noun}{}", format_count(count), if count == 1 { "" } else { "s" })
}
