//! What members chose for the dashboard, such as the columns of the log.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let settings = Table::create()
            .table("member_settings")
            .col(uuid("organization_id"))
            .col(uuid("user_id"))
            .col(text("name"))
            .col(json_binary("value"))
            .primary_key(Index::create().col("organization_id").col("user_id").col("name"))
            .to_owned();
        manager.create_table(settings).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("member_settings").to_owned()).await
    }
}
