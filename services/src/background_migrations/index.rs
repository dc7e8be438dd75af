//! Indexes that PostgreSQL builds while the table is written to.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqlxPostgresConnector, Statement, sqlx::postgres::PgPoolOptions,
};

use crate::{
    ServiceError, ServiceResult,
    database::{Database, Lock},
};

/// An index on PostgreSQL that is built by `CREATE INDEX CONCURRENTLY`, outside any transaction.
#[derive(Clone, Copy, Debug)]
pub struct ConcurrentIndex {
    /// Name of the index.
    pub name: &'static str,
    /// The extension that it needs, which is created if it isn't there.
    pub extension: Option<&'static str>,
    /// The rest of the statement, from `ON` on.
    pub definition: &'static str,
}

/// The state of an index in the database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum IndexState {
    Missing,
    /// Left behind by an attempt that was cut off.
    Invalid,
    Valid,
}

impl ConcurrentIndex {
    /// Whether the index serves queries; always on SQLite, which needs none.
    pub(super) async fn is_valid(&self, database: &Database) -> ServiceResult<bool> {
        if !database.is_postgres() {
            return Ok(true);
        }
        Ok(self.state(database.read()).await? == IndexState::Valid)
    }

    /// Builds the index, on a connection of its own without timeouts, which is closed in the end. Returns `false` if
    /// another server is at it, or a killed server's connection still is.
    pub(super) async fn build(&self, database: &Database) -> ServiceResult<bool> {
        let session = open_session(database).await?;
        let built = self.build_in(&session).await;
        session.close().await?;
        built
    }

    async fn build_in(&self, session: &DatabaseConnection) -> ServiceResult<bool> {
        // Waiting for the lock would keep a snapshot, for whose end the other server's statement would wait.
        let lock = "SELECT pg_try_advisory_lock($1) AS locked";
        let values = [(Lock::Indexes as i64).into()];
        let row = session.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, lock, values)).await?;
        if !row.is_some_and(|row| row.try_get("", "locked").unwrap_or(false)) {
            return Ok(false);
        }
        if let Some(extension) = self.extension {
            session.execute_unprepared(&format!("CREATE EXTENSION IF NOT EXISTS {extension}")).await?;
        }
        let Self { name, definition, .. } = self;
        match self.state(session).await? {
            IndexState::Valid => return Ok(true),
            IndexState::Invalid => {
                session.execute_unprepared(&format!("DROP INDEX CONCURRENTLY {name}")).await?;
            }
            IndexState::Missing => {}
        }
        session.execute_unprepared(&format!("CREATE INDEX CONCURRENTLY {name} {definition}")).await?;
        Ok(true)
    }

    async fn state(&self, connection: &impl ConnectionTrait) -> ServiceResult<IndexState> {
        let sql = "SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [self.name.into()]);
        Ok(match connection.query_one_raw(statement).await? {
            Some(row) if row.try_get("", "valid")? => IndexState::Valid,
            Some(_) => IndexState::Invalid,
            None => IndexState::Missing,
        })
    }
}

/// Opens a single connection on which statements may take as long as they need.
async fn open_session(database: &Database) -> ServiceResult<DatabaseConnection> {
    let pool = database.read().get_postgres_connection_pool();
    let options = (*pool.connect_options()).clone();
    let options = options.options([("statement_timeout", "0"), ("lock_timeout", "0")]);
    let session =
        PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).connect_with(options).await;
    session
        .map(SqlxPostgresConnector::from_sqlx_postgres_pool)
        .map_err(|error| ServiceError::unavailable(error.to_string()))
}
