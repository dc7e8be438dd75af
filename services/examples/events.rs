//! Measures how fast events are taken: `cargo run --release -p services --example events [DATABASE_URL] [EVENTS] [ENDPOINTS]`.
//!
//! A million events, every tenth of them a duplicate of one sent before, in batches of 10,000 that two senders send at once;
//! each body is read from its JSON, as the server does. At the end all counts must be exact. Without an address it makes a
//! SQLite file in a temporary folder, on whatever disk that is.
#![allow(clippy::print_stdout, clippy::expect_used)]

use std::{fmt::Write, sync::Arc, time::Instant};

use domain::time::Timestamp;
use sea_orm::{ConnectionTrait, Statement};
use services::{
    Actor, ActorKind, OperatorSource, Services, SystemClock,
    events::{BatchFormat, Events, MAX_EVENTS, read},
};

const SENDERS: usize = 2;

/// The batch of this number. Of every ten events, the last has the id of one before it, most often of another batch.
fn batch(number: usize, first: Timestamp, endpoints: usize) -> String {
    let mut body = String::from("[");
    for event in number * MAX_EVENTS..(number + 1) * MAX_EVENTS {
        let id = if event % 10 == 9 { event / 20 * 10 } else { event };
        // Each a millisecond after the one before, as events come.
        let now = first.plus_millis(i64::try_from(event).unwrap_or_default());
        let comma = if body.len() == 1 { "" } else { "," };
        write!(
            body,
            r#"{comma}{{"specversion":"1.0","id":"{id:032x}","source":"/gateway/eu-1","type":"tollhouse.call","time":"{now}","data":{{"model":"gpt-{}","provider":"upstream","endpoint":"/v1/things/{}","status":200,"duration_ms":812.5,"input_tokens":100,"output_tokens":10}}}}"#,
            id % 5,
            id % endpoints
        )
        .expect("a String takes all");
    }
    body + "]"
}

#[tokio::main]
async fn main() -> services::ServiceResult<()> {
    let folder = std::env::temp_dir().join(format!("tollhouse-events-{}", services::new_reference()));
    let url = std::env::args().nth(1).filter(|url| !url.is_empty());
    let url = url.unwrap_or_else(|| format!("sqlite://{}/tollhouse.db", folder.display()));
    let wanted: usize = std::env::args().nth(2).and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    let endpoints: usize = std::env::args().nth(3).and_then(|count| count.parse().ok()).unwrap_or(1);
    let services = Services::start(&url, Arc::new(SystemClock)).await?;
    let organization = services::organizations::create(&services, "Events", "Europe/Berlin").await?;
    let actor = Actor { organization, kind: ActorKind::Operator(OperatorSource::CommandLine), ip: None };
    let first = services.now().plus_millis(-i64::try_from(wanted).unwrap_or_default());
    let batches: Arc<Vec<String>> =
        Arc::new((0..wanted.div_ceil(MAX_EVENTS)).map(|number| batch(number, first, endpoints)).collect());
    let bytes: usize = batches.iter().map(String::len).sum();

    let events = Events::start(&services);
    let started = Instant::now();
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..SENDERS {
        let (batches, events, actor, services) =
            (Arc::clone(&batches), events.clone(), actor.clone(), services.clone());
        senders.spawn(async move {
            let (mut new, mut duplicate) = (0, 0);
            for batch in batches.iter().skip(sender).step_by(SENDERS) {
                let read = read(batch.as_bytes(), BatchFormat::Batch, services.now()).expect("it is a batch");
                let taken = events.store(&actor, read).await?;
                assert_eq!(taken.refused, []);
                new += taken.new;
                duplicate += taken.duplicate;
            }
            services::ServiceResult::Ok((new, duplicate))
        });
    }
    let (mut new, mut duplicate) = (0, 0);
    for counts in senders.join_all().await {
        let counts = counts?;
        new += counts.0;
        duplicate += counts.1;
    }
    let seconds = started.elapsed().as_secs_f64();
    let sent = batches.len() * MAX_EVENTS;
    println!(
        "{sent} events ({} MB) in {seconds:.1} s: {:.0} a second, {new} new, {duplicate} duplicates",
        bytes / 1_000_000,
        sent as f64 / seconds
    );
    assert_eq!((new + duplicate, duplicate), (sent, sent / 10));
    for sql in [
        "SELECT COUNT(*) FROM calls WHERE organization_id = $1".to_owned(),
        "SELECT COUNT(*) FROM event_ids WHERE organization_id = $1".to_owned(),
        "SELECT CAST(SUM(calls) AS BIGINT) FROM rollups WHERE organization_id = $1 AND resolution = 1".to_owned(),
        "SELECT CAST(SUM(tokens_in) / 100 AS BIGINT) FROM rollups WHERE organization_id = $1 AND resolution = 3"
            .to_owned(),
    ] {
        let database = services.database().read();
        let values = [actor.organization.id.uuid().into()];
        let row = database.query_one_raw(Statement::from_sql_and_values(database.get_database_backend(), &sql, values));
        let count: i64 = row.await?.expect("a count").try_get_by_index(0)?;
        assert_eq!(count, i64::try_from(new).expect("it fits"), "{sql}");
    }
    println!("calls, remembered ids and rollups hold {new} each");
    services.database().clone().close().await?;
    let _ = std::fs::remove_dir_all(folder);
    Ok(())
}
