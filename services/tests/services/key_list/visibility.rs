//! Visibility of keys.

use std::collections::BTreeSet;

use domain::{
    api_keys::{KeyPolicy, KeyQuery, Level, NewApiKey, Scope},
    ids::ApiKeyId,
    organizations::OrganizationSettings,
    permissions::Role,
};
use services::{ServiceError, api_keys, organizations};

use super::{ids, list};
use crate::support::{StoredKey, field_error, new_key};

on_both_databases! {
    async fn everybody_sees_what_is_theirs_to_see(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (default, hidden) = (world.default_project(&admin).await, world.project(&admin, "Hidden").await.id);
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        world.assign(&admin, default, "Dev").await;
        let theirs = world.key(&admin, default, "theirs").await.id;
        let mine = world.key(&developer, default, "mine").await.id;
        let now = world.services.now();
        let elsewhere = StoredKey { created_by: developer.user_id(), ..StoredKey::new("elsewhere", hidden, now) };
        world.store_keys(&admin.organization, std::slice::from_ref(&elsewhere)).await;
        let ops = api_keys::create(&world.services, &admin, NewApiKey::plain("ops", Level::Admin, None)).await.unwrap().api_key.id;
        let (keys, reader) = world.program(&admin, &[Scope::ApiKeysRead]).await;
        let (admin_keys, other_reader) = world.program(&admin, &[Scope::AdminApiKeysRead]).await;
        let (neither, last) = world.program(&admin, &[Scope::UsageRead]).await;

        let admins = [ops, reader.id, other_reader.id, last.id];
        for (actor, expected) in [
            (&admin, [&[theirs, mine, elsewhere.id][..], &admins].concat()),
            (&world.member(&admin.organization, "Adm", Role::Admin).await, [&[theirs, mine, elsewhere.id][..], &admins].concat()),
            (&developer, vec![mine]),
            (&keys, vec![theirs, mine, elsewhere.id]),
            (&admin_keys, admins.to_vec()),
            (&world.organization("Other", "UTC").await, vec![]),
        ] {
            let page = list(world, actor, &KeyQuery::default()).await;
            let set = |ids: Vec<ApiKeyId>| ids.into_iter().collect::<BTreeSet<_>>();
            assert_eq!(set(ids(&page.keys)), set(expected.clone()));
            let by_developer = KeyQuery { creator: developer.user_id(), ..KeyQuery::default() };
            let expected_of_them = [mine, elsewhere.id].into_iter().filter(|id| expected.contains(id)).collect();
            assert_eq!(set(ids(&list(world, actor, &by_developer).await.keys)), set(expected_of_them));
            let counted: i64 = page.statuses.iter().map(|(_, count)| count).sum();
            assert_eq!((page.total, counted), (expected.len() as i64, expected.len() as i64));
            for id in [theirs, mine, elsewhere.id, ops] {
                let one = api_keys::get(&world.services, actor, id).await;
                let history = api_keys::history(&world.services, actor, id).await;
                let recent_use = api_keys::recent_use(&world.services, actor, &[id]).await;
                if expected.contains(&id) {
                    assert_eq!((one.unwrap().id, recent_use.unwrap()[0].id), (id, id));
                    assert!(history.is_ok());
                } else {
                    assert!(matches!((one, history, recent_use), (Err(ServiceError::NotFound), Err(ServiceError::NotFound), Err(ServiceError::NotFound))));
                }
            }
        }
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        for actor in [&viewer, &neither] {
            assert!(matches!(api_keys::list(&world.services, actor, &KeyQuery::default()).await, Err(ServiceError::Forbidden(_))));
            assert!(matches!(api_keys::get(&world.services, actor, mine).await, Err(ServiceError::Forbidden(_))));
            assert!(matches!(organizations::key_policy(&world.services, actor).await, Err(ServiceError::Forbidden(_))));
        }
    }

    async fn what_there_is_to_make_of_a_key_is_for_whoever_makes_some(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let (keys, _) = world.program(&admin, &[Scope::AdminApiKeysWrite]).await;
        let policy = KeyPolicy { expiry_required: true, longest_life_days: Some(90) };
        let settings = OrganizationSettings {
            session_idle_minutes: 60,
            key_policy: policy,
            bodies: Default::default(),
            call_retention: Default::default(),
        };
        organizations::update_settings(&world.services, &admin, settings).await.unwrap();
        for actor in [&admin, &developer, &keys] {
            assert_eq!(organizations::key_policy(&world.services, actor).await.unwrap(), policy);
        }
        let project = world.default_project(&admin).await;
        field_error(api_keys::create(&world.services, &admin, new_key(project, "web")).await, "life");
    }
}
