//! Background jobs: each cause is worked on once, whatever happens to servers and attempts.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use patience::{wait_for, wait_until};
use serde_json::json;
use services::{
    Services,
    jobs::{
        self, Job, JobCounts, JobFailure, JobFilter, JobHandler, JobPolicy, JobRunner, JobState, NewJob, StoredJob,
    },
};
use tokio::sync::{Notify, Semaphore};

use crate::support::World;

const KIND: &str = "test";

/// How often each cause was worked on.
#[derive(Clone, Default)]
struct Attempts(Arc<Mutex<BTreeMap<String, u32>>>);

impl Attempts {
    fn add(&self, cause: &str) {
        *self.0.lock().unwrap().entry(cause.to_owned()).or_default() += 1;
    }

    fn of(&self, cause: &str) -> u32 {
        self.0.lock().unwrap().get(cause).copied().unwrap_or(0)
    }

    fn all(&self) -> BTreeMap<String, u32> {
        self.0.lock().unwrap().clone()
    }

    /// Counts each job, and then ends with what `outcome` says of it.
    fn handler(
        &self,
        policy: JobPolicy,
        outcome: impl Fn(&Job) -> Result<(), JobFailure> + Send + Sync + 'static,
    ) -> JobHandler {
        let attempts = self.clone();
        JobHandler::new(KIND, policy, move |_, job| {
            attempts.add(job.cause());
            let outcome = outcome(&job);
            async move { outcome }
        })
    }
}

async fn enqueue(services: &Services, causes: impl IntoIterator<Item = String>) -> u64 {
    let new = |cause| NewJob::new(KIND, cause, services.now(), json!({})).unwrap();
    let transaction = services.database().begin().await.unwrap();
    let count = jobs::enqueue(services, &transaction, causes.into_iter().map(new).collect()).await.unwrap();
    transaction.commit().await.unwrap();
    count
}

async fn stored(services: &Services) -> Vec<StoredJob> {
    jobs::list(services, &JobFilter::default()).await.unwrap()
}

async fn wait_for_states(services: &Services, expected: &[(&str, JobState)]) {
    wait_until("the jobs reach their states", async || {
        let mut states: Vec<_> = stored(services).await.into_iter().map(|job| (job.cause, job.state.name())).collect();
        states.sort();
        states == expected.iter().map(|(cause, state)| ((*cause).to_owned(), state.name())).collect::<Vec<_>>()
    })
    .await;
}

/// Ends as a killed process does, without a word, when its runtime is dropped.
struct KilledServer(Option<tokio::runtime::Runtime>);

impl KilledServer {
    /// Starts a server with connections of its own, which end with it.
    fn start(world: &World, handlers: Vec<JobHandler>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (url, clock) = (world.database.url().to_owned(), world.clock.clone());
        runtime.spawn(async move {
            let services = Services::open(url.as_str(), clock).await.unwrap();
            std::mem::forget((JobRunner::start(&services, handlers), services));
        });
        Self(Some(runtime))
    }
}

impl Drop for KilledServer {
    fn drop(&mut self) {
        self.0.take().unwrap().shutdown_background();
    }
}

on_both_databases! {
    async fn a_cause_has_one_job_however_often_it_is_reported(world: &World) {
        let services = &world.services;
        assert_eq!(enqueue(services, ["a", "b", "a"].map(str::to_owned)).await, 2);
        assert_eq!(enqueue(services, ["b", "c"].map(str::to_owned)).await, 1);
        let attempts = Attempts::default();
        let runner = JobRunner::start(services, vec![attempts.handler(JobPolicy::default(), |_| Ok(()))]);
        wait_for_states(services, &[("a", JobState::Done), ("b", JobState::Done), ("c", JobState::Done)]).await;
        // Also when it is reported again after the work is done.
        assert_eq!(enqueue(services, ["a".to_owned()]).await, 0);
        runner.shutdown().await;
        assert!(attempts.all().values().all(|count| *count == 1), "{:?}", attempts.all());
    }

    async fn a_change_that_is_rolled_back_leaves_no_job(world: &World) {
        let services = &world.services;
        let transaction = services.database().begin().await.unwrap();
        let job = NewJob::new(KIND, "a", services.now(), json!({})).unwrap();
        assert_eq!(jobs::enqueue(services, &transaction, vec![job]).await.unwrap(), 1);
        transaction.rollback().await.unwrap();
        assert!(stored(services).await.is_empty());
    }

    async fn a_failed_job_is_tried_again_later_until_it_is_given_up(world: &World) {
        let services = &world.services;
        let attempts = Attempts::default();
        let policy = JobPolicy { max_attempts: 3, ..JobPolicy::default() };
        let runner = JobRunner::start(services, vec![attempts.handler(policy, |job| {
            Err(JobFailure::Retry(format!("attempt {}", job.attempt())))
        })]);
        enqueue(services, ["a".to_owned()]).await;
        for attempt in 1..=2 {
            wait_until("the attempt has failed", async || {
                let job = stored(services).await.remove(0);
                job.state == JobState::Waiting && job.error.as_deref() == Some(&*format!("attempt {attempt}"))
            })
            .await;
            assert!(stored(services).await[0].due_at > services.now());
            world.clock.forward_minutes(2);
        }
        wait_for_states(services, &[("a", JobState::Dead)]).await;
        world.clock.forward_days(2);
        runner.shutdown().await;
        assert_eq!(attempts.of("a"), 3);
        let [job] = &stored(services).await[..] else { panic!() };
        assert_eq!((job.attempts, job.error.as_deref()), (3, Some("attempt 3")));
        let counts = jobs::counts(services).await.unwrap();
        assert_eq!(counts, [JobCounts { kind: KIND.to_owned(), dead: 1, ..JobCounts::default() }]);
    }

    async fn a_job_that_cant_succeed_is_given_up_at_once_and_can_be_replayed(world: &World) {
        let services = &world.services;
        let (attempts, mended) = (Attempts::default(), Arc::new(Mutex::new(false)));
        let is_mended = Arc::clone(&mended);
        let handler = attempts.handler(JobPolicy::default(), move |_| {
            if *is_mended.lock().unwrap() { Ok(()) } else { Err(JobFailure::Final("broken".to_owned())) }
        });
        let runner = JobRunner::start(services, vec![handler]);
        enqueue(services, ["a", "b"].map(str::to_owned)).await;
        wait_for_states(services, &[("a", JobState::Dead), ("b", JobState::Dead)]).await;
        *mended.lock().unwrap() = true;
        let id = stored(services).await.into_iter().find(|job| job.cause == "a").unwrap().id;
        assert_eq!(jobs::replay(services, &[id], None).await.unwrap(), 1);
        wait_for_states(services, &[("a", JobState::Done), ("b", JobState::Dead)]).await;
        assert_eq!(jobs::replay(services, &[id], None).await.unwrap(), 0, "it is done");
        assert_eq!(jobs::replay(services, &[], Some("other")).await.unwrap(), 0);
        assert_eq!(jobs::replay(services, &[], Some(KIND)).await.unwrap(), 1);
        wait_for_states(services, &[("a", JobState::Done), ("b", JobState::Done)]).await;
        runner.shutdown().await;
        let replays = world.rows("SELECT target_id FROM audit_entries WHERE action = 'job.replayed'").await;
        assert_eq!(replays.len(), 2);
        assert!(services::audit::verify(services).await.unwrap().first_break.is_none());
    }

    async fn a_panic_and_a_timeout_are_failures(world: &World) {
        let services = &world.services;
        let policy = JobPolicy { timeout: Duration::from_millis(50), ..JobPolicy::default() };
        let handler = JobHandler::new(KIND, policy, |_, job| async move {
            assert!(job.cause() != "panic", "a mistake in a handler");
            std::future::pending().await
        });
        let runner = JobRunner::start(services, vec![handler]);
        enqueue(services, ["panic", "slow"].map(str::to_owned)).await;
        wait_until("both attempts have failed", async || {
            stored(services).await.iter().all(|job| job.state == JobState::Waiting && job.error.is_some())
        })
        .await;
        runner.shutdown().await;
        let errors: BTreeMap<_, _> = stored(services).await.into_iter().map(|job| (job.cause, job.error.unwrap())).collect();
        assert!(errors["panic"].starts_with("it panicked"), "{errors:?}");
        assert_eq!(errors["slow"], "it took over 50ms");
    }

    async fn servers_share_the_jobs_and_each_is_worked_on_once(world: &World) {
        let services = &world.services;
        let attempts = Attempts::default();
        let start = || JobRunner::start(services, vec![attempts.handler(JobPolicy::default(), |_| Ok(()))]);
        let runners = [start(), start(), start()];
        for batch in 0..10 {
            enqueue(services, (0..50).map(|number| format!("{batch}-{number}"))).await;
        }
        wait_until("all are done", async || jobs::counts(services).await.unwrap().is_empty()).await;
        for runner in runners {
            runner.shutdown().await;
        }
        let all = attempts.all();
        assert_eq!(all.len(), 500);
        assert!(all.values().all(|count| *count == 1), "{all:?}");
    }

    async fn another_server_takes_the_jobs_of_one_that_was_killed(world: &World) {
        let services = &world.services;
        let attempts = Attempts::default();
        let begun = Arc::new(Semaphore::new(0));
        let (first_begun, first_attempts) = (Arc::clone(&begun), attempts.clone());
        let killed = KilledServer::start(world, vec![JobHandler::new(KIND, JobPolicy::default(), move |_, job| {
            first_attempts.add(job.cause());
            first_begun.add_permits(1);
            std::future::pending()
        })]);
        enqueue(services, ["a", "b"].map(str::to_owned)).await;
        let _permits = wait_for("both have begun", begun.acquire_many(2)).await.unwrap();
        drop(killed);
        // Nobody knows yet that it is gone.
        let runner = JobRunner::start(services, vec![attempts.handler(JobPolicy::default(), |_| Ok(()))]);
        enqueue(services, ["c".to_owned()]).await;
        wait_for_states(services, &[("a", JobState::Running), ("b", JobState::Running), ("c", JobState::Done)]).await;
        runner.shutdown().await;
        world.clock.forward_minutes(1);
        let runner = JobRunner::start(services, vec![attempts.handler(JobPolicy::default(), |_| Ok(()))]);
        wait_for_states(services, &[("a", JobState::Done), ("b", JobState::Done), ("c", JobState::Done)]).await;
        runner.shutdown().await;
        assert_eq!(attempts.all(), BTreeMap::from([("a", 2), ("b", 2), ("c", 1)].map(|(cause, count)| (cause.to_owned(), count))));
    }

    async fn a_job_that_ends_every_server_is_given_up(world: &World) {
        let services = &world.services;
        enqueue(services, ["a".to_owned()]).await;
        let policy = JobPolicy { max_attempts: 2, ..JobPolicy::default() };
        for _ in 0..2 {
            let begun = Arc::new(Notify::new());
            let has_begun = Arc::clone(&begun);
            let killed = KilledServer::start(world, vec![JobHandler::new(KIND, policy, move |_, _| {
                has_begun.notify_one();
                std::future::pending()
            })]);
            wait_for("it has begun", begun.notified()).await;
            drop(killed);
            world.clock.forward_minutes(1);
        }
        let attempts = Attempts::default();
        let runner = JobRunner::start(services, vec![attempts.handler(policy, |_| Ok(()))]);
        wait_for_states(services, &[("a", JobState::Dead)]).await;
        runner.shutdown().await;
        assert_eq!(attempts.of("a"), 0);
    }

    async fn a_server_that_stops_gives_its_jobs_back(world: &World) {
        let services = &world.services;
        let attempts = Attempts::default();
        let begun = Arc::new(Notify::new());
        let has_begun = Arc::clone(&begun);
        let endless = JobHandler::new(KIND, JobPolicy::default(), move |_, _| {
            has_begun.notify_one();
            std::future::pending()
        });
        let runner = JobRunner::start(services, vec![endless]);
        enqueue(services, ["a".to_owned()]).await;
        wait_for("it has begun", begun.notified()).await;
        runner.shutdown().await;
        let [job] = &stored(services).await[..] else { panic!() };
        assert_eq!((job.state, job.attempts), (JobState::Waiting, 0));
        let runner = JobRunner::start(services, vec![attempts.handler(JobPolicy::default(), |_| Ok(()))]);
        wait_for_states(services, &[("a", JobState::Done)]).await;
        runner.shutdown().await;
    }

    async fn jobs_of_kinds_that_a_server_doesnt_know_are_left_to_others(world: &World) {
        let services = &world.services;
        let transaction = services.database().begin().await.unwrap();
        let unknown = NewJob::new("of_a_newer_version", "a", services.now(), json!({})).unwrap();
        jobs::enqueue(services, &transaction, vec![unknown]).await.unwrap();
        transaction.commit().await.unwrap();
        let attempts = Attempts::default();
        let runner = JobRunner::start(services, vec![attempts.handler(JobPolicy::default(), |_| Ok(()))]);
        enqueue(services, ["b".to_owned()]).await;
        wait_for_states(services, &[("a", JobState::Waiting), ("b", JobState::Done)]).await;
        runner.shutdown().await;
    }

    async fn slow_jobs_leave_room_for_other_kinds_and_for_no_more_of_their_own(world: &World) {
        let services = &world.services;
        let (begun, release) = (Attempts::default(), Arc::new(Semaphore::new(0)));
        let (slow_begun, wait) = (begun.clone(), Arc::clone(&release));
        let policy = JobPolicy { max_running: 2, ..JobPolicy::default() };
        let slow = JobHandler::new("slow", policy, move |_, job| {
            slow_begun.add(job.cause());
            let wait = Arc::clone(&wait);
            async move {
                wait.acquire().await.unwrap().forget();
                Ok(())
            }
        });
        let quick = begun.handler(JobPolicy::default(), |_| Ok(()));
        let runner = JobRunner::start(services, vec![slow, quick]);
        let transaction = services.database().begin().await.unwrap();
        let new = (0..5).map(|number| NewJob::new("slow", format!("slow {number}"), services.now(), json!({})).unwrap());
        jobs::enqueue(services, &transaction, new.collect()).await.unwrap();
        transaction.commit().await.unwrap();
        wait_until("two have begun", async || begun.all().len() == 2).await;
        enqueue(services, ["quick".to_owned()]).await;
        wait_until("the quick one is done", async || begun.of("quick") == 1).await;
        assert_eq!(begun.all().len(), 3);
        release.add_permits(5);
        wait_until("all are done", async || jobs::counts(services).await.unwrap().is_empty()).await;
        runner.shutdown().await;
        assert_eq!(begun.all().len(), 6);
    }

    async fn what_recurs_is_done_once_in_each_period_by_whichever_server(world: &World) {
        let services = &world.services;
        let attempts = Attempts::default();
        let policy = JobPolicy::periodic(Duration::from_secs(600));
        let start = || JobRunner::start(services, vec![attempts.handler(policy, |_| Ok(()))]);
        let runners = [start(), start()];
        for period in 1..=3 {
            wait_until("it was done in this period", async || attempts.all().len() == period).await;
            world.clock.forward_minutes(10);
        }
        wait_until("it was done in the last period", async || attempts.all().len() == 4).await;
        for runner in runners {
            runner.shutdown().await;
        }
        assert!(attempts.all().values().all(|count| *count == 1), "{:?}", attempts.all());
    }

    async fn jobs_that_were_over_long_ago_are_deleted(world: &World) {
        let services = &world.services;
        let attempts = Attempts::default();
        let runner = JobRunner::start(services, vec![attempts.handler(JobPolicy::default(), |job| {
            if job.cause() == "dead" { Err(JobFailure::Final("broken".to_owned())) } else { Ok(()) }
        })]);
        enqueue(services, ["dead", "done"].map(str::to_owned)).await;
        wait_for_states(services, &[("dead", JobState::Dead), ("done", JobState::Done)]).await;
        runner.shutdown().await;
        world.clock.forward_days(6);
        jobs::delete_old(services).await.unwrap();
        assert_eq!(stored(services).await.len(), 2);
        world.clock.forward_days(2);
        jobs::delete_old(services).await.unwrap();
        assert_eq!(stored(services).await.len(), 1);
        world.clock.forward_days(90);
        jobs::delete_old(services).await.unwrap();
        assert!(stored(services).await.is_empty());
    }
}
