//! Keys.

use domain::{
    api_keys::{Level, NewApiKey, Secret, Status},
    calls::Outcome,
    ids::ProjectId,
    permissions::Role,
};
use sea_orm::{ConnectionTrait, Statement};
use services::{ServiceError, api_keys};

use crate::support::{CallMade, World, field_error, new_key};

async fn count(world: &World, table: &str) -> i64 {
    let read = world.services.database().read();
    let statement = Statement::from_string(read.get_database_backend(), format!("SELECT count(*) AS n FROM {table}"));
    read.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}

on_both_databases! {
    async fn a_key_is_told_once_and_only_its_hash_is_stored(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        world.offer("gpt-x", "1").await;
        let asked = NewApiKey {
            models: vec!["gpt-x".to_owned()],
            expires_in_days: Some(30),
            ..new_key(project, "web")
        };
        let made = api_keys::create(&world.services, &admin, asked).await.unwrap();
        let secret = Secret::parse(&made.secret).unwrap();
        assert_eq!(secret.level(), Level::Standard);
        let listed = api_keys::list(&world.services, &admin).await.unwrap();
        assert_eq!(listed, [made.api_key]);
        assert!(listed[0].masked.ends_with(secret.last_four()));
        assert_eq!(listed[0].expires_at, Some(world.services.now().plus_days(30)));
        assert!(!format!("{listed:?}").contains(&made.secret));
        for table in ["api_keys", "key_secrets", "key_directory"] {
            assert_eq!(count(world, table).await, 1, "{table}");
        }
    }

    async fn what_cannot_be_is_refused_by_its_field(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let other = world.organization("Other", "UTC").await;
        let project = world.default_project(&admin).await;
        let theirs = world.default_project(&other).await;
        let create = async |asked| api_keys::create(&world.services, &admin, asked).await;
        field_error(create(new_key(theirs, "web")).await, "project_id");
        field_error(create(new_key(ProjectId::new(uuid::Uuid::max()), "web")).await, "project_id");
        field_error(create(NewApiKey { models: vec!["gpt-9".to_owned()], ..new_key(project, "web") }).await, "models");
        field_error(create(new_key(project, " ")).await, "name");
        let transaction = world.services.database().begin().await.unwrap();
        transaction.execute_unprepared("UPDATE projects SET archived_at = 1").await.unwrap();
        transaction.commit().await.unwrap();
        assert!(field_error(create(new_key(project, "web")).await, "project_id").contains("archived"));
        assert_eq!(count(world, "key_directory").await, 0);
    }

    async fn a_developer_has_own_keys_in_assigned_projects(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let default = world.default_project(&admin).await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        field_error(api_keys::create(&world.services, &developer, new_key(default, "mine")).await, "project_id");
        world.assign(&admin, default, "Dev").await;
        let theirs = world.key(&admin, default, "theirs").await;
        let mine = world.key(&developer, default, "mine").await;
        let listed = api_keys::list(&world.services, &developer).await.unwrap();
        assert_eq!(listed.iter().map(|key| key.id).collect::<Vec<_>>(), [mine.id]);
        let refused = api_keys::revoke(&world.services, &developer, theirs.id).await;
        assert!(matches!(refused, Err(ServiceError::NotFound)));
        api_keys::revoke(&world.services, &developer, mine.id).await.unwrap();
        assert_eq!(api_keys::list(&world.services, &admin).await.unwrap().len(), 2);
    }

    async fn an_admin_key_needs_an_administrator(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let asked = || NewApiKey { project_id: None, level: Level::Admin, ..new_key(ProjectId::new(uuid::Uuid::nil()), "ops") };
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let refused = api_keys::create(&world.services, &developer, asked()).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
        let made = api_keys::create(&world.services, &admin, asked()).await.unwrap();
        assert!(made.secret.starts_with("toll_admin_") && made.api_key.project.is_none());
    }

    async fn a_viewer_has_nothing_to_do_with_keys(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        assert!(matches!(api_keys::list(&world.services, &viewer).await, Err(ServiceError::Forbidden(_))));
        let made = api_keys::create(&world.services, &viewer, new_key(project, "x")).await;
        assert!(matches!(made, Err(ServiceError::Forbidden(_))));
        assert!(matches!(api_keys::revoke(&world.services, &viewer, key.id).await, Err(ServiceError::Forbidden(_))));
    }

    async fn revoking_is_for_good_and_doing_it_again_changes_nothing(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        api_keys::revoke(&world.services, &admin, key.id).await.unwrap();
        let revoked_at = world.services.now();
        let entries = count(world, "audit_entries").await;
        world.clock.forward_minutes(5);
        api_keys::revoke(&world.services, &admin, key.id).await.unwrap();
        let listed = api_keys::list(&world.services, &admin).await.unwrap();
        assert_eq!((listed[0].status, listed[0].revoked_at), (Status::Revoked, Some(revoked_at)));
        assert_eq!(count(world, "audit_entries").await, entries);
        assert_eq!(count(world, "changes").await, 1);
        let organization = api_keys::find_organization_of(&world.services, key.id).await.unwrap();
        assert_eq!(organization.id, admin.organization.id);
    }

    async fn a_key_expires(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let asked = NewApiKey { expires_in_days: Some(1), ..new_key(project, "web") };
        api_keys::create(&world.services, &admin, asked).await.unwrap();
        let status = async || api_keys::list(&world.services, &admin).await.unwrap()[0].status;
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
            CallMade::at("2026-10-31T21:59:59Z"),
            CallMade::at("2026-10-31T22:00:00Z"),
            CallMade::at("2026-11-16T08:00:00Z").model("gpt-y").outcome(Outcome::Failed),
            CallMade::at("2026-11-17T10:00:00Z").outcome(Outcome::Refused),
        ];
        world.calls(&admin.organization, &used, &made).await;
        let listed = api_keys::list(&world.services, &admin).await.unwrap();
        let find = |id| listed.iter().find(|key| key.id == id).unwrap();
        assert_eq!(find(used.id).calls_this_month, 2);
        assert_eq!(find(used.id).spend_this_month.nanos(), 2_000);
        assert_eq!(find(used.id).last_used_at, Some("2026-11-16T08:00:00Z".parse().unwrap()));
        assert_eq!((find(idle.id).calls_this_month, find(idle.id).last_used_at), (0, None));
    }
}
