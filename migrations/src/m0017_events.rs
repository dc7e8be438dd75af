//! Ids of accepted events, which are never deleted, so that none is counted twice.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // 128 bits of a digest of source and id: a `uuid` is PostgreSQL's only type of 16 bytes without a
        // length.
        let (organization, digest, suffix) = match manager.get_database_backend() {
            DbBackend::Postgres => ("uuid", "uuid", ""),
            _ => ("uuid_text", "blob", " WITHOUT ROWID"),
        };
        let sql = format!(
            "CREATE TABLE event_ids (
                organization_id {organization} NOT NULL,
                digest {digest} NOT NULL,
                PRIMARY KEY (organization_id, digest)
            ){suffix}"
        );
        manager.get_connection().execute_unprepared(&sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("event_ids").to_owned()).await
    }
}
