//! Last uses of secrets, by client address and user agent.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("key_uses")
                    .col(uuid("organization_id"))
                    .col(uuid("api_key_id"))
                    .col(uuid("secret_id"))
                    .col(text("ip"))
                    .col(text("agent"))
                    .col(big_integer("last_used_at"))
                    .primary_key(
                        Index::create()
                            .col("organization_id")
                            .col("api_key_id")
                            .col("secret_id")
                            .col("ip")
                            .col("agent"),
                    )
                    .to_owned(),
            )
            .await?;
        // Only the time is known of calls that were stored before.
        manager
            .get_connection()
            .execute_unprepared(
                "INSERT INTO key_uses (organization_id, api_key_id, secret_id, ip, agent, last_used_at) \
                 SELECT c.organization_id, s.api_key_id, c.secret_id, '', '', max(c.started_at) \
                 FROM calls c JOIN series s ON s.organization_id = c.organization_id AND s.id = c.series_id \
                 WHERE s.outcome <> 'refused' GROUP BY c.organization_id, s.api_key_id, c.secret_id",
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("key_uses").to_owned()).await
    }
}
