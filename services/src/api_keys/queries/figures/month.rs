//! Calls and spend of keys, from the rollups of their series.

use std::collections::HashMap;

use domain::{money::Money, time::Timestamp};
use sea_orm::{DbBackend, FromQueryResult};
use uuid::Uuid;

use crate::{
    Organization, ServiceResult, Services,
    api_keys::queries::conditions::KeyConditions,
    usage::{self, resolution::Resolution},
};

const NANOS_PER_DOLLAR: i128 = 1_000_000_000;

/// A key's calls and spend of this month.
pub(super) struct MonthFigures {
    /// Up to today, in the organization's time zone.
    pub(super) calls_by_day: Vec<i64>,
    pub(super) spend: Money,
}

impl MonthFigures {
    fn without_calls(days: usize) -> Self {
        Self { calls_by_day: vec![0; days], spend: Money::ZERO }
    }

    pub(super) fn calls(&self) -> i64 {
        self.calls_by_day.iter().sum()
    }
}

/// Calls and spend of this month, by key.
pub(super) struct MonthFiguresByKey {
    days: usize,
    months: HashMap<Uuid, MonthFigures>,
}

impl MonthFiguresByKey {
    pub(super) fn take(&mut self, key: Uuid) -> MonthFigures {
        self.months.remove(&key).unwrap_or_else(|| MonthFigures::without_calls(self.days))
    }
}

/// Reads the calls and spend of `keys` this month; refused calls aren't counted, as everywhere.
pub(super) async fn read(
    services: &Services,
    organization: &Organization,
    keys: KeyConditions,
) -> ServiceResult<MonthFiguresByKey> {
    let days = usage::days_of_month(organization, services.now());
    let mut months = MonthFiguresByKey { days: days.len(), months: HashMap::new() };
    for sum in read_sums(services, keys, Resolution::Day, &days).await? {
        let month = months.months.entry(sum.api_key_id).or_insert_with(|| MonthFigures::without_calls(days.len()));
        let day = days.binary_search(&Timestamp::from_millis(sum.bucket)).ok();
        if let Some(calls) = day.and_then(|day| month.calls_by_day.get_mut(day)) {
            *calls += sum.calls;
        }
        month.spend += sum.spend();
    }
    Ok(months)
}

/// Counts the calls made with each of `keys` since the quarter of an hour that contains `since`.
pub(in crate::api_keys) async fn count_calls_since(
    services: &Services,
    organization: &Organization,
    keys: KeyConditions,
    since: Timestamp,
) -> ServiceResult<HashMap<Uuid, i64>> {
    const QUARTER_MINUTES: i64 = 15;
    let now = services.now();
    let first = Resolution::QuarterHour.bucket(since, organization.time_zone);
    let quarters = std::iter::successors(Some(first), |quarter| Some(quarter.plus_minutes(QUARTER_MINUTES)));
    let quarters: Vec<Timestamp> = quarters.take_while(|quarter| *quarter <= now).collect();
    let mut calls: HashMap<Uuid, i64> = HashMap::new();
    for sum in read_sums(services, keys, Resolution::QuarterHour, &quarters).await? {
        *calls.entry(sum.api_key_id).or_default() += sum.calls;
    }
    Ok(calls)
}

#[derive(FromQueryResult)]
struct Sum {
    api_key_id: Uuid,
    bucket: i64,
    calls: i64,
    dollars: i64,
    nanos: i64,
}

impl Sum {
    fn spend(&self) -> Money {
        let nanos = i128::from(self.dollars) * NANOS_PER_DOLLAR + i128::from(self.nanos);
        Money::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
    }
}

/// Reads the sums of `keys` in these buckets.
///
/// Buckets are named one by one, since a rollup is found by organization, resolution, bucket and series: this
/// way the rollups of other keys are never read. `CROSS JOIN` makes SQLite begin with the keys.
async fn read_sums(
    services: &Services,
    mut keys: KeyConditions,
    resolution: Resolution,
    buckets: &[Timestamp],
) -> ServiceResult<Vec<Sum>> {
    if let (DbBackend::Postgres, Some(first), Some(last)) = (keys.backend(), buckets.first(), buckets.last()) {
        // Of a set of buckets, PostgreSQL doesn't see which partitions they are in.
        let (first, last) = (keys.value(first.millis()), keys.value(last.millis()));
        keys.and(format!("r.bucket >= {first} AND r.bucket <= {last}"));
    }
    let buckets = keys.among_numbers(buckets.iter().map(|bucket| bucket.millis()));
    keys.and(format!(
        "s.organization_id = $1 AND s.api_key_id = k.id \
         AND r.organization_id = $1 AND r.resolution = {} AND r.bucket {buckets} AND r.series_id = s.id",
        resolution.number(),
    ));
    let select = "SELECT s.api_key_id, r.bucket, CAST(sum(r.calls) AS bigint) AS calls, \
         CAST(sum(r.cost_nanos / 1000000000) AS bigint) AS dollars, \
         CAST(sum(r.cost_nanos % 1000000000) AS bigint) AS nanos \
         FROM api_keys k CROSS JOIN series s CROSS JOIN rollups r";
    let statement = keys.statement(select, "GROUP BY s.api_key_id, r.bucket");
    Ok(Sum::find_by_statement(statement).all(services.database.read()).await?)
}
