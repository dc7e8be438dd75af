//! Request and response bodies of calls, and organizations' settings for storing them.
//!
//! On PostgreSQL the table is partitioned by the day on which bodies expire, so that they are deleted by
//! dropping a partition; on SQLite rows are deleted by that day.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// `packed` holds both sides with their headers, compressed; `expires_day` counts from the Unix epoch.
const COLUMNS: &str = "
    organization_id {uuid} NOT NULL,
    call_id {uuid} NOT NULL,
    expires_day integer NOT NULL,
    packed {bytes} NOT NULL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "organizations", integer("body_days").default(30)).await?;
        add_column(manager, "organizations", integer("body_limit").default(256 * 1024)).await?;
        add_column(manager, "organizations", text("body_redact").default("[]")).await?;
        let connection = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            let columns = COLUMNS.replace("{uuid}", "uuid").replace("{bytes}", "bytea");
            let table = format!(
                "CREATE TABLE bodies ({columns}, PRIMARY KEY (organization_id, call_id, expires_day)) \
                 PARTITION BY RANGE (expires_day)"
            );
            connection.execute_unprepared(&table).await?;
            connection.execute_unprepared("CREATE TABLE bodies_default PARTITION OF bodies DEFAULT").await?;
        } else {
            let columns = COLUMNS.replace("{uuid}", "uuid_text").replace("{bytes}", "blob");
            let table = format!("CREATE TABLE bodies ({columns}, PRIMARY KEY (organization_id, call_id))");
            connection.execute_unprepared(&table).await?;
            connection.execute_unprepared("CREATE INDEX bodies_expires_day ON bodies (expires_day)").await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("bodies").to_owned()).await?;
        for column in ["body_redact", "body_limit", "body_days"] {
            drop_column(manager, "organizations", column).await?;
        }
        Ok(())
    }
}
