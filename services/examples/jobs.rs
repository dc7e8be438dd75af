//! Measures background jobs: `cargo run --release -p services --example jobs [DATABASE_URL] [JOBS] [KILLS]`.
//!
//! A million jobs are enqueued and run, with a handler that does nothing: how many a second. Then the runner waits for
//! ten seconds: how much of a core that takes. Then two processes run jobs whose effect is a line in a file, which a
//! process appends before it stores that the job is done, and are killed at 200 random instants: how many lines each job
//! has at the end. Without an address it makes a SQLite file in a temporary folder, on whatever disk that is.
#![allow(clippy::print_stdout, clippy::expect_used)]

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::Write,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use services::{
    ServiceResult, Services, SystemClock,
    jobs::{self, JobFailure, JobHandler, JobPolicy, JobRunner, NewJob},
};
use tokio::time::sleep;

const KIND: &str = "example";
/// Jobs enqueued in one transaction.
const BATCH_SIZE: u64 = 20_000;
/// Time for which the waiting runner is measured.
const IDLE: Duration = Duration::from_secs(10);
/// Jobs for each kill.
const JOBS_PER_KILL: u64 = 100;
/// The first argument of a process that is to be killed.
const WORK: &str = "work";

async fn enqueue(services: &Services, prefix: &str, count: u64) -> ServiceResult<()> {
    for first in (0..count).step_by(usize::try_from(BATCH_SIZE).unwrap_or(1)) {
        let numbers = first..count.min(first + BATCH_SIZE);
        let new = numbers.map(|number| NewJob::new(KIND, format!("{prefix}-{number}"), services.now(), json!({})));
        let new = new.collect::<ServiceResult<Vec<_>>>()?;
        let transaction = services.database().begin().await?;
        jobs::enqueue(services, &transaction, new).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Waits until no job waits or runs.
async fn wait_until_done(services: &Services) -> ServiceResult<()> {
    while jobs::counts(services).await?.iter().any(|counts| counts.waiting + counts.running > 0) {
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Processor time that this process has used.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    // The fields after the program's name, which may contain blanks; in ticks of a hundredth of a second (proc_pid_stat(5)).
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<u64>().expect("a number");
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

async fn measure_throughput(services: &Services, count: u64) -> ServiceResult<()> {
    let started = Instant::now();
    enqueue(services, "quick", count).await?;
    println!("{count} jobs enqueued: {:.0} a second", count as f64 / started.elapsed().as_secs_f64());
    let done = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&done);
    let policy = JobPolicy { max_running: 256, ..JobPolicy::default() };
    let handler = JobHandler::new(KIND, policy, move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok(()) }
    });
    let started = Instant::now();
    let runner = JobRunner::start(services, vec![handler]);
    while done.load(Ordering::Relaxed) < count {
        sleep(Duration::from_millis(50)).await;
    }
    wait_until_done(services).await?;
    println!("claimed, run and stored by one server: {:.0} a second", count as f64 / started.elapsed().as_secs_f64());
    let before = processor_time();
    sleep(IDLE).await;
    let share = (processor_time() - before).as_secs_f64() / IDLE.as_secs_f64();
    println!("waiting for jobs takes {:.2} % of a core", 100.0 * share);
    runner.shutdown().await;
    assert_eq!(done.load(Ordering::Relaxed), count);
    Ok(())
}

/// Runs jobs until the process is killed: each appends its cause to the file at `effects`.
async fn work(url: &str, effects: &str) -> ServiceResult<()> {
    let services = Services::open(url, Arc::new(SystemClock)).await?;
    let effects = effects.to_owned();
    let handler = JobHandler::new(KIND, JobPolicy::default(), move |_, job| {
        // One write of a short line, which the system appends as a whole.
        let line = format!("{}\n", job.cause());
        let outcome =
            OpenOptions::new().append(true).open(&effects).and_then(|mut file| file.write_all(line.as_bytes()));
        async move {
            sleep(Duration::from_millis(2)).await;
            outcome.map_err(|error| JobFailure::Retry(error.to_string()))
        }
    });
    let _runner = JobRunner::start(&services, vec![handler]);
    std::future::pending().await
}

fn start_work(url: &str, effects: &Path) -> Child {
    let program = std::env::current_exe().expect("its own path");
    Command::new(program).arg(WORK).arg(url).arg(effects).stdout(Stdio::null()).spawn().expect("it starts")
}

async fn measure_kills(services: &Services, url: &str, folder: &Path, kills: u64) -> ServiceResult<()> {
    let effects = folder.join("effects");
    std::fs::write(&effects, "").expect("it can be written");
    let count = kills * JOBS_PER_KILL;
    enqueue(services, "killed", count).await?;
    let mut workers = [start_work(url, &effects), start_work(url, &effects)];
    for kill in 0..kills {
        sleep(Duration::from_millis(rand::random_range(20..400))).await;
        let worker = &mut workers[usize::from(kill % 2 == 1)];
        worker.kill().expect("it runs");
        worker.wait().expect("it ends");
        *worker = start_work(url, &effects);
    }
    wait_until_done(services).await?;
    for mut worker in workers {
        worker.kill().expect("it runs");
        worker.wait().expect("it ends");
    }
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for line in std::fs::read_to_string(&effects).expect("it can be read").lines() {
        *lines.entry(line.to_owned()).or_default() += 1;
    }
    let mut by_times: BTreeMap<u64, u64> = BTreeMap::new();
    for times in lines.values() {
        *by_times.entry(*times).or_default() += 1;
    }
    println!("{kills} kills of two servers with {count} jobs: {} jobs had no effect", count - lines.len() as u64);
    for (times, causes) in by_times {
        println!("  {causes} jobs had their effect {times} times");
    }
    assert_eq!(lines.len() as u64, count, "each job is done");
    Ok(())
}

#[tokio::main]
async fn main() -> ServiceResult<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, url, effects] = &arguments[..]
        && mode == WORK
    {
        return work(url, effects).await;
    }
    let number =
        |index: usize, default: u64| arguments.get(index).and_then(|text| text.parse().ok()).unwrap_or(default);
    let folder = std::env::temp_dir().join(format!("tollhouse-jobs-{}", services::new_reference()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let url = arguments.first().filter(|url| !url.is_empty()).cloned();
    let url = url.unwrap_or_else(|| format!("sqlite://{}/tollhouse.db", folder.display()));
    let services = Services::start(&url, Arc::new(SystemClock)).await?;
    measure_throughput(&services, number(1, 1_000_000)).await?;
    measure_kills(&services, &url, &folder, number(2, 200)).await?;
    services.database().clone().close().await?;
    let _ = std::fs::remove_dir_all(folder);
    Ok(())
}
