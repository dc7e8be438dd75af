//! Request IDs that clients gave their calls (`x-client-request-id`), by which calls are found. A table of its own,
//! since few clients give one, and an index on all calls would be long in the making.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let requests = Table::create()
            .table("client_requests")
            .col(uuid("organization_id"))
            .col(uuid("call_id"))
            .col(text("request_id"))
            .primary_key(Index::create().col("organization_id").col("call_id"))
            .to_owned();
        manager.create_table(requests).await?;
        let by_request = Index::create()
            .name("client_requests_request")
            .table("client_requests")
            .col("organization_id")
            .col("request_id")
            .col("call_id")
            .to_owned();
        manager.create_index(by_request).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("client_requests").to_owned()).await
    }
}
