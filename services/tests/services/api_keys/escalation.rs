//! Delegation by keys: none can make a key with more permissions than its own.

use domain::{
    api_keys::{ApiKey, ApiKeyChanges, Expiration, KeyQuery, Level, NewApiKey, Rotation, Scope},
    permissions::Permission,
    rate_limits::RateLimits,
};
use services::{Actor, ActorKind, ServiceError, ServiceResult, api_keys, projects};

use crate::support::{World, new_key};

use Scope::{AdminApiKeysRead, AdminApiKeysWrite, ApiKeysRead, ApiKeysWrite, Chat, UsageRead};

fn limits(calls: u32) -> RateLimits {
    RateLimits { calls_per_minute: Some(calls), ..RateLimits::NONE }
}

fn ops(scopes: &[Scope]) -> NewApiKey {
    NewApiKey { scopes: scopes.to_vec(), ..NewApiKey::plain("ops", Level::Admin, None) }
}

fn forbidden<T: std::fmt::Debug>(result: ServiceResult<T>) -> String {
    match result {
        Err(ServiceError::Forbidden(message)) => message,
        other => panic!("{other:?}"),
    }
}

async fn create(world: &World, actor: &Actor, request: NewApiKey) -> ServiceResult<ApiKey> {
    api_keys::create(&world.services, actor, request).await.map(|created| created.api_key)
}

async fn rotate(world: &World, actor: &Actor, key: &ApiKey) -> ServiceResult<()> {
    let rotation = Rotation { grace_seconds: 0, request: None };
    api_keys::rotate(&world.services, actor, key.id, rotation).await.map(|_| ())
}

async fn rotate_with(world: &World, actor: &Actor, key: &ApiKey, grace_seconds: u32) {
    let rotation = Rotation { grace_seconds, request: None };
    api_keys::rotate(&world.services, actor, key.id, rotation).await.unwrap();
}

async fn rescope(world: &World, actor: &Actor, key: &ApiKey, scopes: &[Scope]) -> ServiceResult<()> {
    let changes = ApiKeyChanges { scopes: Some(scopes.to_vec()), ..ApiKeyChanges::default() };
    api_keys::edit(&world.services, actor, key.id, changes).await.map(|_| ())
}

on_both_databases! {
    async fn a_key_hands_on_only_the_scopes_that_it_has(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (program, itself) = world.program(&admin, &[ApiKeysWrite, AdminApiKeysWrite, Chat]).await;
        let chat = || NewApiKey { scopes: vec![Chat], ..new_key(project, "web") };
        let made = create(world, &program, chat()).await.unwrap();
        assert_eq!(made.created_by, None);
        create(world, &program, ops(&[Chat, ApiKeysWrite])).await.unwrap();
        for wider in [
            new_key(project, "all of its level"),
            NewApiKey { scopes: vec![Chat, Scope::Embeddings], ..chat() },
            NewApiKey::plain("usage", Level::Read, Some(project)),
            ops(&[]),
            ops(&[ApiKeysWrite, ApiKeysRead]),
        ] {
            let message = forbidden(create(world, &program, wider).await);
            assert!(message.contains("lacks the scope"), "{message}");
        }
        forbidden(rescope(world, &program, &made, &[]).await);
        forbidden(rescope(world, &program, &itself, &[]).await);
        rescope(world, &program, &itself, &[ApiKeysWrite, AdminApiKeysWrite]).await.unwrap();
        // The key's current permissions count, not those when it was presented.
        forbidden(create(world, &program, chat()).await);
        assert_eq!(world.count("api_keys").await, 3);
    }

    async fn a_key_changes_and_rotates_none_that_may_do_more(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (program, _) = world.program(&admin, &[ApiKeysWrite, AdminApiKeysWrite]).await;
        let wider = world.key(&admin, project, "web").await;
        let (root, _) = world.secret(&admin, ops(&[])).await;
        for key in [&wider, &root] {
            forbidden(rotate(world, &program, key).await);
            forbidden(rescope(world, &program, key, &[Scope::Models]).await);
            forbidden(api_keys::set_grace(&world.services, &program, key.id, 0).await);
        }
        // Revoking a key grants nothing.
        api_keys::revoke(&world.services, &program, &[wider.id, root.id]).await.unwrap();
        let (all, _) = world.program(&admin, &[]).await;
        let made = create(world, &all, ops(&[])).await.unwrap();
        rotate(world, &all, &made).await.unwrap();
    }

    async fn models_networks_and_expiry_bind_too(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        world.offer("gpt-x", "1").await;
        let narrow = NewApiKey {
            models: vec!["gpt-x".to_owned()],
            ip_allowlist: vec!["192.0.2.0/24".parse().unwrap()],
            life: Expiration::Days(30),
            rate_limits: limits(100),
            ..ops(&[])
        };
        let (_, secret) = world.secret(&admin, narrow.clone()).await;
        let program = world.bearer(&secret).await;
        create(world, &program, narrow.clone()).await.unwrap();
        let ip_allowlist = vec!["192.0.2.7".parse().unwrap()];
        let narrower = NewApiKey { ip_allowlist, life: Expiration::Days(29), ..narrow.clone() };
        create(world, &program, narrower).await.unwrap();
        for wider in [
            NewApiKey { models: vec![], ..narrow.clone() },
            NewApiKey { ip_allowlist: vec![], ..narrow.clone() },
            NewApiKey { ip_allowlist: vec!["192.0.0.0/16".parse().unwrap()], ..narrow.clone() },
            NewApiKey { rate_limits: limits(101), ..narrow.clone() },
            NewApiKey { rate_limits: RateLimits::NONE, ..narrow.clone() },
            NewApiKey { life: Expiration::Never, ..narrow.clone() },
            NewApiKey { life: Expiration::Days(31), ..narrow.clone() },
        ] {
            forbidden(create(world, &program, wider).await);
        }
        // A key that can't call models isn't restricted to the maker's models.
        let usage = NewApiKey { level: Level::Read, project_id: Some(project), models: vec![], ..narrow };
        create(world, &program, usage).await.unwrap();
    }

    async fn nothing_that_a_key_gives_away_outlives_it(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let day = NewApiKey { life: Expiration::Days(1), ..ops(&[]) };
        let (itself, secret) = world.secret(&admin, day).await;
        let program = world.bearer(&secret).await;
        let request = |level: Level, life| NewApiKey {
            life,
            ..NewApiKey::plain("made", level, level.needs_project().then_some(project))
        };
        for level in Level::ALL {
            for longer in [Expiration::Never, Expiration::Days(2), Expiration::At(itself.expires_at.unwrap().plus_millis(1))] {
                let message = forbidden(create(world, &program, request(level, longer)).await);
                assert!(message.contains("expires sooner"), "{message}");
            }
            let made = create(world, &program, request(level, Expiration::At(itself.expires_at.unwrap()))).await.unwrap();
            rotate(world, &program, &made).await.unwrap();
        }
        // The secret of a key that lives longer would be as good as a new key.
        let lasting = NewApiKey { scopes: vec![Chat], ..new_key(project, "lasting") };
        let lasting = create(world, &admin, lasting).await.unwrap();
        forbidden(rotate(world, &program, &lasting).await);
        // So would be more permissions for it; a restriction or a new name is allowed.
        forbidden(rescope(world, &program, &lasting, &[Chat, Scope::Embeddings]).await);
        forbidden(rescope(world, &program, &lasting, &[]).await);
        let second = world.project(&admin, "Second").await.id;
        let change = async |changes| api_keys::edit(&world.services, &program, lasting.id, changes).await;
        forbidden(change(ApiKeyChanges { project_id: Some(second), ..ApiKeyChanges::default() }).await);
        change(ApiKeyChanges { name: Some("renamed".to_owned()), ..ApiKeyChanges::default() }).await.unwrap();
        change(ApiKeyChanges { rate_limits: Some(limits(10)), ..ApiKeyChanges::default() }).await.unwrap();
        forbidden(change(ApiKeyChanges { rate_limits: Some(limits(11)), ..ApiKeyChanges::default() }).await);
        // Nor can it extend an old secret beyond its own expiration.
        rotate_with(world, &admin, &lasting, 60).await;
        forbidden(api_keys::set_grace(&world.services, &program, lasting.id, 2 * 24 * 3600).await);
        api_keys::set_grace(&world.services, &program, lasting.id, 3600).await.unwrap();
        api_keys::set_grace(&world.services, &program, lasting.id, 0).await.unwrap();
    }

    async fn scopes_for_keys_of_projects_and_for_admin_keys_are_two_things(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let usage = || NewApiKey::plain("usage", Level::Read, Some(project));
        let (project_keys, itself) = world.program(&admin, &[ApiKeysRead, ApiKeysWrite, UsageRead]).await;
        let (admins, _) = world.program(&admin, &[AdminApiKeysRead, AdminApiKeysWrite, UsageRead]).await;
        let read = create(world, &project_keys, usage()).await.unwrap();
        forbidden(create(world, &project_keys, ops(&[UsageRead])).await);
        forbidden(create(world, &admins, usage()).await);
        let ops = create(world, &admins, ops(&[UsageRead])).await.unwrap();
        for (actor, key) in [(&project_keys, &ops), (&project_keys, &itself), (&admins, &read)] {
            assert!(matches!(rotate(world, actor, key).await, Err(ServiceError::NotFound)));
            let revoked = api_keys::revoke(&world.services, actor, &[key.id]).await;
            assert!(matches!(revoked, Err(ServiceError::NotFound)));
            assert!(matches!(api_keys::get(&world.services, actor, key.id).await, Err(ServiceError::NotFound)));
        }
        assert!(world.keys(&project_keys).await.iter().all(|key| key.level != Level::Admin));
        assert!(world.keys(&admins).await.iter().all(|key| key.level == Level::Admin));
        let (reader, _) = world.program(&admin, &[ApiKeysRead]).await;
        forbidden(create(world, &reader, usage()).await);
        forbidden(rotate(world, &reader, &read).await);
        forbidden(api_keys::revoke(&world.services, &reader, &[read.id]).await);
        let (nothing, _) = world.program(&admin, &[Chat]).await;
        forbidden(api_keys::list(&world.services, &nothing, &KeyQuery::default()).await);
    }

    async fn read_and_standard_keys_manage_nothing(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        for level in [Level::Read, Level::Standard] {
            let (key, secret) = world.secret(&admin, NewApiKey::plain("web", level, Some(project))).await;
            let bearer = world.bearer(&secret).await;
            forbidden(create(world, &bearer, new_key(project, "x")).await);
            forbidden(rotate(world, &bearer, &key).await);
            forbidden(api_keys::revoke(&world.services, &bearer, &[key.id]).await);
            forbidden(api_keys::list(&world.services, &bearer, &KeyQuery::default()).await);
        }
    }

    async fn a_read_key_sees_the_usage_of_its_project_and_of_no_other(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        world.project(&admin, "Second").await;
        let (_, secret) = world.secret(&admin, NewApiKey::plain("usage", Level::Read, Some(project))).await;
        let seen = projects::list(&world.services, &world.bearer(&secret).await).await.unwrap();
        assert_eq!(seen.iter().map(|project| project.id).collect::<Vec<_>>(), [project]);
    }

    async fn a_key_revoked_a_moment_ago_leaves_nothing_behind(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (program, itself) = world.program(&admin, &[]).await;
        let key = world.key(&admin, project, "web").await;
        // Presented before it was revoked: a server may accept it for up to a second.
        api_keys::revoke(&world.services, &admin, &[itself.id]).await.unwrap();
        forbidden(create(world, &program, new_key(project, "x")).await);
        forbidden(rotate(world, &program, &key).await);
        forbidden(rescope(world, &program, &key, &[Chat]).await);
        forbidden(api_keys::revoke(&world.services, &program, &[key.id]).await);
        assert_eq!(world.count("api_keys").await, 2);
    }

    async fn what_a_key_does_is_told_under_its_name(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (program, itself) = world.program(&admin, &[]).await;
        assert!(matches!(&program.kind, ActorKind::ApiKey { id, .. } if *id == itself.id));
        assert!(program.reach(Permission::ManageSettings).is_err() && program.user_id().is_none());
        let made = create(world, &program, new_key(project, "x")).await.unwrap();
        let history = api_keys::history(&world.services, &admin, made.id).await.unwrap();
        assert_eq!((history[0].actor.as_str(), history[0].ip.as_str()), ("program", "192.0.2.7"));
    }
}
