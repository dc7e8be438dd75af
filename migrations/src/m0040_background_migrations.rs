//! The progress of background migrations, and the migrations that a server has to know.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let progress = Table::create()
            .table("background_migrations")
            .col(text("name").primary_key())
            .col(big_integer("rows_done"))
            // Those that were done and those that remained when a server last counted them.
            .col(big_integer("rows_total"))
            // Where the next step begins, in a form that the migration chooses; NULL for the beginning.
            .col(text_null("cursor"))
            // The server that works on it, and until when no other one may.
            .col(uuid_null("runner"))
            .col(big_integer_null("held_until"))
            .col(big_integer("started_at"))
            .col(big_integer_null("finished_at"))
            .col(integer("failures"))
            // Why the last attempt failed.
            .col(text_null("error"))
            .to_owned();
        manager.create_table(progress).await?;
        // A migration that servers without it can't work with adds its own name. A server doesn't start if the schema
        // has such a migration that it doesn't know.
        let required = Table::create().table("required_migrations").col(text("name").primary_key()).to_owned();
        manager.create_table(required).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("required_migrations").to_owned()).await?;
        manager.drop_table(Table::drop().table("background_migrations").to_owned()).await
    }
}
