//! Calls summed by series and bucket: quarter hours, of which every time zone's hours and days consist, UTC
//! hours, and days of the organization's zone.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Number of bins of the latency histogram; `services::metering` defines their bounds.
const LATENCY_BINS: usize = 14;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (uuid, suffix) = match manager.get_database_backend() {
            DbBackend::Postgres => ("uuid", ""),
            _ => ("uuid_text", " WITHOUT ROWID"),
        };
        let bins: String = (0..LATENCY_BINS).map(|bin| format!("latency_{bin} bigint NOT NULL,")).collect();
        manager
            .get_connection()
            .execute_unprepared(&format!(
                "CREATE TABLE rollups (
                    organization_id {uuid} NOT NULL,
                    resolution smallint NOT NULL,
                    bucket bigint NOT NULL,
                    series_id bigint NOT NULL,
                    writer integer NOT NULL,
                    calls bigint NOT NULL,
                    tokens_in bigint NOT NULL,
                    cached_tokens_in bigint NOT NULL,
                    tokens_out bigint NOT NULL,
                    cost_nanos bigint NOT NULL,
                    unpriced bigint NOT NULL,
                    duration_us bigint NOT NULL,
                    {bins}
                    PRIMARY KEY (organization_id, resolution, bucket, series_id, writer)
                ){suffix}"
            ))
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE rollups").await?;
        Ok(())
    }
}
