//! Changes of keys.

use std::time::Duration;

use domain::{
    api_keys::{ApiKeyChanges, Expiration, Level, NewApiKey, Scope},
    ids::ApiKeyId,
    permissions::Role,
    rate_limits::RateLimits,
};
use patience::find_within;
use serde_json::json;
use services::{
    Actor, ServiceError, ServiceResult,
    api_keys::{
        self,
        directory::{KeyDirectory, KeyVerification},
    },
};

use crate::support::{World, field_error, new_key};

fn renamed(name: &str) -> ApiKeyChanges {
    ApiKeyChanges { name: Some(name.to_owned()), ..ApiKeyChanges::default() }
}

async fn edit(world: &World, actor: &Actor, id: ApiKeyId, changes: ApiKeyChanges) -> ServiceResult<()> {
    api_keys::edit(&world.services, actor, id, changes).await.map(|_| ())
}

on_both_databases! {
    async fn what_is_named_changes_and_the_rest_stays(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        world.offer("gpt-x", "1").await;
        let project = world.default_project(&admin).await;
        let request = NewApiKey { life: Expiration::Days(90), rotate_every_days: Some(30), ..new_key(project, "web") };
        let (before, _) = world.secret(&admin, request).await;
        let changes = ApiKeyChanges {
            name: Some(" app ".to_owned()),
            description: Some("the app".to_owned()),
            scopes: Some(vec![Scope::Models, Scope::Chat, Scope::Chat]),
            models: Some(vec!["gpt-x".to_owned()]),
            ip_allowlist: Some(vec!["10.1.2.3/8".parse().unwrap()]),
            project_id: None,
            rotate_every_days: Some(0),
            rate_limits: Some(RateLimits { calls_per_minute: Some(60), tokens_per_minute: None }),
            metadata_only: Some(true),
        };
        let edited = api_keys::edit(&world.services, &admin, before.id, changes).await.unwrap();
        let mut expected = before;
        expected.name = "app".to_owned();
        expected.description = "the app".to_owned();
        expected.scopes = vec![Scope::Chat, Scope::Models];
        expected.models = vec!["gpt-x".to_owned()];
        expected.ip_allowlist = vec!["10.0.0.0/8".parse().unwrap()];
        expected.rotate_every_days = None;
        expected.rate_limits.calls_per_minute = Some(60);
        expected.metadata_only = true;
        assert_eq!(edited, expected);
        assert_eq!(world.keys(&admin).await, [expected]);
    }

    async fn the_history_tells_what_differed_and_nothing_else(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let entries = world.count("audit_entries").await;
        // Unchanged values aren't a change.
        let same = ApiKeyChanges { scopes: Some(vec![]), project_id: Some(project), ..renamed("web") };
        edit(world, &admin, key.id, same).await.unwrap();
        edit(world, &admin, key.id, ApiKeyChanges::default()).await.unwrap();
        assert_eq!((world.count("audit_entries").await, world.count("changes").await), (entries, 0));
        let changes =
            ApiKeyChanges { scopes: Some(vec![Scope::Chat]), description: Some(String::new()), ..renamed("app") };
        edit(world, &admin, key.id, changes).await.unwrap();
        let history = api_keys::history(&world.services, &admin, key.id).await.unwrap();
        assert_eq!(history[0].action, "api_key.edited");
        assert_eq!(history[0].before, json!({ "name": "web", "scopes": [] }));
        assert_eq!(history[0].after, json!({ "name": "app", "scopes": ["chat"] }));
        assert_eq!(world.count("changes").await, 1);
    }

    async fn what_cannot_be_is_refused_by_its_field(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let other = world.organization("Other", "UTC").await;
        let (project, theirs) = (world.default_project(&admin).await, world.default_project(&other).await);
        let key = world.key(&admin, project, "web").await;
        let (ops, _) = world.secret(&admin, NewApiKey::plain("ops", Level::Admin, None)).await;
        let changes = ApiKeyChanges::default;
        field_error(edit(world, &admin, key.id, renamed(" ")).await, "name");
        let scopes = ApiKeyChanges { scopes: Some(vec![Scope::ApiKeysWrite]), ..changes() };
        field_error(edit(world, &admin, key.id, scopes).await, "scopes");
        let models = ApiKeyChanges { models: Some(vec!["gpt-9".to_owned()]), ..changes() };
        field_error(edit(world, &admin, key.id, models).await, "models");
        let to = |project| ApiKeyChanges { project_id: Some(project), ..changes() };
        field_error(edit(world, &admin, key.id, to(theirs)).await, "project_id");
        field_error(edit(world, &admin, ops.id, to(project)).await, "project_id");
        let closed = world.project(&admin, "Closed").await.id;
        world.execute("UPDATE projects SET archived_at = 1 WHERE slug = 'closed'").await;
        assert!(field_error(edit(world, &admin, key.id, to(closed)).await, "project_id").contains("archived"));
        assert_eq!(world.keys(&admin).await.iter().find(|listed| listed.id == key.id), Some(&key));
    }

    async fn a_model_that_is_gone_may_stay_on_the_list_but_not_come_onto_it(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        world.offer("gpt-x", "1").await;
        let models = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let request = NewApiKey { models: models(&["gpt-x"]).unwrap(), ..new_key(project, "web") };
        let (key, _) = world.secret(&admin, request).await;
        // Now another model is offered, and the first one no longer.
        world.offer("gpt-y", "1").await;
        let both = ApiKeyChanges { models: models(&["gpt-y", "gpt-x"]), ..ApiKeyChanges::default() };
        edit(world, &admin, key.id, both).await.unwrap();
        let without = ApiKeyChanges { models: models(&["gpt-y"]), ..ApiKeyChanges::default() };
        edit(world, &admin, key.id, without.clone()).await.unwrap();
        let back = ApiKeyChanges { models: models(&["gpt-x"]), ..ApiKeyChanges::default() };
        field_error(edit(world, &admin, key.id, back).await, "models");
    }

    async fn a_key_that_has_ended_is_left_alone(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let revoked = world.key(&admin, project, "revoked").await;
        let (expired, _) = world.secret(&admin, NewApiKey { life: Expiration::Days(1), ..new_key(project, "expired") }).await;
        api_keys::revoke(&world.services, &admin, &[revoked.id]).await.unwrap();
        world.clock.forward_days(1);
        for id in [revoked.id, expired.id] {
            let refused = edit(world, &admin, id, renamed("other")).await;
            assert!(matches!(refused, Err(ServiceError::Conflict(_))), "{refused:?}");
        }
    }

    async fn a_developer_moves_own_keys_between_assigned_projects(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (first, second) = (world.default_project(&admin).await, world.project(&admin, "Second").await.id);
        let third = world.project(&admin, "Third").await.id;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        world.assign(&admin, first, "Dev").await;
        world.assign(&admin, second, "Dev").await;
        let (mine, theirs) = (world.key(&developer, first, "mine").await, world.key(&admin, first, "theirs").await);
        let to = |project| ApiKeyChanges { project_id: Some(project), ..ApiKeyChanges::default() };
        let moved = api_keys::edit(&world.services, &developer, mine.id, to(second)).await.unwrap();
        assert_eq!(moved.project.unwrap().id, second);
        field_error(edit(world, &developer, mine.id, to(third)).await, "project_id");
        assert!(matches!(edit(world, &developer, theirs.id, renamed("x")).await, Err(ServiceError::NotFound)));
        // A key moved out of their reach no longer exists for them.
        edit(world, &admin, mine.id, to(third)).await.unwrap();
        assert!(matches!(edit(world, &developer, mine.id, to(second)).await, Err(ServiceError::NotFound)));
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        assert!(matches!(edit(world, &viewer, mine.id, renamed("x")).await, Err(ServiceError::Forbidden(_))));
        let stranger = world.organization("Other", "UTC").await;
        assert!(matches!(edit(world, &stranger, mine.id, renamed("x")).await, Err(ServiceError::NotFound)));
    }

    async fn an_edit_counts_on_every_server_within_a_second(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let second = world.project(&admin, "Second").await.id;
        let (key, secret) = world.secret(&admin, new_key(project, "web")).await;
        let directories = [world.directory().await, world.directory().await];
        let record = async |directory: &KeyDirectory| match directory.verify(&secret).await.unwrap() {
            KeyVerification::Active(record) => record,
            other => panic!("{other:?}"),
        };
        for directory in &directories {
            assert!(record(directory).await.grants(Scope::Embeddings));
        }
        let changes = ApiKeyChanges {
            scopes: Some(vec![Scope::Chat]),
            ip_allowlist: Some(vec!["192.0.2.0/24".parse().unwrap()]),
            project_id: Some(second),
            ..ApiKeyChanges::default()
        };
        edit(world, &admin, key.id, changes).await.unwrap();
        for directory in &directories {
            let found = find_within(Duration::from_secs(1), "the edit counts", async || {
                Some(record(directory).await).filter(|found| !found.grants(Scope::Embeddings))
            })
            .await;
            assert!(found.grants(Scope::Chat) && found.project_id == Some(second));
            assert!(found.allows_ip("192.0.2.9".parse().unwrap()) && !found.allows_ip("192.0.3.9".parse().unwrap()));
        }
    }
}
