//! Background migrations: changes of existing rows and new indexes that take long, made while servers serve.
//!
//! A migration of the schema adds a nullable column or a table at the start of a server. A background migration then
//! fills it in small steps, as a job of one of the servers; code reads correctly before, during and after. A later
//! release relies on it. Servers of an older version may go on writing rows as they know them, so finished migrations
//! are looked at again every few minutes.

mod index;
mod progress;
mod run;
mod status;

use sea_orm::DatabaseConnection;

use crate::{ServiceResult, database::DatabaseTransaction};

pub use self::{
    index::ConcurrentIndex,
    run::run,
    status::{BackgroundState, BackgroundStatus, status},
};

/// A change that servers make in the background.
#[derive(Clone, Copy)]
pub struct BackgroundMigration {
    /// Name, as it is stored.
    pub name: &'static str,
    pub work: BackgroundWork,
}

/// The work of a background migration.
#[derive(Clone, Copy)]
pub enum BackgroundWork {
    /// Rows that are changed in steps, each in a transaction of its own.
    Rows(&'static dyn RowMigration),
    /// An index on PostgreSQL; SQLite has nothing to do.
    Index(ConcurrentIndex),
}

/// A change of existing rows, in steps.
#[async_trait::async_trait]
pub trait RowMigration: Send + Sync {
    /// Counts the rows that remain to be changed.
    async fn remaining(&self, database: &DatabaseConnection) -> ServiceResult<i64>;

    /// Changes some rows in `transaction`, which should take a fraction of a second: the first ones, or those from
    /// the cursor of the previous step on. Steps must not wait for locks on rows, since users' changes may wait for
    /// them in turn.
    async fn step(&self, transaction: &DatabaseTransaction, cursor: Option<&str>) -> ServiceResult<MigratedRows>;
}

/// The result of one step.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MigratedRows {
    /// Number of rows that were changed.
    pub count: i64,
    /// Where the next step begins; `None` at the end.
    pub cursor: Option<String>,
}
