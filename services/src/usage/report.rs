//! Makes usage reports: measures by bucket and group.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::{
    errors::FieldErrors,
    ids::{ApiKeyId, ProjectId},
    permissions::Permission,
    time::Timestamp,
    usage::{
        Filter, Group, GroupTotal, MAX_LISTED_GROUPS, MAX_SERIES, Measures, Metric, OTHERS, Point, Series, UsageQuery,
        UsageReport, View,
    },
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{
    buckets::{self, day_around},
    cover::Cover,
    resolution::Resolution,
    sums,
};
use crate::{
    Actor, Organization, ServiceError, ServiceResult, Services, filters, names,
    projects::{self, ProjectScope},
};

/// Maximum number of names that one query finds; databases limit the number of parameters.
const MAX_NAMES: usize = 10_000;

/// Returns usage by bucket and group, as far as the actor may see it.
pub async fn report(services: &Services, actor: &Actor, query: &UsageQuery) -> ServiceResult<UsageReport> {
    read(services, actor, query, MAX_SERIES).await
}

/// Like [`report`], with a series for each group, however many there are.
pub async fn complete_report(services: &Services, actor: &Actor, query: &UsageQuery) -> ServiceResult<UsageReport> {
    read(services, actor, query, usize::MAX).await
}

async fn read(services: &Services, actor: &Actor, query: &UsageQuery, max_series: usize) -> ServiceResult<UsageReport> {
    services.wait_until_stored().await;
    let database = services.database.read();
    let scope = projects::scope(database, actor, Permission::ViewUsage).await?;
    filters::check(database, actor.organization.id, &scope, &query.filter).await?;
    let zone = zone(&actor.organization, query.time_zone.as_deref())?;
    let now = services.now();
    let view = query.view();
    let buckets = buckets::of(query.range, view, zone, now);
    let own_zone = actor.organization.time_zone;
    let days: &dyn Fn(Timestamp) -> [Timestamp; 2] = &|moment| day_around(moment, own_zone);
    let cover = Cover::of(&buckets, (view != View::Hour).then_some(days));
    let slice = sums::Slice { organization: &actor.organization, cover: &cover, scope: &scope, filter: &query.filter };
    let mut grouped = ReportSums::default();
    if !buckets.starts.is_empty() {
        sums::for_each_sum(database, &slice, query.group, |sum| grouped.add(&cover, sum)).await?;
    }
    let (mut groups, total) = grouped.into_groups(query.metric);
    let ever_called = !total.is_zero() || sums::ever_called(services, actor, &scope).await?;
    let row_count = groups.iter().map(|(_, group)| group.points.len() as u64).sum();
    let others = groups.split_off(groups.len().min(max_series));
    let listed = if query.all_groups { others.len().min(MAX_LISTED_GROUPS) } else { 0 };
    let listed = &others[..listed];
    let keys: Vec<&str> = groups.iter().chain(listed).map(|(key, _)| key.as_str()).collect();
    let labels = Labels::find(database, &actor.organization, query.group, &keys).await?;
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
        view,
        buckets: buckets.starts,
        end: buckets.end,
        read_at: now,
        series,
        other_groups,
        row_count,
        total,
        ever_called,
    })
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
    let cover = Cover::single(Resolution::Day, days.start(), days.end);
    let slice = sums::Slice { organization, cover: &cover, scope, filter: &Filter::default() };
    sums::total(services.database.read(), &slice).await
}

/// A group's measures by bucket.
#[derive(Default)]
struct GroupSums {
    total: Measures,
    points: BTreeMap<usize, Measures>,
}

impl GroupSums {
    fn add(&mut self, bucket: usize, measures: Measures) {
        self.total += measures;
        *self.points.entry(bucket).or_default() += measures;
    }

    fn into_series(self, key: String, label: String) -> Series {
        let point = |(bucket, measures)| Point { bucket: u32::try_from(bucket).unwrap_or(u32::MAX), measures };
        Series { key, label, total: self.total, points: self.points.into_iter().map(point).collect() }
    }
}

/// The sums read so far, by group.
#[derive(Default)]
struct ReportSums {
    total: Measures,
    groups: HashMap<String, GroupSums>,
}

impl ReportSums {
    fn add(&mut self, cover: &Cover, sum: sums::Sum) {
        let group = self.groups.entry(sum.key).or_default();
        for (bucket, measures) in cover.count(sum.slot, sum.measures) {
            self.total += measures;
            group.add(bucket, measures);
        }
    }

    /// Returns the groups, the largest by `metric` first, and the total.
    fn into_groups(mut self, metric: Metric) -> (Vec<(String, GroupSums)>, Measures) {
        for group in self.groups.values_mut() {
            // Sums may cancel out, if the rollups belong to other buckets.
            group.points.retain(|_, measures| !measures.is_zero());
        }
        let groups = self.groups.into_iter().filter(|(_, group)| !group.points.is_empty());
        let mut groups: Vec<(String, GroupSums)> = groups.collect();
        // Ties are ordered by calls and key, so that colors don't change when a page is reloaded.
        groups.sort_by(|(key, a), (other, b)| {
            let size = |group: &GroupSums| (group.total.get(metric), group.total.calls);
            size(b).cmp(&size(a)).then_with(|| key.cmp(other))
        });
        (groups, self.total)
    }
}

/// Sums groups to one series; `None` if there are none.
fn sum_others(others: Vec<(String, GroupSums)>) -> Option<Series> {
    let label = match others.len() {
        0 => return None,
        1 => "1 other".to_owned(),
        count => format!("{count} others"),
    };
    let mut sum = GroupSums::default();
    for (_, other) in others {
        other.points.into_iter().for_each(|(bucket, measures)| sum.add(bucket, measures));
    }
    Some(sum.into_series(OTHERS.to_owned(), label))
}

/// Names of models, keys or projects by the keys of their groups.
struct Labels {
    names: HashMap<String, String>,
    /// The label of calls without a group.
    none: &'static str,
    /// The label of a group whose name is no longer known.
    deleted: &'static str,
}

impl Labels {
    /// Finds the names of the groups with these keys.
    async fn find(
        database: &impl ConnectionTrait,
        organization: &Organization,
        group: Group,
        keys: &[&str],
    ) -> ServiceResult<Self> {
        let mut names = HashMap::new();
        match group {
            Group::Model => names.extend(keys.iter().map(|key| ((*key).to_owned(), (*key).to_owned()))),
            Group::ApiKey => {
                let ids: Vec<Uuid> = keys.iter().filter_map(|key| key.parse().ok()).map(ApiKeyId::uuid).collect();
                for ids in ids.chunks(MAX_NAMES) {
                    let found = names::find_keys(database, organization.id, ids.iter().copied()).await?;
                    names.extend(found.into_iter().map(|(id, key)| (ApiKeyId::new(id).to_string(), key.name)));
                }
            }
            Group::Project => {
                let ids: Vec<Uuid> = keys.iter().filter_map(|key| key.parse().ok()).map(ProjectId::uuid).collect();
                for ids in ids.chunks(MAX_NAMES) {
                    let found = names::find_projects(database, organization.id, ids.iter().copied()).await?;
                    names.extend(found.into_iter().map(|(id, name)| (ProjectId::new(id).to_string(), name)));
                }
            }
        }
        let (none, deleted) = match group {
            Group::Model => ("Unknown model", "Unknown model"),
            Group::ApiKey => ("No key", "Deleted key"),
            Group::Project => ("No project", "Deleted project"),
        };
        Ok(Self { names, none, deleted })
    }

    fn get(&self, key: &str) -> String {
        if key.is_empty() { self.none } else { self.names.get(key).map_or(self.deleted, String::as_str) }.to_owned()
    }
}
