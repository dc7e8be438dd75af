//! The task of a server that runs jobs.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::time::Timestamp;
use tokio::{
    sync::Notify,
    task::{Id, JoinError, JoinHandle, JoinSet},
    time::timeout,
};
use uuid::Uuid;

use super::{
    Job, JobFailure, JobHandler, claim,
    enqueue::{NewJob, enqueue},
    results::{self, AttemptResult},
};
use crate::{ServiceResult, Services};

/// Time after which a server that says nothing loses its jobs to another one.
const CLAIM: Duration = Duration::from_secs(30);
/// How often a server says that it still has its jobs, and looks for jobs of servers that are gone.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Longest time between two looks for due jobs, should a signal have been lost.
const MAX_SLEEP: Duration = Duration::from_secs(1);
/// Delay after the database couldn't be asked.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// Time for running jobs to end when the server does.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs jobs until it is shut down, or its process ends.
#[derive(Debug)]
pub struct JobRunner {
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl JobRunner {
    /// Starts to run jobs of the kinds that have a handler.
    pub fn start(services: &Services, handlers: Vec<JobHandler>) -> Self {
        let stop = Arc::new(Notify::new());
        let runner = Runner {
            id: Uuid::from_u128(rand::random()),
            services: services.clone(),
            handlers: handlers.into_iter().map(|handler| (handler.kind, handler)).collect(),
            running: JoinSet::new(),
            jobs: HashMap::new(),
            results: Vec::new(),
            scheduled: HashMap::new(),
            heartbeat: None,
        };
        let task = tokio::spawn(runner.run(Arc::clone(&stop)));
        Self { stop, task }
    }

    /// Claims no more jobs, waits a moment for those that run, and gives the others back.
    pub async fn shutdown(self) {
        self.stop.notify_one();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the runner of jobs ended");
        }
    }
}

struct Runner {
    id: Uuid,
    services: Services,
    handlers: HashMap<&'static str, JobHandler>,
    running: JoinSet<Result<(), JobFailure>>,
    /// The running jobs, by the ids of their tasks.
    jobs: HashMap<Id, (Job, JobHandler)>,
    /// Ended attempts that aren't stored yet.
    results: Vec<AttemptResult>,
    /// For each kind that recurs, the last period for which it was enqueued.
    scheduled: HashMap<&'static str, i64>,
    heartbeat: Option<Instant>,
}

impl Runner {
    async fn run(mut self, stop: Arc<Notify>) {
        let jobs_due = Arc::clone(&self.services.jobs_due);
        loop {
            let sleep = match self.step().await {
                Ok(next_due) => next_due.min(MAX_SLEEP),
                Err(error) => {
                    tracing::warn!(%error, "can't look for jobs");
                    RETRY_DELAY
                }
            };
            tokio::select! {
                () = stop.notified() => break,
                () = jobs_due.notified() => {}
                Some(ended) = self.running.join_next_with_id() => self.take(ended),
                () = tokio::time::sleep(sleep) => {}
            }
        }
        self.finish().await;
    }

    /// Stores results, claims what is due and begins it. Returns the time until more is due.
    async fn step(&mut self) -> ServiceResult<Duration> {
        while let Some(ended) = self.running.try_join_next_with_id() {
            self.take(ended);
        }
        self.store_results().await?;
        self.keep_claims().await?;
        self.schedule().await?;
        let kinds: Vec<&str> = self.handlers.keys().copied().filter(|kind| self.free_slots(kind) > 0).collect();
        let mut sleep = MAX_SLEEP;
        for (kind, due_at) in claim::next_due(self.services.database.control(), &kinds).await? {
            let now = self.services.now();
            if due_at > now {
                let wait = u64::try_from(due_at.millis() - now.millis()).unwrap_or(0);
                sleep = sleep.min(Duration::from_millis(wait));
            } else if self.begin_due(&kind, now).await? > 0 && self.free_slots(&kind) > 0 {
                sleep = Duration::ZERO;
            }
        }
        Ok(sleep)
    }

    /// Claims and begins due jobs of a kind. Returns how many.
    async fn begin_due(&mut self, kind: &str, now: Timestamp) -> ServiceResult<usize> {
        let Some(handler) = self.handlers.get(kind).cloned() else { return Ok(0) };
        let period = (now, after(now, CLAIM));
        let jobs = claim::claim(self.services.database.control(), self.id, kind, self.free_slots(kind), period).await?;
        let count = jobs.len();
        for job in jobs {
            if job.attempt() > handler.policy.max_attempts {
                let outcome = Err(JobFailure::Final("its server ended in each attempt".to_owned()));
                self.record(AttemptResult { job, policy: handler.policy, outcome });
                continue;
            }
            let (limit, work) = (handler.policy.timeout, (handler.run)(self.services.clone(), job.clone()));
            let task = self.running.spawn(async move {
                timeout(limit, work).await.unwrap_or_else(|_| Err(JobFailure::Retry(format!("it took over {limit:?}"))))
            });
            self.jobs.insert(task.id(), (job, handler.clone()));
        }
        Ok(count)
    }

    fn free_slots(&self, kind: &str) -> usize {
        let running = self.jobs.values().filter(|(job, _)| job.kind == kind).count();
        self.handlers.get(kind).map_or(0, |handler| handler.policy.max_running.saturating_sub(running))
    }

    fn take(&mut self, ended: Result<(Id, Result<(), JobFailure>), JoinError>) {
        let (task, outcome) = match ended {
            Ok((task, outcome)) => (task, outcome),
            Err(error) => (error.id(), Err(JobFailure::Retry(format!("it panicked: {error}")))),
        };
        let Some((job, handler)) = self.jobs.remove(&task) else { return };
        if let Err(failure) = &outcome {
            tracing::warn!(kind = job.kind, attempt = job.attempt(), error = %failure, "a job failed");
        }
        self.record(AttemptResult { job, policy: handler.policy, outcome });
    }

    /// Counts a result, and keeps it until it is stored.
    fn record(&mut self, result: AttemptResult) {
        self.services.job_metrics.record(&result);
        self.results.push(result);
    }

    async fn store_results(&mut self) -> ServiceResult<()> {
        if !self.results.is_empty() {
            results::store(self.services.database.control(), self.id, self.services.now(), &self.results).await?;
            self.results.clear();
        }
        Ok(())
    }

    /// Extends the claims of running jobs, and frees those of servers that are gone.
    async fn keep_claims(&mut self) -> ServiceResult<()> {
        if self.heartbeat.is_some_and(|last| last.elapsed() < HEARTBEAT) {
            return Ok(());
        }
        let (database, now) = (self.services.database.control(), self.services.now());
        if !self.jobs.is_empty() {
            claim::extend(database, self.id, after(now, CLAIM)).await?;
        }
        let abandoned = claim::release_abandoned(database, now).await?;
        if abandoned > 0 {
            tracing::warn!(abandoned, "jobs of servers that ended wait again");
        }
        self.heartbeat = Some(Instant::now());
        Ok(())
    }

    /// Enqueues the jobs that recur, once in each period: the first server does, for the others the cause exists.
    async fn schedule(&mut self) -> ServiceResult<()> {
        let now = self.services.now();
        let mut due = Vec::new();
        for handler in self.handlers.values() {
            let Some(period) = handler.policy.period else { continue };
            let number = now.millis().div_euclid(i64::try_from(period.as_millis()).unwrap_or(i64::MAX).max(1));
            if self.scheduled.get(handler.kind) != Some(&number) {
                due.push((handler.kind, number));
            }
        }
        if due.is_empty() {
            return Ok(());
        }
        let jobs = due.iter().map(|(kind, number)| NewJob::new(kind, number.to_string(), now, ()));
        let jobs = jobs.collect::<ServiceResult<Vec<_>>>()?;
        let transaction = self.services.database.control().begin().await?;
        enqueue(&self.services, &transaction, jobs).await?;
        transaction.commit().await?;
        self.scheduled.extend(due);
        Ok(())
    }

    /// Waits a moment for running jobs, stores their results, and gives the others back.
    async fn finish(mut self) {
        let _ = timeout(SHUTDOWN_TIMEOUT, async {
            while let Some(ended) = self.running.join_next_with_id().await {
                self.take(ended);
            }
        })
        .await;
        self.running.shutdown().await;
        let stored = self.store_results().await;
        let released = claim::release_all(self.services.database.control(), self.id).await;
        if let Err(error) = stored.and(released.map(drop)) {
            // Others take the jobs when the claims have run out.
            tracing::warn!(%error, "jobs couldn't be given back");
        }
    }
}

fn after(now: Timestamp, duration: Duration) -> Timestamp {
    now.plus_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}
