//! Measures how fast calls are stored: `cargo run --release -p services --example metering [DATABASE_URL]`.
//!
//! Without an address it makes a SQLite file in a temporary folder, on whatever disk that is.
#![allow(clippy::print_stdout)]

use std::{borrow::Cow, sync::Arc, time::Instant};

use domain::{
    calls::{Measured, Outcome},
    ids::{ApiKeyId, OrganizationId, SecretId},
    models::Service,
    money::{Money, Quantities},
};
use services::{
    Services, SystemClock,
    metering::{self, CallRecord, Meter, SeriesCache},
};
use uuid::Uuid;

const CALLS: u32 = 20_000;

fn call(services: &Services, number: u32) -> services::ServiceResult<CallRecord> {
    let now = services.now();
    Ok(CallRecord {
        id: metering::new_call_id(now)?,
        organization_id: OrganizationId::new(Uuid::from_u128(1)),
        time_zone: chrono_tz::Europe::Berlin,
        project_id: None,
        api_key_id: ApiKeyId::new(Uuid::from_u128(u128::from(number % 10))),
        secret_id: SecretId::new(Uuid::nil()),
        member_id: None,
        started_at: now,
        model: ["gpt-x", "gpt-y"][number as usize % 2].into(),
        service: Service::Chat,
        endpoint: Cow::Borrowed("/v1/chat/completions"),
        provider: "upstream".into(),
        status: 200,
        outcome: Outcome::Succeeded,
        streamed: false,
        times: 1,
        measured: Measured::Reported,
        used: Quantities { tokens_in: 100, tokens_out: 10, ..Quantities::default() },
        cost: Some(Money::from_nanos(45_000)),
        price_id: None,
        duration_us: i64::from(number),
        first_byte_us: None,
        error_code: Cow::Borrowed(""),
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
        let meter = Meter::start(&services);
        let calls = if at_once == 1 { CALLS / 10 } else { CALLS };
        let started = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..at_once {
            let (meter, services) = (meter.clone(), services.clone());
            tasks.spawn(async move {
                for number in 0..calls / at_once {
                    meter.record(call(&services, number)?).await?;
                }
                services::ServiceResult::Ok(())
            });
        }
        for result in tasks.join_all().await {
            result?;
        }
        report(&format!("Meter::record, {at_once} at once"), calls, started);
        meter.shutdown().await;
    }

    let series = SeriesCache::new();
    let calls: Vec<CallRecord> = (0..CALLS).map(|number| call(&services, number)).collect::<Result<_, _>>()?;
    let started = Instant::now();
    for batch in calls.chunks(1_000) {
        let transaction = services.database().begin().await?;
        let new = metering::store(&transaction, &series, batch).await?;
        transaction.commit().await?;
        new.keep(&series);
    }
    report("store, 1,000 a transaction", CALLS, started);

    services.database().clone().close().await?;
    // Only what was made above; left behind where it can't be removed.
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}
