//! Restrictions of keys, their reminders to rotate, and organizations' policies on the lifetime of keys.

use sea_orm_migration::{prelude::*, schema::*};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "api_keys", json_binary("scopes").default("[]")).await?;
        add_column(manager, "api_keys", json_binary("ip_allowlist").default("[]")).await?;
        add_column(manager, "api_keys", integer_null("rotate_every_days")).await?;
        // Idempotency key of the request that made the secret.
        add_column(manager, "key_secrets", text_null("request")).await?;
        manager
            .create_index(
                Index::create()
                    .name("key_secrets_request")
                    .table("key_secrets")
                    .col("organization_id")
                    .col("api_key_id")
                    .col("request")
                    .unique()
                    .to_owned(),
            )
            .await?;
        add_column(manager, "organizations", boolean("key_expiry_required").default(false)).await?;
        add_column(manager, "organizations", integer_null("longest_key_life_days")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_column(manager, "organizations", "longest_key_life_days").await?;
        drop_column(manager, "organizations", "key_expiry_required").await?;
        manager.drop_index(Index::drop().name("key_secrets_request").table("key_secrets").to_owned()).await?;
        drop_column(manager, "key_secrets", "request").await?;
        drop_column(manager, "api_keys", "rotate_every_days").await?;
        drop_column(manager, "api_keys", "ip_allowlist").await?;
        drop_column(manager, "api_keys", "scopes").await
    }
}
