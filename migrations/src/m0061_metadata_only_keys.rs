//! Whether the bodies of a key's calls are never stored, whatever its organization stores.

use sea_orm_migration::{prelude::*, schema::*};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The default is also for keys that servers of the previous version create.
        add_column(manager, "api_keys", boolean("metadata_only").default(false)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_column(manager, "api_keys", "metadata_only").await
    }
}
