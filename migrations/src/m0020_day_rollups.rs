//! Days by what people ask of a long time: with failures and refusals as sums beside the calls, instead of rows of their own.
//!
//! How many rows a day has no longer grows with how many calls it had. Hours go on telling status, outcome and provider.

use sea_orm_migration::{
    prelude::*,
    schema::big_integer,
    sea_orm::{ConnectionTrait, DbBackend},
};

use crate::columns::{add, drop};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const LATENCY_BINS: usize = 14;
const COUNTS: [&str; 2] = ["errors", "refused"];
/// What calls used, of refused ones as of others.
const USED: [&str; 8] =
    ["tokens_in", "cached_tokens_in", "tokens_out", "images", "media_ms", "byte_hours", "cost_nanos", "unpriced"];

/// The rollups that `series s` owns, by its outcome.
fn of_outcomes(condition: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM series s WHERE s.organization_id = rollups.organization_id AND s.id = rollups.series_id \
         AND s.outcome {condition})"
    )
}

/// Columns that say how many calls took how long.
fn timing() -> Vec<String> {
    let bins = (0..LATENCY_BINS).map(|bin| format!("latency_{bin}"));
    std::iter::once("duration_us".to_owned()).chain(bins).collect()
}

/// Columns that add up.
fn sums() -> Vec<String> {
    let counts = ["calls"].into_iter().chain(COUNTS).chain(USED).map(str::to_owned);
    counts.chain(timing()).collect()
}

/// Day rows from others: `source` says where `r`, the `bucket` and the `series` of each come from.
fn insert_days(bucket: &str, series: &str, source: &str) -> String {
    let columns = sums();
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
            add(manager, "rollups", big_integer(column).default(0)).await?;
        }
        let connection = manager.get_connection();
        let untimed: String = timing().iter().map(|column| format!(", {column} = 0")).collect();
        run(
            connection,
            &format!("UPDATE rollups SET refused = calls, calls = 0{untimed} WHERE {}", of_outcomes("= 'refused'")),
        )
        .await?;
        run(
            connection,
            &format!("UPDATE rollups SET errors = calls WHERE {}", of_outcomes("NOT IN ('succeeded', 'refused')")),
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
             service, endpoint FROM series) told"
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
        run(connection, &format!("DELETE FROM rollups WHERE resolution = 3 AND {}", of_outcomes("<> 'any'"))).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        // Days are made of quarter hours, and each that has any has a row that says when it begins.
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
        run(connection, &format!("DELETE FROM rollups WHERE {}", of_outcomes("= 'any'"))).await?;
        run(connection, "DELETE FROM series WHERE outcome = 'any'").await?;
        // How long refused calls took isn't known any more: they were short.
        run(
            connection,
            "UPDATE rollups SET calls = calls + refused, latency_0 = latency_0 + refused WHERE refused > 0",
        )
        .await?;
        for column in COUNTS.into_iter().rev() {
            drop(manager, "rollups", column).await?;
        }
        Ok(())
    }
}
