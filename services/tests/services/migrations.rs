//! What migrations do to data.

use ::migrations::{Migrator, MigratorTrait};
use domain::{
    api_keys::Rotation,
    calls::Outcome,
    permissions::Role,
    usage::{Group, UsageQuery, UsageReport, View},
};
use sea_orm::ConnectionTrait;
use services::{Actor, api_keys, usage};

use crate::support::{CallMade, World};

/// How many migrations come before the one that sums days over outcomes.
const BEFORE_DAYS: usize = 19;

async fn reports(world: &World, actor: &Actor) -> Vec<UsageReport> {
    let mut reports = Vec::new();
    for group in [Group::Model, Group::ApiKey, Group::Project] {
        for view in [View::Day, View::Hour] {
            let range = "2026-11-09..2026-11-14".parse().unwrap();
            let query = UsageQuery { range, view: Some(view), group, ..UsageQuery::default() };
            reports.push(usage::report(&world.services, actor, &query).await.unwrap());
        }
    }
    reports
}

/// A text for each row of the rollups of days: when, of what, and how much.
async fn days(world: &World) -> Vec<String> {
    let sql = "SELECT CAST(r.bucket AS text) || ' ' || s.model || ' ' || s.outcome || ' ' || CAST(s.status AS text) || ' ' || \
         CAST(r.calls AS text) || ' ' || CAST(r.latency_0 AS text) || ' ' || CAST(r.tokens_in AS text) AS shown \
         FROM rollups r JOIN series s ON s.organization_id = r.organization_id AND s.id = r.series_id \
         WHERE r.resolution = 3";
    let mut days: Vec<String> = world.rows(sql).await.iter().map(|row| row.try_get("", "shown").unwrap()).collect();
    days.sort();
    days
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
                made.extend([CallMade::at(at).outcome(outcome), CallMade::at(at).model("gpt-y").outcome(outcome)]);
            }
        }
        world.calls(&admin.organization, &key, &made).await;
        let before = reports(world, &admin).await;
        let now = days(world).await;
        assert_eq!(now.len(), 3 * 2, "a row for each day and model: {now:?}");

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
        // What is stored from now on is added to the same rows.
        world.calls(&admin.organization, &key, &made).await;
        assert_eq!(days(world).await.len(), now.len());
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
        let known = "SELECT CAST(count(made_by) AS text) || ' of ' || CAST(count(*) AS text) AS shown FROM key_secrets";
        let shown = async || world.rows(known).await[0].try_get::<String>("", "shown").unwrap();
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
