//! Sums of a report by group and bucket.

use std::collections::{BTreeMap, HashMap};

use domain::usage::{Distribution, Measures, Metric, OTHER_TAG_VALUES, OTHERS, Point, Series};

use super::grouped_sums::GroupedSum;

/// A group's measures by bucket.
#[derive(Default)]
pub(super) struct GroupSums {
    pub(super) total: Measures,
    pub(super) points: BTreeMap<usize, Measures>,
    /// Durations by bucket, if the report asks for them.
    durations: BTreeMap<usize, Distribution>,
}

impl GroupSums {
    fn add(&mut self, bucket: usize, measures: Measures) {
        self.total += measures;
        *self.points.entry(bucket).or_default() += measures;
    }

    fn add_durations(&mut self, bucket: usize, durations: Distribution) {
        *self.durations.entry(bucket).or_default() += durations;
    }

    pub(super) fn into_series(self, key: String, label: String) -> Series {
        let Self { total, points, durations } = self;
        let of_point = |bucket: &usize| durations.get(bucket).copied().unwrap_or_default();
        let by_point = if durations.is_empty() { Vec::new() } else { points.keys().map(of_point).collect() };
        let point = |(bucket, measures)| Point { bucket: u32::try_from(bucket).unwrap_or(u32::MAX), measures };
        Series { key, label, total, points: points.into_iter().map(point).collect(), durations: by_point }
    }
}

/// The sums read so far, by group.
pub(super) struct ReportSums {
    has_durations: bool,
    total: Measures,
    groups: HashMap<String, GroupSums>,
}

impl ReportSums {
    /// No sums. With durations by bucket if `has_durations`.
    pub(super) fn new(has_durations: bool) -> Self {
        Self { has_durations, total: Measures::default(), groups: HashMap::new() }
    }

    pub(super) fn add(&mut self, sum: GroupedSum) {
        self.total += sum.measures;
        let group = self.groups.entry(sum.key).or_default();
        group.add(sum.bucket, sum.measures);
        if self.has_durations {
            group.add_durations(sum.bucket, sum.durations);
        }
    }

    /// Returns the groups, the largest by `metric` first, and the total.
    pub(super) fn into_groups(mut self, metric: Metric) -> (Vec<(String, GroupSums)>, Measures) {
        for group in self.groups.values_mut() {
            // Sums may cancel out, if the rollups belong to other buckets.
            group.points.retain(|_, measures| !measures.is_zero());
        }
        let groups = self.groups.into_iter().filter(|(_, group)| !group.points.is_empty());
        let mut groups: Vec<(String, GroupSums)> = groups.collect();
        // Ties are ordered by calls and key, so that colors don't change when a page is reloaded.
        groups.sort_by(|(key, a), (other, b)| {
            size(other, &b.total, metric).cmp(&size(key, &a.total, metric)).then_with(|| key.cmp(other))
        });
        (groups, self.total)
    }
}

/// The size by which groups are ordered, the largest first: by a metric, and then by calls. All values of a tag that aren't told apart
/// come last, however many calls they have together.
pub(super) fn size(key: &str, sums: &Measures, metric: Metric) -> (bool, i64, i64) {
    (key != OTHER_TAG_VALUES, sums.get(metric), sums.calls)
}

/// Sums groups to one series; `None` if there are none.
pub(super) fn sum_others(others: Vec<(String, GroupSums)>) -> Option<Series> {
    let label = match others.len() {
        0 => return None,
        1 => "1 other".to_owned(),
        count => format!("{count} others"),
    };
    let mut sum = GroupSums::default();
    for (_, other) in others {
        other.points.into_iter().for_each(|(bucket, measures)| sum.add(bucket, measures));
        other.durations.into_iter().for_each(|(bucket, durations)| sum.add_durations(bucket, durations));
    }
    Some(sum.into_series(OTHERS.to_owned(), label))
}
