//! The same rotation asked for again, and at once.

use domain::{
    api_keys::{RotatedApiKey, Rotation},
    ids::ApiKeyId,
};
use futures::future::join_all;
use sea_orm::ConnectionTrait;
use services::{Actor, ServiceError, Services, api_keys};

use crate::support::World;

const HOUR: u32 = 60 * 60;

fn rotation(grace_seconds: u32, request: Option<&str>) -> Rotation {
    Rotation { grace_seconds, request: request.map(str::to_owned) }
}

async fn key(world: &World, actor: &Actor) -> ApiKeyId {
    let project = world.default_project(actor).await;
    world.key(actor, project, "web").await.id
}

on_both_databases! {
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
        // Also when all is over, or the key has ended.
        world.clock.forward_minutes(60);
        assert_eq!(again("deploy-1").await.secret, None);
        assert_eq!((world.count("key_secrets").await, world.count("audit_entries").await), (2, entries));
        assert!(again("deploy-2").await.secret.is_some());
        api_keys::revoke(&world.services, &admin, &[id]).await.unwrap();
        assert_eq!(again("deploy-2").await.secret, None);
        // Another key's request of the same name is another.
        let other = key(world, &admin).await;
        let rotated = api_keys::rotate(&world.services, &admin, other, rotation(0, Some("deploy-1"))).await.unwrap();
        assert!(rotated.secret.is_some());
    }

    async fn twenty_times_at_once_on_two_servers_is_one_rotation(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let id = key(world, &admin).await;
        let another = Services::open(world.database.url(), world.clock.clone()).await.unwrap();
        let servers = [&world.services, &another];
        let asked = (0..20).map(|number| {
            api_keys::rotate(servers[number % 2], &admin, id, rotation(HOUR, Some("deploy")))
        });
        let answers: Vec<RotatedApiKey> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| answer.secret.is_some()).count(), 1);
        assert!(answers.iter().all(|answer| answer.api_key == answers[0].api_key));
        assert_eq!(world.count("key_secrets").await, 2);
        // Without a request, one is done and the others are told that it is.
        world.clock.forward_minutes(60);
        let asked = (0..20).map(|number| api_keys::rotate(servers[number % 2], &admin, id, rotation(HOUR, None)));
        let (done, refused): (Vec<_>, Vec<_>) = join_all(asked).await.into_iter().partition(Result::is_ok);
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
