//! Keys, their secrets (one, or two while rotating), and the directory that finds a secret by its hash before
//! the organization is known.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("api_keys")
                    .col(uuid("organization_id"))
                    .col(uuid("id"))
                    .col(uuid_null("project_id"))
                    .col(text("name"))
                    .col(text("description"))
                    .col(text("level"))
                    .col(json_binary("models"))
                    .col(uuid_null("created_by"))
                    .col(big_integer("created_at"))
                    .col(big_integer_null("expires_at"))
                    .col(big_integer_null("revoked_at"))
                    .col(uuid_null("revoked_by"))
                    .col(big_integer_null("disabled_at"))
                    .primary_key(Index::create().col("organization_id").col("id"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(Index::create().name("api_keys_id").table("api_keys").col("id").unique().to_owned())
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("key_secrets")
                    .col(uuid("organization_id"))
                    .col(uuid("id"))
                    .col(uuid("api_key_id"))
                    .col(text("last_four"))
                    .col(big_integer("created_at"))
                    .col(big_integer_null("expires_at"))
                    .primary_key(Index::create().col("organization_id").col("id"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("key_secrets_api_key")
                    .table("key_secrets")
                    .col("organization_id")
                    .col("api_key_id")
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("key_directory")
                    .col(blob("hash").primary_key())
                    .col(uuid("organization_id"))
                    .col(uuid("api_key_id"))
                    .col(uuid("secret_id"))
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("key_directory").to_owned()).await?;
        manager.drop_table(Table::drop().table("key_secrets").to_owned()).await?;
        manager.drop_table(Table::drop().table("api_keys").to_owned()).await
    }
}
