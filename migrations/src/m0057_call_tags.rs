//! Tags of calls: on the call as JSON, where they are shown and usage is summed by them, and in a table by which calls
//! are found by a tag. Calls without tags, which most are, take no room for them.
//!
//! Raw SQL, because on PostgreSQL the table is partitioned by month of the call's id, like calls.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COLUMNS: &str = "
    organization_id {uuid} NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    call_id {uuid} NOT NULL,
    PRIMARY KEY (organization_id, name, value, call_id)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "calls", text_null("tags")).await?;
        // Jobs cost their callers something when they are done, long after the call that began them.
        add_column(manager, "provider_objects", text_null("tags")).await?;
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        let (uuid, suffix) =
            if is_postgres { ("uuid", " PARTITION BY RANGE (call_id)") } else { ("uuid_text", " WITHOUT ROWID") };
        let connection = manager.get_connection();
        let columns = COLUMNS.replace("{uuid}", uuid);
        connection.execute_unprepared(&format!("CREATE TABLE call_tags ({columns}){suffix}")).await?;
        if is_postgres {
            connection.execute_unprepared("CREATE TABLE call_tags_default PARTITION OF call_tags DEFAULT").await?;
        }
        // By it tags are deleted with their calls, and counted over a range.
        connection.execute_unprepared("CREATE INDEX call_tags_call ON call_tags (organization_id, call_id)").await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("call_tags").to_owned()).await?;
        drop_column(manager, "provider_objects", "tags").await?;
        drop_column(manager, "calls", "tags").await
    }
}
