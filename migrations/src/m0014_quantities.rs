//! Quantities of calls other than tokens, whether they were estimated, and rows that stand for several calls.

use sea_orm_migration::{prelude::*, schema::*};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COUNTS: [(&str, &str); 7] = [
    ("calls", "cache_write_tokens_in"),
    ("calls", "images"),
    ("calls", "media_ms"),
    ("calls", "byte_hours"),
    ("rollups", "images"),
    ("rollups", "media_ms"),
    ("rollups", "byte_hours"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COUNTS {
            add_column(manager, table, big_integer(column).default(0)).await?;
        }
        add_column(manager, "calls", boolean("estimated").default(false)).await?;
        add_column(manager, "calls", big_integer("times").default(1)).await?;
        add_column(manager, "prices", big_integer_null("cache_write_input_per_million")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_column(manager, "prices", "cache_write_input_per_million").await?;
        drop_column(manager, "calls", "times").await?;
        drop_column(manager, "calls", "estimated").await?;
        for (table, column) in COUNTS.into_iter().rev() {
            drop_column(manager, table, column).await?;
        }
        Ok(())
    }
}
