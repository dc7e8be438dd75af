//! Makes a report of what is asked.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::{
    errors::FieldErrors,
    ids::{ApiKeyId, ProjectId},
    permissions::Permission,
    time::Timestamp,
    usage::{Filter, Group, MOST_SERIES, Measures, Metric, OTHERS, Point, Series, UsageQuery, UsageReport, View},
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{
    buckets::{self, day_around},
    cover::Cover,
    resolution::Resolution,
    sums,
};
use crate::{
    Actor, Organization, ServiceError, ServiceResult, Services, api_keys,
    entities::projects as rows,
    projects::{self, Scope},
};

/// Usage by bucket and group, as far as the asker may see it.
pub async fn report(services: &Services, actor: &Actor, query: &UsageQuery) -> ServiceResult<UsageReport> {
    services.settled().await;
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
    let mut grown = Grown::default();
    if !buckets.starts.is_empty() {
        sums::by_place(database, &slice, query.group, |sum| grown.add(&cover, sum)).await?;
    }
    let (mut series, total) = grown.into_series(query.metric);
    label(database, &actor.organization, query.group, &mut series).await?;
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

pub(super) fn zone(organization: &Organization, asked: Option<&str>) -> ServiceResult<Tz> {
    match asked {
        None => Ok(organization.time_zone),
        Some(name) => name.parse().map_err(|_| {
            let message = format!("{name:?} is no time zone such as Europe/Berlin.");
            ServiceError::Invalid(FieldErrors::of("time_zone", message))
        }),
    }
}

/// The usage of an organization's days from `first` to before `after`, as far as `scope` reaches.
pub(crate) async fn total(
    services: &Services,
    organization: &Organization,
    scope: &Scope,
    first: NaiveDate,
    after: NaiveDate,
) -> ServiceResult<Measures> {
    services.settled().await;
    let days = buckets::every_day(first, after, organization.time_zone);
    let cover = Cover::whole(Resolution::Day, days.start(), days.end);
    let slice = sums::Slice { organization, cover: &cover, scope, filter: &Filter::default() };
    sums::total(services.database.read(), &slice).await
}

/// A group's measures by bucket.
#[derive(Default)]
struct Growing {
    total: Measures,
    points: BTreeMap<usize, Measures>,
}

impl Growing {
    fn add(&mut self, bucket: usize, measures: Measures) {
        self.total += measures;
        *self.points.entry(bucket).or_default() += measures;
    }

    fn into_series(self, key: String, label: String) -> Series {
        let point = |(bucket, measures)| Point { bucket: u32::try_from(bucket).unwrap_or(u32::MAX), measures };
        Series { key, label, total: self.total, points: self.points.into_iter().map(point).collect() }
    }
}

/// What was read so far, of all groups.
#[derive(Default)]
struct Grown {
    total: Measures,
    groups: HashMap<String, Growing>,
}

impl Grown {
    fn add(&mut self, cover: &Cover, sum: sums::Sum) {
        let group = self.groups.entry(sum.key).or_default();
        for (bucket, measures) in cover.count(sum.place, sum.measures) {
            self.total += measures;
            group.add(bucket, measures);
        }
    }

    /// The largest series by `metric`, and all others as one; and the total.
    fn into_series(mut self, metric: Metric) -> (Vec<Series>, Measures) {
        for group in self.groups.values_mut() {
            // All that was read of it may belong to other buckets.
            group.points.retain(|_, measures| !measures.is_zero());
        }
        let groups = self.groups.into_iter().filter(|(_, group)| !group.points.is_empty());
        let mut groups: Vec<(String, Growing)> = groups.collect();
        // Equal ones by calls and by key, so that colours don't jump when a page is loaded again.
        groups.sort_by(|(key, a), (other, b)| {
            let size = |group: &Growing| (group.total.get(metric), group.total.calls);
            size(b).cmp(&size(a)).then_with(|| key.cmp(other))
        });
        let others = groups.split_off(groups.len().min(MOST_SERIES));
        let mut series: Vec<Series> =
            groups.into_iter().map(|(key, group)| group.into_series(key, String::new())).collect();
        if !others.is_empty() {
            let label = if others.len() == 1 { "1 other".to_owned() } else { format!("{} others", others.len()) };
            let mut sum = Growing::default();
            for (_, other) in others {
                other.points.into_iter().for_each(|(bucket, measures)| sum.add(bucket, measures));
            }
            series.push(sum.into_series(OTHERS.to_owned(), label));
        }
        (series, self.total)
    }
}

/// Gives every series the name of what it stands for.
async fn label(
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
            let found = api_keys::refs(database, organization.id, ids).await?;
            found.into_iter().map(|(id, (name, _))| (ApiKeyId::new(id).to_string(), name)).collect()
        }
        Group::Project => {
            let ids = keys().filter_map(|key| key.parse().ok()).map(ProjectId::uuid);
            let found = rows::of(organization.id)
                .select_only()
                .columns([rows::Column::Id, rows::Column::Name])
                .filter(rows::Column::Id.is_in(ids))
                .into_tuple::<(Uuid, String)>()
                .all(database)
                .await?;
            found.into_iter().map(|(id, name)| (ProjectId::new(id).to_string(), name)).collect()
        }
    };
    let (none, deleted) = match group {
        Group::Model => ("No model", "Unknown model"),
        Group::ApiKey => ("No key", "Deleted key"),
        Group::Project => ("No project", "Deleted project"),
    };
    for one in series.iter_mut().filter(|series| series.key != OTHERS) {
        let name = if one.key.is_empty() { none } else { names.get(&one.key).map_or(deleted, String::as_str) };
        one.label = name.to_owned();
    }
    Ok(())
}
