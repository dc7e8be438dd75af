//! Idempotency keys of requests that created keys, so that a repeated request creates no other.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("key_requests")
                    .col(uuid("organization_id"))
                    .col(text("request"))
                    .col(uuid("api_key_id"))
                    .primary_key(Index::create().col("organization_id").col("request"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("key_requests").to_owned()).await
    }
}
