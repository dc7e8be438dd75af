//! Deletes quarter hours of the second half of each hour, which no view reads (`usage::cover`).

use domain::{
    ids::OrganizationId,
    time::{DAY_MILLIS, Timestamp},
};
use sea_orm::ConnectionTrait;

use crate::{
    Database, ServiceResult,
    database::{Bound, Connections},
    usage::resolution::Resolution,
};

const HOUR_MILLIS: i64 = 60 * 60_000;
const QUARTER_MILLIS: i64 = HOUR_MILLIS / 4;
/// Length of time whose buckets are looked up at once.
const SEARCH_MILLIS: i64 = 30 * DAY_MILLIS;
/// Buckets deleted in one transaction, few enough that calls don't wait for it.
const BATCH_SIZE: usize = 8;

/// Deletes an organization's rows of this kind from `from` up to `to`.
pub(super) async fn delete(
    database: &Database,
    organization: OrganizationId,
    from: Timestamp,
    to: Timestamp,
) -> ServiceResult<()> {
    let Some(first) = first(database, organization, from).await? else { return Ok(()) };
    let mut begin = first.millis().div_euclid(HOUR_MILLIS) * HOUR_MILLIS;
    while begin < to.millis() {
        let end = (begin + SEARCH_MILLIS).min(to.millis());
        for buckets in existing(database, organization, begin, end).await?.chunks(BATCH_SIZE) {
            delete_buckets(database, organization, buckets).await?;
        }
        begin = end.div_euclid(HOUR_MILLIS) * HOUR_MILLIS;
        if end == to.millis() {
            break;
        }
    }
    Ok(())
}

/// The organization's first quarter hour from `from` on.
async fn first(
    database: &Connections,
    organization: OrganizationId,
    from: Timestamp,
) -> ServiceResult<Option<Timestamp>> {
    let read = database.read();
    let mut bound = Bound::new(read.get_database_backend());
    let (organization, from) = (bound.value(organization.uuid()), bound.value(from.millis()));
    let sql = format!(
        "SELECT r.bucket FROM rollups r WHERE r.organization_id = {organization} AND r.resolution = {} \
         AND r.bucket >= {from} ORDER BY r.bucket LIMIT 1",
        Resolution::QuarterHour.number()
    );
    let row = read.query_one_raw(bound.statement(sql)).await?;
    Ok(row.map(|row| row.try_get("", "bucket")).transpose()?.map(Timestamp::from_millis))
}

/// The buckets between two moments that have rows, of those in the second half of an hour.
async fn existing(database: &Connections, organization: OrganizationId, from: i64, to: i64) -> ServiceResult<Vec<i64>> {
    let read = database.read();
    let mut bound = Bound::new(read.get_database_backend());
    let (organization, first, after) = (bound.value(organization.uuid()), bound.value(from), bound.value(to));
    let hours = (0..).map(|hour| from + hour * HOUR_MILLIS).take_while(|hour| *hour < to);
    let buckets = hours.flat_map(|hour| [2, 3].map(|quarter| hour + quarter * QUARTER_MILLIS));
    let among = bound.among_numbers(buckets.filter(|bucket| *bucket < to));
    let sql = format!(
        "SELECT DISTINCT r.bucket FROM rollups r WHERE r.organization_id = {organization} AND r.resolution = {} \
         AND r.bucket >= {first} AND r.bucket < {after} AND r.bucket {among} ORDER BY r.bucket",
        Resolution::QuarterHour.number()
    );
    let rows = read.query_all_raw(bound.statement(sql)).await?;
    Ok(rows.iter().map(|row| row.try_get("", "bucket")).collect::<Result<_, _>>()?)
}

async fn delete_buckets(database: &Connections, organization: OrganizationId, buckets: &[i64]) -> ServiceResult<()> {
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else { return Ok(()) };
    let transaction = database.begin().await?;
    let mut bound = Bound::new(transaction.get_database_backend());
    let (organization, first, last) = (bound.value(organization.uuid()), bound.value(*first), bound.value(*last));
    // The bounds tell PostgreSQL the partition.
    let among = bound.among_numbers(buckets.iter().copied());
    let sql = format!(
        "DELETE FROM rollups WHERE organization_id = {organization} AND resolution = {} AND bucket >= {first} \
         AND bucket <= {last} AND bucket {among}",
        Resolution::QuarterHour.number()
    );
    transaction.execute_raw(bound.statement(sql)).await?;
    Ok(transaction.commit().await?)
}
