//! Upkeep of rollups: fewer rows, the same figures.

use std::time::Duration;

use domain::{
    calls::Outcome,
    time::Timestamp,
    usage::{Group, UsageQuery, UsageReport, View},
};
use rand::RngExt;
use sea_orm::ConnectionTrait;
use services::{
    Actor,
    metering::upkeep::{self, UpkeepSpan},
    usage,
};
use tokio::time::timeout;

use crate::support::{TestCall, TestDatabase, World};

/// Zones of all offsets that aren't whole hours, and some that are. `REPORT_ZONES=all` takes all that exist.
const ZONES: [&str; 14] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Apia",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Asia/Yangon",
    "America/St_Johns",
    "Pacific/Marquesas",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Australia/Eucla",
    "Pacific/Chatham",
];
/// Days with calls in each quarter hour, in which clocks change in Lord Howe and Adelaide.
const DAYS: &str = "2026-10-02..2026-10-06";

/// A moment within 45 days of [`DAYS`], for which calls may still come.
const NOW: &str = "2026-11-05T14:32:07Z";

fn zones() -> Vec<&'static str> {
    if std::env::var("REPORT_ZONES").is_ok_and(|zones| zones == "all") {
        return chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
    }
    ZONES.to_vec()
}

/// Calls in each quarter hour of [`DAYS`] and the days around it, all different.
fn all_quarters() -> Vec<TestCall> {
    let first: Timestamp = "2026-10-01T00:05:00Z".parse().unwrap();
    let call = |number: i64| TestCall {
        tokens_in: 1_000 + number * number,
        cost: Some(number * 7 + 1),
        ..TestCall::at_moment(first.plus_minutes(number * 15)).model(if number % 3 == 0 { "gpt-y" } else { "gpt-x" })
    };
    let failed = |number: i64| call(number).outcome(if number % 2 == 0 { Outcome::Failed } else { Outcome::Refused });
    (0..7 * 96).map(call).chain((0..96).map(|number| failed(number * 5))).collect()
}

async fn reports(world: &World, actor: &Actor) -> Vec<UsageReport> {
    let mut reports = Vec::new();
    for zone in zones() {
        for view in [View::Hour, View::Day] {
            let query = UsageQuery {
                range: DAYS.parse().unwrap(),
                view: Some(view),
                group: Group::Model,
                time_zone: Some(zone.to_owned()),
                ..UsageQuery::default()
            };
            reports.push(usage::report(&world.services, actor, &query).await.unwrap());
        }
    }
    reports
}

/// Checks each bucket's input tokens against those of the calls in it.
fn check(reports: &[UsageReport], calls: &[TestCall]) {
    for report in reports {
        let mut shown = vec![0; report.buckets.len()];
        for point in report.series.iter().flat_map(|series| &series.points) {
            shown[point.bucket as usize] += point.measures.tokens_in;
        }
        let of_bucket = |index: usize| {
            let bucket = report.buckets[index]..report.bucket_end(index);
            calls.iter().filter(|call| bucket.contains(&call.at)).map(|call| call.tokens_in).sum::<i64>()
        };
        let expected: Vec<i64> = (0..shown.len()).map(of_bucket).collect();
        assert_eq!(shown, expected, "{} {:?}", report.time_zone, report.view);
    }
}

/// The number of rows of quarter hours, by their place in the hour.
async fn quarters(world: &World) -> [i64; 4] {
    let mut counts = [0; 4];
    for (place, count) in counts.iter_mut().enumerate() {
        let sql = format!("rollups WHERE resolution = 1 AND bucket % 3600000 / 900000 = {place}");
        *count = world.count(&sql).await;
    }
    counts
}

/// Columns of rollups that are sums.
async fn sum_columns(world: &World) -> Vec<String> {
    let sql = "SELECT column_name::text AS name FROM information_schema.columns WHERE table_name = 'rollups' \
               AND table_schema = 'public' AND column_name NOT IN \
               ('organization_id', 'resolution', 'bucket', 'series_id', 'writer') ORDER BY ordinal_position";
    world.rows(sql).await.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}

/// The sums of all columns over all rows, by resolution.
async fn sums(world: &World) -> Vec<String> {
    let columns: Vec<String> = sum_columns(world).await.iter().map(|column| format!("sum({column})")).collect();
    let sql =
        format!("SELECT concat_ws(' ', resolution, {}) AS shown FROM rollups GROUP BY resolution", columns.join(", "));
    let mut sums: Vec<String> = world.rows(&sql).await.iter().map(|row| row.try_get("", "shown").unwrap()).collect();
    sums.sort();
    sums
}

/// Stores the rows of all rollups again, as three other servers would.
async fn write_elsewhere(world: &World) {
    let columns = sum_columns(world).await.join(", ");
    world
        .execute(&format!(
            "INSERT INTO rollups (organization_id, resolution, bucket, series_id, writer, {columns}) \
             SELECT organization_id, resolution, bucket, series_id, (writer / 4) + w, {columns} \
             FROM rollups CROSS JOIN generate_series(1, 3) w"
        ))
        .await;
}

on_both_databases! {
    async fn reports_of_every_zone_stay_when_quarter_hours_are_deleted(world: &World) {
        world.clock.set(NOW);
        let calls = all_quarters();
        for zone in ["UTC", "Asia/Kathmandu", "America/St_Johns"] {
            let admin = world.organization(zone, zone).await;
            let project = world.default_project(&admin).await;
            let key = world.key(&admin, project, "web").await;
            world.calls(&admin.organization, &key, &calls).await;
            let [first, second, third, fourth] = quarters(world).await;
            assert!(first > 0 && second > 0 && third > 0 && fourth > 0);
            let before = reports(world, &admin).await;
            check(&before, &calls);
            for span in [UpkeepSpan::Recent, UpkeepSpan::All] {
                upkeep::run(&world.services, span).await.unwrap();
                assert_eq!(quarters(world).await, [first, second, 0, 0], "{span:?}");
                assert!(reports(world, &admin).await == before, "{zone} {span:?}");
            }
        }
    }

    async fn calls_that_come_late_count_as_others_do(world: &World) {
        world.clock.set(NOW);
        let admin = world.organization("Acme", "Asia/Kolkata").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let mut calls = all_quarters();
        world.calls(&admin.organization, &key, &calls).await;
        upkeep::run(&world.services, UpkeepSpan::All).await.unwrap();
        let late: Vec<TestCall> = all_quarters().into_iter().step_by(7).collect();
        world.calls(&admin.organization, &key, &late).await;
        calls.extend(late);
        check(&reports(world, &admin).await, &calls);
        upkeep::run(&world.services, UpkeepSpan::Recent).await.unwrap();
        assert_eq!(quarters(world).await[2..], [0, 0]);
        check(&reports(world, &admin).await, &calls);
    }

    async fn recent_quarter_hours_stay(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let made = ["2026-11-10T13:40:00Z", "2026-11-10T14:50:00Z", "2026-11-17T14:30:00Z"].map(TestCall::at);
        world.calls(&admin.organization, &key, &made).await;
        upkeep::run(&world.services, UpkeepSpan::All).await.unwrap();
        // A week ago it was 14:32.
        assert_eq!(quarters(world).await, [0, 0, 1, 1]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_several_servers_become_one_on_postgres() {
    let world = World::new(TestDatabase::postgres().await).await;
    world.clock.set(NOW);
    let admin = world.organization("Acme", "Asia/Kathmandu").await;
    let project = world.default_project(&admin).await;
    let key = world.key(&admin, project, "web").await;
    world.calls(&admin.organization, &key, &all_quarters()).await;
    world.calls(&admin.organization, &key, &[TestCall::at("2026-11-05T14:00:00Z")]).await;
    // Without those that are deleted, so that all sums can be compared.
    upkeep::run(&world.services, UpkeepSpan::Recent).await.unwrap();
    let rows = world.count("rollups").await;
    write_elsewhere(&world).await;
    let (before, shown) = (sums(&world).await, reports(&world, &admin).await);
    assert_eq!(world.count("rollups").await, 4 * rows);
    for span in [UpkeepSpan::Recent, UpkeepSpan::All] {
        upkeep::run(&world.services, span).await.unwrap();
        // Calls are still added to today's three rows.
        assert_eq!(world.count("rollups").await, rows + 3 * 3, "{span:?}");
        assert_eq!(sums(&world).await, before);
        assert!(reports(&world, &admin).await == shown);
    }
    world.end().await;
}

/// Servers add to two buckets in turn while their rows are merged, and merges end at any moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merges_lose_nothing_that_servers_add_meanwhile_on_postgres() {
    const SERVERS: i32 = 4;
    const ADDITIONS: i64 = 120;
    let world = World::new(TestDatabase::postgres().await).await;
    let admin = world.organization("Acme", "UTC").await;
    let project = world.default_project(&admin).await;
    let key = world.key(&admin, project, "web").await;
    let made = ["2026-11-10T10:00:00Z", "2026-11-10T11:00:00Z"].map(TestCall::at);
    world.calls(&admin.organization, &key, &made).await;
    let columns = sum_columns(&world).await;
    let zeros = columns.iter().map(|column| if column == "calls" { "1" } else { "0" }).collect::<Vec<_>>().join(", ");
    let columns = columns.join(", ");
    let add = |server: i32, hour: &str| {
        format!(
            "INSERT INTO rollups (organization_id, resolution, bucket, series_id, writer, {columns}) \
             SELECT s.organization_id, 2, {}, s.id, {server}, {zeros} FROM series s WHERE s.outcome = 'succeeded' \
             ON CONFLICT (organization_id, resolution, bucket, series_id, writer) \
             DO UPDATE SET calls = rollups.calls + excluded.calls",
            format!("2026-11-10T{hour}:00:00Z").parse::<Timestamp>().unwrap().millis()
        )
    };
    let servers = (1..=SERVERS).map(|server| {
        let (services, statements) = (world.services.clone(), ["10", "11"].map(|hour| add(server, hour)));
        tokio::spawn(async move {
            for _ in 0..ADDITIONS {
                let transaction = services.database().begin().await.unwrap();
                for statement in &statements {
                    transaction.execute_unprepared(statement).await.unwrap();
                }
                transaction.commit().await.unwrap();
            }
        })
    });
    let servers: Vec<_> = servers.collect();
    let merge = || upkeep::run(&world.services, UpkeepSpan::Recent);
    while servers.iter().any(|server| !server.is_finished()) {
        let micros = rand::rng().random_range(0..20_000);
        if let Ok(outcome) = timeout(Duration::from_micros(micros), merge()).await {
            outcome.unwrap();
        }
        merge().await.unwrap();
    }
    for server in servers {
        server.await.unwrap();
    }
    merge().await.unwrap();
    let calls = world.rows("SELECT calls FROM rollups WHERE resolution = 2 ORDER BY bucket").await;
    let calls: Vec<i64> = calls.iter().map(|row| row.try_get("", "calls").unwrap()).collect();
    assert_eq!(calls, [i64::from(SERVERS) * ADDITIONS + 1; 2], "one row for each hour");
    world.end().await;
}
