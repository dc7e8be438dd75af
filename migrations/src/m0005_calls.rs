//! Series (a set of dimensions, interned) and calls.
//!
//! Raw SQL, because on PostgreSQL calls are partitioned by month of their time-ordered id, and on SQLite both
//! tables are clustered by their key.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const SERIES_COLUMNS: &str = "
    organization_id {uuid} NOT NULL,
    id bigint NOT NULL,
    project_id {uuid} NOT NULL,
    api_key_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    model text NOT NULL,
    service text NOT NULL,
    endpoint text NOT NULL,
    provider text NOT NULL,
    status integer NOT NULL,
    outcome text NOT NULL,
    PRIMARY KEY (organization_id, id)";

const CALL_COLUMNS: &str = "
    organization_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    series_id bigint NOT NULL,
    secret_id {uuid} NOT NULL,
    started_at bigint NOT NULL,
    duration_us bigint NOT NULL,
    first_byte_us bigint,
    streamed boolean NOT NULL,
    reported boolean NOT NULL,
    tokens_in bigint NOT NULL,
    cached_tokens_in bigint NOT NULL,
    tokens_out bigint NOT NULL,
    cost_nanos bigint,
    price_id {uuid},
    error_code text NOT NULL,
    PRIMARY KEY (organization_id, id)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (uuid, series_suffix, calls_suffix) = match manager.get_database_backend() {
            DbBackend::Postgres => ("uuid", "", " PARTITION BY RANGE (id)"),
            _ => ("uuid_text", " WITHOUT ROWID", " WITHOUT ROWID"),
        };
        let columns = |columns: &str| columns.replace("{uuid}", uuid);
        let connection = manager.get_connection();
        connection
            .execute_unprepared(&format!("CREATE TABLE series ({}){series_suffix}", columns(SERIES_COLUMNS)))
            .await?;
        connection
            .execute_unprepared(
                "CREATE UNIQUE INDEX series_dimensions ON series \
                 (organization_id, project_id, api_key_id, member_id, model, service, endpoint, provider, status, outcome)",
            )
            .await?;
        connection.execute_unprepared(&format!("CREATE TABLE calls ({}){calls_suffix}", columns(CALL_COLUMNS))).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            connection.execute_unprepared("CREATE TABLE calls_default PARTITION OF calls DEFAULT").await?;
        }
        connection.execute_unprepared("CREATE INDEX calls_series ON calls (organization_id, series_id, id)").await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("DROP TABLE calls").await?;
        connection.execute_unprepared("DROP TABLE series").await?;
        Ok(())
    }
}
