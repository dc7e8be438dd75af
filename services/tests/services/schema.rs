//! Servers on a schema that is older or newer than they are, and a filled database that is migrated back and forth.

use std::collections::BTreeMap;

use ::migrations::{Migrator, MigratorTrait};
use domain::usage::{Distribution, Group, Range, UsageQuery, UsageReport, View};
use patience::wait_until;
use sea_orm::ConnectionTrait;
use services::{
    Actor, ActorKind, OperatorSource, ServiceError, Services, audit, background_migrations, demo, organizations, usage,
};

use crate::support::World;

/// The oldest migration that can be undone without losing what a database holds.
const OLDEST: &str = "_folded_names";

async fn start(world: &World) -> Result<Services, ServiceError> {
    Services::start(world.database.url(), world.clock.clone()).await
}

/// Undoes the migration whose name ends like this, and all later ones.
async fn migrate_back(world: &World, name: &str) {
    let migrations = Migrator::migrations();
    let earlier = migrations.iter().position(|migration| migration.name().ends_with(name)).unwrap();
    let transaction = world.services.database().begin_migrating().await.unwrap();
    Migrator::down(&transaction, Some(u32::try_from(migrations.len() - earlier).unwrap())).await.unwrap();
    transaction.commit().await.unwrap();
}

/// Numbers of rows and sums of what mustn't change, each by a name.
async fn figures(world: &World) -> BTreeMap<String, String> {
    let mut figures = BTreeMap::new();
    let mut add = async |name: &str, value: &str, rest: &str| {
        let rows = world.rows(&format!("SELECT {value} AS value FROM {rest}")).await;
        let values: Vec<String> = rows.iter().map(|row| row.try_get("", "value").unwrap()).collect();
        figures.insert(name.to_owned(), values.join("\n"));
    };
    for table in [
        "api_keys",
        "audit_entries",
        "calls",
        "key_directory",
        "key_secrets",
        "key_uses",
        "memberships",
        "notifications",
        "organizations",
        "prices",
        "projects",
        "users",
    ] {
        add(table, "CAST(count(*) AS text)", table).await;
    }
    let sums = |columns: &[&str]| {
        let sums: Vec<String> = columns.iter().map(|column| format!("CAST(sum({column}) AS text)")).collect();
        sums.join(" || ' ' || ")
    };
    let call_sums = sums(&["times", "cost_nanos", "tokens_in", "tokens_out", "images", "duration_us"]);
    add("sums of calls", &call_sums, "calls").await;
    for resolution in 1..=3 {
        let columns =
            ["calls", "errors", "refused", "cost_nanos", "tokens_in", "tokens_out", "duration_us", "latency_7"];
        let rest = format!("rollups WHERE resolution = {resolution}");
        add(&format!("sums of rollups {resolution}"), &sums(&columns), &rest).await;
    }
    add(
        "keys",
        "name || ' ' || description || ' ' || level || ' ' || CAST(created_at AS text)",
        "api_keys ORDER BY id",
    )
    .await;
    figures
}

async fn reports(services: &Services, admin: &Actor) -> Vec<UsageReport> {
    let mut reports = Vec::new();
    for (range, view) in [(Range::Last90Days, View::Day), (Range::Last7Days, View::Hour)] {
        for time_zone in ["UTC", "Asia/Kathmandu"] {
            let query = UsageQuery {
                range,
                view: Some(view),
                group: Group::ApiKey,
                time_zone: Some(time_zone.to_owned()),
                ..UsageQuery::default()
            };
            let mut report = usage::report(services, admin, &query).await.unwrap();
            // Servers of the previous version had no histogram of them.
            report.durations.first_token = Distribution::default();
            reports.push(report);
        }
    }
    reports
}

on_both_databases! {
    async fn a_filled_database_is_migrated_back_and_forth_without_a_loss(world: &World) {
        let services = &world.services;
        let made = demo::fill(services, demo::DemoSize { calls: 3_000, days: 120, seed: 7 }, |_| {}).await.unwrap();
        let organization = organizations::find(services, &made.slug).await.unwrap();
        let admin = Actor { organization, kind: ActorKind::Operator(OperatorSource::CommandLine), ip: None };
        background_migrations::run(services).await.unwrap();
        let (before, shown) = (figures(world).await, reports(services, &admin).await);
        assert!(before["calls"] == "3000" && before.len() == 17, "{before:?}");

        migrate_back(world, OLDEST).await;
        assert_eq!(figures(world).await, before, "after migrating back");
        let status = services.database().schema_status().await.unwrap();
        assert!(status.pending[0].ends_with(OLDEST) && status.unknown.is_empty(), "{status:?}");
        assert_eq!(status.pending.last().unwrap(), Migrator::migrations().last().unwrap().name());

        services.database().migrate().await.unwrap();
        background_migrations::run(services).await.unwrap();
        assert_eq!(figures(world).await, before, "after migrating forward");
        assert_eq!(reports(services, &admin).await, shown);
        let verified = audit::verify(services).await.unwrap();
        assert!(verified.first_break.is_none() && verified.entries > 20, "{verified:?}");
    }

    async fn the_schema_is_compared_without_migrating_it(world: &World) {
        let services = &world.services;
        let status = services.database().schema_status().await.unwrap();
        assert!(status.pending.is_empty() && status.unknown.is_empty(), "{status:?}");
        let latest = Migrator::migrations().last().unwrap().name().to_owned();
        assert_eq!(status.version.as_ref(), Some(&latest));
        migrate_back(world, OLDEST).await;
        for _ in 0..2 {
            let status = services.database().schema_status().await.unwrap();
            assert!(status.pending.len() > 5 && status.pending.contains(&latest), "{status:?}");
        }
        let waiting = background_migrations::status(services).await.unwrap();
        assert!(waiting.len() > 1 && waiting.iter().all(|one| one.state.name() == "waiting"), "{waiting:?}");
        services.database().migrate().await.unwrap();
    }

    async fn a_table_that_is_read_for_long_keeps_the_migration_waiting_and_no_other_reader(world: &World) {
        let database = world.services.database();
        if !database.is_postgres() {
            return;
        }
        migrate_back(world, "_key_search").await;
        let reader = database.begin().await.unwrap();
        reader.execute_unprepared("SELECT count(*) FROM api_keys").await.unwrap();
        let migration = tokio::spawn({
            let database = database.clone();
            async move { database.migrate().await }
        });
        let waits = "pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' AND relation = 'api_keys'::regclass";
        for _ in 0..2 {
            wait_until("the migration waits", async || world.count(waits).await > 0).await;
            // Whoever comes later queues behind it, and gives up after ten seconds.
            assert_eq!(world.count("api_keys").await, 0);
        }
        assert!(!migration.is_finished());
        reader.rollback().await.unwrap();
        migration.await.unwrap().unwrap();
        assert!(database.schema_status().await.unwrap().pending.is_empty());
    }

    async fn a_server_starts_on_a_newer_schema_unless_that_needs_a_newer_server(world: &World) {
        let newer = "m9999_of_tomorrow";
        world.execute(&format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{newer}', 0)")).await;
        let older = start(world).await.unwrap();
        assert_eq!(older.database().schema_status().await.unwrap().unknown, [newer]);
        older.database().clone().close().await.unwrap();

        world.execute(&format!("INSERT INTO required_migrations (name) VALUES ('{newer}')")).await;
        let Err(ServiceError::Conflict(message)) = start(world).await.map(drop) else { panic!("it started") };
        assert!(message.contains("too old for its database") && message.contains(newer), "{message}");
        world.execute("DELETE FROM required_migrations").await;

        let oldest = Migrator::migrations()[0].name().to_owned();
        world.execute(&format!("DELETE FROM seaql_migrations WHERE version = '{oldest}'")).await;
        let Err(ServiceError::Conflict(message)) = start(world).await.map(drop) else { panic!("it started") };
        assert!(message.contains(&oldest), "{message}");
        world.execute(&format!("UPDATE seaql_migrations SET version = '{oldest}' WHERE version = '{newer}'")).await;
    }
}
