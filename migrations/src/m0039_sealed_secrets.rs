//! Secrets that must be readable again, encrypted.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let secrets = Table::create()
            .table("sealed_secrets")
            // The nil id for secrets of the installation.
            .col(uuid("organization_id"))
            .col(uuid("id"))
            // What the secret is for, which its encryption is bound to.
            .col(text("purpose"))
            // Which key it was sealed with.
            .col(big_integer("key_id"))
            .col(binary("sealed"))
            .col(big_integer("sealed_at"))
            .primary_key(Index::create().col("organization_id").col("id"))
            .to_owned();
        manager.create_table(secrets).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("sealed_secrets").to_owned()).await
    }
}
