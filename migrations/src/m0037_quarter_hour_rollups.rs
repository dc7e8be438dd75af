//! Hours and quarter hours by the dimensions that are queried, like days since migration 20: by key and
//! model, with failures and rejections as columns beside the calls, instead of rows of their own. Other
//! zones' days consist of them.
//!
//! A server of an older version may still run: readers sum over all rows.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Upper bounds of all latency bins but the last, in milliseconds.
const BOUNDS_MS: [i64; 13] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];
/// Number and length in milliseconds of each resolution that is summed again.
const RESOLUTIONS: [(i16, i64); 2] = [(1, 15 * 60_000), (2, 60 * 60_000)];

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

fn columns() -> Vec<String> {
    let bins = (0..=BOUNDS_MS.len()).map(|bin| format!("latency_{bin}"));
    COUNTS.into_iter().map(str::to_owned).chain(bins).collect()
}

/// The expression over calls `c` of series `s` that a column sums.
fn call_value(column: &str) -> String {
    let if_admitted = |value: &str| format!("CASE WHEN s.outcome = 'refused' THEN 0 ELSE {value} END");
    match column {
        "calls" => if_admitted("c.times"),
        "errors" => "CASE WHEN s.outcome IN ('succeeded', 'refused') THEN 0 ELSE c.times END".to_owned(),
        "refused" => "CASE WHEN s.outcome = 'refused' THEN c.times ELSE 0 END".to_owned(),
        "cost_nanos" => "coalesce(c.cost_nanos, 0)".to_owned(),
        "unpriced" => if_admitted("CASE WHEN c.cost_nanos IS NULL OR c.rare LIKE '%\"unpriced\"%' THEN 1 ELSE 0 END"),
        "duration_us" => if_admitted("c.duration_us * c.times"),
        used => format!("c.{used}"),
    }
}

/// The expression that counts the calls in a latency bin.
fn bin_value(bin: usize) -> String {
    let over = bin.checked_sub(1).map(|before| format!(" AND c.duration_us > {}", BOUNDS_MS[before] * 1_000));
    let up_to = BOUNDS_MS.get(bin).map(|bound| format!(" AND c.duration_us <= {}", bound * 1_000));
    let within = format!("s.outcome <> 'refused'{}{}", over.unwrap_or_default(), up_to.unwrap_or_default());
    format!("CASE WHEN {within} THEN c.times ELSE 0 END")
}

/// The expression that sums `value`, saturating at 64 bits, as rollups do.
fn sum(backend: DbBackend, value: &str) -> String {
    const PART: i64 = 1_000_000_000;
    match backend {
        DbBackend::Postgres => format!("CAST(least(sum({value}), {}) AS bigint)", i64::MAX),
        // SQLite's `sum` fails beyond the limit, so two parts are summed that don't reach it. Their total is
        // exact up to the limit, and a float beyond it, which the cast turns into the limit.
        _ => format!("CAST(sum(({value}) / {PART}) * {PART} + sum(({value}) % {PART}) AS bigint)"),
    }
}

/// Blocks writes of running servers until the migration is over. On PostgreSQL each statement sees the rows
/// committed before it, so rows inserted between summing and deleting would be deleted unsummed. SQLite has
/// one writer.
async fn lock_rollups(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared("LOCK TABLE rollups IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    Ok(())
}

/// Joins series `s` with series `d` that it is summed by.
const SUMMED_BY: &str = "JOIN series d ON d.organization_id = s.organization_id AND d.project_id = s.project_id \
     AND d.api_key_id = s.api_key_id AND d.member_id = s.member_id AND d.model = s.model AND d.service = s.service \
     AND d.endpoint = s.endpoint AND d.provider = '' AND d.status = 0 AND d.outcome = 'any'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock_rollups(manager).await?;
        let connection = manager.get_connection();
        let columns = columns();
        let backend = manager.get_database_backend();
        let sums: String = columns.iter().map(|column| format!(", {}", sum(backend, &format!("r.{column}")))).collect();
        let sql = format!(
            "INSERT INTO rollups (organization_id, resolution, bucket, series_id, writer, {}) \
             SELECT r.organization_id, r.resolution, r.bucket, d.id, r.writer{sums} FROM rollups r \
             JOIN series s ON s.organization_id = r.organization_id AND s.id = r.series_id {SUMMED_BY} \
             WHERE r.resolution IN (1, 2) AND s.outcome <> 'any' \
             GROUP BY r.organization_id, r.resolution, r.bucket, d.id, r.writer",
            columns.join(", ")
        );
        connection.execute_unprepared(&sql).await?;
        // Deletes only summed rows: rows without a series to sum them stay valid.
        let sql = format!(
            "DELETE FROM rollups WHERE resolution IN (1, 2) AND EXISTS (SELECT 1 FROM series s {SUMMED_BY} \
             WHERE s.organization_id = rollups.organization_id AND s.id = rollups.series_id AND s.outcome <> 'any')"
        );
        connection.execute_unprepared(&sql).await?;
        Ok(())
    }

    /// Restores the hours from the calls. Any writer will do, as long as it has written days.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock_rollups(manager).await?;
        let connection = manager.get_connection();
        let backend = manager.get_database_backend();
        connection.execute_unprepared("DELETE FROM rollups WHERE resolution IN (1, 2)").await?;
        let sums = COUNTS.into_iter().map(call_value).chain((0..=BOUNDS_MS.len()).map(bin_value));
        let sums: String = sums.map(|value| format!(", {}", sum(backend, &value))).collect();
        for (resolution, length) in RESOLUTIONS {
            let bucket = format!("c.started_at - c.started_at % {length}");
            let sql = format!(
                "INSERT INTO rollups (organization_id, resolution, bucket, series_id, writer, {}) \
                 SELECT c.organization_id, {resolution}, {bucket}, c.series_id, coalesce(w.writer, 0){sums} FROM calls c \
                 JOIN series s ON s.organization_id = c.organization_id AND s.id = c.series_id \
                 LEFT JOIN (SELECT organization_id, max(writer) AS writer FROM rollups WHERE resolution = 3 \
                 GROUP BY organization_id) w ON w.organization_id = c.organization_id \
                 GROUP BY c.organization_id, {bucket}, c.series_id, w.writer",
                columns().join(", ")
            );
            connection.execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}
