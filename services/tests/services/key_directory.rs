//! Verification of presented keys.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use domain::api_keys::{CreatedApiKey, Expiration, Level, NewApiKey, Secret};
use futures::future::join_all;
use patience::{find_within, wait_until};
use sea_orm::ConnectionTrait;
use services::{
    Actor, ServiceError,
    api_keys::{
        self,
        directory::{KeyDirectory, KeyVerification},
    },
};

use crate::support::{TestDatabase, World};

async fn key(world: &World, actor: &Actor, level: Level, expires_in_days: Option<u32>) -> (CreatedApiKey, Secret) {
    let project = world.default_project(actor).await;
    let life = expires_in_days.map_or(Expiration::Never, Expiration::Days);
    let request = NewApiKey { life, ..NewApiKey::plain("web", level, level.needs_project().then_some(project)) };
    let created = api_keys::create(&world.services, actor, request).await.unwrap();
    let secret = Secret::parse(&created.secret).unwrap();
    (created, secret)
}

/// PostgreSQL only: SQLite's readers never wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_the_same_key_while_the_database_hangs_waits_together_on_postgres() {
    let world = World::new(TestDatabase::postgres().await).await;
    let directory = world.directory().await;
    let hanging = world.services.database().begin().await.unwrap();
    hanging.execute_unprepared("LOCK TABLE key_directory IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let secret = Secret::from_digits(Level::Standard, [1; 32]);
    let begun = Instant::now();
    let answers = join_all((0..20).map(|_| directory.verify(&secret))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(ServiceError::Unavailable(_)))));
    // Each waits for three seconds; one after another they would take a minute.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    hanging.rollback().await.unwrap();
    world.end().await;
}

on_both_databases! {
    async fn an_active_key_tells_whose_it_is(world: &World) {
        let actor = world.organization("Acme", "Asia/Kathmandu").await;
        let directory = KeyDirectory::start(&world.services);
        for level in Level::ALL {
            let (created, secret) = key(world, &actor, level, None).await;
            // The second time from the cache.
            for _ in 0..2 {
                let verification = directory.verify(&secret).await.unwrap();
                let KeyVerification::Active(record) = verification else { panic!("{verification:?}") };
                assert_eq!(*record.organization, actor.organization);
                assert_eq!((record.api_key_id, record.level), (created.api_key.id, level));
                assert_eq!(record.project_id, created.api_key.project.as_ref().map(|project| project.id));
                assert!(record.allows_model("anything"));
            }
        }
    }

    async fn a_key_that_never_was_is_unknown(world: &World) {
        let directory = KeyDirectory::start(&world.services);
        let secret = Secret::from_digits(Level::Standard, [1; 32]);
        assert!(matches!(directory.verify(&secret).await.unwrap(), KeyVerification::Unknown));
    }

    async fn a_key_that_changes_goes_on_where_others_guess(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let directory = KeyDirectory::start(&world.services);
        let (created, secret) = key(world, &actor, Level::Standard, None).await;
        let from = Some(IpAddr::from([203, 0, 113, 9]));
        directory.verify_from(&secret, from).await.unwrap();
        let guessed = Secret::from_digits(Level::Standard, [1; 32]);
        wait_until("guesses are refused", async || directory.verify_from(&guessed, from).await.is_err()).await;
        api_keys::revoke(&world.services, &actor, &[created.api_key.id]).await.unwrap();
        // The change removes it from the cache, so it is looked up again.
        wait_until("its change is known", async || {
            matches!(directory.verify_from(&secret, from).await.unwrap(), KeyVerification::Revoked(_))
        })
        .await;
    }

    async fn a_key_that_was_unknown_a_moment_ago_can_be_made(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let directory = KeyDirectory::start(&world.services);
        let (_, secret) = key(world, &actor, Level::Standard, None).await;
        assert!(matches!(directory.verify(&secret).await.unwrap(), KeyVerification::Active(_)));
    }

    async fn a_revoked_key_is_known_to_be_within_a_second_on_every_server(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let (created, secret) = key(world, &actor, Level::Standard, None).await;
        let directories = [world.directory().await, world.directory().await];
        for directory in &directories {
            assert!(matches!(directory.verify(&secret).await.unwrap(), KeyVerification::Active(_)));
        }
        api_keys::revoke(&world.services, &actor, &[created.api_key.id]).await.unwrap();
        let noticed = directories.iter().map(|directory| {
            find_within(Duration::from_secs(1), "the key is revoked", async || {
                matches!(directory.verify(&secret).await.unwrap(), KeyVerification::Revoked(_)).then_some(())
            })
        });
        join_all(noticed).await;
    }

    async fn a_key_expires_at_its_moment_though_it_is_kept_in_memory(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let directory = world.directory().await;
        let (_, secret) = key(world, &actor, Level::Standard, Some(1)).await;
        world.clock.forward_minutes(24 * 60 - 1);
        assert!(matches!(directory.verify(&secret).await.unwrap(), KeyVerification::Active(_)));
        world.clock.forward_minutes(1);
        assert!(matches!(directory.verify(&secret).await.unwrap(), KeyVerification::Expired(_)));
    }

    async fn many_that_ask_at_once_are_all_answered(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let directory = KeyDirectory::start(&world.services);
        let (_, secret) = key(world, &actor, Level::Standard, None).await;
        let unknown = Secret::from_digits(Level::Standard, [2; 32]);
        let known = join_all((0..100).map(|_| directory.verify(&secret))).await;
        assert!(known.into_iter().all(|found| matches!(found, Ok(KeyVerification::Active(_)))));
        let unknown = join_all((0..100).map(|_| directory.verify(&unknown))).await;
        assert!(unknown.into_iter().all(|found| matches!(found, Ok(KeyVerification::Unknown))));
    }

    async fn an_archived_project_is_seen_by_its_keys(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let (_, secret) = key(world, &actor, Level::Standard, None).await;
        world.execute("UPDATE projects SET archived_at = 1").await;
        let found = KeyDirectory::start(&world.services).verify(&secret).await.unwrap();
        assert!(matches!(found, KeyVerification::Active(record) if record.project_archived));
    }

    async fn a_key_seen_before_costs_no_query(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let directory = world.directory().await;
        let (_, secret) = key(world, &actor, Level::Standard, None).await;
        // A server that couldn't read changes for a second temporarily caches no keys.
        wait_until("the key is found though there is no table to look in", async || {
            assert!(matches!(directory.verify(&secret).await.unwrap(), KeyVerification::Active(_)));
            world.execute("ALTER TABLE key_directory RENAME TO gone").await;
            let is_cached = directory.verify(&secret).await.is_ok();
            if !is_cached {
                world.execute("ALTER TABLE gone RENAME TO key_directory").await;
            }
            is_cached
        })
        .await;
        wait_until("it is found a thousand times", async || {
            for _ in 0..1_000 {
                if !matches!(directory.verify(&secret).await, Ok(KeyVerification::Active(_))) {
                    return false;
                }
            }
            true
        })
        .await;
        let unknown = Secret::from_digits(Level::Standard, [3; 32]);
        assert!(directory.verify(&unknown).await.is_err());
    }

    async fn a_key_is_looked_up_again_after_a_minute_though_nothing_was_announced(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let directory = world.directory().await;
        let (_, secret) = key(world, &actor, Level::Standard, None).await;
        let (_, second) = key(world, &actor, Level::Standard, None).await;
        let organization = actor.organization.id;
        let works = async |secret: &Secret| {
            let verification = directory.verify(secret).await.unwrap();
            let within = directory.verify_in_organization(organization, secret).await.unwrap();
            let [verification, within] = [verification, within].map(|found| matches!(found, KeyVerification::Active(_)));
            assert_eq!(verification, within);
            verification
        };
        assert!(works(&secret).await && works(&second).await);
        world.execute("UPDATE api_keys SET revoked_at = 1").await;
        world.clock.forward_minutes(1);
        assert!(!works(&secret).await && !works(&second).await);
        // A clock that is set back doesn't make cached keys younger.
        world.execute("UPDATE api_keys SET revoked_at = NULL").await;
        world.clock.forward_millis(-3_600_000);
        assert!(works(&secret).await);
    }
}
