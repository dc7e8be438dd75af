//! A call's own model, endpoint, provider and status where its series has "other": beyond some number of
//! models, endpoints and providers, those that events name share a series. `NULL` means the value of the
//! series.
//!
//! Existing rows aren't rewritten. On PostgreSQL `calls` is locked while the index is built, some seconds at
//! ten million calls: reading the log and storing calls wait for that, and no call is lost.

use sea_orm_migration::{prelude::*, schema::*};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["model", "endpoint", "provider"] {
            add_column(manager, "calls", text_null(column)).await?;
        }
        add_column(manager, "calls", integer_null("status")).await?;
        // Finds the newest calls of such a model in each series; contains only calls with their own model.
        let sql = "CREATE INDEX calls_model ON calls (organization_id, model, series_id, id) WHERE model IS NOT NULL";
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP INDEX calls_model").await?;
        for column in ["status", "provider", "endpoint", "model"] {
            drop_column(manager, "calls", column).await?;
        }
        Ok(())
    }
}
