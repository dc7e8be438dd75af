//! Measures how fast pages of ten thousand keys are listed: `cargo run --release -p services --example key_list [DATABASE_URL]`.
//!
//! Without an address it makes a SQLite file in a temporary folder, on whatever disk that is.
#![allow(clippy::print_stdout)]

mod sample;

use std::{net::IpAddr, sync::Arc, time::Instant};

use domain::{
    api_keys::{HintKind, KeyQuery, KeySort, Level, NewApiKey, Secret, Status},
    models::Service,
    time::Timestamp,
};
use sea_orm::ConnectionTrait;
use services::{
    Actor, ActorKind, Clock, OperatorSource, ServiceError, ServiceResult, Services,
    api_keys::{
        self,
        directory::{KeyDirectory, KeyRecord, KeyVerification},
        uses::KeyUses,
    },
    metering::{self, CallRecord, SeriesCache},
    models::{self, OfferedModel},
    organizations, projects,
};

const KEYS: usize = 10_000;
/// Days on which calls were made; the month is as long.
const DAYS: i64 = 30;
const ROUNDS: usize = 21;
const MODELS: [&str; 3] = ["gpt-x", "gpt-y", "gpt-z"];

/// The last noon of a month of 30 days, and the days before.
struct Noon(std::sync::atomic::AtomicI64);

impl Noon {
    const LAST: &str = "2026-11-30T12:00:00Z";

    fn set(&self, moment: Timestamp) {
        self.0.store(moment.millis(), std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}

#[tokio::main]
async fn main() -> ServiceResult<()> {
    let folder = std::env::temp_dir().join(format!("tollhouse-keys-{}", services::new_reference()));
    let url = std::env::args().nth(1).unwrap_or_else(|| format!("sqlite://{}/tollhouse.db", folder.display()));
    let now: Timestamp = Noon::LAST.parse().map_err(|error| ServiceError::Internal(format!("{error}")))?;
    let clock = Arc::new(Noon(now.plus_days(-100).millis().into()));
    let services = Services::start(&url, clock.clone()).await?;
    let actor = fill(&services, &clock, now).await?;
    for (what, query) in queries() {
        let mut took = Vec::with_capacity(ROUNDS);
        let mut found = 0;
        for _ in 0..ROUNDS {
            let began = Instant::now();
            found = api_keys::list(&services, &actor, &query).await?.total;
            took.push(began.elapsed());
        }
        took.sort_unstable();
        let millis = |index: usize| took[index].as_secs_f64() * 1000.0;
        println!(
            "{what:<24} {found:>6} keys  median {:>6.1} ms  slowest {:>6.1} ms",
            millis(ROUNDS / 2),
            millis(ROUNDS - 1)
        );
    }
    services.database().clone().close().await?;
    // Only what was made above; left behind where it can't be removed.
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}

fn queries() -> Vec<(String, KeyQuery)> {
    let plain = KeyQuery::default;
    let mut queries: Vec<_> = KeySort::ALL.map(|sort| (format!("by {sort}"), KeyQuery { sort, ..plain() })).into();
    queries.push(("by created, page 200".to_owned(), KeyQuery { page: 199, ..plain() }));
    queries.push(("search \"payments\"".to_owned(), KeyQuery { search: "payments".to_owned(), ..plain() }));
    queries.push(("search \"…k3Fa\"".to_owned(), KeyQuery { search: "…k3Fa".to_owned(), ..plain() }));
    queries.push(("status active".to_owned(), KeyQuery { status: Some(Status::Active), ..plain() }));
    queries.extend(HintKind::ALL.map(|hint| (format!("hint {hint}"), KeyQuery { hint: Some(hint), ..plain() })));
    queries
}

/// Makes the keys, four of five of them called on every third day and used by two clients.
async fn fill(services: &Services, clock: &Noon, now: Timestamp) -> ServiceResult<Actor> {
    let offer = |name: &str| OfferedModel { name: name.to_owned(), service: Service::Chat, price: None };
    models::apply(services, MODELS.map(offer).to_vec()).await?;
    let name = format!("Keys {}", services::new_reference());
    let organization = organizations::create(services, &name, "Europe/Berlin").await?;
    let actor = Actor { organization, kind: ActorKind::Operator(OperatorSource::CommandLine), ip: None };
    let project = projects::find(services, &actor, "default").await?.id;
    let (directory, uses) = (KeyDirectory::start(services), KeyUses::start(services));
    let mut used = Vec::new();
    for number in 0..KEYS {
        clock.set(now.plus_days(-100).plus_minutes(number as i64 * 10));
        let part = ["payments", "search", "mail", "reports"][number % 4];
        let asked = NewApiKey {
            description: format!("Service {number} of the {part} team"),
            models: if number % 3 == 0 { vec![MODELS[0].to_owned()] } else { Vec::new() },
            ..NewApiKey::plain(format!("{part}-{number}"), Level::Standard, Some(project))
        };
        let made = api_keys::create(services, &actor, asked).await?;
        let secret = Secret::parse(&made.secret).map_err(|error| ServiceError::Internal(error.to_string()))?;
        if let (KeyVerification::Active(record), true) = (directory.verify(&secret).await?, number % 5 != 0) {
            let last = now.plus_minutes(-(number as i64));
            for (host, agent) in [(1, "OpenAI/Python 2.8.0"), (2, "OpenAI/JS 6.9.1")] {
                uses.record(&record, Some(IpAddr::from([192, 0, 2, host])), Some(agent), last);
            }
            used.push(record);
        }
    }
    clock.set(now);
    uses.finish().await;
    call(services, &used, now).await?;
    if services.database().is_postgres() {
        // As PostgreSQL does by itself within a minute: before that it plans for empty tables.
        services.database().read().execute_unprepared("ANALYZE").await?;
    }
    Ok(actor)
}

async fn call(services: &Services, used: &[Arc<KeyRecord>], now: Timestamp) -> ServiceResult<()> {
    let series = SeriesCache::new();
    for day in 0..DAYS {
        let mut calls = Vec::new();
        for (number, key) in used.iter().enumerate().filter(|(number, _)| (*number as i64 + day) % 3 == 0) {
            calls.push(record(key, now.plus_days(-day), MODELS[(number + day as usize) % 2])?);
        }
        let transaction = services.database().begin().await?;
        let new = metering::store(&transaction, &series, &calls).await?;
        transaction.commit().await?;
        new.commit_to(&series);
    }
    Ok(())
}

fn record(key: &KeyRecord, at: Timestamp, model: &str) -> ServiceResult<CallRecord> {
    Ok(CallRecord {
        organization_id: key.organization.id,
        time_zone: key.organization.time_zone,
        project_id: key.project_id,
        api_key_id: key.api_key_id,
        secret_id: key.secret_id,
        member_id: key.member_id,
        model: model.into(),
        ..sample::call(at)?
    })
}
