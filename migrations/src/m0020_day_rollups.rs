//! Days by the dimensions that are queried for long ranges: failures and rejections become columns beside the
//! calls, instead of rows of their own.
//!
//! A day's number of rows no longer grows with its calls. Hours still distinguish status, outcome and
//! provider.

use sea_orm_migration::{
    prelude::*,
    schema::big_integer,
    sea_orm::{ConnectionTrait, DbBackend},
};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const LATENCY_BINS: usize = 14;
const COUNTS: [&str; 2] = ["errors", "refused"];
/// Columns of used quantities, which count for refused calls as for others.
const USED: [&str; 8] =
    ["tokens_in", "cached_tokens_in", "tokens_out", "images", "media_ms", "byte_hours", "cost_nanos", "unpriced"];

/// The condition that a rollup's series has an outcome that fulfills `condition`.
fn has_outcome(condition: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM series s WHERE s.organization_id = rollups.organization_id AND s.id = rollups.series_id \
         AND s.outcome {condition})"
    )
}

/// Columns of durations: their sum and the latency histogram.
fn duration_columns() -> Vec<String> {
    let bins = (0..LATENCY_BINS).map(|bin| format!("latency_{bin}"));
    std::iter::once("duration_us".to_owned()).chain(bins).collect()
}

/// All columns that are sums.
fn sum_columns() -> Vec<String> {
    let counts = ["calls"].into_iter().chain(COUNTS).chain(USED).map(str::to_owned);
    counts.chain(duration_columns()).collect()
}

/// The statement that sums rollups `r` to rows of days; `source` joins what the expressions `bucket` and
/// `series` use.
fn insert_days(bucket: &str, series: &str, source: &str) -> String {
    let columns = sum_columns();
    let added: String = columns.iter().map(|column| format!(", CAST(sum(r.{column}) AS bigint)")).collect();
    format!(
        "INSERT INTO rollups (organization_id, resolution, bucket, series_id, writer, {}) \
         SELECT r.organization_id, 3, {bucket}, {series}, r.writer{added} FROM rollups r {source} \
         GROUP BY r.organization_id, {bucket}, {series}, r.writer",
        columns.join(", ")
    )
}

async fn run(connection: &SchemaManagerConnection<'_>, sql: &str) -> Result<(), DbErr> {
    connection.execute_unprepared(sql).await?;
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COUNTS {
            add_column(manager, "rollups", big_integer(column).default(0)).await?;
        }
        let connection = manager.get_connection();
        let untimed: String = duration_columns().iter().map(|column| format!(", {column} = 0")).collect();
        run(
            connection,
            &format!("UPDATE rollups SET refused = calls, calls = 0{untimed} WHERE {}", has_outcome("= 'refused'")),
        )
        .await?;
        run(
            connection,
            &format!("UPDATE rollups SET errors = calls WHERE {}", has_outcome("NOT IN ('succeeded', 'refused')")),
        )
        .await?;
        let random = match manager.get_database_backend() {
            DbBackend::Postgres => "CAST(floor(random() * 9007199254740992) AS bigint)",
            _ => "(random() & 9223372036854775807)",
        };
        run(connection, &format!(
            "INSERT INTO series (organization_id, id, project_id, api_key_id, member_id, model, service, endpoint, \
             provider, status, outcome) SELECT organization_id, {random}, project_id, api_key_id, member_id, model, service, \
             endpoint, '', 0, 'any' FROM (SELECT DISTINCT organization_id, project_id, api_key_id, member_id, model, \
             service, endpoint FROM series) dimensions"
        ))
        .await?;
        run(
            connection,
            &insert_days(
                "r.bucket",
                "d.id",
                "JOIN series s ON s.organization_id = r.organization_id AND s.id = r.series_id \
             JOIN series d ON d.organization_id = s.organization_id AND d.project_id = s.project_id \
             AND d.api_key_id = s.api_key_id AND d.member_id = s.member_id AND d.model = s.model \
             AND d.service = s.service AND d.endpoint = s.endpoint AND d.outcome = 'any' WHERE r.resolution = 3",
            ),
        )
        .await?;
        run(connection, &format!("DELETE FROM rollups WHERE resolution = 3 AND {}", has_outcome("<> 'any'"))).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        // Days consist of quarter hours, and each day with calls has a row with its beginning.
        let day = "(SELECT max(d.bucket) FROM rollups d WHERE d.organization_id = r.organization_id AND d.resolution = 3 \
             AND d.bucket <= r.bucket)";
        run(
            connection,
            &insert_days(
                "day",
                "r.series_id",
                &format!(
                    "JOIN (SELECT r.organization_id, r.bucket AS quarter, {day} AS day \
             FROM rollups r WHERE r.resolution = 1 GROUP BY r.organization_id, r.bucket) days \
             ON days.organization_id = r.organization_id AND days.quarter = r.bucket WHERE r.resolution = 1"
                ),
            ),
        )
        .await?;
        run(connection, &format!("DELETE FROM rollups WHERE {}", has_outcome("= 'any'"))).await?;
        run(connection, "DELETE FROM series WHERE outcome = 'any'").await?;
        // The durations of refused calls are lost; they were short.
        run(
            connection,
            "UPDATE rollups SET calls = calls + refused, latency_0 = latency_0 + refused WHERE refused > 0",
        )
        .await?;
        for column in COUNTS.into_iter().rev() {
            drop_column(manager, "rollups", column).await?;
        }
        Ok(())
    }
}
