//! Objects stored at providers, with their owners: files, jobs, and answers that can be retrieved later.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("provider_objects")
                    .col(uuid("organization_id"))
                    .col(uuid("project_id"))
                    .col(text("kind"))
                    .col(text("id"))
                    .col(uuid("api_key_id"))
                    .col(uuid("secret_id"))
                    .col(uuid("member_id"))
                    .col(text("provider"))
                    .col(text("model"))
                    .col(uuid_null("price_id"))
                    .col(big_integer("created_at"))
                    .col(big_integer_null("deleted_at"))
                    .col(big_integer("bytes"))
                    .col(uuid("settlement_id"))
                    .col(big_integer_null("look_at"))
                    .col(text("document"))
                    .primary_key(Index::create().col("organization_id").col("kind").col("id"))
                    .to_owned(),
            )
            .await?;
        for (name, columns) in [
            ("provider_objects_list", &["organization_id", "project_id", "kind", "created_at", "id"][..]),
            ("provider_objects_look_at", &["look_at"]),
            ("provider_objects_kept", &["kind", "created_at"]),
        ] {
            let mut index = Index::create().name(name).table("provider_objects").to_owned();
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("provider_objects").to_owned()).await
    }
}
