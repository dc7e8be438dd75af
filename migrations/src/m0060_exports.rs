//! Files that jobs make, and, on PostgreSQL, their content in pieces.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let exports = Table::create()
            .table("exports")
            .col(uuid("organization_id"))
            .col(uuid("id"))
            // The member who wants the file, the only one who gets it.
            .col(uuid("user_id"))
            .col(text("source"))
            .col(text("format"))
            // The query of the file's address.
            .col(text("query"))
            // IDs of the projects that the file may hold, with spaces between them; null for all.
            .col(text_null("scope"))
            .col(text("state"))
            // Number of the attempt that writes the file, by which an earlier one notices that it has lost it.
            .col(integer("attempt").default(0))
            .col(big_integer("rows").default(0))
            .col(big_integer_null("expected_rows"))
            .col(big_integer("bytes").default(0))
            .col(text("error").default(""))
            .col(big_integer("created_at"))
            // Until when a page showed the progress: a member who has left is notified.
            .col(big_integer("watched_at"))
            .col(big_integer_null("finished_at"))
            // When row and file are deleted.
            .col(big_integer("expires_at"))
            .primary_key(Index::create().col("organization_id").col("id"))
            .to_owned();
        manager.create_table(exports).await?;
        let expired = Index::create().name("exports_expires_at").table("exports").col("expires_at").to_owned();
        manager.create_index(expired).await?;
        let chunks = Table::create()
            .table("export_chunks")
            .col(uuid("organization_id"))
            .col(uuid("export_id"))
            .col(integer("number"))
            // Compressed by zstd, each chunk by itself.
            .col(blob("content"))
            .primary_key(Index::create().col("organization_id").col("export_id").col("number"))
            .to_owned();
        manager.create_table(chunks).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["export_chunks", "exports"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
