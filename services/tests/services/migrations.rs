//! Effects of migrations on data.

use std::time::{SystemTime, UNIX_EPOCH};

use ::migrations::{Migrator, MigratorTrait};
use domain::{
    api_keys::Rotation,
    calls::{CallRetention, DEFAULT_CALL_DAYS, Outcome},
    organizations::SettingsChanges,
    permissions::Role,
    time::Timestamp,
    usage::{Group, Range, UsageQuery, UsageReport, View},
};
use sea_orm::ConnectionTrait;
use services::{
    Actor, api_keys,
    metering::upkeep::{self, UpkeepSpan},
    organizations, usage,
};

use crate::support::{TestCall, World};

/// Number of migrations before the one that sums days over outcomes.
const BEFORE_DAYS: usize = 19;

async fn reports(world: &World, actor: &Actor) -> Vec<UsageReport> {
    let mut reports = Vec::new();
    for group in [Group::Model, Group::ApiKey, Group::Project] {
        for view in [View::Day, View::Hour] {
            let range = "2026-11-09..2026-11-14".parse().unwrap();
            let query = UsageQuery { range, view: Some(view), group: group.clone(), ..UsageQuery::default() };
            reports.push(usage::report(&world.services, actor, &query).await.unwrap());
        }
    }
    reports
}

/// A text for each row of the rollups of days: bucket, series and sums.
async fn days(world: &World) -> Vec<String> {
    let sql = "SELECT CAST(r.bucket AS text) || ' ' || s.model || ' ' || s.outcome || ' ' || CAST(s.status AS text) || ' ' || \
         CAST(r.calls AS text) || ' ' || CAST(r.latency_0 AS text) || ' ' || CAST(r.tokens_in AS text) AS shown \
         FROM rollups r JOIN series s ON s.organization_id = r.organization_id AND s.id = r.series_id \
         WHERE r.resolution = 3";
    let mut days: Vec<String> = world.rows(sql).await.iter().map(|row| row.try_get("", "shown").unwrap()).collect();
    days.sort();
    days
}

/// All columns of rollups that are sums.
fn sums() -> String {
    let counts = "calls, errors, refused, tokens_in, cached_tokens_in, tokens_out, images, media_ms, byte_hours, cost_nanos, \
         unpriced, duration_us";
    (0..domain::usage::LATENCY_BINS).fold(counts.to_owned(), |columns, bin| format!("{columns}, latency_{bin}"))
}

/// Migrates down to before the migration of this name, executes `meanwhile`, and migrates up.
async fn back_and_forth(world: &World, name: &str, meanwhile: &[&str]) {
    let migrations = Migrator::migrations();
    let earlier = migrations.iter().position(|migration| migration.name().ends_with(name)).unwrap();
    let later = u32::try_from(migrations.len() - earlier).unwrap();
    let transaction = world.services.database().begin_migrating().await.unwrap();
    Migrator::down(&transaction, Some(later)).await.unwrap();
    for sql in meanwhile {
        transaction.execute_unprepared(sql).await.unwrap();
    }
    Migrator::up(&transaction, None).await.unwrap();
    transaction.commit().await.unwrap();
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Down,
    Up,
}

/// Migrates down to before the migration of this name, or up to the newest, in a transaction of its own.
async fn migrate(world: &World, name: &str, direction: Direction) {
    let migrations = Migrator::migrations();
    let earlier = migrations.iter().position(|migration| migration.name().ends_with(name)).unwrap();
    let later = u32::try_from(migrations.len() - earlier).unwrap();
    let transaction = world.services.database().begin_migrating().await.unwrap();
    match direction {
        Direction::Down => Migrator::down(&transaction, Some(later)).await.unwrap(),
        Direction::Up => Migrator::up(&transaction, None).await.unwrap(),
    }
    transaction.commit().await.unwrap();
}

on_both_databases! {
    async fn days_are_summed_over_outcomes_and_told_apart_again(world: &World) {
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let mut made = Vec::new();
        // The second is a day later in Kathmandu.
        for at in ["2026-11-10T18:14:59.999Z", "2026-11-10T18:15:00Z", "2026-11-12T03:00:00Z"] {
            for outcome in [Outcome::Succeeded, Outcome::Failed, Outcome::Interrupted, Outcome::Refused] {
                made.extend([TestCall::at(at).outcome(outcome), TestCall::at(at).model("gpt-y").outcome(outcome)]);
            }
        }
        world.calls(&admin.organization, &key, &made).await;
        let before = reports(world, &admin).await;
        assert_eq!(days(world).await.len(), 3 * 2 * 4, "a row for each day, model and outcome");
        // As the version before migration 56 stored them.
        back_and_forth(world, "_first_byte_bins", &[]).await;
        let now = days(world).await;
        assert_eq!(now.len(), 3 * 2, "a row for each day and model: {now:?}");
        assert_eq!(reports(world, &admin).await, before);

        let transaction = world.services.database().begin_migrating().await.unwrap();
        let later = u32::try_from(Migrator::migrations().len() - BEFORE_DAYS).unwrap();
        Migrator::down(&transaction, Some(later)).await.unwrap();
        transaction.commit().await.unwrap();
        let old = days(world).await;
        assert_eq!(old.len(), 3 * 2 * 4, "and for each outcome: {old:?}");
        assert!(old.iter().any(|row| row.contains("gpt-y refused 502 1 1 0")), "{old:?}");
        assert!(old.iter().any(|row| row.contains("gpt-y failed 502 1 1 100")), "{old:?}");

        let transaction = world.services.database().begin_migrating().await.unwrap();
        Migrator::up(&transaction, None).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(days(world).await, now);
        assert_eq!(reports(world, &admin).await, before);
        // Calls stored afterwards have rows of their own, which the previous version adds to those.
        world.calls(&admin.organization, &key, &made).await;
        assert_eq!(days(world).await.len(), now.len() + 3 * 2 * 4);
        let twice = reports(world, &admin).await;
        assert_eq!(twice[0].total.calls, 2 * before[0].total.calls);
        back_and_forth(world, "_first_byte_bins", &[]).await;
        assert_eq!(days(world).await.len(), now.len());
        assert_eq!(reports(world, &admin).await, twice);
    }

    async fn an_upgrade_gives_thirty_days_before_calls_are_deleted_by_default(world: &World) {
        let (acme, chosen) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        let days = CallRetention::chosen(Some(90));
        let changes = SettingsChanges { call_retention: Some(days), ..SettingsChanges::default() };
        organizations::update_settings(&world.services, &chosen, changes).await.unwrap();
        back_and_forth(world, "_default_call_retention", &[]).await;
        // The migration asks the system for the time.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let now = Timestamp::from_millis(i64::try_from(now).unwrap());
        let retention = async |actor| organizations::settings(&world.services, actor).await.unwrap().call_retention;
        let unchosen = retention(&acme).await;
        assert_eq!(unchosen.days_at(now.plus_days(29)), None);
        assert_eq!(unchosen.days_at(now.plus_days(30).plus_minutes(1)), Some(DEFAULT_CALL_DAYS));
        assert_eq!(retention(&chosen).await, days);
    }

    async fn what_providers_keep_stays_whoever_keeps_it(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        world.key(&admin, project, "web").await;
        let insert = |provider: &str, created_at: i64| format!(
            "INSERT INTO provider_objects (organization_id, project_id, kind, id, api_key_id, secret_id, member_id, provider, \
             model, created_at, bytes, settlement_id, document) SELECT organization_id, project_id, 'video', 'video_1', id, id, \
             id, '{provider}', 'film', {created_at}, 0, id, '{{}}' FROM api_keys"
        );
        world.execute(&insert("first", 1)).await;
        world.execute(&insert("second", 2)).await;
        let providers = async || {
            let rows = world.rows("SELECT provider, document FROM provider_objects ORDER BY provider").await;
            rows.iter().map(|row| row.try_get::<String>("", "provider").unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(providers().await, ["first", "second"]);
        let migrations = Migrator::migrations();
        let earlier = migrations.iter().position(|migration| migration.name().ends_with("_object_providers")).unwrap();
        let transaction = world.services.database().begin_migrating().await.unwrap();
        let later = u32::try_from(migrations.len() - earlier).unwrap();
        Migrator::down(&transaction, Some(later)).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(providers().await, ["second"], "before, there was room for the newest");
        let transaction = world.services.database().begin_migrating().await.unwrap();
        Migrator::up(&transaction, None).await.unwrap();
        transaction.commit().await.unwrap();
        world.execute(&insert("first", 1)).await;
        assert_eq!(providers().await, ["first", "second"]);
    }

    async fn hours_are_summed_like_days_and_told_apart_again(world: &World) {
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let mut made = Vec::new();
        for at in ["2026-11-10T18:14:59.999Z", "2026-11-10T18:15:00Z", "2026-11-12T03:00:00Z"] {
            for outcome in [Outcome::Succeeded, Outcome::Failed, Outcome::Interrupted, Outcome::Refused] {
                made.extend([TestCall::at(at).outcome(outcome), TestCall { cost: None, ..TestCall::at(at).outcome(outcome) }]);
            }
        }
        world.calls(&admin.organization, &key, &made).await;
        let hours = async || {
            let sql = "SELECT CAST(r.resolution AS text) || ' ' || CAST(r.bucket AS text) || ' ' || s.outcome || ' ' || \
                 CAST(r.calls AS text) || ' ' || CAST(r.errors AS text) || ' ' || CAST(r.refused AS text) || ' ' || \
                 CAST(r.unpriced AS text) || ' ' || CAST(r.duration_us AS text) || ' ' || CAST(r.latency_0 AS text) AS shown \
                 FROM rollups r JOIN series s ON s.organization_id = r.organization_id AND s.id = r.series_id \
                 WHERE r.resolution < 3";
            let mut hours: Vec<String> =
                world.rows(sql).await.iter().map(|row| row.try_get("", "shown").unwrap()).collect();
            hours.sort();
            hours
        };
        let before = reports(world, &admin).await;
        assert_eq!(hours().await.len(), (3 + 2) * 4);
        back_and_forth(world, "_first_byte_bins", &[]).await;
        let now = hours().await;
        // Three quarter hours and two hours, for calls of all outcomes.
        assert_eq!(now.len(), 3 + 2, "{now:?}");
        assert!(now.iter().all(|row| row.contains(" any ")), "{now:?}");
        let migrations = Migrator::migrations();
        let earlier = migrations.iter().position(|migration| migration.name().ends_with("_quarter_hour_rollups")).unwrap();
        let later = u32::try_from(migrations.len() - earlier).unwrap();
        let transaction = world.services.database().begin_migrating().await.unwrap();
        Migrator::down(&transaction, Some(later)).await.unwrap();
        transaction.commit().await.unwrap();
        let old = hours().await;
        assert_eq!(old.len(), (3 + 2) * 4, "and for each outcome: {old:?}");
        let transaction = world.services.database().begin_migrating().await.unwrap();
        Migrator::up(&transaction, None).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!((hours().await, reports(world, &admin).await), (now, before));
    }

    async fn rollups_are_divided_by_month_and_put_together_again(world: &World) {
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let made: Vec<TestCall> = ["2026-08-20T10:00:00Z", "2026-11-10T18:14:59.999Z", "2026-11-10T18:15:00Z"]
            .map(TestCall::at)
            .into();
        let store = async || world.calls(&admin.organization, &key, &made).await;
        // Servers of today know no table of before, so that its days are summed and stored by statements of its own.
        let total = async || {
            let sql = "SELECT CAST(sum(calls) AS text) || ' ' || CAST(sum(tokens_in) AS text) || ' ' || \
                       CAST(sum(cost_nanos) AS text) AS shown FROM rollups WHERE resolution = 3";
            world.rows(sql).await[0].try_get::<String>("", "shown").unwrap()
        };
        let reported = async || {
            let query = UsageQuery { range: Range::Last12Months, ..UsageQuery::default() };
            usage::report(&world.services, &admin, &query).await.unwrap().total.calls
        };
        let expected = |calls: i64| format!("{calls} {} {}", calls * 100, calls * 1_000);
        let store_before = "UPDATE rollups SET calls = calls + 1, tokens_in = tokens_in + 100, cost_nanos = cost_nanos + 1000";
        store().await;
        for round in 0..2 {
            let stored = 3 + 6 * round;
            migrate(world, "_rollup_partitions", Direction::Down).await;
            assert_eq!(total().await, expected(stored));
            let rows = world.count("rollups WHERE resolution = 3").await;
            assert_eq!(rows, 3, "a row for each day and series");
            world.execute(store_before).await;
            migrate(world, "_rollup_partitions", Direction::Up).await;
            assert_eq!((total().await, reported().await), (expected(stored + 3), stored + 3));
            store().await;
            assert_eq!(reported().await, stored + 6);
        }
        if world.services.database().is_postgres() {
            let rows = "SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
                        WHERE i.inhparent = 'rollups'::regclass ORDER BY c.relname";
            let names = async || {
                let rows = world.rows(rows).await;
                rows.iter().map(|row| row.try_get::<String>("", "name").unwrap()).collect::<Vec<_>>()
            };
            let made = names().await;
            assert!(made.len() == 2 && made[0].starts_with("rollups_before_") && made[1] == "rollups_default", "{made:?}");
            // Months within the old partition get none of their own, the others do.
            services::calls::partitions::ensure(&world.services).await.unwrap();
            let first = made[0].replace("before_", "");
            assert!(names().await.iter().all(|name| made.contains(name) || *name >= first), "{:?}", names().await);
            world.clock.set("2090-01-15T00:00:00Z");
            services::calls::partitions::ensure(&world.services).await.unwrap();
            assert!(names().await.contains(&"rollups_2090_01".to_owned()));
        }
    }

    async fn older_servers_find_the_quarter_hours_that_were_deleted(world: &World) {
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let made: Vec<TestCall> = (0..30)
            .flat_map(|number| {
                let at: Timestamp = "2026-10-10T18:02:00Z".parse().unwrap();
                let call = TestCall::at_moment(at.plus_minutes(number * 10));
                [call.clone().outcome(Outcome::Failed), call.model(if number % 2 == 0 { "gpt-x" } else { "gpt-y" })]
            })
            .collect();
        world.calls(&admin.organization, &key, &made).await;
        // The sums of the first quarter, the second, and the rest of each hour.
        let parts = async || {
            let sql = "SELECT CAST(b.part AS text) || ' ' || CAST(sum(b.calls) AS text) || ' ' || \
                 CAST(sum(b.errors) AS text) || ' ' || CAST(sum(b.tokens_in) AS text) || ' ' || \
                 CAST(sum(b.cost_nanos) AS text) || ' ' || CAST(sum(b.latency_0) AS text) AS shown \
                 FROM (SELECT r.*, s.model, CASE WHEN r.bucket % 3600000 < 1800000 THEN r.bucket \
                 ELSE r.bucket - r.bucket % 1800000 END AS part FROM rollups r JOIN series s \
                 ON s.organization_id = r.organization_id AND s.id = r.series_id WHERE r.resolution = 1) b \
                 GROUP BY b.model, b.part";
            let mut parts: Vec<String> = world.rows(sql).await.iter().map(|row| row.try_get("", "shown").unwrap()).collect();
            parts.sort();
            parts
        };
        let before = parts().await;
        for _ in 0..2 {
            upkeep::run(&world.services, UpkeepSpan::All).await.unwrap();
            assert!(parts().await.len() < before.len());
            migrate(world, "_half_hours", Direction::Down).await;
            assert_eq!(parts().await, before);
            migrate(world, "_half_hours", Direction::Up).await;
        }
        upkeep::run(&world.services, UpkeepSpan::All).await.unwrap();
        // A late call makes a quarter hour that lacks all earlier ones.
        let late = TestCall { cost: Some(0), tokens_in: 0, ..TestCall::at("2026-10-10T18:40:00Z") };
        world.calls(&admin.organization, &key, &[late]).await;
        migrate(world, "_half_hours", Direction::Down).await;
        assert_eq!(parts().await.len(), before.len(), "its row is completed");
        migrate(world, "_half_hours", Direction::Up).await;
    }

    async fn what_a_server_of_before_goes_on_writing_counts_once(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let made = [TestCall::at("2026-11-17T13:00:00Z"), TestCall::at("2026-11-17T13:01:00Z").outcome(Outcome::Failed)];
        world.calls(&admin.organization, &key, &made).await;
        back_and_forth(world, "_quarter_hour_rollups", &[]).await;
        // An older server writes hours and quarter hours by outcome, and days of any. Here it stores the two
        // calls again.
        world.execute(&format!(
            "INSERT INTO rollups (organization_id, resolution, bucket, series_id, writer, {sums}) \
             SELECT r.organization_id, r.resolution, r.bucket, CASE r.resolution WHEN 3 THEN r.series_id ELSE s.id END, 7, {sums} \
             FROM rollups r JOIN series s ON s.organization_id = r.organization_id AND s.outcome = 'succeeded'",
            sums = sums()
        )).await;
        for view in [View::Hour, View::Day] {
            for time_zone in ["UTC", "Asia/Kathmandu"] {
                let query = UsageQuery {
                    range: Range::Last7Days, view: Some(view), time_zone: Some(time_zone.to_owned()), ..UsageQuery::default()
                };
                let total = usage::report(&world.services, &admin, &query).await.unwrap().total;
                assert_eq!((total.calls, total.errors, total.tokens_in), (4, 2, 400), "{view:?} {time_zone}");
            }
        }
        let used = api_keys::recent_use(&world.services, &admin, &[key.id]).await.unwrap();
        assert_eq!(used[0].calls, 4);
    }

    async fn only_hours_that_were_summed_are_deleted_and_sums_stay_within_64_bits(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let made = [TestCall::at("2026-11-17T13:00:00Z"), TestCall::at("2026-11-17T13:01:00Z").outcome(Outcome::Failed)];
        world.calls(&admin.organization, &key, &made).await;
        let lonely = format!(
            "INSERT INTO rollups (organization_id, resolution, bucket, series_id, writer, {sums}) \
             SELECT r.organization_id, r.resolution, r.bucket, 1, r.writer, {sums} \
             FROM rollups r JOIN series s ON s.organization_id = r.organization_id AND s.id = r.series_id \
             WHERE r.resolution < 3 AND s.outcome = 'succeeded'",
            sums = sums()
        );
        back_and_forth(world, "_quarter_hour_rollups", &[
            "INSERT INTO series (organization_id, id, project_id, api_key_id, member_id, model, service, endpoint, provider, \
             status, outcome) SELECT organization_id, 1, project_id, api_key_id, member_id, model, service, '/lonely', provider, \
             status, outcome FROM series WHERE outcome = 'succeeded'",
            &lonely,
            "UPDATE rollups SET cost_nanos = 9223372036854775807, byte_hours = 9223372036854775806 \
             WHERE resolution < 3 AND series_id <> 1",
        ]).await;
        let rows = "SELECT r.series_id, r.calls, r.cost_nanos, r.byte_hours, r.tokens_in FROM rollups r WHERE r.resolution < 3";
        for row in world.rows(rows).await {
            let number = |name: &str| row.try_get::<i64>("", name).unwrap();
            let shown = ["calls", "cost_nanos", "byte_hours", "tokens_in"].map(number);
            let expected = if number("series_id") == 1 { [1, 1_000, 0, 100] } else { [2, i64::MAX, i64::MAX, 200] };
            assert_eq!(shown, expected);
        }
        assert_eq!(world.rows(rows).await.len(), 4);
        let query = UsageQuery { range: Range::Today, view: Some(View::Hour), ..UsageQuery::default() };
        assert_eq!(usage::report(&world.services, &admin, &query).await.unwrap().total.calls, 3);
    }

    async fn who_made_a_key_before_is_known_from_the_audit_log(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (program, _) = world.program(&admin, &[]).await;
        let by_hand = world.key(&admin, project, "by hand").await;
        world.key(&program, project, "by a program").await;
        world.clock.forward_millis(1);
        let rotation = Rotation { grace_seconds: 0, request: None };
        api_keys::rotate(&world.services, &program, by_hand.id, rotation).await.unwrap();
        let count = "SELECT CAST(count(made_by) AS text) || ' of ' || CAST(count(*) AS text) AS shown FROM key_secrets";
        let shown = async || world.rows(count).await[0].try_get::<String>("", "shown").unwrap();
        assert_eq!(shown().await, "2 of 4");
        let makers = "SELECT s.id FROM key_secrets s JOIN api_keys k ON k.id = s.made_by WHERE k.name = 'program'";
        assert_eq!(world.rows(makers).await.len(), 2);

        let migrations = Migrator::migrations();
        let earlier = migrations.iter().position(|migration| migration.name().ends_with("_key_makers")).unwrap();
        let transaction = world.services.database().begin_migrating().await.unwrap();
        let later = u32::try_from(migrations.len() - earlier).unwrap();
        Migrator::down(&transaction, Some(later)).await.unwrap();
        Migrator::up(&transaction, None).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(shown().await, "2 of 4");
        assert_eq!(world.rows(makers).await.len(), 2);
    }

    async fn addresses_get_the_form_that_they_are_looked_for_in(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        for name in ["Ada", "Ben", "Cy", "Dee"] {
            world.member(&admin.organization, name, Role::Viewer).await;
        }
        let migrations = Migrator::migrations();
        let earlier = migrations.iter().position(|migration| migration.name().ends_with("_canonical_addresses")).unwrap();
        let transaction = world.services.database().begin_migrating().await.unwrap();
        let later = u32::try_from(migrations.len() - earlier).unwrap();
        Migrator::down(&transaction, Some(later)).await.unwrap();
        for (name, email) in
            [("Ada", "ａｄａ@acme.example"), ("Ben", "ben@m\u{fc}ller.example"), ("Cy", "ｄｅｅ@acme.example")]
        {
            let sql = format!("UPDATE users SET email = '{email}' WHERE name = '{name}'");
            transaction.execute_unprepared(&sql).await.unwrap();
        }
        Migrator::up(&transaction, None).await.unwrap();
        transaction.commit().await.unwrap();
        let rows = world.rows("SELECT email FROM users ORDER BY name").await;
        let emails: Vec<String> = rows.iter().map(|row| row.try_get("", "email").unwrap()).collect();
        // Dee has her address already.
        assert_eq!(emails, ["ada@acme.example", "ben@xn--mller-kva.example", "ｄｅｅ@acme.example", "dee@acme.example"]);
    }
}
