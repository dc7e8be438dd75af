//! Quarter hours of the second half of each hour, which servers delete a week later: no view reads them, since hours are
//! stored too (`services/src/usage/cover.rs`).
//!
//! There is nothing to change upwards. Downwards, older servers read them again.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

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
/// Number of bins of the latency histogram.
const BINS: usize = 14;

fn columns() -> Vec<String> {
    let bins = (0..BINS).map(|bin| format!("latency_{bin}"));
    COUNTS.into_iter().map(str::to_owned).chain(bins).collect()
}

/// A list with an item for each column, in which `{}` stands for its name.
fn list(item: &str, separator: &str) -> String {
    columns().iter().map(|column| item.replace("{}", column)).collect::<Vec<_>>().join(separator)
}

/// The query for the sums of an hour's rollups, by hour and series, which saturate at 64 bits.
fn hours(backend: DbBackend, resolution: i16, hour: &str) -> String {
    let sum = match backend {
        DbBackend::Postgres => format!("CAST(least(sum({{}}), {MAX}) AS bigint) AS {{}}"),
        // In two parts, since SQLite's `sum` fails beyond 64 bits; a float beyond them is cast to their end.
        _ => "CAST(sum({} / 1000000000) * 1000000000 + sum({} % 1000000000) AS bigint) AS {}".to_owned(),
    };
    let sum = list(&sum, ", ");
    format!(
        "SELECT organization_id, {hour} AS hour, series_id, {sum} FROM rollups WHERE resolution = {resolution} \
         GROUP BY organization_id, {hour}, series_id"
    )
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }

    /// Adds the rest of each hour to the quarter hour in its middle. How it was divided between that and the last one
    /// isn't known, and no zone's hour or day begins between them.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let sql = format!(
            "INSERT INTO rollups (organization_id, resolution, bucket, series_id, writer, {columns}) \
             SELECT h.organization_id, 1, h.hour + 1800000, h.series_id, 0, {rest} FROM ({hours}) h \
             LEFT JOIN ({quarters}) q ON q.organization_id = h.organization_id AND q.hour = h.hour \
             AND q.series_id = h.series_id WHERE {differs} \
             ON CONFLICT (organization_id, resolution, bucket, series_id, writer) DO UPDATE SET {sums}",
            columns = list("{}", ", "),
            rest = list("h.{} - coalesce(q.{}, 0)", ", "),
            hours = hours(backend, 2, "bucket"),
            quarters = hours(backend, 1, "bucket - bucket % 3600000"),
            differs = list("h.{} <> coalesce(q.{}, 0)", " OR "),
            sums = list(
                &format!(
                    "{{}} = CASE WHEN rollups.{{}} > {MAX} - excluded.{{}} THEN {MAX} ELSE rollups.{{}} + excluded.{{}} END"
                ),
                ", "
            ),
        );
        manager.get_connection().execute_unprepared(&sql).await?;
        Ok(())
    }
}
