//! Rotation of keys, with a grace period for the old secret.

use std::time::Duration;

use domain::{
    api_keys::{
        ApiKey, ApiKeyChanges, Expiration, MAX_GRACE_SECONDS, NewApiKey, RotatedApiKey, Rotation, Secret, Status,
    },
    ids::ApiKeyId,
    permissions::Role,
};
use futures::future::join_all;
use patience::find_within;
use serde_json::Value;
use services::{
    Actor, ServiceError, ServiceResult,
    api_keys::{
        self,
        directory::{KeyDirectory, KeyVerification},
    },
};

use crate::support::{World, field_error, new_key};

const HOUR: u32 = 60 * 60;

fn rotation(grace_seconds: u32, request: Option<&str>) -> Rotation {
    Rotation { grace_seconds, request: request.map(str::to_owned) }
}

async fn rotate(world: &World, actor: &Actor, id: ApiKeyId, grace_seconds: u32) -> ServiceResult<RotatedApiKey> {
    api_keys::rotate(&world.services, actor, id, rotation(grace_seconds, None)).await
}

fn new_secret(rotated: &RotatedApiKey) -> Secret {
    Secret::parse(rotated.secret.as_ref().unwrap()).unwrap()
}

/// Creates a key in the default project, with its secret.
async fn key(world: &World, actor: &Actor) -> (ApiKey, Secret) {
    let project = world.default_project(actor).await;
    world.secret(actor, new_key(project, "web")).await
}

async fn works(directory: &KeyDirectory, secret: &Secret) -> bool {
    match directory.verify(secret).await.unwrap() {
        KeyVerification::Active(_) => true,
        KeyVerification::Expired(_) => false,
        other => panic!("{other:?}"),
    }
}

/// Waits until the secret works or stops working, which every server has to know within a second.
async fn within_a_second(directory: &KeyDirectory, secret: &Secret, expected: bool) {
    find_within(Duration::from_secs(1), "what was done to the secret holds", async || {
        (works(directory, secret).await == expected).then_some(())
    })
    .await;
}

on_both_databases! {
    async fn a_rotated_key_stays_what_it_is_and_both_secrets_work(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let request = NewApiKey { life: Expiration::Days(90), rotate_every_days: Some(30), ..new_key(project, "web") };
        let (before, old) = world.secret(&admin, request).await;
        world.clock.forward_minutes(5);
        let rotated = rotate(world, &admin, before.id, HOUR).await.unwrap();
        let new = new_secret(&rotated);
        let now = world.services.now();
        let old_secret = rotated.api_key.old_secret.clone().unwrap();
        assert_eq!(old_secret.masked, before.masked);
        assert_eq!(old_secret.ends_at, now.plus_minutes(60));
        let expected = ApiKey {
            masked: Secret::masked(new.level(), new.last_four()),
            status: Status::Rotating,
            rotated_at: now,
            old_secret: Some(old_secret),
            ..before.clone()
        };
        assert_eq!(rotated.api_key, expected);
        let directory = KeyDirectory::start(&world.services);
        assert!(works(&directory, &old).await && works(&directory, &new).await);
        world.clock.forward_minutes(60);
        assert_eq!(world.keys(&admin).await[0].status, Status::Active);
        assert!(!works(&directory, &old).await && works(&directory, &new).await);
    }

    async fn the_old_secret_works_until_its_last_millisecond_and_not_after(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (made, old) = key(world, &admin).await;
        let rotated = rotate(world, &admin, made.id, HOUR).await.unwrap();
        let directory = world.directory().await;
        assert!(works(&directory, &old).await);
        // The secret is cached by now.
        world.clock.forward_millis(i64::from(HOUR) * 1000 - 1);
        assert!(works(&directory, &old).await);
        world.clock.forward_millis(1);
        assert!(!works(&directory, &old).await);
        assert!(works(&directory, &new_secret(&rotated)).await);
    }

    async fn without_grace_the_old_secret_ends_now_on_every_server(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (made, old) = key(world, &admin).await;
        let directories = [world.directory().await, world.directory().await];
        for directory in &directories {
            assert!(works(directory, &old).await);
        }
        let rotated = rotate(world, &admin, made.id, 0).await.unwrap();
        assert_eq!((rotated.api_key.status, rotated.api_key.old_secret.clone()), (Status::Active, None));
        join_all(directories.iter().map(|directory| within_a_second(directory, &old, false))).await;
        // No grace period is running, so it can be rotated again.
        rotate(world, &admin, made.id, 0).await.unwrap();
    }

    async fn a_grace_period_is_ended_early_or_put_off_within_a_second(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (made, old) = key(world, &admin).await;
        rotate(world, &admin, made.id, HOUR).await.unwrap();
        let directory = world.directory().await;
        assert!(works(&directory, &old).await);
        world.clock.forward_minutes(59);
        let set = async |seconds| api_keys::set_grace(&world.services, &admin, made.id, seconds).await;
        let longer = set(2 * HOUR).await.unwrap();
        let end = world.services.now().plus_minutes(120);
        assert_eq!(longer.old_secret.unwrap().ends_at, end);
        world.clock.forward_minutes(2);
        within_a_second(&directory, &old, true).await;
        let ended = set(0).await.unwrap();
        assert_eq!((ended.status, ended.old_secret), (Status::Active, None));
        within_a_second(&directory, &old, false).await;
        assert!(matches!(set(HOUR).await, Err(ServiceError::Conflict(_))));
        field_error(set(MAX_GRACE_SECONDS + 1).await, "grace_seconds");
        field_error(rotate(world, &admin, made.id, MAX_GRACE_SECONDS + 1).await, "grace_seconds");
    }

    async fn a_key_that_is_rotating_is_not_rotated_again(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (made, old) = key(world, &admin).await;
        let first = rotate(world, &admin, made.id, HOUR).await.unwrap();
        let refused = rotate(world, &admin, made.id, HOUR).await;
        let Err(ServiceError::Conflict(why)) = refused else { panic!("{refused:?}") };
        assert!(why.contains(&world.services.now().plus_minutes(60).to_string()), "{why}");
        assert_eq!(world.count("key_secrets").await, 2);
        world.clock.forward_minutes(60);
        let second = rotate(world, &admin, made.id, HOUR).await.unwrap();
        let directory = KeyDirectory::start(&world.services);
        assert!(!works(&directory, &old).await);
        assert!(works(&directory, &new_secret(&first)).await && works(&directory, &new_secret(&second)).await);
    }

    async fn a_key_that_has_ended_is_not_rotated(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let revoked = world.key(&admin, project, "revoked").await;
        let (expired, _) = world.secret(&admin, NewApiKey { life: Expiration::Days(1), ..new_key(project, "x") }).await;
        let (rotating, _) = world.secret(&admin, NewApiKey { life: Expiration::Days(1), ..new_key(project, "y") }).await;
        rotate(world, &admin, rotating.id, MAX_GRACE_SECONDS).await.unwrap();
        api_keys::revoke(&world.services, &admin, &[revoked.id]).await.unwrap();
        world.clock.forward_days(1);
        for id in [revoked.id, expired.id] {
            let refused = rotate(world, &admin, id, 0).await;
            assert!(matches!(refused, Err(ServiceError::Conflict(_))), "{refused:?}");
        }
        let refused = api_keys::set_grace(&world.services, &admin, rotating.id, 0).await;
        assert!(matches!(refused, Err(ServiceError::Conflict(_))), "{refused:?}");
        assert_eq!(world.count("key_secrets").await, 4);
    }

    async fn a_developer_rotates_own_keys_and_nobody_elses(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        world.assign(&admin, project, "Dev").await;
        let (mine, theirs) = (world.key(&developer, project, "mine").await, world.key(&admin, project, "theirs").await);
        rotate(world, &developer, mine.id, HOUR).await.unwrap();
        api_keys::set_grace(&world.services, &developer, mine.id, 0).await.unwrap();
        let stranger = world.organization("Other", "UTC").await;
        for (actor, id) in [(&developer, theirs.id), (&stranger, mine.id)] {
            assert!(matches!(rotate(world, actor, id, 0).await, Err(ServiceError::NotFound)));
            let set = api_keys::set_grace(&world.services, actor, id, 0).await;
            assert!(matches!(set, Err(ServiceError::NotFound)));
        }
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        assert!(matches!(rotate(world, &viewer, mine.id, 0).await, Err(ServiceError::Forbidden(_))));
    }

    async fn no_secret_and_no_hash_is_written_down(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (made, old) = key(world, &admin).await;
        let rotated = rotate(world, &admin, made.id, HOUR).await.unwrap();
        let changes = ApiKeyChanges { name: Some("app".to_owned()), ..ApiKeyChanges::default() };
        api_keys::edit(&world.services, &admin, made.id, changes).await.unwrap();
        api_keys::set_grace(&world.services, &admin, made.id, 0).await.unwrap();
        api_keys::revoke(&world.services, &admin, &[made.id]).await.unwrap();
        let history = api_keys::history(&world.services, &admin, made.id).await.unwrap();
        let actions: Vec<&str> = history.iter().map(|entry| entry.action.as_str()).collect();
        let verbs = ["revoked", "grace_changed", "edited", "rotated", "created"];
        assert_eq!(actions, verbs.map(|verb| format!("api_key.{verb}")));
        let written: Vec<&Value> = history.iter().flat_map(|entry| [&entry.before, &entry.after]).collect();
        let written = serde_json::to_string(&written).unwrap();
        for secret in [old, new_secret(&rotated)] {
            assert!(!written.contains(&secret.reveal()[9..30]));
            assert!(written.contains(secret.last_four()));
        }
        assert!(made.masked.ends_with(history[3].before["last_four"].as_str().unwrap()));
    }
}
