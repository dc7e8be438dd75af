//! Makes usage reports: measures by bucket and group.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::{
    errors::FieldErrors,
    ids::{ApiKeyId, ProjectId},
    permissions::Permission,
    time::Timestamp,
    usage::{Filter, Group, MAX_SERIES, Measures, Metric, OTHERS, Point, Series, UsageQuery, UsageReport, View},
};
use sea_orm::ConnectionTrait;

use super::{
    buckets::{self, day_around},
    cover::Cover,
    resolution::Resolution,
    sums,
};
use crate::{
    Actor, Organization, ServiceError, ServiceResult, Services, names,
    projects::{self, ProjectScope},
};

/// Returns usage by bucket and group, as far as the actor may see it.
pub async fn report(services: &Services, actor: &Actor, query: &UsageQuery) -> ServiceResult<UsageReport> {
    services.wait_until_stored().await;
    let database = services.database.read();
    let scope = projects::scope(database, actor, Permission::ViewUsage).await?;
    let zone = zone(&actor.organization, query.time_zone.as_deref())?;
    let now = services.now();
    let view = query.view();
    let buckets = buckets::of(query.range, view, zone, now)?;
    let own_zone = actor.organization.time_zone;
    let days: &dyn Fn(Timestamp) -> [Timestamp; 2] = &|moment| day_around(moment, own_zone);
    let cover = Cover::of(&buckets, (view == View::Day).then_some(days));
    let slice = sums::Slice { organization: &actor.organization, cover: &cover, scope: &scope, filter: &query.filter };
    let mut grouped = ReportSums::default();
    if !buckets.starts.is_empty() {
        sums::for_each_sum(database, &slice, query.group, |sum| grouped.add(&cover, sum)).await?;
    }
    let (mut series, total) = grouped.into_series(query.metric);
    add_labels(database, &actor.organization, query.group, &mut series).await?;
    Ok(UsageReport {
        time_zone: zone.name().to_owned(),
        view,
        buckets: buckets.starts,
        end: buckets.end,
        read_at: now,
        series,
        total,
    })
}

/// The named time zone, or the organization's.
pub(crate) fn zone(organization: &Organization, name: Option<&str>) -> ServiceResult<Tz> {
    match name {
        None => Ok(organization.time_zone),
        Some(name) => name.parse().map_err(|_| {
            let message = format!("{name:?} is no time zone such as Europe/Berlin.");
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

    /// Returns the largest series by `metric`, with all others as one, and the total.
    fn into_series(mut self, metric: Metric) -> (Vec<Series>, Measures) {
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
        let others = groups.split_off(groups.len().min(MAX_SERIES));
        let mut series: Vec<Series> =
            groups.into_iter().map(|(key, group)| group.into_series(key, String::new())).collect();
        if !others.is_empty() {
            let label = if others.len() == 1 { "1 other".to_owned() } else { format!("{} others", others.len()) };
            let mut sum = GroupSums::default();
            for (_, other) in others {
                other.points.into_iter().for_each(|(bucket, measures)| sum.add(bucket, measures));
            }
            series.push(sum.into_series(OTHERS.to_owned(), label));
        }
        (series, self.total)
    }
}

/// Sets every series' label to the name of its model, key or project.
async fn add_labels(
    database: &impl ConnectionTrait,
    organization: &Organization,
    group: Group,
    series: &mut [Series],
) -> ServiceResult<()> {
    let keys = || series.iter().map(|series| series.key.as_str());
    let names: HashMap<String, String> = match group {
        Group::Model => keys().map(|key| (key.to_owned(), key.to_owned())).collect(),
        Group::ApiKey => {
            let ids = keys().filter_map(|key| key.parse().ok()).map(ApiKeyId::uuid);
            let keys = names::find_keys(database, organization.id, ids).await?;
            keys.into_iter().map(|(id, key)| (ApiKeyId::new(id).to_string(), key.name)).collect()
        }
        Group::Project => {
            let ids = keys().filter_map(|key| key.parse().ok()).map(ProjectId::uuid);
            let projects = names::find_projects(database, organization.id, ids).await?;
            projects.into_iter().map(|(id, name)| (ProjectId::new(id).to_string(), name)).collect()
        }
    };
    let (none, deleted) = match group {
        Group::Model => ("No model", "Unknown model"),
        Group::ApiKey => ("No key", "Deleted key"),
        Group::Project => ("No project", "Deleted project"),
    };
    for entry in series.iter_mut().filter(|series| series.key != OTHERS) {
        let name = if entry.key.is_empty() { none } else { names.get(&entry.key).map_or(deleted, String::as_str) };
        entry.label = name.to_owned();
    }
    Ok(())
}
