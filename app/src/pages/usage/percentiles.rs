//! Percentiles of how long calls took, each with the bounds that it lies between.

use domain::usage::{Distribution, EstimatedDuration, Percentile, Series, UsageReport};

use crate::components::{chart::ChartSeries, format_duration};

/// The percentiles of each bucket, over all groups, as series in milliseconds.
pub(super) fn percentile_series(report: &UsageReport) -> Vec<ChartSeries> {
    let mut buckets = vec![Distribution::default(); report.buckets.len()];
    for group in &report.series {
        for (point, durations) in group.points.iter().zip(&group.durations) {
            if let Some(sum) = buckets.get_mut(point.bucket as usize) {
                *sum += *durations;
            }
        }
    }
    let series = |percentile: Percentile| {
        let estimates: Vec<Option<EstimatedDuration>> =
            buckets.iter().map(|durations| durations.percentile(percentile)).collect();
        ChartSeries {
            key: percentile.name().to_owned(),
            label: percentile.label().to_owned(),
            // A point at 0 would be taken for none.
            values: estimates.iter().map(|estimate| estimate.map_or(0, |found| millis(found).max(1))).collect(),
            unknown: estimates.iter().map(Option::is_none).collect(),
            ranges: estimates.iter().map(|estimate| estimate.map(format_bounds).unwrap_or_default()).collect(),
            ..ChartSeries::default()
        }
    };
    Percentile::ALL.into_iter().map(series).collect()
}

/// How long the calls of a group took.
pub(super) fn durations_of(series: &Series) -> Distribution {
    let mut sum = Distribution::default();
    for durations in &series.durations {
        sum += *durations;
    }
    sum
}

/// A percentile with its bounds, as text and as detail: `1.90 s`, `1.00 s – 2.50 s`; `—` without any duration.
pub(crate) fn format_percentile(durations: &Distribution, percentile: Percentile) -> (String, String) {
    match durations.percentile(percentile) {
        Some(found) => (format_duration(millis(found).saturating_mul(1_000)), format_bounds(found)),
        None => ("—".to_owned(), String::new()),
    }
}

/// The estimate of a percentile in milliseconds, at least 1; 0 without any duration.
pub(crate) fn percentile_millis(durations: &Distribution, percentile: Percentile) -> i64 {
    durations.percentile(percentile).map_or(0, |found| millis(found).max(1))
}

#[expect(clippy::cast_possible_truncation, reason = "no call takes so long")]
fn millis(found: EstimatedDuration) -> i64 {
    found.estimate.round() as i64
}

/// What an estimate lies between: `1.00 s – 2.50 s`, `over 1 min 0 s`.
fn format_bounds(found: EstimatedDuration) -> String {
    let text = |millis: i64| format_duration(millis.saturating_mul(1_000));
    match found.high {
        Some(high) if found.low == 0 => format!("up to {}", text(high)),
        Some(high) => format!("{} – {}", text(found.low), text(high)),
        None => format!("over {}", text(found.low)),
    }
}
