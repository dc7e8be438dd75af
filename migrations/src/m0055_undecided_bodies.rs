//! Whether an organization has yet to choose if bodies of its calls are stored. Those that exist keep their setting.

use sea_orm_migration::{prelude::*, schema::*};

use crate::{add_column, drop_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The default is also for organizations that servers of the previous version create: they store bodies.
        add_column(manager, "organizations", boolean("bodies_undecided").default(false)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_column(manager, "organizations", "bodies_undecided").await
    }
}
