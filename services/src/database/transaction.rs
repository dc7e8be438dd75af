//! Transactions that keep secrets out of the database.
//!
//! Whatever is stored passes here, so this is where a key that somebody put into a name, an agent, or any other text is
//! masked. What is hashed or cut before it is stored must be masked before that.

use domain::api_keys::Secret;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, Value, sea_query::Values};
use serde_json::Value as Json;

/// A transaction that may write.
#[derive(Debug)]
pub struct DatabaseTransaction(sea_orm::DatabaseTransaction);

impl DatabaseTransaction {
    pub(super) fn new(transaction: sea_orm::DatabaseTransaction) -> Self {
        Self(transaction)
    }

    /// # Errors
    /// The database couldn't keep what was written.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.0.commit().await
    }

    /// # Errors
    /// The connection broke: then nothing is kept either.
    pub async fn rollback(self) -> Result<(), DbErr> {
        self.0.rollback().await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for DatabaseTransaction {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.0.execute_raw(clean(statement)).await
    }

    /// What is written out here holds nothing from outside.
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.0.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.0.query_one_raw(clean(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.0.query_all_raw(clean(statement)).await
    }

    fn support_returning(&self) -> bool {
        self.0.support_returning()
    }
}

fn clean(mut statement: Statement) -> Statement {
    if let Some(Values(values)) = &mut statement.values {
        values.iter_mut().for_each(clean_value);
    }
    statement
}

fn clean_value(value: &mut Value) {
    match value {
        Value::String(Some(text)) if Secret::may_be_in(text) => *text = Secret::redact(text),
        Value::Json(Some(json)) => clean_json(json),
        _ => {}
    }
}

fn clean_json(json: &mut Json) {
    match json {
        Json::String(text) if Secret::may_be_in(text) => *text = Secret::redact(text),
        Json::Array(items) => items.iter_mut().for_each(clean_json),
        Json::Object(fields) => fields.values_mut().for_each(clean_json),
        _ => {}
    }
}
