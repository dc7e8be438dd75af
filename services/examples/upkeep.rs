//! Measures upkeep beside writers on PostgreSQL, while a transaction that has read all calls stays open:
//! `cargo run --release -p services --example upkeep DATABASE_URL`.
//!
//! The database is best one that `tollhouse demo` has filled. For each kind of upkeep: its outcome, how long it took,
//! and the longest that one of the inserts beside it took. The clock of the upkeep is 40 days ahead, so that there are
//! partitions to make. What needs a table's lock gives up as long as the reader is there; the job would try again.
#![allow(clippy::print_stdout)]

mod sample;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use domain::time::Timestamp;
use futures::{FutureExt, future::BoxFuture};
use sea_orm::ConnectionTrait;
use services::{
    Clock, ServiceError, ServiceResult, Services, SystemClock, accounts, bodies, calls,
    metering::{
        self, SeriesCache,
        upkeep::{self, UpkeepSpan},
    },
};
use tokio::time::sleep;

/// Calls in one transaction.
const BATCH_SIZE: usize = 10;
const PAUSE: Duration = Duration::from_millis(5);
/// How long inserts are measured without upkeep.
const QUIET: Duration = Duration::from_secs(10);

/// A clock that is ahead.
struct Ahead;

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_days(40)
    }
}

/// Inserts calls until `done`; returns how long each transaction took.
async fn insert(services: Services, done: Arc<AtomicBool>) -> ServiceResult<Vec<Duration>> {
    let series = SeriesCache::new();
    let mut times = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let batch = (0..BATCH_SIZE).map(|_| sample::call(services.now())).collect::<ServiceResult<Vec<_>>>()?;
        let started = Instant::now();
        let transaction = services.database().begin().await?;
        let new = metering::store(&transaction, &series, &batch).await?;
        transaction.commit().await?;
        new.commit_to(&series);
        times.push(started.elapsed());
        sleep(PAUSE).await;
    }
    Ok(times)
}

type Upkeep = for<'a> fn(&'a Services) -> BoxFuture<'a, ServiceResult<()>>;

const UPKEEP: [(&str, Upkeep); 6] = [
    ("nothing", |_| sleep(QUIET).map(Ok).boxed()),
    ("partitions", |services| calls::partitions::ensure(services).boxed()),
    ("bodies", |services| bodies::cleanup::run(services).map(|result| result.map(drop)).boxed()),
    ("sessions", |services| accounts::delete_expired(services).map(|result| result.map(drop)).boxed()),
    ("calls", |services| calls::retention::run(services).boxed()),
    ("rollups", |services| upkeep::run(services, UpkeepSpan::All).boxed()),
];

#[tokio::main]
async fn main() -> ServiceResult<()> {
    let missing = || ServiceError::Internal("give the address of a PostgreSQL database".to_owned());
    let url = std::env::args().nth(1).ok_or_else(missing)?;
    let services = Services::start(&url, Arc::new(SystemClock)).await?;
    let ahead = Services::open(&url, Arc::new(Ahead)).await?;
    let reader = services.database().begin().await?;
    reader.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    reader.execute_unprepared("SELECT count(*) FROM calls").await?;
    reader.execute_unprepared("SELECT count(*) FROM rollups").await?;
    reader.execute_unprepared("SELECT count(*) FROM bodies").await?;
    for (name, run) in UPKEEP {
        let done = Arc::new(AtomicBool::new(false));
        let inserts = tokio::spawn(insert(services.clone(), Arc::clone(&done)));
        let started = Instant::now();
        let outcome = match run(&ahead).await {
            Ok(()) => "done".to_owned(),
            Err(error) => error.to_string(),
        };
        let took = started.elapsed();
        sleep(Duration::from_secs(1)).await;
        done.store(true, Ordering::Relaxed);
        let mut times = inserts.await.map_err(|error| ServiceError::Internal(error.to_string()))??;
        times.sort_unstable();
        let (median, longest) = (times.get(times.len() / 2), times.last());
        println!(
            "{name}: {outcome} after {:.1} s; {} inserts, median {:.1} ms, longest {:.1} ms",
            took.as_secs_f64(),
            times.len(),
            median.copied().unwrap_or_default().as_secs_f64() * 1000.0,
            longest.copied().unwrap_or_default().as_secs_f64() * 1000.0
        );
    }
    reader.rollback().await?;
    Ok(())
}
