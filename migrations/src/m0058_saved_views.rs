//! Views of usage and log that members saved under a name.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let views = Table::create()
            .table("saved_views")
            .col(uuid("organization_id"))
            .col(uuid("id"))
            .col(uuid("user_id"))
            .col(text("page"))
            .col(text("name"))
            .col(text("query"))
            .col(boolean("shared"))
            .col(big_integer("created_at"))
            .primary_key(Index::create().col("organization_id").col("id"))
            .to_owned();
        manager.create_table(views).await?;
        let by_member = Index::create()
            .name("saved_views_by_member")
            .table("saved_views")
            .col("organization_id")
            .col("user_id")
            .to_owned();
        manager.create_index(by_member).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("saved_views").to_owned()).await
    }
}
