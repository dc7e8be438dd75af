//! A demo organization: a company's year of calls, the same for the same seed.

mod company;
mod key_plan;
mod key_plans;
mod keys;
mod people;
mod traffic;
mod uses;

use rand::SeedableRng;
use rand_pcg::Pcg64;

use crate::{ServiceResult, Services, metering};

/// Calls stored in one transaction.
const BATCH: usize = 5_000;

/// How much demo to make.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub calls: u64,
    /// Over how many days, until now.
    pub days: u32,
    pub seed: u64,
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Demo {
    pub organization: String,
    pub slug: String,
    /// Who to sign in as.
    pub email: String,
    pub password: String,
    pub calls: u64,
}

/// Makes the demo organization and its calls; `progress` is told how many calls are stored.
///
/// Refused where the demo organization exists already.
pub async fn fill(services: &Services, options: Options, mut progress: impl FnMut(u64)) -> ServiceResult<Demo> {
    let now = services.now();
    let begin = now.plus_days(-i64::from(options.days));
    let (company, demo) = company::found(services, begin).await?;
    let mut stored = 0;
    let mut calls = traffic::Traffic::new(&company, options, begin, now, Pcg64::seed_from_u64(options.seed));
    let series = metering::SeriesCache::default();
    let mut last = uses::LastCalls::new();
    loop {
        let batch: Vec<_> = calls.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            uses::write(services, &company, &last).await?;
            return Ok(Demo { calls: stored, ..demo });
        }
        last.extend(batch.iter().map(|call| (call.secret_id, call.started_at)));
        let transaction = services.database.begin().await?;
        let new = metering::store(&transaction, &series, &batch).await?;
        transaction.commit().await?;
        new.keep(&series);
        stored += batch.len() as u64;
        progress(stored);
    }
}
