//! Values of metrics as chart, tiles and table show them.

use domain::usage::{Measures, Metric, UsageReport};

use crate::components::chart::Unit;

const HOUR_MILLIS: i128 = 60 * 60_000;
const MINUTE_MILLIS: i64 = 60_000;

/// The unit of a metric's values.
pub(crate) const fn unit(metric: Metric) -> Unit {
    match metric {
        Metric::Spend => Unit::Money,
        Metric::VideoMinutes | Metric::AudioMinutes => Unit::Minutes,
        Metric::Storage => Unit::Bytes,
        Metric::Latency | Metric::FirstToken => Unit::Duration,
        Metric::Calls
        | Metric::Tokens
        | Metric::InputTokens
        | Metric::CachedTokens
        | Metric::OutputTokens
        | Metric::Errors
        | Metric::Rejected
        | Metric::Images => Unit::Count,
    }
}

/// Whether the metric is about how long calls take, which doesn't add up.
pub(super) const fn is_duration(metric: Metric) -> bool {
    matches!(metric, Metric::Latency | Metric::FirstToken)
}

/// The value of a metric in its [`unit`], of usage within `millis` milliseconds.
pub(super) fn value(measures: &Measures, metric: Metric, millis: i64) -> i64 {
    let value = measures.get(metric);
    match unit(metric) {
        // Thousandths of a minute: 60 milliseconds.
        Unit::Minutes => value.saturating_add(30).div_euclid(60),
        Unit::Bytes => {
            let millis = i128::from(millis.max(1));
            let average = (i128::from(value) * HOUR_MILLIS + millis / 2).div_euclid(millis);
            i64::try_from(average).unwrap_or(i64::MAX)
        }
        Unit::Count | Unit::Money | Unit::Duration => value,
    }
}

/// Milliseconds of a bucket that had passed when the report was read, a minute at least.
pub(super) fn elapsed_of_bucket(report: &UsageReport, index: usize) -> i64 {
    let start = report.buckets.get(index).map_or(0, |start| start.millis());
    (report.bucket_end(index).min(report.read_at).millis() - start).max(MINUTE_MILLIS)
}

/// Milliseconds of the whole range that had passed when the report was read, a minute at least.
pub(super) fn elapsed(report: &UsageReport) -> i64 {
    let start = report.buckets.first().map_or(0, |start| start.millis());
    (report.end.min(report.read_at).millis() - start).max(MINUTE_MILLIS)
}

/// Index of the bucket that was still running when the report was read.
pub(super) fn running_bucket(report: &UsageReport) -> Option<usize> {
    let last = report.buckets.iter().rposition(|start| *start <= report.read_at)?;
    (report.read_at < report.bucket_end(last)).then_some(last)
}
