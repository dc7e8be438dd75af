//! A report as a table for files: a row for each bucket and group, read slice by slice.

use std::ops::Range;

use domain::{
    permissions::Permission,
    time::Timestamp,
    usage::{Distribution, Group, Measures, OTHER_TAG_VALUES, UsageQuery},
};

use super::{
    buckets::{self, Buckets},
    by_tag::{self, TagGroups},
    earlier::EarlierBuckets,
    grouped_sums::GroupedSum,
    groups::size,
    labels::Labels,
    report::{ReportReader, zone},
    slices::{SliceRows, Slices},
};
use crate::{
    Actor, ServiceResult, Services, filters,
    projects::{self, ProjectScope},
};

/// A table of usage. Its slices are read at different moments, so calls that are stored meanwhile count in the later ones.
pub struct UsageTable {
    services: Services,
    actor: Actor,
    query: UsageQuery,
    scope: ProjectScope,
    buckets: Buckets,
    earlier: Option<EarlierBuckets>,
    /// By bucket: the beginning of the earlier one that is compared with it.
    earlier_starts: Vec<Option<Timestamp>>,
    /// The values that are told apart if the group is a tag: those of the whole range, as on the page.
    tag_values: Vec<String>,
    slices: Slices,
}

/// The usage of one group in one bucket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageRow {
    /// The bucket's beginning.
    pub start: Timestamp,
    /// The beginning of the earlier bucket that is compared with it; `None` for days that the earlier month doesn't have.
    pub earlier_start: Option<Timestamp>,
    /// See [`domain::usage::Series::key`].
    pub key: String,
    pub label: String,
    pub measures: Measures,
    /// The durations that the query's metric is about; empty for other metrics.
    pub durations: Distribution,
    /// The measures of the earlier bucket.
    pub earlier: Measures,
}

/// Sums of a row.
#[derive(Clone, Copy, Debug, Default)]
struct RowSums {
    measures: Measures,
    durations: Distribution,
    earlier: Measures,
}

impl UsageTable {
    /// Opens the table of what [`report`](super::report()) shows for `query`, as far as the actor may see it. Values of a tag that the
    /// report doesn't tell apart aren't told apart here either.
    ///
    /// # Errors
    /// Those of the report.
    pub async fn open(services: &Services, actor: &Actor, query: UsageQuery) -> ServiceResult<Self> {
        services.wait_until_stored().await;
        let (database, organization) = (services.database.read(), &actor.organization);
        let scope = projects::scope(database, actor, Permission::ViewUsage).await?;
        filters::check(database, organization.id, &scope, &query.filter).await?;
        let (zone, now) = (zone(organization, query.time_zone.as_deref())?, services.now());
        let buckets = buckets::of(query.range, query.view(), zone, now);
        by_tag::check(database, organization, &query, buckets.start(), now).await?;
        let range = (query.range, query.view());
        let earlier = query.compare.map(|comparison| EarlierBuckets::new(comparison, range, &buckets, zone, now));
        if let Some(earlier) = &earlier {
            by_tag::check(database, organization, &query, earlier.buckets.start(), now).await?;
        }
        let reader = ReportReader { database, organization, scope: &scope, query: &query };
        let tag_values = reader.tag_values(&buckets).await?;
        let earlier_starts = earlier.as_ref().map(|earlier| earlier.starts(buckets.starts.len())).unwrap_or_default();
        let slices = Slices::new(buckets.starts.len());
        Ok(Self {
            services: services.clone(),
            actor: actor.clone(),
            query,
            scope,
            buckets,
            earlier,
            earlier_starts,
            tag_values,
            slices,
        })
    }

    /// Reads the next rows that there are, by bucket, and within one the largest group first; `None` after the last.
    pub async fn read(&mut self) -> ServiceResult<Option<Vec<UsageRow>>> {
        while let Some(slice) = self.slices.current() {
            let sums = self.read_slice(&slice).await?.into_rows();
            self.slices.advance(sums.as_ref());
            let Some(sums) = sums else { continue };
            // Sums may cancel out, if the rollups belong to other buckets.
            let is_used = |sums: &RowSums| !sums.measures.is_zero() || !sums.earlier.is_zero();
            let mut used: Vec<_> = sums.into_iter().filter(|(_, sums)| is_used(sums)).collect();
            if used.is_empty() {
                continue;
            }
            let metric = self.query.metric;
            used.sort_by(|((bucket, key), a), ((other_bucket, other), b)| {
                let by_size = || size(other, &b.measures, metric).cmp(&size(key, &a.measures, metric));
                bucket.cmp(other_bucket).then_with(by_size).then_with(|| key.cmp(other))
            });
            let mut keys: Vec<&str> = used.iter().map(|((_, key), _)| key.as_str()).collect();
            keys.sort_unstable();
            keys.dedup();
            let (database, organization) = (self.services.database.read(), &self.actor.organization);
            let labels = Labels::find(database, organization, &self.query.group, &keys).await?;
            let row = |((bucket, key), sums): ((usize, String), RowSums)| {
                let index = slice.start + bucket;
                let start = self.buckets.starts.get(index).copied()?;
                let earlier_start = self.earlier_starts.get(index).copied().flatten();
                let RowSums { measures, durations, earlier } = sums;
                Some(UsageRow { start, earlier_start, label: labels.get(&key), key, measures, durations, earlier })
            };
            return Ok(Some(used.into_iter().filter_map(row).collect()));
        }
        Ok(None)
    }

    async fn read_slice(&self, slice: &Range<usize>) -> ServiceResult<SliceRows<String, RowSums>> {
        let database = self.services.database.read();
        let (organization, query) = (&self.actor.organization, &self.query);
        let reader = ReportReader { database, organization, scope: &self.scope, query };
        let named: Vec<&str> = self.tag_values.iter().map(String::as_str).collect();
        let groups = TagGroups::Named(&named);
        let mut rows = SliceRows::<String, RowSums>::new(slice);
        let sources = reader.sources(&self.buckets.slice(slice.clone()), reader.has_days());
        let add = |sum: GroupedSum| {
            rows.change(sum.bucket, sum.key, |row: &mut RowSums| {
                row.measures += sum.measures;
                row.durations += sum.durations;
            });
        };
        reader.for_each_sum(&sources, groups, reader.histogram(), add).await?;
        if let Some(earlier) = &self.earlier {
            let (buckets, places) = earlier.slice(slice);
            let sources = reader.sources(&buckets, reader.has_days());
            let add = |sum: GroupedSum| {
                if let Some(index) = places.get(sum.bucket).copied().flatten() {
                    rows.change(index - slice.start, sum.key, |row| row.earlier += sum.measures);
                }
            };
            reader.for_each_sum(&sources, groups, None, add).await?;
        }
        Ok(rows)
    }
}

impl ReportReader<'_> {
    /// The values of the query's tag with the most of its metric; none if it isn't grouped by a tag.
    async fn tag_values(&self, buckets: &Buckets) -> ServiceResult<Vec<String>> {
        let mut values = Vec::new();
        if matches!(self.query.group, Group::Tag(_)) {
            let sources = self.sources(&buckets.whole(), true);
            let add = |sum: GroupedSum| values.push(sum.key);
            self.for_each_sum(&sources, TagGroups::Largest(self.query.metric), None, add).await?;
            values.retain(|value| !value.is_empty() && value != OTHER_TAG_VALUES);
        }
        Ok(values)
    }
}
