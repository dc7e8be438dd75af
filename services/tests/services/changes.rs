//! Announcements of changes to servers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use patience::{find_within, wait_for, wait_until};
use sea_orm::{ConnectionTrait, Statement};
use services::{
    ServiceError, Services,
    api_keys::{self, directory::KeyVerification},
    changes::{ChangeKind, Watcher, WatcherEvent},
};
use tokio::sync::mpsc;

use crate::support::{TestDatabase, World, new_key};

on_both_databases! {
    async fn every_server_hears_of_a_revoked_key_once(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let keys = [world.key(&admin, project, "a").await, world.key(&admin, project, "b").await];
        let another = Services::open(world.database.url(), world.clock.clone()).await.unwrap();
        let (sender, mut received) = mpsc::unbounded_channel();
        let watchers: Vec<Watcher> = [&world.services, &another]
            .into_iter()
            .map(|services| {
                let sender = sender.clone();
                Watcher::start(services, move |notice| sender.send(notice).unwrap_or_default())
            })
            .collect();
        let mut notices = Vec::new();
        for key in &keys {
            api_keys::revoke(&world.services, &admin, &[key.id]).await.unwrap();
            for _ in &watchers {
                let notice = wait_for("each server hears of it", received.recv()).await.unwrap();
                let WatcherEvent::Changed(changes) = notice else { panic!("{notice:?}") };
                let [change] = changes[..] else { panic!("{changes:?}") };
                assert_eq!((change.kind, change.organization_id), (ChangeKind::ApiKey, admin.organization.id));
                notices.push(change.subject_id);
            }
        }
        assert_eq!(notices, [keys[0].id.uuid(), keys[0].id.uuid(), keys[1].id.uuid(), keys[1].id.uuid()]);
        wait_until("both are current", async || watchers.iter().all(Watcher::is_current)).await;
        assert!(received.is_empty());
        drop(watchers);
        another.database().clone().close().await.unwrap();
    }

    async fn a_server_that_cannot_look_knows_that_it_is_not_current(world: &World) {
        let services = Services::open(world.database.url(), Arc::clone(&world.clock) as _).await.unwrap();
        let (sender, mut events) = mpsc::unbounded_channel();
        let watcher = Watcher::start(&services, move |notice| sender.send(notice).unwrap_or_default());
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "a").await;
        api_keys::revoke(&world.services, &admin, &[key.id]).await.unwrap();
        wait_for("it has looked", events.recv()).await.unwrap();
        wait_until("it is current", async || watcher.is_current()).await;
        services.database().clone().close().await.unwrap();
        wait_until("it isn't any more", async || !watcher.is_current()).await;
    }
}

/// PostgreSQL only: SQLite has one writer, so ids are committed in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_commits_after_a_later_one_is_heard_too_on_postgres() {
    let world = World::new(TestDatabase::postgres().await).await;
    let admin = world.organization("Acme", "UTC").await;
    let project = world.default_project(&admin).await;
    let keys = [world.key(&admin, project, "a").await, world.key(&admin, project, "b").await];
    let (sender, mut received) = mpsc::unbounded_channel();
    let watcher = Watcher::start(&world.services, move |notice| sender.send(notice).unwrap_or_default());
    let mut next = async || match wait_for("the change is heard of", received.recv()).await {
        Some(WatcherEvent::Changed(changes)) if changes.len() == 1 => changes[0].subject_id,
        other => panic!("{other:?}"),
    };
    let slow = world.services.database().begin().await.unwrap();
    let values = format!("(1, 'api_key', '{}', '{}')", admin.organization.id.uuid(), keys[0].id.uuid());
    let sql = format!("INSERT INTO changes (at, kind, organization_id, subject_id) VALUES {values}");
    slow.execute_unprepared(&sql).await.unwrap();
    api_keys::revoke(&world.services, &admin, &[keys[1].id]).await.unwrap();
    assert_eq!(next().await, keys[1].id.uuid());
    slow.commit().await.unwrap();
    assert_eq!(next().await, keys[0].id.uuid());
    drop(watcher);
    world.end().await;
}

/// Longer than any version of a server waited for late commits.
const LONG: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_that_is_held_up_while_others_are_not_is_heard_of_on_postgres() {
    let world = World::new(TestDatabase::postgres().await).await;
    let (admin, others) = (world.organization("Acme", "UTC").await, world.organization("Others", "UTC").await);
    let (project, theirs) = (world.default_project(&admin).await, world.default_project(&others).await);
    let (key, secret) = world.secret(&admin, new_key(project, "a")).await;
    let directory = world.directory().await;
    let works = async || matches!(directory.verify(&secret).await.unwrap(), KeyVerification::Active(_));
    assert!(works().await);
    // A server that waits for locks without a timeout.
    let url = format!("{}?options=-c%20lock_timeout%3D0", world.database.url());
    let patient = Services::open(&url, world.clock.clone()).await.unwrap();

    let holder = world.services.database().begin().await.unwrap();
    let head =
        format!("SELECT 1 FROM audit_heads WHERE organization_id = '{}' FOR UPDATE", admin.organization.id.uuid());
    holder.execute_unprepared(&head).await.unwrap();
    let ids = [key.id];
    let revoking = api_keys::revoke(&patient, &admin, &ids);
    let meanwhile = async {
        let began = Instant::now();
        wait_until("many other keys are made and revoked meanwhile", async || {
            let other = world.key(&others, theirs, "b").await;
            api_keys::revoke(&world.services, &others, &[other.id]).await.unwrap();
            began.elapsed() > LONG
        })
        .await;
        assert!(works().await, "the revocation is still held up");
        holder.commit().await.unwrap();
    };
    let (revoked, ()) = tokio::join!(revoking, meanwhile);
    revoked.unwrap();
    find_within(Duration::from_secs(1), "the key is revoked", async || (!works().await).then_some(())).await;
    patient.database().clone().close().await.unwrap();
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_lock_too_long_is_told_to_try_again_on_postgres() {
    let world = World::new(TestDatabase::postgres().await).await;
    let admin = world.organization("Acme", "UTC").await;
    let project = world.default_project(&admin).await;
    let key = world.key(&admin, project, "a").await;
    let limits = async |services: &Services| {
        let database = services.database().read();
        let mut limits = Vec::new();
        for name in ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"] {
            let sql = format!("SELECT current_setting('{name}') AS limit_");
            let statement = Statement::from_string(database.get_database_backend(), sql);
            let row = database.query_one_raw(statement).await.unwrap().unwrap();
            limits.push(row.try_get::<String>("", "limit_").unwrap());
        }
        limits
    };
    assert_eq!(limits(&world.services).await, ["10s", "1min", "1min"]);
    let url = format!("{}?options=-c%20lock_timeout%3D100ms", world.database.url());
    let hasty = Services::open(&url, world.clock.clone()).await.unwrap();
    assert_eq!(limits(&hasty).await, ["100ms", "1min", "1min"], "what the address says counts");
    let holder = world.services.database().begin().await.unwrap();
    holder.execute_unprepared("SELECT 1 FROM audit_heads FOR UPDATE").await.unwrap();
    let refused = api_keys::revoke(&hasty, &admin, &[key.id]).await;
    assert!(matches!(refused, Err(ServiceError::Unavailable(_))), "{refused:?}");
    holder.rollback().await.unwrap();
    assert_eq!(world.count("changes").await, 0);
    api_keys::revoke(&hasty, &admin, &[key.id]).await.unwrap();
    hasty.database().clone().close().await.unwrap();
    world.end().await;
}
