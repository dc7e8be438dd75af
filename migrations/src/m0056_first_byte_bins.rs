//! Times to the first byte in rollups: a second histogram beside that of latency, zero for all earlier calls.
//!
//! From here on rollups belong to the series of their calls, with provider, status and outcome. Earlier ones stay as they
//! are: readers sum over all rows. So do those that a server of the previous version goes on writing.

use sea_orm_migration::{
    prelude::*,
    schema::big_integer,
    sea_orm::{ConnectionTrait, DbBackend},
};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Number of bins of each histogram.
const BINS: usize = 14;
/// Upper end of 64 bits, at which sums saturate.
const MAX: i64 = i64::MAX;
const COUNTS: [&str; 12] = [
    "calls",
    "errors",
    "refused",
    "tokens_in",
    "cached_tokens_in",
    "tokens_out",
    "images",
    "media_ms",
    "byte_hours",
    "cost_nanos",
    "unpriced",
    "duration_us",
];

/// Dimensions of series that the previous version's rollups have.
const DIMENSIONS: &str = "organization_id, project_id, api_key_id, member_id, model, service, endpoint";

/// Names of the new columns.
const FIRST_BYTE: [&str; BINS] = [
    "first_byte_0",
    "first_byte_1",
    "first_byte_2",
    "first_byte_3",
    "first_byte_4",
    "first_byte_5",
    "first_byte_6",
    "first_byte_7",
    "first_byte_8",
    "first_byte_9",
    "first_byte_10",
    "first_byte_11",
    "first_byte_12",
    "first_byte_13",
];

/// Joins series `s` with series `d` of the previous version's rollups.
const SUMMED_BY: &str = "JOIN series d ON d.organization_id = s.organization_id AND d.project_id = s.project_id \
     AND d.api_key_id = s.api_key_id AND d.member_id = s.member_id AND d.model = s.model AND d.service = s.service \
     AND d.endpoint = s.endpoint AND d.provider = '' AND d.status = 0 AND d.outcome = 'any'";

/// A list with an item for each column that was there before, in which `{}` stands for its name.
fn list(item: &str) -> String {
    let bins = (0..BINS).map(|bin| format!("latency_{bin}"));
    let columns = COUNTS.into_iter().map(str::to_owned).chain(bins);
    columns.map(|column| item.replace("{}", &column)).collect::<Vec<_>>().join(", ")
}

/// The statement that makes the series which are missing.
fn insert_series(backend: DbBackend) -> String {
    let random = match backend {
        DbBackend::Postgres => "CAST(floor(random() * 9007199254740992) AS bigint)",
        _ => "(random() & 9223372036854775807)",
    };
    format!(
        "INSERT INTO series (id, {DIMENSIONS}, provider, status, outcome) \
         SELECT {random}, {DIMENSIONS}, '', 0, 'any' FROM (SELECT DISTINCT {DIMENSIONS} FROM series \
         WHERE outcome <> 'any') dimensions WHERE true \
         ON CONFLICT (organization_id, project_id, api_key_id, member_id, model, service, endpoint, provider, status, \
         outcome) DO NOTHING"
    )
}

/// The statement that adds the rollups of calls' own series to those of the previous version's.
fn add_rollups(backend: DbBackend) -> String {
    let sum = match backend {
        DbBackend::Postgres => format!("CAST(least(sum(r.{{}}), {MAX}) AS bigint)"),
        // In two parts, since SQLite's `sum` fails beyond 64 bits; a float beyond them is cast to their end.
        _ => "CAST(sum(r.{} / 1000000000) * 1000000000 + sum(r.{} % 1000000000) AS bigint)".to_owned(),
    };
    let added = format!(
        "{{}} = CASE WHEN rollups.{{}} > {MAX} - excluded.{{}} THEN {MAX} ELSE rollups.{{}} + excluded.{{}} END"
    );
    format!(
        "INSERT INTO rollups (organization_id, resolution, bucket, series_id, writer, {columns}) \
         SELECT r.organization_id, r.resolution, r.bucket, d.id, r.writer, {sums} FROM rollups r \
         JOIN series s ON s.organization_id = r.organization_id AND s.id = r.series_id {SUMMED_BY} \
         WHERE s.outcome <> 'any' GROUP BY r.organization_id, r.resolution, r.bucket, d.id, r.writer \
         ON CONFLICT (organization_id, resolution, bucket, series_id, writer) DO UPDATE SET {added}",
        columns = list("{}"),
        sums = list(&sum),
        added = list(&added),
    )
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in FIRST_BYTE {
            add_column(manager, "rollups", big_integer(column).default(0)).await?;
        }
        Ok(())
    }

    /// Sums rollups over providers, statuses and outcomes again: the previous version reads keys' days of such series only.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, backend) = (manager.get_connection(), manager.get_database_backend());
        if backend == DbBackend::Postgres {
            // Rows that a server inserts between the statements would be deleted unsummed. SQLite has one writer.
            connection.execute_unprepared("LOCK TABLE rollups IN SHARE ROW EXCLUSIVE MODE").await?;
        }
        connection.execute_unprepared(&insert_series(backend)).await?;
        connection.execute_unprepared(&add_rollups(backend)).await?;
        let summed = format!(
            "DELETE FROM rollups WHERE EXISTS (SELECT 1 FROM series s {SUMMED_BY} \
             WHERE s.organization_id = rollups.organization_id AND s.id = rollups.series_id AND s.outcome <> 'any')"
        );
        connection.execute_unprepared(&summed).await?;
        for column in FIRST_BYTE.into_iter().rev() {
            drop_column(manager, "rollups", column).await?;
        }
        Ok(())
    }
}
