//! Makes usage reports: measures by bucket and group.

use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::{
    errors::FieldErrors,
    permissions::Permission,
    time::Timestamp,
    usage::{
        ComparedUsage, Durations, Filter, Group, GroupTotal, MAX_LISTED_GROUPS, MAX_SERIES, Measures, Metric, Series,
        UsageQuery, UsageReport, View,
    },
};
use sea_orm::DatabaseConnection;

use super::{
    buckets::{self, Buckets},
    by_tag::{self, TagGroups, for_each_tag_sum},
    earlier::{EarlierBuckets, EarlierSums},
    grouped_sums::{GroupedSum, Selection},
    groups::{GroupSums, ReportSums, sum_others},
    labels::Labels,
    sources::Sources,
    sums::{self, Histogram},
};
use crate::{
    Actor, Organization, ServiceError, ServiceResult, Services, filters,
    projects::{self, ProjectScope},
};

/// Returns usage by bucket and group, as far as the actor may see it.
pub async fn report(services: &Services, actor: &Actor, query: &UsageQuery) -> ServiceResult<UsageReport> {
    read(services, actor, query, MAX_SERIES).await
}

/// Like [`report`], with a series for each group, however many there are: all of them are in memory, so a file is read as a
/// [`UsageTable`](super::UsageTable) instead.
pub async fn complete_report(services: &Services, actor: &Actor, query: &UsageQuery) -> ServiceResult<UsageReport> {
    read(services, actor, query, usize::MAX).await
}

async fn read(services: &Services, actor: &Actor, query: &UsageQuery, max_series: usize) -> ServiceResult<UsageReport> {
    services.wait_until_stored().await;
    let database = services.database.read();
    let organization = &actor.organization;
    let scope = projects::scope(database, actor, Permission::ViewUsage).await?;
    filters::check(database, organization.id, &scope, &query.filter).await?;
    let zone = zone(organization, query.time_zone.as_deref())?;
    let now = services.now();
    let buckets = buckets::of(query.range, query.view(), zone, now);
    by_tag::check(database, organization, query, buckets.start(), now).await?;
    let reader = ReportReader { database, organization, scope: &scope, query };
    // Concurrently, since each reads all rollups of its range. The values of a tag that have a series are known only
    // afterwards.
    let is_grouped_by_tag = matches!(query.group, Group::Tag(_));
    let earlier = async { if is_grouped_by_tag { Ok(None) } else { reader.earlier(&buckets, zone, now, &[]).await } };
    let (grouped, durations, mut earlier) =
        tokio::try_join!(reader.groups(&buckets), reader.durations(&buckets), earlier)?;
    let (mut groups, total) = grouped.into_groups(query.metric);
    let ever_called = !total.is_zero() || sums::ever_called(services, actor, &scope).await?;
    let row_count = groups.iter().map(|(_, group)| group.points.len() as u64).sum();
    let others = groups.split_off(groups.len().min(max_series));
    if is_grouped_by_tag {
        let keys: Vec<&str> = groups.iter().map(|(key, _)| key.as_str()).collect();
        earlier = reader.earlier(&buckets, zone, now, &keys).await?;
    }
    let listed = if query.all_groups { others.len().min(MAX_LISTED_GROUPS) } else { 0 };
    let listed = &others[..listed];
    let keys: Vec<&str> = groups.iter().chain(listed).map(|(key, _)| key.as_str()).collect();
    let labels = Labels::find(database, organization, &query.group, &keys).await?;
    let other_group = |(key, group): &(String, GroupSums)| GroupTotal {
        key: key.clone(),
        label: labels.get(key),
        total: group.total,
    };
    let other_groups = listed.iter().map(other_group).collect();
    let series = groups.into_iter().map(|(key, group)| {
        let label = labels.get(&key);
        group.into_series(key, label)
    });
    let mut series: Vec<Series> = series.collect();
    series.extend(sum_others(others));
    Ok(UsageReport {
        time_zone: zone.name().to_owned(),
        view: query.view(),
        buckets: buckets.starts,
        end: buckets.end,
        read_at: now,
        compared: earlier.map(|earlier| compare(earlier, &series)),
        series,
        other_groups,
        row_count,
        total,
        durations,
        ever_called,
    })
}

fn compare(earlier: EarlierSums, series: &[Series]) -> ComparedUsage {
    let keys: Vec<&str> = series.iter().map(|series| series.key.as_str()).collect();
    earlier.into_compared(&keys)
}

/// The named time zone, or the organization's.
pub(crate) fn zone(organization: &Organization, name: Option<&str>) -> ServiceResult<Tz> {
    match name {
        None => Ok(organization.time_zone),
        Some(name) => name.parse().map_err(|_| {
            let message = format!("Unknown time zone {name:?}.");
            ServiceError::Invalid(FieldErrors::of("time_zone", message))
        }),
    }
}

/// Sums the usage of an organization's days from `first` up to `after`, which is excluded, within `scope`.
pub(crate) async fn total(
    services: &Services,
    organization: &Organization,
    scope: &ProjectScope,
    first: NaiveDate,
    after: NaiveDate,
) -> ServiceResult<Measures> {
    services.wait_until_stored().await;
    let days = buckets::every_day(first, after, organization.time_zone);
    let sources = Sources::of(&days.whole(), true, organization.time_zone);
    let filter = Filter::default();
    let selection = Selection { organization, sources: &sources, scope, filter: &filter };
    selection.total(services.database.read()).await
}

/// What a report reads.
pub(super) struct ReportReader<'a> {
    pub(super) database: &'a DatabaseConnection,
    pub(super) organization: &'a Organization,
    pub(super) scope: &'a ProjectScope,
    pub(super) query: &'a UsageQuery,
}

impl ReportReader<'_> {
    pub(super) const fn selection<'s>(&'s self, sources: &'s Sources) -> Selection<'s> {
        Selection { organization: self.organization, sources, scope: self.scope, filter: &self.query.filter }
    }

    /// What makes up some buckets.
    pub(super) fn sources(&self, buckets: &Buckets, with_days: bool) -> Sources {
        if by_tag::is_by_tag(self.query) || self.query.view() == View::Minute {
            return Sources::of_calls(buckets);
        }
        Sources::of(buckets, with_days, self.organization.time_zone)
    }

    /// Whether the organization's days may be part of the query's buckets.
    pub(super) fn has_days(&self) -> bool {
        !matches!(self.query.view(), View::Minute | View::Hour)
    }

    /// The durations that the query's metric is about.
    pub(super) const fn histogram(&self) -> Option<Histogram> {
        match self.query.metric {
            Metric::Latency => Some(Histogram::Latency),
            Metric::FirstToken => Some(Histogram::FirstByte),
            _ => None,
        }
    }

    async fn groups(&self, buckets: &Buckets) -> ServiceResult<ReportSums> {
        let histogram = self.histogram();
        let sources = self.sources(buckets, self.has_days());
        let mut sums = ReportSums::new(histogram.is_some());
        let groups = TagGroups::Largest(self.query.metric);
        self.for_each_sum(&sources, groups, histogram, |sum| sums.add(sum)).await?;
        Ok(sums)
    }

    async fn durations(&self, buckets: &Buckets) -> ServiceResult<Durations> {
        let whole = buckets.whole();
        // To group by a tag leaves out no call, and rollups have all of them.
        let is_from_calls = !self.query.filter.tags.is_empty() || self.query.view() == View::Minute;
        let sources = match is_from_calls {
            true => Sources::of_calls(&whole),
            false => Sources::of(&whole, true, self.organization.time_zone),
        };
        self.selection(&sources).durations(self.database).await
    }

    /// Streams the sums by bucket and group to `each`.
    pub(super) async fn for_each_sum(
        &self,
        sources: &Sources,
        groups: TagGroups<'_>,
        histogram: Option<Histogram>,
        each: impl FnMut(GroupedSum) + Send,
    ) -> ServiceResult<()> {
        let selection = self.selection(sources);
        match &self.query.group {
            Group::Tag(tag) => for_each_tag_sum(self.database, &selection, tag, groups, histogram, each).await,
            group => selection.for_each_sum(self.database, group, histogram, each).await,
        }
    }

    /// The sums of the earlier range, if the query compares; of a tag, those of the values `named`.
    async fn earlier(
        &self,
        buckets: &Buckets,
        zone: Tz,
        now: Timestamp,
        named: &[&str],
    ) -> ServiceResult<Option<EarlierSums>> {
        let Some(comparison) = self.query.compare else { return Ok(None) };
        let range = (self.query.range, self.query.view());
        let earlier = EarlierBuckets::new(comparison, range, buckets, zone, now);
        by_tag::check(self.database, self.organization, self.query, earlier.buckets.start(), now).await?;
        let sources = self.sources(&earlier.buckets, self.has_days());
        let mut sums = EarlierSums::new(earlier, buckets.starts.len());
        self.for_each_sum(&sources, TagGroups::Named(named), None, |sum| sums.add(sum)).await?;
        Ok(Some(sums))
    }
}
