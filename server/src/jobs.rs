//! Periodic jobs. With several servers each runs all of them, which is harmless.

use std::time::Duration;

use services::{ServiceResult, Services, accounts, api_keys, bodies, calls};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Interval of creating partitions. They are created two months ahead: a day without success does no harm.
const PARTITION_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);
/// Interval of reminders. The shortest notice is an hour, and mustn't arrive after that hour.
const REMINDER_INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Interval of deleting expired bodies. They aren't shown any more; this frees disk space.
const BODY_CLEANUP_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// Interval of deleting expired sessions and failed sign-ins. They don't count any more; this frees disk
/// space.
const SESSION_CLEANUP_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// Runs all jobs until the server ends.
pub(crate) fn start(services: &Services) {
    let (partitions, reminders, bodies, sessions) =
        (services.clone(), services.clone(), services.clone(), services.clone());
    tokio::spawn(async move {
        // The server has just created them at its start.
        let mut interval = delayed_interval(Instant::now() + PARTITION_INTERVAL, PARTITION_INTERVAL);
        loop {
            interval.tick().await;
            log_failure(calls::partitions::ensure(&partitions).await, "the next months' partitions couldn't be made");
        }
    });
    tokio::spawn(async move {
        let mut interval = delayed_interval(Instant::now(), REMINDER_INTERVAL);
        loop {
            interval.tick().await;
            log_failure(api_keys::remind(&reminders).await, "some owners couldn't be reminded of their keys");
        }
    });
    tokio::spawn(async move {
        let mut interval = delayed_interval(Instant::now(), BODY_CLEANUP_INTERVAL);
        loop {
            interval.tick().await;
            log_failure(
                bodies::cleanup::run(&bodies).await,
                "what was said in calls couldn't be deleted when it should",
            );
        }
    });
    tokio::spawn(async move {
        let mut interval = delayed_interval(Instant::now(), SESSION_CLEANUP_INTERVAL);
        loop {
            interval.tick().await;
            log_failure(accounts::delete_expired(&sessions).await, "sessions that have expired couldn't be deleted");
        }
    });
}

/// An interval that leaves `period` between two runs, however long a run takes.
fn delayed_interval(first: Instant, period: Duration) -> Interval {
    let mut interval = interval_at(first, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Logs a failure; the next run tries again.
fn log_failure(outcome: ServiceResult<()>, failure: &'static str) {
    if let Err(error) = outcome {
        tracing::error!(%error, "{failure}");
    }
}
