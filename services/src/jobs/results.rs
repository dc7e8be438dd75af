//! Stores how attempts ended, and counts them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{api_keys::Secret, time::Timestamp};
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use super::{Job, JobFailure, JobPolicy, JobState};
use crate::{
    ServiceResult,
    database::{Bound, Connections},
};

/// Longest stored reason of a failure, in characters.
const MAX_ERROR_LENGTH: usize = 500;

/// The end of an attempt.
pub(super) struct AttemptResult {
    pub(super) job: Job,
    pub(super) policy: JobPolicy,
    pub(super) outcome: Result<(), JobFailure>,
}

/// How an attempt ended, as it is counted.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum AttemptOutcome {
    Done,
    Retried,
    Dead,
}

impl AttemptOutcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retried => "retried",
            Self::Dead => "dead",
        }
    }
}

impl AttemptResult {
    pub(super) fn outcome(&self) -> AttemptOutcome {
        match &self.outcome {
            Ok(()) => AttemptOutcome::Done,
            Err(JobFailure::Retry(_)) if self.job.attempt() < self.policy.max_attempts => AttemptOutcome::Retried,
            Err(_) => AttemptOutcome::Dead,
        }
    }
}

/// Attempts of this server by kind and outcome. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct JobMetrics(Arc<Mutex<BTreeMap<(String, AttemptOutcome), u64>>>);

impl JobMetrics {
    pub(super) fn record(&self, result: &AttemptResult) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((result.job.kind.clone(), result.outcome())).or_default() += 1;
    }

    /// The number of attempts by kind and outcome, since the start of the process.
    pub fn attempts(&self) -> Vec<(String, &'static str, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|((kind, outcome), count)| (kind.clone(), outcome.name(), *count)).collect()
    }
}

/// Stores the results of attempts that `runner` made. A job that it has lost meanwhile stays as it is.
pub(super) async fn store(
    database: &Connections,
    runner: Uuid,
    now: Timestamp,
    results: &[AttemptResult],
) -> ServiceResult<()> {
    let transaction = database.begin().await?;
    let done: Vec<Uuid> = results.iter().filter(|result| result.outcome.is_ok()).map(|result| result.job.id).collect();
    if !done.is_empty() {
        let mut bound = Bound::new(transaction.get_database_backend());
        let (at, runner) = (bound.value(now.millis()), bound.value(runner));
        let among = bound.among_ids(done);
        let (state, running) = (JobState::Done as i16, JobState::Running as i16);
        let sql = format!(
            "UPDATE jobs SET state = {state}, finished_at = {at}, claimed_by = NULL, claimed_until = NULL, error = NULL \
             WHERE state = {running} AND claimed_by = {runner} AND id {among}"
        );
        transaction.execute_raw(bound.statement(sql)).await?;
    }
    for result in results {
        if let Err(failure) = &result.outcome {
            let backend = transaction.get_database_backend();
            transaction.execute_raw(failed(backend, runner, now, result, failure)).await?;
        }
    }
    Ok(transaction.commit().await?)
}

fn failed(
    backend: sea_orm::DbBackend,
    runner: Uuid,
    now: Timestamp,
    result: &AttemptResult,
    failure: &JobFailure,
) -> Statement {
    let is_dead = result.outcome() == AttemptOutcome::Dead;
    let state = if is_dead { JobState::Dead } else { JobState::Waiting };
    let delay = JobPolicy::retry_delay(result.job.attempt(), rand::random());
    let due_at = now.plus_millis(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX));
    // Errors may quote what a user has typed.
    let error: String = Secret::redact(&failure.to_string()).chars().take(MAX_ERROR_LENGTH).collect();
    let sql = format!(
        "UPDATE jobs SET state = {}, due_at = $1, finished_at = $2, claimed_by = NULL, claimed_until = NULL, error = $3 \
         WHERE state = {} AND claimed_by = $4 AND id = $5",
        state as i16,
        JobState::Running as i16,
    );
    let finished_at = is_dead.then(|| now.millis());
    let values = [due_at.millis().into(), finished_at.into(), error.into(), runner.into(), result.job.id.into()];
    Statement::from_sql_and_values(backend, sql, values)
}
