//! Stores calls in groups, and retries until the database takes them.

use std::{borrow::Cow, collections::HashSet, time::Duration};

use sea_orm::{DbErr, RuntimeErr, sqlx};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::StorerStopped;
use crate::{
    Database, ServiceError, ServiceResult,
    calls::partitions::KnownMonths,
    metering::{CallRecord, SeriesCache, journal::Journal, store},
};

/// Timeout of one attempt.
const TRY_TIMEOUT: Duration = Duration::from_secs(20);
/// Delay before the second attempt; doubled for each further one, up to [`MAX_RETRY_DELAY`].
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(20);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(1);
/// How often a lasting failure is logged.
const LOG_INTERVAL: Duration = Duration::from_secs(30);
/// How long attempts go on after the meter was shut down.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum number of conflicts after which stored calls are looked up before the next attempt.
const MAX_CONFLICTS: u32 = 3;

const NO_ANSWER: &str = "the database doesn't answer";

/// A call that the database refuses, with its error.
pub(super) type RefusedCall<'a> = (&'a CallRecord, ServiceError);

/// Stores groups of calls in the database.
pub(in crate::metering) struct Groups {
    database: Database,
    series: SeriesCache,
    months: KnownMonths,
}

impl Groups {
    pub(in crate::metering) fn new(database: Database) -> Self {
        Self { database, series: SeriesCache::new(), months: KnownMonths::default() }
    }

    /// Stores `calls` with their rollups, each once, however long the database
    /// takes; returns those that it refuses because of their data. If it is
    /// `uncertain` whether some are already stored, those are looked up first.
    pub(super) async fn store<'a>(
        &self,
        journal: &Journal,
        calls: &'a [CallRecord],
        uncertain: bool,
    ) -> Result<Vec<RefusedCall<'a>>, StorerStopped> {
        let mut refused = Vec::new();
        let mut parts = vec![calls];
        while let Some(part) = parts.pop() {
            match (self.store_part(journal, part, uncertain).await?, part) {
                (Ok(()), _) => {}
                (Err(error), [call]) => refused.push((call, error)),
                // At least one of them is refused: halves the group until it is found.
                (Err(_), part) => {
                    let (one, other) = part.split_at(part.len() / 2);
                    parts.extend([other, one]);
                }
            }
        }
        Ok(refused)
    }

    /// Stores `calls` in one transaction, and retries while that may help. No call is stored twice: after an
    /// attempt with an uncertain outcome, the next leaves out those already stored.
    async fn store_part(
        &self,
        journal: &Journal,
        calls: &[CallRecord],
        uncertain: bool,
    ) -> Result<ServiceResult<()>, StorerStopped> {
        let mut calls = Cow::Borrowed(calls);
        let mut uncertain = uncertain;
        let mut conflicts = 0;
        let mut delay = FIRST_RETRY_DELAY;
        let mut logged_at: Option<Instant> = None;
        loop {
            let error = match self.until_shutdown(journal, self.attempt(&mut calls, uncertain)).await? {
                Ok(()) => {
                    if logged_at.is_some() {
                        tracing::info!("the database takes calls again");
                    }
                    return Ok(Ok(()));
                }
                // A conflict means that an attempt which seemed to fail succeeded, or that an id came twice.
                // If it persists, it has another cause.
                Err(Failure::NotStored(error) | Failure::Uncertain(error @ ServiceError::Conflict(_)))
                    if matches!(error, ServiceError::Conflict(_)) && conflicts < MAX_CONFLICTS =>
                {
                    (uncertain, conflicts) = (true, conflicts + 1);
                    error
                }
                Err(Failure::NotStored(error @ ServiceError::Conflict(_))) => return Ok(Err(error)),
                Err(Failure::Uncertain(error)) => {
                    uncertain = true;
                    error
                }
                Err(Failure::NotStored(error)) if is_permanent(&error) => return Ok(Err(error)),
                Err(Failure::NotStored(error)) => error,
            };
            if logged_at.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
                logged_at = Some(Instant::now());
                tracing::warn!(%error, "the database takes no calls; they wait in the journal");
            }
            self.until_shutdown(journal, sleep(delay)).await?;
            delay = (delay * 2).min(MAX_RETRY_DELAY);
        }
    }

    /// Runs `future` until [`SHUTDOWN_TIMEOUT`] after the meter was shut down.
    async fn until_shutdown<F: Future>(&self, journal: &Journal, future: F) -> Result<F::Output, StorerStopped> {
        tokio::select! {
            biased;
            output = future => Ok(output),
            () = wait_for_shutdown_timeout(journal) => Err(StorerStopped),
        }
    }

    /// Stores those of `calls` that aren't stored, in one transaction.
    async fn attempt(&self, calls: &mut Cow<'_, [CallRecord]>, uncertain: bool) -> Result<(), Failure> {
        if uncertain {
            self.leave_out_stored(calls).await.map_err(Failure::Uncertain)?;
        }
        if calls.is_empty() {
            return Ok(());
        }
        self.months.ensure(&self.database, calls.iter().map(|call| call.started_at)).await;
        let transaction = async {
            let transaction = self.database.begin().await.map_err(Failure::NotStored)?;
            // An error here rolls the transaction back, since it is dropped.
            let new = store(&transaction, &self.series, calls).await.map_err(Failure::NotStored)?;
            transaction.commit().await.map_err(|error| Failure::Uncertain(error.into()))?;
            new.commit_to(&self.series);
            Ok(())
        };
        match timeout(TRY_TIMEOUT, transaction).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Uncertain(ServiceError::unavailable(NO_ANSWER))),
        }
    }

    /// Removes calls that are already stored, and duplicates.
    async fn leave_out_stored(&self, calls: &mut Cow<'_, [CallRecord]>) -> ServiceResult<()> {
        let ids = calls.iter().map(|call| (call.organization_id.uuid(), call.id.uuid()));
        let mut seen: HashSet<Uuid> = timeout(TRY_TIMEOUT, crate::calls::find_stored(self.database.read(), ids))
            .await
            .map_err(|_| ServiceError::unavailable(NO_ANSWER))??;
        calls.to_mut().retain(|call| seen.insert(call.id.uuid()));
        Ok(())
    }
}

async fn wait_for_shutdown_timeout(journal: &Journal) {
    // Polled, since it matters only at the end of the process.
    while journal.closed_for().is_none_or(|closed| closed < SHUTDOWN_TIMEOUT) {
        sleep(Duration::from_millis(100)).await;
    }
}

/// A failed attempt.
enum Failure {
    /// Nothing was stored.
    NotStored(ServiceError),
    /// Either everything or nothing was stored.
    Uncertain(ServiceError),
}

/// Whether the database would always refuse these calls.
fn is_permanent(error: &ServiceError) -> bool {
    let ServiceError::Database(DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) =
        error
    else {
        return matches!(error, ServiceError::Internal(_) | ServiceError::Invalid(_));
    };
    match &**cause {
        sqlx::Error::Encode(_) => true,
        sqlx::Error::Database(cause) => cause.code().is_some_and(|code| {
            match code.parse::<u32>().ok().filter(|_| code.len() < 5) {
                // SQLite's TOOBIG, CONSTRAINT, MISMATCH and RANGE, the lowest byte of their extended forms.
                Some(code) => [18, 19, 20, 25].contains(&(code & 255)),
                // PostgreSQL's classes: data exceptions and violated constraints.
                None => ["22", "23"].iter().any(|class| code.starts_with(class)),
            }
        }),
        _ => false,
    }
}
