//! The stored progress of background migrations.

use std::time::Duration;

use domain::{api_keys::Secret, time::Timestamp};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use uuid::Uuid;

use super::MigratedRows;
use crate::{
    ServiceResult, Services,
    database::{Database, DatabaseTransaction},
};

/// Time after its last step in which only the same server continues a migration. Shorter than the time after which
/// jobs of a server that was killed are taken over.
const HOLD: Duration = Duration::from_secs(20);
/// Longest stored error, in characters.
const MAX_ERROR_LENGTH: usize = 500;

/// A server's hold on a background migration.
pub(super) struct Hold<'a> {
    services: &'a Services,
    name: &'static str,
    runner: Uuid,
}

/// A row that a hold has locked until its transaction ends.
#[derive(FromQueryResult)]
pub(super) struct HeldRow {
    pub(super) cursor: Option<String>,
}

impl<'a> Hold<'a> {
    pub(super) fn new(services: &'a Services, name: &'static str) -> Self {
        Self { services, name, runner: Uuid::from_u128(rand::random()) }
    }

    /// Begins or continues the migration, of which `remaining` rows are left. Returns whether no other server has it.
    pub(super) async fn begin(&self, remaining: i64) -> ServiceResult<bool> {
        self.create_row().await?;
        let transaction = self.database().begin().await?;
        let is_held = self.extend(&transaction).await?.is_some();
        if is_held {
            let sql =
                "UPDATE background_migrations SET rows_total = rows_done + $1, finished_at = NULL WHERE name = $2";
            let values = [remaining.into(), self.name.into()];
            transaction
                .execute_raw(Statement::from_sql_and_values(transaction.get_database_backend(), sql, values))
                .await?;
        }
        transaction.commit().await?;
        Ok(is_held)
    }

    /// Takes or extends the hold in `transaction`; `None` if another server has the migration.
    pub(super) async fn extend(&self, transaction: &DatabaseTransaction) -> ServiceResult<Option<HeldRow>> {
        let now = self.now();
        let until = now.plus_millis(i64::try_from(HOLD.as_millis()).unwrap_or(i64::MAX));
        let sql = "UPDATE background_migrations SET runner = $1, held_until = $2 WHERE name = $3 \
             AND (runner = $1 OR held_until IS NULL OR held_until < $4) RETURNING cursor";
        let values = [self.runner.into(), until.millis().into(), self.name.into(), now.millis().into()];
        let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
        Ok(HeldRow::find_by_statement(statement).one(transaction).await?)
    }

    /// Records a step in its own transaction.
    pub(super) async fn advance(&self, transaction: &DatabaseTransaction, rows: &MigratedRows) -> ServiceResult<()> {
        let sql =
            "UPDATE background_migrations SET rows_done = rows_done + $1, cursor = $2, error = NULL WHERE name = $3";
        let values = [rows.count.into(), rows.cursor.clone().into(), self.name.into()];
        let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
        transaction.execute_raw(statement).await?;
        Ok(())
    }

    /// Records that nothing is left to do.
    pub(super) async fn finish(&self) -> ServiceResult<()> {
        let sql = "UPDATE background_migrations SET finished_at = $1, rows_done = rows_total, held_until = NULL, \
             error = NULL WHERE name = $2";
        self.execute(sql, [self.now().millis().into(), self.name.into()]).await.map(drop)
    }

    /// Lets any server continue.
    pub(super) async fn release(&self) -> ServiceResult<()> {
        let sql = "UPDATE background_migrations SET held_until = NULL WHERE name = $1 AND runner = $2";
        self.execute(sql, [self.name.into(), self.runner.into()]).await.map(drop)
    }

    /// Records why an attempt failed. Returns whether the previous one didn't fail for that reason.
    pub(super) async fn fail(&self, error: &str) -> ServiceResult<bool> {
        // Errors of databases may quote what a user has typed.
        self.create_row().await?;
        let error: String = Secret::redact(error).chars().take(MAX_ERROR_LENGTH).collect();
        let sql = "UPDATE background_migrations SET error = $1 WHERE name = $2 AND (error IS NULL OR error <> $1)";
        let is_new = self.execute(sql, [error.into(), self.name.into()]).await? > 0;
        let sql = "UPDATE background_migrations SET failures = failures + 1, held_until = NULL WHERE name = $1";
        self.execute(sql, [self.name.into()]).await?;
        Ok(is_new)
    }

    async fn create_row(&self) -> ServiceResult<()> {
        let sql = "INSERT INTO background_migrations (name, rows_done, rows_total, started_at, failures) \
             VALUES ($1, 0, 0, $2, 0) ON CONFLICT (name) DO NOTHING";
        self.execute(sql, [self.name.into(), self.now().millis().into()]).await.map(drop)
    }

    fn now(&self) -> Timestamp {
        self.services.now()
    }

    fn database(&self) -> &Database {
        &self.services.database
    }

    async fn execute<const N: usize>(&self, sql: &str, values: [sea_orm::Value; N]) -> ServiceResult<u64> {
        let transaction = self.database().begin().await?;
        let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
        let changed = transaction.execute_raw(statement).await?.rows_affected();
        transaction.commit().await?;
        Ok(changed)
    }
}
