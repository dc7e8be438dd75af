//! Jobs at providers: checked until they are done, by clients' own requests and by a background task.

use std::time::Duration;

use axum::http::StatusCode;
use domain::{calls::Outcome, time::Timestamp};
use futures::{StreamExt, stream};
use services::{
    ServiceResult,
    provider_objects::{self, JobResult, ProviderObject, storage},
};
use tokio::time::{MissedTickBehavior, interval};

use super::{Document, fetch::fetch, update};
use crate::gateway::{Gateway, endpoint::ObjectAction, references::shape::is_id};

/// Time between searches for jobs to check.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// Time between searches for days whose storage must be counted.
const STORAGE_INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Number of concurrent checks, so that a slow provider doesn't delay jobs at others.
const CONCURRENT_CHECKS: usize = 16;
/// Time from a job's creation to its first check, in milliseconds.
const FIRST_CHECK_MS: i64 = 10_000;
/// Longest time between two checks of a job, in milliseconds.
const MAX_CHECK_INTERVAL_MS: i64 = 10 * 60_000;
/// Age at which an unfinished job is given up, in milliseconds: two weeks.
const GIVE_UP_AFTER_MS: i64 = 14 * 86_400_000;

pub(super) fn first_check_at(created_at: Timestamp) -> Timestamp {
    Timestamp::from_millis(created_at.millis() + FIRST_CHECK_MS)
}

/// The time of the next check: later by a tenth of the job's age.
fn next_check_at(created_at: Timestamp, now: Timestamp) -> Timestamp {
    let age = now.millis() - created_at.millis();
    Timestamp::from_millis(now.millis() + (age / 10).clamp(FIRST_CHECK_MS, MAX_CHECK_INTERVAL_MS))
}

/// Records a job's usage if the provider's document, `text`, shows that it is done.
pub(super) async fn record_if_done(gateway: &Gateway, object: &ProviderObject, text: &str) -> ServiceResult<()> {
    let Some(kind) = object.kind().filter(|_| object.is_pending()) else { return Ok(()) };
    let document = Document::read(text);
    let Some(result) = document.job_result(kind, text) else { return Ok(()) };
    let files: Vec<String> = document.result_files().iter().filter(|id| is_id(id)).cloned().collect();
    provider_objects::remember_results(&gateway.services, object, &files).await?;
    provider_objects::record_job(&gateway.services, &gateway.meter, object, result).await
}

/// Fetches a job from its provider, and records its result if it is done or lost.
pub(super) async fn check_job(gateway: &Gateway, object: &ProviderObject) -> ServiceResult<()> {
    let Some((status, body)) = fetch(gateway, object).await? else { return Ok(()) };
    update(gateway, object, ObjectAction::Retrieve, status, &body).await?;
    match status {
        StatusCode::NOT_FOUND => give_up(gateway, object).await,
        _ => Ok(()),
    }
}

async fn give_up(gateway: &Gateway, object: &ProviderObject) -> ServiceResult<()> {
    let unknown = JobResult { outcome: Outcome::Interrupted, used: None, error_code: "job_lost".to_owned() };
    provider_objects::record_job(&gateway.services, &gateway.meter, object, unknown).await
}

impl Gateway {
    /// Starts checking jobs and counting storage until the server ends. Several servers share the work.
    pub fn start_jobs(&self) {
        let (jobs, storage) = (self.clone(), self.clone());
        tokio::spawn(async move {
            let mut due = interval(CHECK_INTERVAL);
            due.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                due.tick().await;
                log_failure(jobs.check_due_jobs().await, "some jobs couldn't be looked at");
            }
        });
        tokio::spawn(async move {
            let mut due = interval(STORAGE_INTERVAL);
            due.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                due.tick().await;
                log_failure(storage.count_storage().await.map(drop), "storage couldn't be counted");
            }
        });
    }

    /// Checks the jobs that are due.
    pub async fn check_due_jobs(&self) -> ServiceResult<()> {
        let now = self.services.now();
        let soon = Timestamp::from_millis(now.millis() + MAX_CHECK_INTERVAL_MS);
        let due = provider_objects::claim_due_jobs(&self.services, soon).await?;
        let checks =
            stream::iter(due).map(|object| self.check_and_reschedule(object, now)).buffer_unordered(CONCURRENT_CHECKS);
        // All are checked, even if one fails.
        let checks: Vec<ServiceResult<()>> = checks.collect().await;
        let failed: Vec<_> = checks.into_iter().filter_map(Result::err).collect();
        for error in failed.iter().skip(1) {
            tracing::error!(%error, "a job couldn't be looked after");
        }
        failed.into_iter().next().map_or(Ok(()), Err)
    }

    async fn check_and_reschedule(&self, object: ProviderObject, now: Timestamp) -> ServiceResult<()> {
        if now.millis() - object.created_at().millis() > GIVE_UP_AFTER_MS {
            return give_up(self, &object).await;
        }
        if let Err(error) = check_job(self, &object).await {
            tracing::warn!(%error, provider = object.provider(), "a job can't be looked at");
        }
        provider_objects::reschedule(&self.services, &object, next_check_at(object.created_at(), now)).await
    }

    /// Counts the storage of past days. Returns the number of calls recorded for it.
    pub async fn count_storage(&self) -> ServiceResult<usize> {
        let model = self.storage_model();
        storage::meter(&self.services, &self.meter, model.as_deref()).await
    }
}

/// Logs a failed run; the next one may succeed.
fn log_failure(outcome: ServiceResult<()>, failure: &'static str) {
    if let Err(error) = outcome {
        tracing::error!(%error, "{failure}");
    }
}
