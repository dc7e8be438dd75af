//! What a call says of itself where its series says "other": from some number of models, endpoints and providers on, those
//! that events name share a series. `NULL` is what its series says.
//!
//! Nothing is written to rows that are there. On PostgreSQL `calls` is held while it is read for the index, some seconds at ten
//! million calls: the log waits for that, and so does the storing of calls, of which none is lost.

use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{add, drop};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["model", "endpoint", "provider"] {
            add(manager, "calls", text_null(column)).await?;
        }
        add(manager, "calls", integer_null("status")).await?;
        // By which the newest calls of such a model are found in each series; no other call is in it.
        let sql = "CREATE INDEX calls_model ON calls (organization_id, model, series_id, id) WHERE model IS NOT NULL";
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP INDEX calls_model").await?;
        for column in ["status", "provider", "endpoint", "model"] {
            drop(manager, "calls", column).await?;
        }
        Ok(())
    }
}
