//! Prices of quantities other than text tokens, and factors of token prices at other tiers, in thousandths.

use sea_orm_migration::{prelude::*, schema::*};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const PARTS: [&str; 10] = [
    "cache_write_1h_input_per_million",
    "audio_input_per_million",
    "audio_output_per_million",
    "reasoning_output_per_million",
    "per_million_characters",
    "per_search",
    "per_tool_call",
    "batch_factor",
    "flex_factor",
    "priority_factor",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for part in PARTS {
            add_column(manager, "prices", big_integer_null(part)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for part in PARTS.into_iter().rev() {
            drop_column(manager, "prices", part).await?;
        }
        Ok(())
    }
}
