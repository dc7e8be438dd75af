//! Failed sign-ins, which all servers count together, and the networks that each user has signed in from.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("sign_in_failures")
                    // A digest of network, user, or both.
                    .col(uuid("subject").primary_key())
                    .col(big_integer("until"))
                    .col(integer("failures"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("sign_in_failures_until").table("sign_in_failures").col("until").to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("known_networks")
                    .col(uuid("user_id"))
                    .col(text("network"))
                    .col(big_integer("last_at"))
                    .primary_key(Index::create().col("user_id").col("network"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("known_networks").to_owned()).await?;
        manager.drop_table(Table::drop().table("sign_in_failures").to_owned()).await
    }
}
