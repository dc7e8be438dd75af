//! The time from which an organization that chose nothing keeps its calls for the default of 13 months; NULL for never.
//!
//! Until now calls were kept for ever unless an organization chose days, and "for ever" was stored as if nothing was chosen. So those that
//! exist get 30 days in which to choose, of which the overview, the settings and the command line remind: an upgrade alone deletes nothing.
//!
//! NULL means never, since servers of the previous version insert it, and neither they nor this one delete calls by it.

use std::time::{SystemTime, UNIX_EPOCH};

use sea_orm_migration::{prelude::*, schema::*};

use crate::{add_column, drop_column};

/// Milliseconds between the upgrade and the first deletion by default.
const GRACE_MILLIS: u64 = 30 * 24 * 60 * 60 * 1000;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "organizations", big_integer_null("call_default_from")).await?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let from = now + u128::from(GRACE_MILLIS);
        let sql = format!("UPDATE organizations SET call_default_from = {from} WHERE call_days IS NULL");
        manager.get_connection().execute_unprepared(&sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_column(manager, "organizations", "call_default_from").await
    }
}
