//! The transaction in which a change was announced, so that readers don't miss one that commits late. On
//! SQLite, which has one writer, ids are in the order of commits.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let connection = manager.get_connection();
        connection
            .execute_unprepared(
                "ALTER TABLE changes ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id()",
            )
            .await?;
        connection.execute_unprepared("CREATE INDEX changes_transaction ON changes (transaction_id)").await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared("ALTER TABLE changes DROP COLUMN transaction_id").await?;
        }
        Ok(())
    }
}
