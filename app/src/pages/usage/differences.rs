//! Differences from an earlier range. More is neither better nor worse, errors aside.

use domain::usage::{Difference, Measures, Metric};

use super::measure::{unit, value};
use crate::components::{Trend, format_percent};

/// The change of a metric: `+12.3% ($4.20)`; without a percentage where there were too few calls. Both are of `millis`
/// milliseconds. Empty where it isn't known, or where there is nothing to compare.
pub(crate) fn format_difference(metric: Metric, now: &Measures, before: &Measures, millis: i64) -> String {
    if metric == Metric::Spend && (now.unpriced > 0 || before.unpriced > 0) {
        return String::new();
    }
    let (new, old) = (value(now, metric, millis), value(before, metric, millis));
    let calls = [now.calls, now.refused, before.calls, before.refused].into_iter().fold(0, i64::saturating_add);
    // Screen readers say signs, but not triangles.
    let sign = |by: i64| if by > 0 { "+" } else { "−" };
    let amount = |by: i64| unit(metric).format_exact(i128::from(by).abs());
    match Difference::of(new, old, calls) {
        Difference::None => String::new(),
        Difference::New => "new".to_owned(),
        Difference::Percent { by: 0, .. } | Difference::Amount(0) => "no change".to_owned(),
        Difference::Percent { by, .. } => {
            format!("{}{} ({})", sign(by), format_percent(by.saturating_abs(), old), amount(by))
        }
        Difference::Amount(by) => format!("{}{}", sign(by), amount(by)),
    }
}

/// The trend of the error rate: higher is worse. Compared as fractions, without rounding.
pub(crate) fn error_trend(now: &Measures, before: &Measures) -> Trend {
    if now.calls == 0 || before.calls == 0 {
        return Trend::Neutral;
    }
    let (now, before) =
        (i128::from(now.errors) * i128::from(before.calls), i128::from(before.errors) * i128::from(now.calls));
    match now.cmp(&before) {
        std::cmp::Ordering::Less => Trend::Better,
        std::cmp::Ordering::Equal => Trend::Neutral,
        std::cmp::Ordering::Greater => Trend::Worse,
    }
}
