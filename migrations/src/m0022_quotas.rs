//! Quotas: the maximum calls a minute of organizations that signed up themselves, and the stored bytes of
//! bodies by organization and day of expiration.

use sea_orm_migration::{prelude::*, schema::*};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "organizations", big_integer_null("most_calls_per_minute")).await?;
        manager
            .create_table(
                Table::create()
                    .table("body_sums")
                    .col(uuid("organization_id"))
                    .col(integer("expires_day"))
                    .col(big_integer("bytes"))
                    .primary_key(Index::create().col("organization_id").col("expires_day"))
                    .to_owned(),
            )
            .await?;
        manager
            .get_connection()
            .execute_unprepared(
                "INSERT INTO body_sums (organization_id, expires_day, bytes) \
                 SELECT organization_id, expires_day, SUM(LENGTH(packed)) FROM bodies \
                 GROUP BY organization_id, expires_day",
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("body_sums").to_owned()).await?;
        drop_column(manager, "organizations", "most_calls_per_minute").await
    }
}
