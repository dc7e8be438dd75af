//! Measures how fast calls are stored: `cargo run --release -p services --example metering [DATABASE_URL]`.
//!
//! Without an address it makes a SQLite file in a temporary folder, on whatever disk that is.
#![allow(clippy::print_stdout)]

mod sample;

use std::{sync::Arc, time::Instant};

use domain::ids::ApiKeyId;
use services::{
    Services, SystemClock,
    metering::{self, CallRecord, JournalSettings, Meter, SeriesCache},
};
use uuid::Uuid;

const CALLS: u32 = 20_000;

fn call(services: &Services, number: u32) -> services::ServiceResult<CallRecord> {
    Ok(CallRecord {
        api_key_id: ApiKeyId::new(Uuid::from_u128(u128::from(number % 10))),
        model: ["gpt-x", "gpt-y"][number as usize % 2].into(),
        duration_us: i64::from(number),
        ..sample::call(services.now())?
    })
}

fn report(what: &str, calls: u32, started: Instant) {
    println!("{what}: {:.0} calls/s", f64::from(calls) / started.elapsed().as_secs_f64());
}

#[tokio::main]
async fn main() -> services::ServiceResult<()> {
    let folder = std::env::temp_dir().join(format!("tollhouse-metering-{}", services::new_reference()));
    let url = std::env::args().nth(1).unwrap_or_else(|| format!("sqlite://{}/tollhouse.db", folder.display()));
    let services = Services::start(&url, Arc::new(SystemClock)).await?;

    for at_once in [1, 16, 64, 256] {
        let meter = Meter::start(&services, JournalSettings::at(folder.join("journal"))).await?;
        let calls = if at_once == 1 { CALLS / 10 } else { CALLS };
        let started = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..at_once {
            let (meter, services) = (meter.clone(), services.clone());
            tasks.spawn(async move {
                for number in 0..calls / at_once {
                    let call = call(&services, number)?;
                    meter.begin(&call)?.end(call).await?;
                }
                services::ServiceResult::Ok(())
            });
        }
        for result in tasks.join_all().await {
            result?;
        }
        report(&format!("recorded, {at_once} at once"), calls, started);
        meter.wait_until_stored().await;
        report(&format!("recorded and stored, {at_once} at once"), calls, started);
        meter.shutdown().await;
    }

    let series = SeriesCache::new();
    let calls: Vec<CallRecord> = (0..CALLS).map(|number| call(&services, number)).collect::<Result<_, _>>()?;
    let started = Instant::now();
    for batch in calls.chunks(1_000) {
        let transaction = services.database().begin().await?;
        let new = metering::store(&transaction, &series, batch).await?;
        transaction.commit().await?;
        new.commit_to(&series);
    }
    report("store, 1,000 a transaction", CALLS, started);

    services.database().clone().close().await?;
    // Only what was made above; left behind where it can't be removed.
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}
