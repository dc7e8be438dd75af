//! Transactions that keep secrets out of the database.
//!
//! All writes pass here, so a key in a name, a user agent or any other text is masked here. Text that is
//! hashed or truncated before it is stored must be masked earlier.

use std::sync::{Arc, OnceLock};

use domain::api_keys::Secret;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, Value, sea_query::Values};
use serde_json::Value as Json;
use tokio::sync::Notify;

/// A transaction that may write.
#[derive(Debug)]
pub struct DatabaseTransaction {
    transaction: sea_orm::DatabaseTransaction,
    woken_by_commit: OnceLock<Arc<Notify>>,
}

impl DatabaseTransaction {
    pub(super) fn new(transaction: sea_orm::DatabaseTransaction) -> Self {
        Self { transaction, woken_by_commit: OnceLock::new() }
    }

    /// Notifies `waiting` once the transaction is committed. There is one such waiter.
    pub(crate) fn wake_by_commit(&self, waiting: &Arc<Notify>) {
        self.woken_by_commit.get_or_init(|| Arc::clone(waiting));
    }

    /// # Errors
    /// The database couldn't commit.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.transaction.commit().await?;
        if let Some(waiting) = self.woken_by_commit.get() {
            waiting.notify_one();
        }
        Ok(())
    }

    /// # Errors
    /// The connection broke, which rolls back too.
    pub async fn rollback(self) -> Result<(), DbErr> {
        self.transaction.rollback().await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for DatabaseTransaction {
    fn get_database_backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.transaction.execute_raw(redact(statement)).await
    }

    /// Not redacted: statements without parameters contain no input.
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.transaction.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.transaction.query_one_raw(redact(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.transaction.query_all_raw(redact(statement)).await
    }

    fn support_returning(&self) -> bool {
        self.transaction.support_returning()
    }
}

fn redact(mut statement: Statement) -> Statement {
    if let Some(Values(values)) = &mut statement.values {
        values.iter_mut().for_each(redact_value);
    }
    statement
}

fn redact_value(value: &mut Value) {
    match value {
        Value::String(Some(text)) if Secret::could_be_in(text) => *text = Secret::redact(text),
        Value::Json(Some(json)) => redact_json(json),
        _ => {}
    }
}

fn redact_json(json: &mut Json) {
    match json {
        Json::String(text) if Secret::could_be_in(text) => *text = Secret::redact(text),
        Json::Array(items) => items.iter_mut().for_each(redact_json),
        Json::Object(fields) => fields.values_mut().for_each(redact_json),
        _ => {}
    }
}
