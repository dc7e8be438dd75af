//! Descendants of a key: keys it made or rotated, whose secrets its holder knows too.

use domain::{
    api_keys::{ApiKey, Level, NewApiKey, Rotation, Scope},
    ids::ApiKeyId,
};
use services::{Actor, ServiceError, api_keys};

use crate::support::{World, new_key};

/// Creates a key that is younger than all others.
async fn create_later(world: &World, actor: &Actor, request: NewApiKey) -> ApiKey {
    world.clock.forward_millis(1);
    api_keys::create(&world.services, actor, request).await.unwrap().api_key
}

async fn rotate(world: &World, actor: &Actor, key: &ApiKey) {
    let rotation = Rotation { grace_seconds: 0, request: None };
    api_keys::rotate(&world.services, actor, key.id, rotation).await.unwrap();
}

/// Ids of the keys offered to be revoked along with a key.
async fn offered(world: &World, actor: &Actor, key: &ApiKey) -> Vec<ApiKeyId> {
    let found = api_keys::descendants(&world.services, actor, &[key.id]).await.unwrap();
    assert_eq!(found.count, i64::try_from(found.keys.len()).unwrap());
    found.keys.into_iter().map(|key| key.id).collect()
}

on_both_databases! {
    async fn all_that_came_from_a_key_is_offered_in_the_order_of_its_making(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let rotated = world.key(&admin, project, "rotated").await;
        world.key(&admin, project, "another").await;
        world.clock.forward_millis(1);
        let (program, root) = world.program(&admin, &[]).await;
        world.clock.forward_millis(1);
        let (child, secret) = world.secret(&program, NewApiKey::plain("child", Level::Admin, None)).await;
        let grandchild = create_later(world, &world.bearer(&secret).await, new_key(project, "grandchild")).await;
        let gone = create_later(world, &program, new_key(project, "gone")).await;
        api_keys::revoke(&world.services, &admin, &[gone.id]).await.unwrap();
        let last = create_later(world, &program, new_key(project, "last")).await;
        rotate(world, &world.bearer(&secret).await, &rotated).await;
        // A cycle: a descendant rotates the key that made it.
        rotate(world, &world.bearer(&secret).await, &root).await;
        assert_eq!(offered(world, &admin, &root).await, [rotated.id, child.id, grandchild.id, last.id]);
        assert_eq!(offered(world, &admin, &child).await, [rotated.id, root.id, grandchild.id, last.id]);
        assert_eq!(offered(world, &admin, &grandchild).await, []);
        let both = api_keys::descendants(&world.services, &admin, &[root.id, child.id]).await.unwrap();
        assert_eq!(both.keys.iter().map(|key| key.id).collect::<Vec<_>>(), [rotated.id, grandchild.id, last.id]);

        let along = api_keys::revoke_with_descendants(&world.services, &admin, &[root.id]).await.unwrap();
        assert_eq!(along, [rotated.id, child.id, grandchild.id, last.id]);
        let left: Vec<String> =
            world.keys(&admin).await.into_iter().filter(|key| key.status.is_usable()).map(|key| key.name).collect();
        assert_eq!(left, ["another"]);
        assert_eq!(world.count("changes").await, 1 + 1 + 1 + 5, "a revocation, two rotations, and these");
        assert_eq!(services::audit::verify(&world.services).await.unwrap().first_break, None);
    }

    async fn without_being_asked_nothing_else_is_revoked(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (program, root) = world.program(&admin, &[]).await;
        let child = create_later(world, &program, new_key(project, "child")).await;
        api_keys::revoke(&world.services, &admin, &[root.id]).await.unwrap();
        assert_eq!(offered(world, &admin, &root).await, [child.id], "it can be done later too");
    }

    async fn who_may_not_revoke_all_of_them_revokes_none(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (program, root) = world.program(&admin, &[]).await;
        create_later(world, &program, new_key(project, "child")).await;
        let (narrow, _) = world.program(&admin, &[Scope::AdminApiKeysRead, Scope::AdminApiKeysWrite]).await;
        assert_eq!(offered(world, &narrow, &root).await, [], "it may not see them");
        let refused = api_keys::revoke_with_descendants(&world.services, &narrow, &[root.id]).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))), "{refused:?}");
        assert!(world.keys(&admin).await.iter().all(|key| key.status.is_usable()));
        let other = world.organization("Other", "UTC").await;
        let foreign = api_keys::descendants(&world.services, &other, &[root.id]).await;
        assert!(matches!(foreign, Err(ServiceError::NotFound)), "{foreign:?}");
    }
}
