//! Members' inboxes.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("notifications")
                    .col(uuid("organization_id"))
                    .col(uuid("user_id"))
                    // Time-ordered: the newest has the largest.
                    .col(uuid("id"))
                    // Identifies the event: a user gets one notification for each.
                    .col(text("occasion"))
                    .col(json_binary("notice"))
                    .col(big_integer("at"))
                    .col(big_integer_null("read_at"))
                    .primary_key(Index::create().col("organization_id").col("user_id").col("id"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("notifications_occasion")
                    .table("notifications")
                    .col("organization_id")
                    .col("user_id")
                    .col("occasion")
                    .unique()
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("notifications").to_owned()).await
    }
}
