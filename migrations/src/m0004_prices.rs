//! Versions of models' prices, in nano-dollars. They are never deleted, since a call is charged at the price
//! of its time.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("prices")
                    .col(pk_uuid("id"))
                    .col(text("model"))
                    .col(big_integer("effective_from"))
                    .col(big_integer_null("input_per_million"))
                    .col(big_integer_null("cached_input_per_million"))
                    .col(big_integer_null("output_per_million"))
                    .col(big_integer_null("per_call"))
                    .col(big_integer_null("per_image"))
                    .col(big_integer_null("per_minute"))
                    .col(big_integer_null("per_gb_month"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("prices_model")
                    .table("prices")
                    .col("model")
                    .col("effective_from")
                    .unique()
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("prices").to_owned()).await
    }
}
