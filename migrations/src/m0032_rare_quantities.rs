//! What few calls use, and which parts of a call's cost aren't known: one text of JSON, since columns of their own would take
//! room in every row, and nothing is looked for by them.

use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{add, drop};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add(manager, "calls", text_null("rare")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "calls", "rare").await
    }
}
