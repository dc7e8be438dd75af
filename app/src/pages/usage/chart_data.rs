//! Converts a report to the chart's data.

use domain::usage::{ChartForm, Measures, Metric, UsageReport};

use super::{
    differences::format_difference,
    links::{BarLinks, Links},
    measure::{elapsed_of_bucket, is_duration, running_bucket, unit, value},
    names::{BucketNames, bucket_names, strides},
    percentiles::percentile_series,
};
use crate::components::{
    chart::{Bucket, ChartData, ChartSeries, ComparedLine},
    format_count,
};

/// The text of a bucket's calls: those that its bar leads to.
fn describe_calls(measures: &Measures, metric: Metric) -> String {
    let (count, noun) = match metric {
        Metric::Errors => (measures.errors, "error"),
        Metric::Rejected => (measures.refused, "rejected call"),
        _ => (measures.calls, "call"),
    };
    let mut text = match count {
        0 => format!("No {noun}s"),
        count => plural(count, noun),
    };
    let rejected = if matches!(metric, Metric::Errors | Metric::Rejected) { 0 } else { measures.refused };
    let unpriced = if metric == Metric::Spend { measures.unpriced } else { 0 };
    for (count, kind) in [(rejected, "rejected"), (unpriced, "unpriced")] {
        if count > 0 {
            text.push_str(&format!(", {} {kind}", format_count(count)));
        }
    }
    text
}

/// Whether a bar of `metric` has calls behind it.
fn has_calls(measures: &Measures, metric: Metric) -> bool {
    match metric {
        Metric::Errors => measures.errors > 0,
        Metric::Rejected => measures.refused > 0,
        _ => measures.calls + measures.refused > 0,
    }
}

pub(crate) fn chart_data(report: &UsageReport, links: &Links) -> ChartData {
    let metric = links.address.query.metric;
    let sums = bucket_sums(report);
    let bucket = |(index, names): (usize, BucketNames)| {
        let measures = sums[index];
        let BarLinks { main, other } =
            if has_calls(&measures, metric) { links.bar(report, index) } else { BarLinks::default() };
        let (action, href) = main.map_or(("", None), |(action, href)| (action, Some(href)));
        Bucket {
            axis: names.axis,
            major: names.major,
            title: names.title,
            detail: describe_calls(&measures, metric),
            action,
            href,
            other_link: other,
        }
    };
    ChartData {
        unit: unit(metric),
        form: if is_duration(metric) { ChartForm::Lines } else { links.address.form },
        buckets: bucket_names(report).into_iter().enumerate().map(bucket).collect(),
        series: if is_duration(metric) { percentile_series(report) } else { series(report, links) },
        compared: compared_line(report, metric, &sums),
        running: running_bucket(report),
        strides: strides(report),
    }
}

/// The sums over all groups, by bucket.
pub(crate) fn bucket_sums(report: &UsageReport) -> Vec<Measures> {
    let mut sums = vec![Measures::default(); report.buckets.len()];
    for point in report.series.iter().flat_map(|series| &series.points) {
        if let Some(sum) = sums.get_mut(point.bucket as usize) {
            *sum += point.measures;
        }
    }
    sums
}

fn series(report: &UsageReport, links: &Links) -> Vec<ChartSeries> {
    let metric = links.address.query.metric;
    let series = |group: &domain::usage::Series| {
        let mut values = vec![0; report.buckets.len()];
        let mut unknown = vec![false; report.buckets.len()];
        for point in &group.points {
            let bucket = point.bucket as usize;
            if let (Some(slot), Some(is_unknown)) = (values.get_mut(bucket), unknown.get_mut(bucket)) {
                *slot = value(&point.measures, metric, elapsed_of_bucket(report, bucket));
                *is_unknown = metric == Metric::Spend && point.measures.is_spend_unknown();
            }
        }
        ChartSeries {
            key: group.key.clone(),
            label: group.label.clone(),
            href: links.series(&group.key),
            values,
            unknown,
            ..ChartSeries::default()
        }
    };
    report.series.iter().map(series).collect()
}

/// The sums of the compared range, up to the bucket that is running. How long calls took then isn't known.
fn compared_line(report: &UsageReport, metric: Metric, sums: &[Measures]) -> Option<ComparedLine> {
    let compared = report.compared.as_ref().filter(|_| !is_duration(metric))?;
    let begun = running_bucket(report).map_or(report.buckets.len(), |running| running + 1);
    let pairs = || sums.iter().zip(&compared.buckets).take(begun).enumerate();
    Some(ComparedLine {
        label: compared.comparison.label().to_owned(),
        values: pairs().map(|(bucket, (_, before))| value(before, metric, elapsed_of_bucket(report, bucket))).collect(),
        differences: pairs()
            .map(|(bucket, (now, before))| format_difference(metric, now, before, elapsed_of_bucket(report, bucket)))
            .collect(),
    })
}

/// A count with its noun: `1 call`, `8,410 calls`.
pub(crate) fn plural(count: i64, noun: &str) -> String {
    format!("{} {noun}{}", format_count(count), if count == 1 { "" } else { "s" })
}
