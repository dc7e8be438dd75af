//! Number of unread notifications of each inbox, and a version by which pages recognize newer answers.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("inboxes")
                    .col(uuid("organization_id"))
                    .col(uuid("user_id"))
                    // Number of changes: notices that arrived, and marks that were made.
                    .col(big_integer("version"))
                    .col(big_integer("unread"))
                    .primary_key(Index::create().col("organization_id").col("user_id"))
                    .to_owned(),
            )
            .await?;
        manager
            .get_connection()
            .execute_unprepared(
                "INSERT INTO inboxes (organization_id, user_id, version, unread) \
                 SELECT organization_id, user_id, COUNT(*), SUM(CASE WHEN read_at IS NULL THEN 1 ELSE 0 END) \
                 FROM notifications GROUP BY organization_id, user_id",
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("inboxes").to_owned()).await
    }
}
