//! Organizations, users, their memberships and their sessions.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("organizations")
                    .col(pk_uuid("id"))
                    .col(text("slug"))
                    .col(text("name"))
                    .col(text("time_zone"))
                    .col(integer("session_idle_minutes"))
                    .col(big_integer("created_at"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("organizations_slug").table("organizations").col("slug").unique().to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("users")
                    .col(pk_uuid("id"))
                    .col(text("email"))
                    .col(text("name"))
                    .col(text_null("password_hash"))
                    .col(boolean("is_operator"))
                    .col(uuid_null("last_organization_id"))
                    .col(big_integer("created_at"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(Index::create().name("users_email").table("users").col("email").unique().to_owned())
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("memberships")
                    .col(uuid("organization_id"))
                    .col(uuid("user_id"))
                    .col(text("role"))
                    .col(big_integer_null("suspended_at"))
                    .col(big_integer("created_at"))
                    .primary_key(Index::create().col("organization_id").col("user_id"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(Index::create().name("memberships_user").table("memberships").col("user_id").to_owned())
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("sessions")
                    .col(pk_uuid("id"))
                    .col(blob("token_hash"))
                    .col(uuid("user_id"))
                    .col(text("user_agent"))
                    .col(text("ip"))
                    .col(big_integer("created_at"))
                    .col(big_integer("last_active_at"))
                    .col(big_integer("expires_at"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("sessions_token").table("sessions").col("token_hash").unique().to_owned(),
            )
            .await?;
        manager.create_index(Index::create().name("sessions_user").table("sessions").col("user_id").to_owned()).await?;
        manager
            .create_index(Index::create().name("sessions_expiry").table("sessions").col("expires_at").to_owned())
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("sessions").to_owned()).await?;
        manager.drop_table(Table::drop().table("memberships").to_owned()).await?;
        manager.drop_table(Table::drop().table("users").to_owned()).await?;
        manager.drop_table(Table::drop().table("organizations").to_owned()).await
    }
}
