//! By how much a row's metric has changed since the earlier range.

use domain::{
    money::Money,
    usage::{Difference, Measures, Metric},
};

use crate::exports::csv::CsvRows;

/// Writes by how much the metric has changed, in its unit and in percent. Where there was nothing before, the percentage is `new`; where there
/// are too few calls for one, or none is known, it is empty. Percentiles have no change: they can't be added up either.
pub(super) fn write_change(rows: &mut CsvRows, metric: Metric, now: &Measures, before: &Measures) {
    let is_unknown = metric == Metric::Spend && (now.is_spend_unknown() || before.is_spend_unknown());
    if is_unknown || matches!(metric, Metric::Latency | Metric::FirstToken) {
        rows.plain("");
        rows.plain("");
        return;
    }
    let (value, earlier) = (now.get(metric), before.get(metric));
    let by = value.saturating_sub(earlier);
    if metric == Metric::Spend {
        rows.value(Money::from_nanos(by))
    } else {
        rows.value(by)
    }
    match Difference::of(value, earlier, now.calls.saturating_add(before.calls)) {
        Difference::Percent { percent, .. } => rows.value(format_args!("{percent:.2}")),
        Difference::New => rows.plain("new"),
        Difference::None | Difference::Amount(_) => rows.plain(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(metric: Metric, now: &Measures, before: &Measures) -> String {
        let mut rows = CsvRows::new();
        write_change(&mut rows, metric, now, before);
        rows.end_row();
        String::from_utf8(rows.finish().bytes.to_vec()).unwrap()
    }

    #[test]
    fn a_change_is_in_the_metrics_unit_and_in_percent() {
        let measures = |calls, spend| Measures { calls, spend: Money::from_nanos(spend), ..Measures::default() };
        let (now, before) = (measures(30, 1_500_000_000), measures(20, 1_000_000_000));
        assert_eq!(change(Metric::Spend, &now, &before), "0.50,50.00\r\n");
        assert_eq!(change(Metric::Calls, &before, &now), "-10,-33.33\r\n");
        assert_eq!(change(Metric::Calls, &now, &Measures::default()), "30,new\r\n");
        assert_eq!(change(Metric::Calls, &measures(3, 0), &measures(2, 0)), "1,\r\n", "too few");
        assert_eq!(change(Metric::Errors, &now, &before), "0,\r\n");
        assert_eq!(change(Metric::Latency, &now, &before), ",\r\n");
        let unknown = Measures { unpriced: 30, ..measures(30, 0) };
        assert_eq!(change(Metric::Spend, &unknown, &before), ",\r\n");
    }
}
