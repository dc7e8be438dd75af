//! Sessions that have ended early, and the reason, which the browser that still has the token shows.
//!
//! They have a table of their own: an older server would take a row of `sessions` for a session that goes on.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("ended_sessions")
            .col(pk_uuid("id"))
            .col(blob("token_hash"))
            .col(text("reason"))
            // When the session would have expired, from which on the row is deleted.
            .col(big_integer("expires_at"))
            .to_owned();
        manager.create_table(table).await?;
        let token = Index::create().name("ended_sessions_token").table("ended_sessions").col("token_hash").to_owned();
        manager.create_index(token).await?;
        let expiry = Index::create().name("ended_sessions_expiry").table("ended_sessions").col("expires_at").to_owned();
        manager.create_index(expiry).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("ended_sessions").to_owned()).await
    }
}
