//! What servers are told.

use std::sync::Arc;

use patience::{until, wait_for};
use sea_orm::ConnectionTrait;
use services::{
    Services, api_keys,
    changes::{Kind, Notice, Watcher},
};
use tokio::sync::mpsc;

use crate::support::{TestDatabase, World};

on_both_databases! {
    async fn every_server_hears_of_a_revoked_key_once(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let keys = [world.key(&admin, project, "a").await, world.key(&admin, project, "b").await];
        let another = Services::open(world.database.url(), world.clock.clone()).await.unwrap();
        let (sender, mut heard) = mpsc::unbounded_channel();
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
                let notice = wait_for("each server hears of it", heard.recv()).await.unwrap();
                let Notice::Changed(changes) = notice else { panic!("{notice:?}") };
                let [change] = changes[..] else { panic!("{changes:?}") };
                assert_eq!((change.kind, change.organization_id), (Kind::ApiKey, admin.organization.id));
                notices.push(change.subject_id);
            }
        }
        assert_eq!(notices, [keys[0].id.uuid(), keys[0].id.uuid(), keys[1].id.uuid(), keys[1].id.uuid()]);
        until("both are current", async || watchers.iter().all(Watcher::is_current)).await;
        assert!(heard.is_empty());
        drop(watchers);
        another.database().clone().close().await.unwrap();
    }

    async fn a_server_that_cannot_look_knows_that_it_is_not_current(world: &World) {
        let services = Services::open(world.database.url(), Arc::clone(&world.clock) as _).await.unwrap();
        let (sender, mut looked) = mpsc::unbounded_channel();
        let watcher = Watcher::start(&services, move |notice| sender.send(notice).unwrap_or_default());
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "a").await;
        api_keys::revoke(&world.services, &admin, &[key.id]).await.unwrap();
        wait_for("it has looked", looked.recv()).await.unwrap();
        until("it is current", async || watcher.is_current()).await;
        services.database().clone().close().await.unwrap();
        until("it isn't any more", async || !watcher.is_current()).await;
    }
}

/// On SQLite there is one writer, and ids are committed in their order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_commits_after_a_later_one_is_heard_too() {
    let world = World::new(TestDatabase::postgres().await).await;
    let admin = world.organization("Acme", "UTC").await;
    let project = world.default_project(&admin).await;
    let keys = [world.key(&admin, project, "a").await, world.key(&admin, project, "b").await];
    let (sender, mut heard) = mpsc::unbounded_channel();
    let watcher = Watcher::start(&world.services, move |notice| sender.send(notice).unwrap_or_default());
    let mut next = async || match wait_for("the change is heard of", heard.recv()).await {
        Some(Notice::Changed(changes)) if changes.len() == 1 => changes[0].subject_id,
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
