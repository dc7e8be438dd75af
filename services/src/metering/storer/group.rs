//! Stores calls in groups, with patience.

use std::{borrow::Cow, collections::HashSet, time::Duration};

use sea_orm::{DbErr, RuntimeErr, sqlx};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::GaveUp;
use crate::{
    Database, ServiceError, ServiceResult,
    metering::{CallRecord, SeriesCache, journal::Journal, store},
};

/// How long one try may take.
const LONGEST_TRY: Duration = Duration::from_secs(20);
/// How long to wait before the second try; doubled for each further one up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often is told that it still doesn't work.
const TOLD: Duration = Duration::from_secs(30);
/// How long is tried after the meter was shut down.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a conflict is met with a look at what is stored.
const MOST_CONFLICTS: u32 = 3;

const SILENT: &str = "the database doesn't answer";

/// A call that the database refuses, and why.
pub(super) type Refused<'a> = (&'a CallRecord, ServiceError);

pub(in crate::metering) struct Groups {
    database: Database,
    series: SeriesCache,
}

impl Groups {
    pub(in crate::metering) fn new(database: Database) -> Self {
        Self { database, series: SeriesCache::new() }
    }

    /// Stores `calls` with their rollups, each once, however long the database takes; gives back those that it refuses
    /// for what they say. Where it is `uncertain` whether some are stored already, those are looked up first.
    pub(super) async fn store<'a>(
        &self,
        journal: &Journal,
        calls: &'a [CallRecord],
        uncertain: bool,
    ) -> Result<Vec<Refused<'a>>, GaveUp> {
        let mut refused = Vec::new();
        let mut parts = vec![calls];
        while let Some(part) = parts.pop() {
            match (self.store_part(journal, part, uncertain).await?, part) {
                (Ok(()), _) => {}
                (Err(error), [call]) => refused.push((call, error)),
                // Something is wrong with one of them: the others shall not suffer for it.
                (Err(_), part) => {
                    let (one, other) = part.split_at(part.len() / 2);
                    parts.extend([other, one]);
                }
            }
        }
        Ok(refused)
    }

    /// Stores `calls` in one transaction, trying again while that may help, but never twice: where it isn't known
    /// what became of a try, those that are stored already are left out of the next.
    async fn store_part(
        &self,
        journal: &Journal,
        calls: &[CallRecord],
        uncertain: bool,
    ) -> Result<ServiceResult<()>, GaveUp> {
        let mut calls = Cow::Borrowed(calls);
        let mut uncertain = uncertain;
        let mut conflicts = 0;
        let mut pause = FIRST_PAUSE;
        let mut told: Option<Instant> = None;
        loop {
            let error = match self.within_patience(journal, self.attempt(&mut calls, uncertain)).await? {
                Ok(()) => {
                    if told.is_some() {
                        tracing::info!("the database takes calls again");
                    }
                    return Ok(Ok(()));
                }
                // A conflict means that a try which seemed to fail did not, or that an id came twice. If it comes again
                // and again, it is about something else.
                Err(Failure::Known(error) | Failure::Unknown(error @ ServiceError::Conflict(_)))
                    if matches!(error, ServiceError::Conflict(_)) && conflicts < MOST_CONFLICTS =>
                {
                    (uncertain, conflicts) = (true, conflicts + 1);
                    error
                }
                Err(Failure::Known(error @ ServiceError::Conflict(_))) => return Ok(Err(error)),
                Err(Failure::Unknown(error)) => {
                    uncertain = true;
                    error
                }
                Err(Failure::Known(error)) if is_about_the_calls(&error) => return Ok(Err(error)),
                Err(Failure::Known(error)) => error,
            };
            if told.is_none_or(|told| told.elapsed() >= TOLD) {
                told = Some(Instant::now());
                tracing::warn!(%error, "the database takes no calls; they wait in the journal");
            }
            self.within_patience(journal, sleep(pause)).await?;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Works on `future`, but not long after the meter was shut down.
    async fn within_patience<F: Future>(&self, journal: &Journal, future: F) -> Result<F::Output, GaveUp> {
        tokio::select! {
            biased;
            output = future => Ok(output),
            () = out_of_patience(journal) => Err(GaveUp),
        }
    }

    /// One transaction with those of `calls` that aren't stored.
    async fn attempt(&self, calls: &mut Cow<'_, [CallRecord]>, uncertain: bool) -> Result<(), Failure> {
        if uncertain {
            self.leave_out_stored(calls).await.map_err(Failure::Unknown)?;
        }
        if calls.is_empty() {
            return Ok(());
        }
        let transaction = async {
            let transaction = self.database.begin().await.map_err(Failure::Known)?;
            // An error here rolls the transaction back, since it is dropped.
            let new = store(&transaction, &self.series, calls).await.map_err(Failure::Known)?;
            transaction.commit().await.map_err(|error| Failure::Unknown(error.into()))?;
            new.keep(&self.series);
            Ok(())
        };
        match timeout(LONGEST_TRY, transaction).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Unknown(ServiceError::unavailable(SILENT))),
        }
    }

    /// Keeps those that aren't stored, each once.
    async fn leave_out_stored(&self, calls: &mut Cow<'_, [CallRecord]>) -> ServiceResult<()> {
        let wanted = calls.iter().map(|call| (call.organization_id.uuid(), call.id.uuid()));
        let mut seen: HashSet<Uuid> = timeout(LONGEST_TRY, crate::calls::stored(self.database.read(), wanted))
            .await
            .map_err(|_| ServiceError::unavailable(SILENT))??;
        calls.to_mut().retain(|call| seen.insert(call.id.uuid()));
        Ok(())
    }
}

async fn out_of_patience(journal: &Journal) {
    // Asked now and then: it matters at the very end only.
    while journal.closed_for().is_none_or(|closed| closed < PATIENCE) {
        sleep(Duration::from_millis(100)).await;
    }
}

/// A try that failed.
enum Failure {
    /// Nothing was stored.
    Known(ServiceError),
    /// All of it may have been stored, or nothing.
    Unknown(ServiceError),
}

/// Whether the same calls would be refused again, however the database does.
fn is_about_the_calls(error: &ServiceError) -> bool {
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
                // PostgreSQL's classes: data that can't be, constraints that are violated.
                None => ["22", "23"].iter().any(|class| code.starts_with(class)),
            }
        }),
        _ => false,
    }
}
