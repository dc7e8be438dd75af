//! The database: a SQLite file, or PostgreSQL.

mod bound;
mod connections;
mod open;
mod redefine;
mod schema;
mod tls;
mod transaction;

use std::{ops::Deref, time::Duration};

use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

pub(crate) use bound::Bound;
pub use connections::Connections;
pub(crate) use redefine::Redefinition;
pub use schema::SchemaStatus;
pub(crate) use schema::has_table;
pub use transaction::DatabaseTransaction;

use crate::{ServiceError, ServiceResult};

/// Advisory locks on PostgreSQL, held until the end of a transaction. SQLite has only one writer.
#[derive(Clone, Copy, Debug)]
#[repr(i64)]
pub(crate) enum Lock {
    Migrations = 0x746f_6c6c_0001,
    Prices = 0x746f_6c6c_0002,
    Partitions = 0x746f_6c6c_0003,
    Quotas = 0x746f_6c6c_0004,
    /// Held by a session rather than a transaction.
    Indexes = 0x746f_6c6c_0005,
}

/// Time to wait for locks on tables while migrating. Whatever needs these tables later queues behind the migration.
const MIGRATION_LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '500ms'";
/// Pause between two attempts to migrate, in which those who queued get their locks.
const MIGRATION_PAUSE: Duration = Duration::from_secs(1);
/// Attempts to migrate, over five minutes and more.
const MAX_MIGRATION_ATTEMPTS: u32 = 200;

/// Maximum numbers of a server's connections to PostgreSQL.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DatabaseConnections {
    /// For calls and pages. 16 unless configured.
    pub work: u32,
    /// For [`Database::control`]. 4 unless configured.
    pub control: u32,
}

impl Default for DatabaseConnections {
    fn default() -> Self {
        Self { work: 16, control: 4 }
    }
}

/// Where the database is, and how many connections a server has to it.
#[derive(Clone)]
pub struct DatabaseOptions {
    /// `postgres://…`, which may hold a password, `sqlite://PATH`, or the path of a SQLite file, which is created
    /// if it doesn't exist.
    pub url: String,
    pub connections: DatabaseConnections,
}

impl From<&str> for DatabaseOptions {
    fn from(url: &str) -> Self {
        Self { url: url.to_owned(), connections: DatabaseConnections::default() }
    }
}

impl From<&String> for DatabaseOptions {
    fn from(url: &String) -> Self {
        Self::from(url.as_str())
    }
}

/// Connections to the database. Cheap to clone.
///
/// Used directly they are those for work: calls and pages.
#[derive(Clone, Debug)]
pub struct Database {
    work: Connections,
    control: Connections,
}

impl Deref for Database {
    type Target = Connections;

    fn deref(&self) -> &Connections {
        &self.work
    }
}

impl Database {
    /// Opens the database.
    ///
    /// # Errors
    /// The address can't be read, or there is no database.
    pub async fn open(options: impl Into<DatabaseOptions>) -> ServiceResult<Self> {
        open::open(&options.into()).await
    }

    /// The connections for what keeps a server going, however busy those for work are: the watcher for changes,
    /// look-ups of keys, rate limits, and jobs.
    pub fn control(&self) -> &Connections {
        &self.control
    }

    /// Brings the schema up to date. When several servers do so at once, one does and the others wait. A schema that
    /// a newer version has migrated stays as it is.
    ///
    /// On PostgreSQL, servers that run wait at most half a second for a table that a migration changes, however long
    /// another transaction reads it: all of it is rolled back then, and tried again.
    ///
    /// # Errors
    /// This version can't work with the newer schema, or a table was in use in each attempt.
    pub async fn migrate(&self) -> ServiceResult<()> {
        let mut attempt = 1;
        loop {
            match self.try_migrating().await {
                Err(ServiceError::Unavailable(error)) if self.is_postgres() && attempt < MAX_MIGRATION_ATTEMPTS => {
                    tracing::info!(%error, attempt, "the schema can't be migrated now");
                    attempt += 1;
                }
                outcome => return outcome,
            }
            tokio::time::sleep(MIGRATION_PAUSE).await;
        }
    }

    async fn try_migrating(&self) -> ServiceResult<()> {
        let transaction = self.begin_migrating().await?;
        self.lock(&transaction, Lock::Migrations).await?;
        if self.is_postgres() {
            transaction.execute_unprepared(MIGRATION_LOCK_TIMEOUT).await?;
        }
        let schema = schema::status(&transaction).await?;
        if schema.unknown.is_empty() {
            Migrator::up(&transaction, None).await?;
        } else {
            schema::require_compatible(&transaction, &schema).await?;
            tracing::warn!(version = schema.version, "a newer version of Tollhouse has migrated the database");
        }
        Ok(transaction.commit().await?)
    }

    /// Compares the database's migrations with this program's, without applying any.
    pub async fn schema_status(&self) -> ServiceResult<SchemaStatus> {
        schema::status(self.read()).await
    }

    /// Sets a function that is called after each statement, with its values, also those of transactions. For
    /// tests of statements' budgets.
    pub fn set_statement_hook(&mut self, hook: impl Fn(&Statement) + Clone + Send + Sync + 'static) {
        self.work.set_statement_hook(hook.clone());
        self.control.set_statement_hook(hook);
    }

    /// Begins a transaction for migrations, which need SeaORM's own type. It doesn't mask secrets, since
    /// migrations write no input, and it has no timeouts, since migrations may take long and wait for running
    /// servers.
    pub async fn begin_migrating(&self) -> ServiceResult<sea_orm::DatabaseTransaction> {
        let transaction = self.begin_unmasked().await?;
        if self.is_postgres() {
            for (timeout, _) in open::POSTGRES_TIMEOUTS {
                transaction.execute_unprepared(&format!("SET LOCAL {timeout} = 0")).await?;
            }
        }
        Ok(transaction)
    }

    /// Takes an advisory lock until `transaction` ends.
    pub(crate) async fn lock(&self, transaction: &impl ConnectionTrait, lock: Lock) -> ServiceResult<()> {
        if self.is_postgres() {
            let sql = "SELECT pg_advisory_xact_lock($1)";
            let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [(lock as i64).into()]);
            transaction.execute_raw(statement).await?;
        }
        Ok(())
    }

    /// Updates the statistics by which PostgreSQL plans queries, as it does by itself within some minutes. SQLite's
    /// plans need none.
    ///
    /// # Errors
    /// The database doesn't answer.
    pub(crate) async fn analyze(&self) -> ServiceResult<()> {
        if self.is_postgres() {
            self.work.writer.execute_unprepared("ANALYZE").await?;
        }
        Ok(())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> ServiceResult<()> {
        Ok(self.control.read().ping().await?)
    }

    /// Waits for running statements and closes all connections.
    pub async fn close(self) -> ServiceResult<()> {
        let Self { work, control } = self;
        if work.is_postgres() {
            control.writer.close().await?;
        } else {
            control.reader.close().await?;
            work.reader.close().await?;
        }
        Ok(work.writer.close().await?)
    }
}
