//! Connections for one purpose.

use sea_orm::{DatabaseConnection, DbBackend, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait};

use super::DatabaseTransaction;
use crate::ServiceResult;

/// Connections for one purpose, which other purposes can't use up. Cheap to clone.
///
/// SQLite has one writer, whose connection is a separate pool, so that writes queue there and reads never
/// wait for them.
#[derive(Clone, Debug)]
pub struct Connections {
    pub(super) writer: DatabaseConnection,
    pub(super) reader: DatabaseConnection,
}

impl Connections {
    /// The connection for queries that change nothing. Sees every transaction that was committed before.
    pub fn read(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Begins a transaction that may write; on SQLite one at a time across all processes.
    ///
    /// # Errors
    /// The database doesn't answer, or is busy.
    pub async fn begin(&self) -> ServiceResult<DatabaseTransaction> {
        self.begin_unmasked().await.map(DatabaseTransaction::new)
    }

    /// Whether this is PostgreSQL; SQLite otherwise.
    pub fn is_postgres(&self) -> bool {
        self.reader.get_database_backend() == DbBackend::Postgres
    }

    pub(super) async fn begin_unmasked(&self) -> ServiceResult<sea_orm::DatabaseTransaction> {
        let options = TransactionOptions {
            // Otherwise a transaction that reads before it writes could fail at its first write.
            sqlite_transaction_mode: (!self.is_postgres()).then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.writer.begin_with_options(options).await?)
    }

    pub(super) fn set_statement_hook(&mut self, hook: impl Fn(&Statement) + Clone + Send + Sync + 'static) {
        for connection in [&mut self.writer, &mut self.reader] {
            let hook = hook.clone();
            connection.set_metric_callback(move |info| hook(info.statement));
        }
    }
}
