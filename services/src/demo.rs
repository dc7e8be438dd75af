//! A demo organization with a company's year of calls, and bodies of the latest ones, determined by a seed.

mod bodies;
mod company;
mod key_plan;
mod key_plans;
mod keys;
mod people;
mod scripts;
mod traffic;
mod uses;

use rand::SeedableRng;
use rand_pcg::Pcg64;

use crate::{ServiceResult, Services, calls::partitions::KnownMonths, metering};

/// Number of calls stored in one transaction.
const BATCH_SIZE: usize = 5_000;

/// The size of the demo organization.
#[derive(Clone, Copy, Debug)]
pub struct DemoSize {
    pub calls: u64,
    /// Number of days until now over which the calls are spread.
    pub days: u32,
    pub seed: u64,
}

/// The demo organization that was created.
#[derive(Clone, Debug)]
pub struct Demo {
    pub organization: String,
    pub slug: String,
    /// Address to sign in with.
    pub email: String,
    pub password: String,
    pub calls: u64,
}

/// Creates the demo organization and its calls; `progress` is called with the number of calls stored so far.
///
/// # Errors
/// The demo organization exists already, or the database fails.
pub async fn fill(services: &Services, options: DemoSize, mut progress: impl FnMut(u64)) -> ServiceResult<Demo> {
    let now = services.now();
    let begin = now.plus_days(-i64::from(options.days));
    let (company, demo) = company::create(services, begin).await?;
    let mut stored = 0;
    let mut calls = traffic::Traffic::new(&company, options, begin, now, Pcg64::seed_from_u64(options.seed));
    let series = metering::SeriesCache::default();
    let months = KnownMonths::default();
    let mut last = uses::LastCalls::new();
    let mut latest = bodies::RecentCalls::default();
    loop {
        let batch: Vec<_> = calls.by_ref().take(BATCH_SIZE).collect();
        if batch.is_empty() {
            uses::write(services, &company, &last).await?;
            bodies::store(services, &company, latest, Pcg64::seed_from_u64(options.seed)).await?;
            services.database.analyze().await?;
            return Ok(Demo { calls: stored, ..demo });
        }
        latest.extend(&batch);
        last.extend(batch.iter().map(|call| (call.secret_id, call.started_at)));
        months.ensure(&services.database, batch.iter().map(|call| call.started_at)).await;
        let transaction = services.database.begin().await?;
        let new = metering::store(&transaction, &series, &batch).await?;
        transaction.commit().await?;
        new.commit_to(&series);
        stored += batch.len() as u64;
        progress(stored);
    }
}
