//! Use cases of keys.

mod descendants;
mod editing;
mod escalation;
mod leaks;
mod policy;
mod reminders;
mod requests;
mod revoking;
mod rotation;

use domain::{
    api_keys::{Expiration, KeyQuery, Level, NewApiKey, Scope, Secret, Status},
    calls::Outcome,
    ids::ProjectId,
    permissions::Role,
};
use services::{ServiceError, api_keys};

use crate::support::{TestCall, field_error, new_key};

on_both_databases! {
    async fn a_key_is_told_once_and_only_its_hash_is_stored(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        world.offer("gpt-x", "1").await;
        let request = NewApiKey {
            models: vec!["gpt-x".to_owned()],
            scopes: vec![Scope::Models, Scope::Chat],
            ip_allowlist: vec!["10.0.0.0/8".parse().unwrap()],
            life: Expiration::Days(30),
            rotate_every_days: Some(90),
            ..new_key(project, "web")
        };
        let made = api_keys::create(&world.services, &admin, request).await.unwrap();
        let secret = Secret::parse(&made.secret).unwrap();
        assert_eq!(secret.level(), Level::Standard);
        let listed = world.keys(&admin).await;
        assert_eq!(listed, [made.api_key]);
        assert!(listed[0].masked.ends_with(secret.last_four()));
        assert_eq!(listed[0].expires_at, Some(world.services.now().plus_days(30)));
        assert_eq!(listed[0].scopes, [Scope::Chat, Scope::Models]);
        assert_eq!(listed[0].ip_allowlist, ["10.0.0.0/8".parse().unwrap()]);
        assert_eq!((&listed[0].models[..], listed[0].rotate_every_days), (&["gpt-x".to_owned()][..], Some(90)));
        assert!(!format!("{listed:?}").contains(&made.secret));
        for table in ["api_keys", "key_secrets", "key_directory"] {
            assert_eq!(world.count(table).await, 1, "{table}");
        }
    }

    async fn an_organization_has_so_many_keys_that_can_be_used(world: &World) {
        world.services.set_quotas(services::Quotas { keys: 2, ..services::Quotas::default() }).await.unwrap();
        let operator = world.organization("Acme", "UTC").await;
        let project = world.default_project(&operator).await;
        let owner = world.member(&operator.organization, "Mira", Role::Owner).await;
        let create = async || api_keys::create(&world.services, &owner, new_key(project, "web")).await;
        let at_once = tokio::join!(create(), create(), create(), create());
        let made = [at_once.0, at_once.1, at_once.2, at_once.3];
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 2);
        assert!(made.iter().flat_map(|made| made.as_ref().err()).all(|error| matches!(error, ServiceError::Conflict(_))));
        assert_eq!(world.count("api_keys").await, 2);
        world.key(&operator, project, "the operator's").await;
        let id = world.keys(&owner).await[0].id;
        api_keys::revoke(&world.services, &owner, &[id]).await.unwrap();
        assert!(matches!(create().await, Err(ServiceError::Conflict(_))));
        let id = world.keys(&owner).await.iter().find(|key| key.status == Status::Active).unwrap().id;
        api_keys::revoke(&world.services, &owner, &[id]).await.unwrap();
        create().await.unwrap();
    }

    async fn what_cannot_be_is_refused_by_its_field(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let other = world.organization("Other", "UTC").await;
        let project = world.default_project(&admin).await;
        let theirs = world.default_project(&other).await;
        let create = async |request| api_keys::create(&world.services, &admin, request).await;
        field_error(create(new_key(theirs, "web")).await, "project_id");
        field_error(create(new_key(ProjectId::new(uuid::Uuid::max()), "web")).await, "project_id");
        field_error(create(NewApiKey { models: vec!["gpt-9".to_owned()], ..new_key(project, "web") }).await, "models");
        field_error(create(new_key(project, " ")).await, "name");
        world.execute("UPDATE projects SET archived_at = 1").await;
        assert!(field_error(create(new_key(project, "web")).await, "project_id").contains("archived"));
        assert_eq!(world.count("key_directory").await, 0);
    }

    async fn a_developer_has_own_keys_in_assigned_projects(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let default = world.default_project(&admin).await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        field_error(api_keys::create(&world.services, &developer, new_key(default, "mine")).await, "project_id");
        world.assign(&admin, default, "Dev").await;
        let theirs = world.key(&admin, default, "theirs").await;
        let mine = world.key(&developer, default, "mine").await;
        let listed = world.keys(&developer).await;
        assert_eq!(listed.iter().map(|key| key.id).collect::<Vec<_>>(), [mine.id]);
        let refused = api_keys::revoke(&world.services, &developer, &[theirs.id]).await;
        assert!(matches!(refused, Err(ServiceError::NotFound)));
        api_keys::revoke(&world.services, &developer, &[mine.id]).await.unwrap();
        assert_eq!(world.keys(&admin).await.len(), 2);
    }

    async fn an_admin_key_needs_an_administrator(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let request = || NewApiKey::plain("ops", Level::Admin, None);
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let refused = api_keys::create(&world.services, &developer, request()).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
        let made = api_keys::create(&world.services, &admin, request()).await.unwrap();
        assert!(made.secret.starts_with("toll_admin_") && made.api_key.project.is_none());
    }

    async fn a_viewer_has_nothing_to_do_with_keys(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        let listed = api_keys::list(&world.services, &viewer, &KeyQuery::default()).await;
        assert!(matches!(listed, Err(ServiceError::Forbidden(_))));
        let made = api_keys::create(&world.services, &viewer, new_key(project, "x")).await;
        assert!(matches!(made, Err(ServiceError::Forbidden(_))));
        assert!(matches!(api_keys::revoke(&world.services, &viewer, &[key.id]).await, Err(ServiceError::Forbidden(_))));
    }

    async fn a_key_expires(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let request = NewApiKey { life: Expiration::Days(1), ..new_key(project, "web") };
        api_keys::create(&world.services, &admin, request).await.unwrap();
        let status = async || world.keys(&admin).await[0].status;
        world.clock.forward_minutes(24 * 60 - 1);
        assert_eq!(status().await, Status::Active);
        world.clock.forward_minutes(1);
        assert_eq!(status().await, Status::Expired);
    }

    async fn the_list_tells_what_each_key_used_this_month(world: &World) {
        // Local time is two hours ahead: the month begins at 22:00 UTC.
        let admin = world.organization("Acme", "Africa/Johannesburg").await;
        let project = world.default_project(&admin).await;
        let used = world.key(&admin, project, "used").await;
        let idle = world.key(&admin, project, "idle").await;
        let made = [
            TestCall::at("2026-10-31T21:59:59Z"),
            TestCall::at("2026-10-31T22:00:00Z"),
            TestCall::at("2026-11-16T08:00:00Z").model("gpt-y").outcome(Outcome::Failed),
            TestCall::at("2026-11-17T10:00:00Z").outcome(Outcome::Refused),
        ];
        world.calls(&admin.organization, &used, &made).await;
        let listed = world.keys(&admin).await;
        let find = |id| listed.iter().find(|key| key.id == id).unwrap();
        assert_eq!(find(used.id).calls_this_month, 2);
        assert_eq!(find(used.id).spend_this_month.nanos(), 2_000);
        assert_eq!(find(idle.id).calls_this_month, 0);
    }
}
