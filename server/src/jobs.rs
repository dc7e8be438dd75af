//! What the server does by itself, now and then. On several servers each does all of it: that changes nothing.

use std::time::Duration;

use services::{ServiceResult, Services, accounts, api_keys, bodies, calls};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Partitions are made two months ahead: a day without success harms nobody.
const PARTITIONS: Duration = Duration::from_secs(24 * 60 * 60);
/// The shortest notice that is given is an hour's: it mustn't come when that hour is over.
const REMINDERS: Duration = Duration::from_secs(10 * 60);
/// What is over isn't shown anyway; this is about its place on the disk.
const BODIES: Duration = Duration::from_secs(60 * 60);
/// Sessions and failed sign-ins that are over count no more anyway; this is about their place on the disk.
const SESSIONS: Duration = Duration::from_secs(10 * 60);

/// Runs all jobs until the server ends.
pub(crate) fn start(services: &Services) {
    let (partitions, reminders, upkeep, sessions) =
        (services.clone(), services.clone(), services.clone(), services.clone());
    tokio::spawn(async move {
        // The start has just made them.
        let mut due = ticks(Instant::now() + PARTITIONS, PARTITIONS);
        loop {
            due.tick().await;
            told(calls::partitions::ensure(&partitions).await, "the next months' partitions couldn't be made");
        }
    });
    tokio::spawn(async move {
        let mut due = ticks(Instant::now(), REMINDERS);
        loop {
            due.tick().await;
            told(api_keys::remind(&reminders).await, "some owners couldn't be reminded of their keys");
        }
    });
    tokio::spawn(async move {
        let mut due = ticks(Instant::now(), BODIES);
        loop {
            due.tick().await;
            told(bodies::cleanup::run(&upkeep).await, "what was said in calls couldn't be deleted when it should");
        }
    });
    tokio::spawn(async move {
        let mut due = ticks(Instant::now(), SESSIONS);
        loop {
            due.tick().await;
            told(accounts::delete_expired(&sessions).await, "sessions that have expired couldn't be deleted");
        }
    });
}

/// However long a job takes, so much time lies between two.
fn ticks(first: Instant, period: Duration) -> Interval {
    let mut ticks = interval_at(first, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The next time may do what this one couldn't.
fn told(outcome: ServiceResult<()>, failure: &'static str) {
    if let Err(error) = outcome {
        tracing::error!(%error, "{failure}");
    }
}
