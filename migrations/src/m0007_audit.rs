//! The audit log. Each entry holds the hash of the one before it; an organization's head row holds the hash
//! for the next entry, and writers lock it to take turns.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("audit_entries")
                    .col(uuid("organization_id"))
                    .col(big_integer("sequence"))
                    .col(big_integer("at"))
                    .col(text("actor_kind"))
                    .col(uuid_null("actor_id"))
                    .col(text("actor_name"))
                    .col(text("action"))
                    .col(text("target_kind"))
                    .col(text("target_id"))
                    .col(text("ip"))
                    .col(text_null("before"))
                    .col(text_null("after"))
                    .col(blob("previous_hash"))
                    .col(blob("hash"))
                    .primary_key(Index::create().col("organization_id").col("sequence"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("audit_heads")
                    .col(pk_uuid("organization_id"))
                    .col(big_integer("sequence"))
                    .col(blob("hash"))
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("audit_heads").to_owned()).await?;
        manager.drop_table(Table::drop().table("audit_entries").to_owned()).await
    }
}
