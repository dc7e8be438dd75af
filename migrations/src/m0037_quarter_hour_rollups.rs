//! Hours and quarter hours by what people ask for, as days are since migration 20: by key and model, with failures and
//! refusals as sums beside the calls, instead of rows of their own. Other zones' days are made of them.
//!
//! A server of before may go on beside: whoever reads sums over all rows.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Where each bin of latency but the last ends, in milliseconds.
const BOUNDS_MS: [i64; 13] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];
/// Number and length in milliseconds of each resolution that is told anew.
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

/// What a column is the sum of, over calls `c` of series `s`.
fn of_calls(column: &str) -> String {
    let of_admitted = |what: &str| format!("CASE WHEN s.outcome = 'refused' THEN 0 ELSE {what} END");
    match column {
        "calls" => of_admitted("c.times"),
        "errors" => "CASE WHEN s.outcome IN ('succeeded', 'refused') THEN 0 ELSE c.times END".to_owned(),
        "refused" => "CASE WHEN s.outcome = 'refused' THEN c.times ELSE 0 END".to_owned(),
        "cost_nanos" => "coalesce(c.cost_nanos, 0)".to_owned(),
        "unpriced" => of_admitted("CASE WHEN c.cost_nanos IS NULL OR c.rare LIKE '%\"unpriced\"%' THEN 1 ELSE 0 END"),
        "duration_us" => of_admitted("c.duration_us * c.times"),
        used => format!("c.{used}"),
    }
}

/// The calls that took as long as a bin says.
fn of_bin(bin: usize) -> String {
    let over = bin.checked_sub(1).map(|before| format!(" AND c.duration_us > {}", BOUNDS_MS[before] * 1_000));
    let up_to = BOUNDS_MS.get(bin).map(|bound| format!(" AND c.duration_us <= {}", bound * 1_000));
    let within = format!("s.outcome <> 'refused'{}{}", over.unwrap_or_default(), up_to.unwrap_or_default());
    format!("CASE WHEN {within} THEN c.times ELSE 0 END")
}

/// The sum of `what`, which stays at the limit of 64 bits instead of leaving it, as what a rollup holds does.
fn sum(backend: DbBackend, what: &str) -> String {
    const PART: i64 = 1_000_000_000;
    match backend {
        DbBackend::Postgres => format!("CAST(least(sum({what}), {}) AS bigint)", i64::MAX),
        // Its `sum` fails beyond the limit, so two parts are summed, which don't come near it. What they make together is exact
        // up to there, and a float beyond, of which the cast makes the limit.
        _ => format!("CAST(sum(({what}) / {PART}) * {PART} + sum(({what}) % {PART}) AS bigint)"),
    }
}

/// Has servers of before wait with what they add until this is over. Each statement on PostgreSQL sees what was committed
/// before it: what came between summing and deleting would be deleted without having been summed. SQLite has one writer.
async fn hold_writers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
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
        hold_writers(manager).await?;
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
        // Only what was summed: what isn't summed by any series counts as it is.
        let sql = format!(
            "DELETE FROM rollups WHERE resolution IN (1, 2) AND EXISTS (SELECT 1 FROM series s {SUMMED_BY} \
             WHERE s.organization_id = rollups.organization_id AND s.id = rollups.series_id AND s.outcome <> 'any')"
        );
        connection.execute_unprepared(&sql).await?;
        Ok(())
    }

    /// Calls tell what their hours don't any more; who wrote those doesn't matter, as long as it is one that wrote days.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        hold_writers(manager).await?;
        let connection = manager.get_connection();
        let backend = manager.get_database_backend();
        connection.execute_unprepared("DELETE FROM rollups WHERE resolution IN (1, 2)").await?;
        let sums = COUNTS.into_iter().map(of_calls).chain((0..=BOUNDS_MS.len()).map(of_bin));
        let sums: String = sums.map(|what| format!(", {}", sum(backend, &what))).collect();
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
