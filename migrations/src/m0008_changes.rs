//! Recent changes of data that servers cache, so that every server drops it from its cache, not only the one
//! that changed it.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("changes")
                    .col(big_pk_auto("id"))
                    .col(big_integer("at"))
                    .col(text("kind"))
                    .col(uuid("organization_id"))
                    .col(uuid("subject_id"))
                    .to_owned(),
            )
            .await?;
        manager.create_index(Index::create().name("changes_at").table("changes").col("at").to_owned()).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("changes").to_owned()).await
    }
}
