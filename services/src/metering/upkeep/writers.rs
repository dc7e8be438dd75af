//! Merges the rows that several servers wrote of one bucket and series, on PostgreSQL.
//!
//! One of the rows gets the sums of all, and the others are deleted, in one transaction: whatever happens, each call
//! counts once. Rows that a server is adding to are left for the next time, so nobody waits for the merge, and it waits
//! for nobody.

use std::collections::BTreeMap;

use domain::{ids::OrganizationId, time::Timestamp};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::{
    Database, ServiceResult,
    database::{Bound, Connections, DatabaseTransaction},
    metering::rollup,
    usage::resolution::Resolution,
};

/// Buckets of a series merged in one transaction.
const BATCH_SIZE: usize = 500;

/// The rows of one bucket and series, by their writers.
type RowsByBucket = BTreeMap<(i64, i64), Vec<i32>>;

/// Merges the rows of an organization's buckets from `from` up to `to`.
pub(super) async fn merge(
    database: &Database,
    organization: OrganizationId,
    from: Timestamp,
    to: Timestamp,
) -> ServiceResult<()> {
    for resolution in Resolution::ALL {
        let mut from = from.millis();
        while let Some(last) = merge_batch(database, organization, resolution, (from, to.millis())).await? {
            from = last;
        }
    }
    Ok(())
}

/// Merges the first rows of a resolution within `bounds`. Returns the last bucket, if there may be more.
async fn merge_batch(
    database: &Connections,
    organization: OrganizationId,
    resolution: Resolution,
    bounds: (i64, i64),
) -> ServiceResult<Option<i64>> {
    let transaction = database.begin().await?;
    let mut rows = lock_rows(&transaction, organization, resolution, bounds).await?;
    let last = rows.last_key_value().map(|((bucket, _), _)| *bucket).filter(|_| rows.len() == BATCH_SIZE);
    rows.retain(|_, writers| writers.len() > 1);
    if !rows.is_empty() {
        sum(&transaction, organization, resolution, &rows).await?;
        delete(&transaction, organization, resolution, &rows).await?;
    }
    transaction.commit().await?;
    Ok(last)
}

/// Locks the rows to merge, without those that others have locked.
async fn lock_rows(
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
    resolution: Resolution,
    (from, to): (i64, i64),
) -> ServiceResult<RowsByBucket> {
    let mut bound = Bound::new(transaction.get_database_backend());
    let (organization, from, to) = (bound.value(organization.uuid()), bound.value(from), bound.value(to));
    let of_time = |row: &str| {
        format!(
            "{row}.organization_id = {organization} AND {row}.resolution = {} AND {row}.bucket >= {from} \
             AND {row}.bucket < {to}",
            resolution.number()
        )
    };
    let sql = format!(
        "SELECT r.bucket, r.series_id, r.writer FROM (SELECT w.bucket, w.series_id FROM rollups w WHERE {several} \
         GROUP BY w.bucket, w.series_id HAVING count(*) > 1 ORDER BY w.bucket, w.series_id LIMIT {BATCH_SIZE}) g \
         JOIN rollups r ON {rows} AND r.bucket = g.bucket AND r.series_id = g.series_id \
         ORDER BY r.bucket, r.series_id, r.writer FOR UPDATE OF r SKIP LOCKED",
        several = of_time("w"),
        rows = of_time("r"),
    );
    let mut rows = RowsByBucket::new();
    for row in transaction.query_all_raw(bound.statement(sql)).await? {
        let bucket = (row.try_get("", "bucket")?, row.try_get("", "series_id")?);
        rows.entry(bucket).or_default().push(row.try_get("", "writer")?);
    }
    Ok(rows)
}

/// A join of rows `r` with a table `p` that lists them.
struct JoinedRows {
    table: String,
    condition: String,
    /// The expression for the writer whose row is kept.
    kept: String,
    /// The condition that a row has the organization, the resolution and the time of the listed rows, by which PostgreSQL
    /// finds the partitions. `{}` stands for the row.
    of_time: String,
}

impl JoinedRows {
    fn new(bound: &mut Bound, organization: OrganizationId, resolution: Resolution, rows: &RowsByBucket) -> Self {
        let mut pairs = Vec::new();
        for ((bucket, series), writers) in rows {
            pairs.extend(writers.iter().map(|writer| json!([bucket, series, writer, writers.first()])));
        }
        let buckets = || rows.keys().map(|(bucket, _)| *bucket);
        let organization = bound.value(organization.uuid());
        let (first, last) = (bound.value(buckets().min()), bound.value(buckets().max()));
        let table = bound.rows(json!(pairs).to_string(), "p");
        let [bucket, series, writer, kept] = [0, 1, 2, 3].map(|part| bound.number(&format!("p.value ->> {part}")));
        let of_time = format!(
            "{{}}.organization_id = {organization} AND {{}}.resolution = {} AND {{}}.bucket >= {first} \
             AND {{}}.bucket <= {last}",
            resolution.number()
        );
        let condition = format!(
            "{} AND r.bucket = {bucket} AND r.series_id = {series} AND r.writer = {writer}",
            of_time.replace("{}", "r")
        );
        Self { table, condition, kept, of_time }
    }
}

/// Gives the first row of each bucket and series the sums of all.
async fn sum(
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
    resolution: Resolution,
    rows: &RowsByBucket,
) -> ServiceResult<()> {
    let list = |part: &dyn Fn(&str) -> String| rollup::summed_columns().map(part).collect::<Vec<_>>().join(", ");
    let mut bound = Bound::new(transaction.get_database_backend());
    let JoinedRows { table, condition, kept, of_time } = JoinedRows::new(&mut bound, organization, resolution, rows);
    let sql = format!(
        "UPDATE rollups k SET {set} FROM (SELECT r.bucket, r.series_id, {kept} AS writer, {sums} FROM {table} \
         JOIN rollups r ON {condition} GROUP BY r.bucket, r.series_id, {kept}) s \
         WHERE {of_time} AND k.bucket = s.bucket AND k.series_id = s.series_id AND k.writer = s.writer",
        set = list(&|column| format!("{column} = s.{column}")),
        sums = list(&|column| format!("CAST(least(sum(r.{column}), {}) AS bigint) AS {column}", i64::MAX)),
        of_time = of_time.replace("{}", "k"),
    );
    transaction.execute_raw(bound.statement(sql)).await?;
    Ok(())
}

/// Deletes all rows but the first of each bucket and series.
async fn delete(
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
    resolution: Resolution,
    rows: &RowsByBucket,
) -> ServiceResult<()> {
    let mut bound = Bound::new(transaction.get_database_backend());
    let JoinedRows { table, condition, kept, .. } = JoinedRows::new(&mut bound, organization, resolution, rows);
    let sql = format!("DELETE FROM rollups r USING {table} WHERE {condition} AND r.writer <> {kept}");
    transaction.execute_raw(bound.statement(sql)).await?;
    Ok(())
}
