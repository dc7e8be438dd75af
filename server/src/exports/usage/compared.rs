//! The earlier range of a comparison, group by group and bucket by bucket: the report itself has only its sums.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    money::Money,
    time::Timestamp,
    usage::{Difference, Measures, Metric, Series, UsageQuery, UsageReport},
};
use services::{Actor, ServiceResult, Services, usage::EarlierReport};

use crate::exports::csv::CsvRows;

/// The series of the earlier range, by the buckets of the range.
pub(super) struct ComparedSeries {
    /// Beginnings of the earlier buckets.
    starts: Vec<Option<Timestamp>>,
    series: BTreeMap<String, EarlierSeries>,
}

struct EarlierSeries {
    label: String,
    by_bucket: BTreeMap<usize, Measures>,
}

impl ComparedSeries {
    /// Finds the earlier series; `None` if the query doesn't compare.
    pub(super) async fn find(
        services: &Services,
        actor: &Actor,
        usage: &UsageQuery,
        report: &UsageReport,
    ) -> ServiceResult<Option<Self>> {
        let earlier = services::usage::complete_comparison(services, actor, usage, report).await?;
        Ok(earlier.map(Self::of))
    }

    fn of(earlier: EarlierReport) -> Self {
        let series = earlier.series.into_iter().map(|series| {
            let points = series.points.iter().map(|point| (point.bucket as usize, point.measures));
            (series.key, EarlierSeries { label: series.label, by_bucket: points.collect() })
        });
        Self { series: series.collect(), starts: earlier.starts }
    }

    /// The beginning of the earlier bucket that is compared with the one at `index`.
    pub(super) fn bucket(&self, index: usize) -> Option<Timestamp> {
        self.starts.get(index).copied().flatten()
    }

    /// The measures of a group by bucket.
    pub(super) fn points(&self, key: &str) -> BTreeMap<usize, Measures> {
        self.series.get(key).map(|series| series.by_bucket.clone()).unwrap_or_default()
    }

    /// The groups that aren't in `series`, without usage now.
    pub(super) fn missing_from(&self, series: &[Series]) -> Vec<Series> {
        let known: BTreeSet<&str> = series.iter().map(|series| series.key.as_str()).collect();
        let missing = self.series.iter().filter(|(key, _)| !known.contains(key.as_str()));
        missing
            .map(|(key, series)| Series {
                key: key.clone(),
                label: series.label.clone(),
                total: Measures::default(),
                points: Vec::new(),
                durations: Vec::new(),
            })
            .collect()
    }
}

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
