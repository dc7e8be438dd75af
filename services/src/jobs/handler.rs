//! What runs the jobs of one kind, and how often it is tried.

use std::{fmt, sync::Arc, time::Duration};

use futures::future::BoxFuture;

use super::Job;
use crate::{ServiceError, ServiceResult, Services};

/// Delay before the second attempt; each further one waits four times as long.
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(10);
/// Longest delay between two attempts.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Limits of jobs of one kind.
#[derive(Clone, Copy, Debug)]
pub struct JobPolicy {
    /// Attempts after which the job is given up. The default, ten, covers about three days.
    pub max_attempts: u32,
    /// Time that an attempt may take.
    pub timeout: Duration,
    /// Jobs of this kind that one server runs at the same time, so that slow ones leave room for other kinds.
    pub max_running: usize,
    /// Time between two jobs that are enqueued by themselves; `None` for jobs that changes enqueue.
    pub period: Option<Duration>,
}

impl Default for JobPolicy {
    fn default() -> Self {
        Self { max_attempts: 10, timeout: Duration::from_secs(60), max_running: 32, period: None }
    }
}

impl JobPolicy {
    /// Upkeep that recurs: one job at a time, tried a few times before its period is over.
    pub fn periodic(period: Duration) -> Self {
        Self { max_attempts: 3, timeout: Duration::from_secs(60 * 60), max_running: 1, period: Some(period) }
    }

    /// Time to wait after the failed attempt with this number, from 1. `share`, between 0 and 1, spreads retries:
    /// jobs that failed together don't come back together.
    pub(super) fn retry_delay(attempt: u32, share: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).saturating_mul(2).min(30);
        let delay = FIRST_RETRY_DELAY.saturating_mul(1 << doublings).min(MAX_RETRY_DELAY);
        delay.mul_f64(0.9 + share.clamp(0.0, 1.0) / 5.0)
    }
}

/// The failure of an attempt.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JobFailure {
    /// A later attempt may succeed.
    #[error("{0}")]
    Retry(String),
    /// No attempt can succeed.
    #[error("{0}")]
    Final(String),
}

impl From<ServiceError> for JobFailure {
    fn from(error: ServiceError) -> Self {
        Self::Retry(error.to_string())
    }
}

type Run = dyn Fn(Services, Job) -> BoxFuture<'static, Result<(), JobFailure>> + Send + Sync;

/// Runs the jobs of one kind. Cheap to clone.
#[derive(Clone)]
pub struct JobHandler {
    /// Name of the kind, as it is stored.
    pub(super) kind: &'static str,
    pub(super) policy: JobPolicy,
    pub(super) run: Arc<Run>,
}

impl fmt::Debug for JobHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandler").field("kind", &self.kind).field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl JobHandler {
    /// Runs jobs of `kind` with `run`.
    pub fn new<F>(
        kind: &'static str,
        policy: JobPolicy,
        run: impl Fn(Services, Job) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), JobFailure>> + Send + 'static,
    {
        Self { kind, policy, run: Arc::new(move |services, job| Box::pin(run(services, job))) }
    }

    /// Runs `run` once in each period, on one of the servers.
    pub fn periodic<F>(kind: &'static str, period: Duration, run: fn(Services) -> F) -> Self
    where
        F: Future<Output = ServiceResult<()>> + Send + 'static,
    {
        Self::new(kind, JobPolicy::periodic(period), move |services, _| {
            let work = run(services);
            async move { Ok(work.await?) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_attempts_take_about_three_days() {
        let days = |share| {
            (1..10).map(|attempt| JobPolicy::retry_delay(attempt, share)).sum::<Duration>().as_secs_f64() / 86_400.0
        };
        assert!((2.2..2.6).contains(&days(0.0)), "{}", days(0.0));
        assert!((2.6..3.1).contains(&days(1.0)), "{}", days(1.0));
    }

    #[test]
    fn no_delay_is_longer_than_a_day_and_a_tenth() {
        for attempt in [1, 7, 8, 40, u32::MAX] {
            assert!(JobPolicy::retry_delay(attempt, 1.0) <= MAX_RETRY_DELAY.mul_f64(1.1), "{attempt}");
        }
    }
}
