//! Projects and the members assigned to them.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("projects")
                    .col(uuid("organization_id"))
                    .col(uuid("id"))
                    .col(text("slug"))
                    .col(text("name"))
                    .col(text("description"))
                    .col(text("cost_center"))
                    .col(uuid_null("created_by"))
                    .col(big_integer("created_at"))
                    .col(big_integer_null("archived_at"))
                    .primary_key(Index::create().col("organization_id").col("id"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("projects_slug")
                    .table("projects")
                    .col("organization_id")
                    .col("slug")
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("project_members")
                    .col(uuid("organization_id"))
                    .col(uuid("project_id"))
                    .col(uuid("user_id"))
                    .col(text("role"))
                    .col(big_integer("created_at"))
                    .primary_key(Index::create().col("organization_id").col("project_id").col("user_id"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("project_members_user")
                    .table("project_members")
                    .col("organization_id")
                    .col("user_id")
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("project_members").to_owned()).await?;
        manager.drop_table(Table::drop().table("projects").to_owned()).await
    }
}
