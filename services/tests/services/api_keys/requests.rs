//! Idempotency keys of creations and rotations, repeated later and concurrently.

use domain::{
    api_keys::{ApiKey, Level, NewApiKey, RotatedApiKey, Rotation},
    ids::ApiKeyId,
    permissions::Role,
};
use futures::future::join_all;
use sea_orm::ConnectionTrait;
use services::{Actor, ServiceError, Services, api_keys};

use crate::support::{World, field_error};

const HOUR: u32 = 60 * 60;

fn rotation(grace_seconds: u32, request: Option<&str>) -> Rotation {
    Rotation { grace_seconds, request: request.map(str::to_owned) }
}

async fn key(world: &World, actor: &Actor) -> ApiKeyId {
    let project = world.default_project(actor).await;
    world.key(actor, project, "web").await.id
}

on_both_databases! {
    async fn the_same_request_makes_one_key_and_tells_its_secret_once(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (project, other) = (world.default_project(&admin).await, world.project(&admin, "Other").await.id);
        let input = |project| NewApiKey::plain("web", Level::Standard, Some(project));
        let make = async |actor: &Actor, input: NewApiKey, request: &str| {
            api_keys::create_once(&world.services, actor, input, request.to_owned()).await
        };
        let (key, secret) = make(&admin, input(project), "deploy-1").await.unwrap();
        assert!(secret.is_some());
        let entries = world.count("audit_entries").await;
        assert_eq!(make(&admin, input(project), "deploy-1").await.unwrap(), (key.clone(), None));
        api_keys::revoke(&world.services, &admin, &[key.id]).await.unwrap();
        let (again, secret) = make(&admin, input(project), "deploy-1").await.unwrap();
        assert_eq!((again.id, secret), (key.id, None));
        assert_eq!((world.count("api_keys").await, world.count("audit_entries").await), (1, entries + 1));
        // A different request with the idempotency key learns nothing of the first.
        for input in [input(other), NewApiKey::plain("web", Level::Read, Some(project))] {
            let refused = make(&admin, input, "deploy-1").await.unwrap_err();
            assert!(matches!(refused, ServiceError::Conflict(_)), "{refused:?}");
        }
        // Idempotency keys of rotations and of other organizations are independent.
        assert_ne!(make(&admin, input(project), "deploy-2").await.unwrap().0.id, key.id);
        let stranger = world.organization("Globex", "UTC").await;
        let theirs = world.default_project(&stranger).await;
        assert!(make(&stranger, input(theirs), "deploy-1").await.unwrap().1.is_some());
        let (made, _) = make(&admin, input(project), "deploy-3").await.unwrap();
        let rotated = api_keys::rotate(&world.services, &admin, made.id, rotation(0, Some("deploy-3"))).await.unwrap();
        assert!(rotated.secret.is_some());
        field_error(make(&admin, input(project), "").await, "request");
    }

    async fn who_may_not_see_the_key_that_a_request_made_is_not_told_of_it(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let input = NewApiKey::plain("web", Level::Standard, Some(project));
        api_keys::create_once(&world.services, &admin, input.clone(), "deploy".to_owned()).await.unwrap();
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        world.assign(&admin, project, "Dev").await;
        let refused = api_keys::create_once(&world.services, &developer, input, "deploy".to_owned()).await.unwrap_err();
        assert!(matches!(refused, ServiceError::Conflict(_)), "{refused:?}");
    }

    async fn twenty_times_at_once_on_two_servers_is_one_key(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let another = Services::open(world.database.url(), world.clock.clone()).await.unwrap();
        let servers = [&world.services, &another];
        let attempts = (0..20).map(|number| {
            let input = NewApiKey::plain("web", Level::Standard, Some(project));
            api_keys::create_once(servers[number % 2], &admin, input, "deploy".to_owned())
        });
        let answers: Vec<(ApiKey, Option<String>)> = join_all(attempts).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|(_, secret)| secret.is_some()).count(), 1);
        assert!(answers.iter().all(|(key, _)| *key == answers[0].0));
        assert_eq!((world.count("api_keys").await, world.count("key_secrets").await), (1, 1));
        assert_eq!(services::audit::verify(&world.services).await.unwrap().first_break, None);
        another.database().clone().close().await.unwrap();
    }

    async fn the_same_request_makes_one_rotation_and_one_secret(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let id = key(world, &admin).await;
        let again = async |name: &str| {
            api_keys::rotate(&world.services, &admin, id, rotation(HOUR, Some(name))).await.unwrap()
        };
        let first = again("deploy-1").await;
        let entries = world.count("audit_entries").await;
        let repeated = again("deploy-1").await;
        assert_eq!((repeated.api_key, repeated.secret), (first.api_key, None));
        // Also after the grace period, and after the key's end.
        world.clock.forward_minutes(60);
        assert_eq!(again("deploy-1").await.secret, None);
        assert_eq!((world.count("key_secrets").await, world.count("audit_entries").await), (2, entries));
        assert!(again("deploy-2").await.secret.is_some());
        api_keys::revoke(&world.services, &admin, &[id]).await.unwrap();
        assert_eq!(again("deploy-2").await.secret, None);
        // Another key's rotation with that idempotency key is independent.
        let other = key(world, &admin).await;
        let rotated = api_keys::rotate(&world.services, &admin, other, rotation(0, Some("deploy-1"))).await.unwrap();
        assert!(rotated.secret.is_some());
    }

    async fn twenty_times_at_once_on_two_servers_is_one_rotation(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let id = key(world, &admin).await;
        let another = Services::open(world.database.url(), world.clock.clone()).await.unwrap();
        let servers = [&world.services, &another];
        let attempts = (0..20).map(|number| {
            api_keys::rotate(servers[number % 2], &admin, id, rotation(HOUR, Some("deploy")))
        });
        let answers: Vec<RotatedApiKey> = join_all(attempts).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| answer.secret.is_some()).count(), 1);
        assert!(answers.iter().all(|answer| answer.api_key == answers[0].api_key));
        assert_eq!(world.count("key_secrets").await, 2);
        // Without an idempotency key, one succeeds and the others conflict.
        world.clock.forward_minutes(60);
        let attempts = (0..20).map(|number| api_keys::rotate(servers[number % 2], &admin, id, rotation(HOUR, None)));
        let (done, refused): (Vec<_>, Vec<_>) = join_all(attempts).await.into_iter().partition(Result::is_ok);
        assert_eq!(done.len(), 1);
        assert!(refused.iter().all(|answer| matches!(answer, Err(ServiceError::Conflict(_)))));
        assert_eq!(world.count("key_secrets").await, 3);
        assert_eq!(services::audit::verify(&world.services).await.unwrap().first_break, None);
        another.database().clone().close().await.unwrap();
    }

    async fn the_database_itself_refuses_a_second_secret_for_a_request(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let id = key(world, &admin).await;
        api_keys::rotate(&world.services, &admin, id, rotation(0, Some("deploy"))).await.unwrap();
        let transaction = world.services.database().begin().await.unwrap();
        let copied = transaction.execute_unprepared("UPDATE key_secrets SET request = 'deploy'").await;
        let refused = ServiceError::from(copied.unwrap_err());
        assert!(matches!(refused, ServiceError::Conflict(_)), "{refused:?}");
        transaction.rollback().await.unwrap();
    }
}
