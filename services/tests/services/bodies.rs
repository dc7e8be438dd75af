//! Bodies of calls: stored, read with permission, and deleted after their days.

use domain::{
    bodies::{BodiesState, BodySettings, StoredBody},
    ids::CallId,
    organizations::OrganizationSettings,
    permissions::Role,
};
use patience::wait_until;
use services::{
    Actor, ServiceError, ServiceResult,
    api_keys::directory::{KeyDirectory, KeyVerification},
    bodies::{self, NewBodies},
    organizations,
};
use uuid::Uuid;

use crate::support::{TestCall, World, new_key};

/// Stores a call, with bodies to be stored for a number of days.
async fn new_bodies(world: &World, actor: &Actor, text: &str, days: u32) -> (CallId, NewBodies) {
    let project = world.default_project(actor).await;
    let key = world.key(actor, project, text).await;
    let calls = [TestCall::at_moment(world.services.now())];
    let id = world.calls(&actor.organization, &key, &calls).await[0];
    let request = StoredBody { text: Some(text.to_owned()), bytes: 5, ..StoredBody::default() };
    let response =
        StoredBody { text: Some(text.repeat(1_000)), bytes: 5_000, assembled: true, ..StoredBody::default() };
    let started_at = world.services.now();
    let organization_id = actor.organization.id;
    (id, NewBodies { organization_id, call_id: id, started_at, days, request, response })
}

/// Creates an organization that stores bodies.
async fn storing(world: &World, name: &str) -> Actor {
    let admin = world.organization(name, "UTC").await;
    world.choose_body_days(&admin, Some(30)).await;
    admin
}

async fn store(world: &World, actor: &Actor, text: &str, days: u32) -> CallId {
    let (id, new) = new_bodies(world, actor, text, days).await;
    bodies::store(&world.services, vec![new]).await.unwrap();
    id
}

async fn set_body_settings(world: &World, actor: &Actor, chosen: BodySettings) -> ServiceResult<()> {
    let settings = organizations::settings(&world.services, actor).await.unwrap();
    organizations::update_settings(&world.services, actor, OrganizationSettings { bodies: chosen, ..settings }).await
}

async fn is_stored(world: &World, actor: &Actor, id: CallId) -> bool {
    matches!(bodies::get(&world.services, actor, id).await.unwrap(), BodiesState::Kept(_))
}

on_both_databases! {
    async fn what_was_said_is_read_as_it_was(world: &World) {
        let admin = storing(world, "Acme").await;
        let (id, new) = new_bodies(world, &admin, "hello", 30).await;
        assert_eq!(bodies::get(&world.services, &admin, id).await.unwrap(), BodiesState::Gone);
        // Twice, as when a writer retries.
        bodies::store(&world.services, vec![new.clone()]).await.unwrap();
        bodies::store(&world.services, vec![new.clone()]).await.unwrap();
        let BodiesState::Kept(stored) = bodies::get(&world.services, &admin, id).await.unwrap() else { panic!() };
        assert_eq!((stored.request, stored.response), (new.request, new.response));
        assert_eq!(world.count("bodies").await, 1);
    }

    async fn what_has_no_room_in_its_organization_isnt_kept(world: &World) {
        let (admin, other) = (storing(world, "Acme").await, storing(world, "Other").await);
        let first = store(world, &admin, "hello", 30).await;
        let bytes = world.rows("SELECT bytes FROM body_sums").await[0].try_get::<i64>("", "bytes").unwrap();
        let stored_bodies_bytes = u64::try_from(bytes).unwrap() * 5 / 2;
        world.services.set_quotas(services::Quotas { stored_bodies_bytes, ..services::Quotas::default() }).await.unwrap();
        let mut all = Vec::new();
        for number in 0..4 {
            all.push(new_bodies(world, &admin, &format!("more{number}"), 30 + number).await);
        }
        all.push(new_bodies(world, &other, "theirs", 30).await);
        let dropped = bodies::store(&world.services, all.iter().map(|(_, new)| new.clone()).collect()).await.unwrap();
        assert_eq!(dropped, 3);
        assert!(is_stored(world, &admin, first).await && is_stored(world, &admin, all[0].0).await);
        assert!(!is_stored(world, &admin, all[1].0).await);
        assert!(is_stored(world, &other, all[4].0).await);
        // Expired bodies free space.
        world.clock.forward_minutes(32 * 24 * 60);
        bodies::cleanup::run(&world.services).await.unwrap();
        assert_eq!(world.count("body_sums").await, 0);
        store(world, &admin, "again", 30).await;
        world.choose_body_days(&admin, None).await;
        bodies::cleanup::run(&world.services).await.unwrap();
        assert_eq!(world.count("body_sums").await, 0);
    }

    async fn bodies_are_read_by_whoever_may_and_by_nobody_else(world: &World) {
        let admin = storing(world, "Acme").await;
        let id = store(world, &admin, "hello", 30).await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let get = async |actor: &Actor| bodies::get(&world.services, actor, id).await;
        assert!(matches!(get(&developer).await, Err(ServiceError::NotFound)), "the project isn't assigned");
        world.assign(&admin, world.default_project(&admin).await, "Dev").await;
        assert!(matches!(get(&developer).await, Ok(BodiesState::Kept(_))));
        for role in [Role::Admin, Role::Owner] {
            let member = world.member(&admin.organization, role.name(), role).await;
            assert!(matches!(get(&member).await, Ok(BodiesState::Kept(_))));
        }
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        assert!(matches!(get(&viewer).await, Err(ServiceError::Forbidden(_))));
        let stranger = storing(world, "Other").await;
        assert!(matches!(get(&stranger).await, Err(ServiceError::NotFound)));
        let (program, _) = world.program(&admin, &[]).await;
        assert!(matches!(get(&program).await, Err(ServiceError::Forbidden(_))));
    }

    async fn bodies_go_when_their_days_are_over(world: &World) {
        let admin = storing(world, "Acme").await;
        bodies::cleanup::run(&world.services).await.unwrap();
        // One is stored in a partition that was created ahead, the other in the default one.
        let (month, day) = (store(world, &admin, "month", 30).await, store(world, &admin, "day", 1).await);
        world.clock.forward_days(1);
        assert!(is_stored(world, &admin, day).await, "a whole day");
        world.clock.forward_days(1);
        assert!(!is_stored(world, &admin, day).await && is_stored(world, &admin, month).await);
        bodies::cleanup::run(&world.services).await.unwrap();
        assert_eq!(world.count("bodies").await, 1);
        world.clock.forward_days(29);
        assert!(!is_stored(world, &admin, month).await);
        bodies::cleanup::run(&world.services).await.unwrap();
        assert_eq!(world.count("bodies").await, 0);
    }

    async fn bodies_of_all_organizations_go_however_many_there_are(world: &World) {
        let (admin, other) = (storing(world, "Acme").await, storing(world, "Other").await);
        // More than are deleted at once.
        let (_, first) = new_bodies(world, &admin, "many", 1).await;
        let with_new_id = |_| NewBodies { call_id: CallId::new(Uuid::now_v7()), ..first.clone() };
        bodies::store(&world.services, (0..1_001).map(with_new_id).collect()).await.unwrap();
        let (brief, long) = (store(world, &other, "day", 1).await, store(world, &other, "month", 30).await);
        assert_eq!(world.count("bodies").await, 1_003);
        world.clock.forward_days(2);
        bodies::cleanup::run(&world.services).await.unwrap();
        assert!(is_stored(world, &other, long).await && !is_stored(world, &other, brief).await);
        assert_eq!((world.count("bodies").await, world.count("body_sums").await), (1, 1));
    }

    async fn what_is_decided_later_counts_for_what_is_kept(world: &World) {
        let admin = storing(world, "Acme").await;
        let other = storing(world, "Other").await;
        let (id, others) = (store(world, &admin, "a", 30).await, store(world, &other, "b", 30).await);
        world.clock.forward_days(5);
        world.choose_body_days(&admin, Some(3)).await;
        assert_eq!(bodies::get(&world.services, &admin, id).await.unwrap(), BodiesState::Gone);
        world.choose_body_days(&admin, None).await;
        assert_eq!(bodies::get(&world.services, &admin, id).await.unwrap(), BodiesState::Off);
        bodies::cleanup::run(&world.services).await.unwrap();
        assert_eq!(world.count("bodies").await, 1);
        assert!(is_stored(world, &other, others).await);
    }

    async fn a_new_organization_stores_nothing_until_somebody_decides(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        let by_sign_up = world.actor_of(&signed_in).await;
        for admin in [by_sign_up, world.organization("Other", "UTC").await] {
            let decided = async || organizations::settings(&world.services, &admin).await.unwrap().bodies;
            let new = decided().await;
            assert_eq!(new, BodySettings { undecided: true, ..BodySettings::default() });
            let (id, _) = new_bodies(world, &admin, "hello", 30).await;
            assert_eq!(bodies::get(&world.services, &admin, id).await.unwrap(), BodiesState::Off);
            // Another setting decides nothing.
            set_body_settings(world, &admin, BodySettings { limit: 2_048, ..new }).await.unwrap();
            assert!(decided().await.undecided);
            world.choose_body_days(&admin, None).await;
            assert_eq!(decided().await, BodySettings::default());
            world.choose_body_days(&admin, Some(30)).await;
            assert_eq!(decided().await, BodySettings { days: Some(30), ..BodySettings::default() });
        }
    }

    async fn an_organization_from_before_the_question_keeps_its_setting(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        // As an older version created it, and as a server of it decides for one that a newer one created.
        for undecided in ["false", "true"] {
            world.execute(&format!("UPDATE organizations SET body_days = 30, bodies_undecided = {undecided}")).await;
            let settings = organizations::settings(&world.services, &admin).await.unwrap();
            assert_eq!(settings.bodies, BodySettings { days: Some(30), ..BodySettings::default() });
        }
    }

    async fn the_gateway_hears_what_is_chosen(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (_, secret) = world.secret(&admin, new_key(project, "web")).await;
        let directory: KeyDirectory = world.directory().await;
        let known = async || match directory.verify(&secret).await.unwrap() {
            KeyVerification::Active(key) => key.bodies(),
            other => panic!("{other:?}"),
        };
        assert_eq!(known().await, BodySettings::default());
        let chosen = BodySettings { days: Some(7), limit: 2_048, redact: vec!["content".to_owned()], undecided: false };
        set_body_settings(world, &admin, chosen.clone()).await.unwrap();
        assert_eq!(organizations::settings(&world.services, &admin).await.unwrap().bodies, chosen);
        wait_until("the gateway knows what is chosen", async || known().await == chosen).await;
        let refused = set_body_settings(world, &admin, BodySettings { days: Some(91), ..chosen }).await;
        assert!(matches!(refused, Err(ServiceError::Invalid(_))));
    }
}
