//! Changes of definitions of tables that are in use, on PostgreSQL.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};
use tokio::time::sleep;

use super::{Database, DatabaseTransaction, Lock};
use crate::{ServiceError, ServiceResult};

/// Time to wait for locks on tables. Whatever needs these tables later queues behind the waiting change, so it gives
/// up soon and tries again.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '300ms'";
const MAX_ATTEMPTS: u32 = 20;
/// Pause between two attempts, in which those who queued get their locks.
const PAUSE: Duration = Duration::from_millis(700);

/// A change of definitions.
pub(crate) struct Redefinition {
    /// Query for `needed`: whether the change is (still) to be made. Another server may have made it.
    pub(crate) condition: Statement,
    /// Executed in this order, in one transaction.
    pub(crate) statements: Vec<String>,
}

impl Redefinition {
    async fn is_needed(&self, connection: &impl ConnectionTrait) -> ServiceResult<bool> {
        let row = connection.query_one_raw(self.condition.clone()).await?;
        Ok(row.is_some_and(|row| row.try_get("", "needed").unwrap_or(false)))
    }
}

impl Database {
    /// Makes a change of definitions, and tries again while others hold locks on the tables: nobody waits for it longer
    /// than a third of a second. Returns whether it was needed.
    ///
    /// # Errors
    /// The database doesn't answer, or a table was locked in each attempt.
    pub(crate) async fn redefine(&self, redefinition: &Redefinition) -> ServiceResult<bool> {
        // Mostly there is nothing to do, and then no lock is needed.
        if !redefinition.is_needed(self.control().read()).await? {
            return Ok(false);
        }
        let mut attempt = 1;
        loop {
            let transaction = self.control().begin().await?;
            match self.try_redefining(transaction, redefinition).await {
                Err(ServiceError::Unavailable(_)) if attempt < MAX_ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
            sleep(PAUSE).await;
        }
    }

    async fn try_redefining(
        &self,
        transaction: DatabaseTransaction,
        redefinition: &Redefinition,
    ) -> ServiceResult<bool> {
        transaction.execute_unprepared(LOCK_TIMEOUT).await?;
        self.lock(&transaction, Lock::Partitions).await?;
        let needed = redefinition.is_needed(&transaction).await?;
        if needed {
            for statement in &redefinition.statements {
                transaction.execute_unprepared(statement).await?;
            }
        }
        transaction.commit().await?;
        Ok(needed)
    }
}
