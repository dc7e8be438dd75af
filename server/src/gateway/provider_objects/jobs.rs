//! Jobs that providers work on: looked at until they are done, by whoever asks for them and by this server itself.

use std::time::Duration;

use axum::http::StatusCode;
use domain::{calls::Outcome, time::Timestamp};
use futures::{StreamExt, stream};
use services::{
    ServiceResult,
    provider_objects::{self, Object, Settled, storage},
};
use tokio::time::{MissedTickBehavior, interval};

use super::{Document, fetch::ask, follow};
use crate::gateway::{Gateway, endpoint::Act, references::shape::is_id};

/// How often it is looked for jobs that are due.
const EVERY: Duration = Duration::from_secs(5);
/// How often it is looked for days whose storage is to be counted.
const STORAGE_EVERY: Duration = Duration::from_secs(10 * 60);
/// How many jobs are looked at at once: a slow provider mustn't keep others' jobs waiting.
const AT_ONCE: usize = 16;
/// When a job is looked at first, in milliseconds after it was made.
const FIRST_LOOK_MS: i64 = 10_000;
/// Longest time between two looks, in milliseconds.
const LONGEST_PAUSE_MS: i64 = 10 * 60_000;
/// When a job that isn't done is given up, in milliseconds: two weeks.
const GIVEN_UP_MS: i64 = 14 * 86_400_000;

pub(super) fn first_look(created_at: Timestamp) -> Timestamp {
    Timestamp::from_millis(created_at.millis() + FIRST_LOOK_MS)
}

/// Ever later: a tenth of the job's age.
fn next_look(created_at: Timestamp, now: Timestamp) -> Timestamp {
    let age = now.millis() - created_at.millis();
    Timestamp::from_millis(now.millis() + (age / 10).clamp(FIRST_LOOK_MS, LONGEST_PAUSE_MS))
}

/// Stores what a job used, if what the provider says of it shows that it is done.
pub(super) async fn settle_if_done(gateway: &Gateway, object: &Object, text: &str) -> ServiceResult<()> {
    let Some(kind) = object.kind().filter(|_| object.is_pending()) else { return Ok(()) };
    let document = Document::read(text);
    let Some(settled) = document.settled(kind, text) else { return Ok(()) };
    let files: Vec<String> = document.result_files().iter().filter(|id| is_id(id)).cloned().collect();
    provider_objects::remember_results(&gateway.services, object, &files).await?;
    provider_objects::settle(&gateway.services, &gateway.meter, object, settled).await
}

/// Asks the provider how a job is getting on.
pub(super) async fn look(gateway: &Gateway, object: &Object) -> ServiceResult<()> {
    let Some((status, body)) = ask(gateway, object).await? else { return Ok(()) };
    follow(gateway, object, Act::Retrieve, status, &body).await?;
    match status {
        StatusCode::NOT_FOUND => give_up(gateway, object).await,
        _ => Ok(()),
    }
}

async fn give_up(gateway: &Gateway, object: &Object) -> ServiceResult<()> {
    let unknown = Settled { outcome: Outcome::Interrupted, used: None, error_code: "job_lost".to_owned() };
    provider_objects::settle(&gateway.services, &gateway.meter, object, unknown).await
}

impl Gateway {
    /// Looks after jobs and storage until the server ends. On several servers each does a part of it.
    pub fn start_jobs(&self) {
        let (jobs, storage) = (self.clone(), self.clone());
        tokio::spawn(async move {
            let mut due = interval(EVERY);
            due.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                due.tick().await;
                told(jobs.look_after_jobs().await, "some jobs couldn't be looked at");
            }
        });
        tokio::spawn(async move {
            let mut due = interval(STORAGE_EVERY);
            due.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                due.tick().await;
                told(storage.count_storage().await.map(drop), "storage couldn't be counted");
            }
        });
    }

    /// Looks at the jobs that are due.
    pub async fn look_after_jobs(&self) -> ServiceResult<()> {
        let now = self.services.now();
        let soon = Timestamp::from_millis(now.millis() + LONGEST_PAUSE_MS);
        let due = provider_objects::due(&self.services, soon).await?;
        let looked = stream::iter(due).map(|object| self.look_after(object, now)).buffer_unordered(AT_ONCE);
        // All are looked at, also where one fails.
        let looked: Vec<ServiceResult<()>> = looked.collect().await;
        let failed: Vec<_> = looked.into_iter().filter_map(Result::err).collect();
        for error in failed.iter().skip(1) {
            tracing::error!(%error, "a job couldn't be looked after");
        }
        failed.into_iter().next().map_or(Ok(()), Err)
    }

    async fn look_after(&self, object: Object, now: Timestamp) -> ServiceResult<()> {
        if now.millis() - object.created_at().millis() > GIVEN_UP_MS {
            return give_up(self, &object).await;
        }
        if let Err(error) = look(self, &object).await {
            tracing::warn!(%error, provider = object.provider(), "a job can't be looked at");
        }
        provider_objects::postpone(&self.services, &object, next_look(object.created_at(), now)).await
    }

    /// Counts the storage of days that are over. Gives back how many calls that made.
    pub async fn count_storage(&self) -> ServiceResult<usize> {
        let model = self.storage_model();
        storage::meter(&self.services, &self.meter, model.as_deref()).await
    }
}

/// The next time may do what this one couldn't.
fn told(outcome: ServiceResult<()>, failure: &'static str) {
    if let Err(error) = outcome {
        tracing::error!(%error, "{failure}");
    }
}
