//! Policies on the lifetime of keys.

use domain::{
    api_keys::{Expiration, HintKind, KeyPolicy, Level, NewApiKey, Rotation, Status},
    ids::ProjectId,
    organizations::OrganizationSettings,
    permissions::Role,
};
use services::{Actor, ServiceError, api_keys, organizations};

use crate::support::{World, field_error, new_key};

async fn set_policy(world: &World, actor: &Actor, key_policy: KeyPolicy) {
    let settings = organizations::settings(&world.services, actor).await.unwrap();
    organizations::update_settings(&world.services, actor, OrganizationSettings { key_policy, ..settings })
        .await
        .unwrap();
}

fn with_life(project: ProjectId, life: Expiration) -> NewApiKey {
    NewApiKey { life, ..new_key(project, "web") }
}

on_both_databases! {
    async fn a_new_key_keeps_to_the_policy(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let policy = KeyPolicy { expiry_required: true, longest_life_days: Some(90) };
        set_policy(world, &admin, policy).await;
        let now = world.services.now();
        assert_eq!(organizations::key_policy(&world.services, &admin).await.unwrap(), policy);
        let create = async |request| api_keys::create(&world.services, &admin, request).await;
        for life in [Expiration::Never, Expiration::Days(91), Expiration::At(now.plus_days(90).plus_millis(1))] {
            field_error(create(with_life(project, life)).await, "life");
            let ops = NewApiKey { life, ..NewApiKey::plain("ops", Level::Admin, None) };
            field_error(create(ops).await, "life");
        }
        assert_eq!(world.keys(&admin).await, []);
        for life in [Expiration::Days(90), Expiration::At(now.plus_days(90)), Expiration::At(now.plus_millis(1))] {
            let made = create(with_life(project, life)).await.unwrap();
            assert_eq!(made.api_key.expires_at, life.ends_at(now));
        }
        // Another organization isn't affected.
        let other = world.organization("Other", "UTC").await;
        let theirs = world.default_project(&other).await;
        api_keys::create(&world.services, &other, with_life(theirs, Expiration::Never)).await.unwrap();
    }

    async fn a_key_made_before_goes_on_is_pointed_out_and_keeps_its_expiry_when_rotated(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let old = world.key(&admin, project, "old").await;
        set_policy(world, &admin, KeyPolicy { expiry_required: true, longest_life_days: None }).await;
        let listed = world.keys(&admin).await.remove(0);
        assert_eq!(listed.status, Status::Active);
        assert!(listed.hints.iter().any(|hint| hint.kind() == HintKind::BreaksPolicy), "{:?}", listed.hints);
        let rotation = Rotation { grace_seconds: 0, request: None };
        let rotated = api_keys::rotate(&world.services, &admin, old.id, rotation).await.unwrap();
        assert_eq!(rotated.api_key.expires_at, None);
    }

    async fn whoever_makes_keys_may_know_the_policy(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        assert_eq!(organizations::key_policy(&world.services, &developer).await.unwrap(), KeyPolicy::default());
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        let refused = organizations::key_policy(&world.services, &viewer).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
        let settings = organizations::settings(&world.services, &admin).await.unwrap();
        let refused = organizations::update_settings(&world.services, &developer, settings).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
    }
}
