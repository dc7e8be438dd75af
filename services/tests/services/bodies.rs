//! What was said in calls: stored, read by whoever may, and deleted when its days are over.

use domain::{
    bodies::{Body, BodySettings, KeptBodies},
    ids::CallId,
    organizations::Settings,
    permissions::Role,
};
use patience::until;
use services::{
    Actor, ServiceError, ServiceResult,
    api_keys::directory::{KeyDirectory, Verification},
    bodies::{self, NewBodies},
    organizations,
};

use crate::support::{CallMade, World, new_key};

/// A call with this to be kept of it for so many days.
async fn said(world: &World, actor: &Actor, text: &str, days: u32) -> (CallId, NewBodies) {
    let project = world.default_project(actor).await;
    let key = world.key(actor, project, text).await;
    let made = [CallMade::at_moment(world.services.now())];
    let id = world.calls(&actor.organization, &key, &made).await[0];
    let request = Body { text: Some(text.to_owned()), bytes: 5, ..Body::default() };
    let response = Body { text: Some(text.repeat(1_000)), bytes: 5_000, assembled: true, ..Body::default() };
    let started_at = world.services.now();
    let organization_id = actor.organization.id;
    (id, NewBodies { organization_id, call_id: id, started_at, days, request, response })
}

async fn keep(world: &World, actor: &Actor, text: &str, days: u32) -> CallId {
    let (id, new) = said(world, actor, text, days).await;
    bodies::store(&world.services, vec![new]).await.unwrap();
    id
}

async fn choose(world: &World, actor: &Actor, chosen: BodySettings) -> ServiceResult<()> {
    let settings = organizations::settings(&world.services, actor).await.unwrap();
    organizations::update_settings(&world.services, actor, Settings { bodies: chosen, ..settings }).await
}

async fn is_kept(world: &World, actor: &Actor, id: CallId) -> bool {
    matches!(bodies::get(&world.services, actor, id).await.unwrap(), KeptBodies::Kept(_))
}

on_both_databases! {
    async fn what_was_said_is_read_as_it_was(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (id, new) = said(world, &admin, "hello", 30).await;
        assert_eq!(bodies::get(&world.services, &admin, id).await.unwrap(), KeptBodies::Gone);
        // Twice, as when a writer tries again.
        bodies::store(&world.services, vec![new.clone()]).await.unwrap();
        bodies::store(&world.services, vec![new.clone()]).await.unwrap();
        let KeptBodies::Kept(kept) = bodies::get(&world.services, &admin, id).await.unwrap() else { panic!() };
        assert_eq!((kept.request, kept.response), (new.request, new.response));
        assert_eq!(world.count("bodies").await, 1);
    }

    async fn what_has_no_room_in_its_organization_isnt_kept(world: &World) {
        let (admin, other) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        let first = keep(world, &admin, "hello", 30).await;
        let bytes = world.rows("SELECT bytes FROM body_sums").await[0].try_get::<i64>("", "bytes").unwrap();
        let stored_bodies_bytes = u64::try_from(bytes).unwrap() * 5 / 2;
        world.services.set_quotas(services::Quotas { stored_bodies_bytes, ..services::Quotas::default() });
        let mut all = Vec::new();
        for number in 0..4 {
            all.push(said(world, &admin, &format!("more{number}"), 30 + number).await);
        }
        all.push(said(world, &other, "theirs", 30).await);
        let left_out = bodies::store(&world.services, all.iter().map(|(_, new)| new.clone()).collect()).await.unwrap();
        assert_eq!(left_out, 3);
        assert!(is_kept(world, &admin, first).await && is_kept(world, &admin, all[0].0).await);
        assert!(!is_kept(world, &admin, all[1].0).await);
        assert!(is_kept(world, &other, all[4].0).await);
        // What has expired makes room.
        world.clock.forward_minutes(32 * 24 * 60);
        bodies::cleanup::run(&world.services).await.unwrap();
        assert_eq!(world.count("body_sums").await, 0);
        keep(world, &admin, "again", 30).await;
        choose(world, &admin, BodySettings { days: None, ..BodySettings::default() }).await.unwrap();
        bodies::cleanup::run(&world.services).await.unwrap();
        assert_eq!(world.count("body_sums").await, 0);
    }

    async fn bodies_are_read_by_whoever_may_and_by_nobody_else(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let id = keep(world, &admin, "hello", 30).await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let get = async |actor: &Actor| bodies::get(&world.services, actor, id).await;
        assert!(matches!(get(&developer).await, Err(ServiceError::NotFound)), "the project isn't assigned");
        world.assign(&admin, world.default_project(&admin).await, "Dev").await;
        assert!(matches!(get(&developer).await, Ok(KeptBodies::Kept(_))));
        for role in [Role::Admin, Role::Owner] {
            let member = world.member(&admin.organization, role.name(), role).await;
            assert!(matches!(get(&member).await, Ok(KeptBodies::Kept(_))));
        }
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        assert!(matches!(get(&viewer).await, Err(ServiceError::Forbidden(_))));
        let stranger = world.organization("Other", "UTC").await;
        assert!(matches!(get(&stranger).await, Err(ServiceError::NotFound)));
        let (program, _) = world.program(&admin, &[]).await;
        assert!(matches!(get(&program).await, Err(ServiceError::Forbidden(_))));
    }

    async fn bodies_go_when_their_days_are_over(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        bodies::cleanup::run(&world.services).await.unwrap();
        // One goes to a partition that was made ahead, the other to the default one.
        let (month, day) = (keep(world, &admin, "month", 30).await, keep(world, &admin, "day", 1).await);
        world.clock.forward_days(1);
        assert!(is_kept(world, &admin, day).await, "a whole day");
        world.clock.forward_days(1);
        assert!(!is_kept(world, &admin, day).await && is_kept(world, &admin, month).await);
        bodies::cleanup::run(&world.services).await.unwrap();
        assert_eq!(world.count("bodies").await, 1);
        world.clock.forward_days(29);
        assert!(!is_kept(world, &admin, month).await);
        bodies::cleanup::run(&world.services).await.unwrap();
        assert_eq!(world.count("bodies").await, 0);
    }

    async fn what_is_decided_later_counts_for_what_is_kept(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let other = world.organization("Other", "UTC").await;
        let (id, others) = (keep(world, &admin, "a", 30).await, keep(world, &other, "b", 30).await);
        world.clock.forward_days(5);
        choose(world, &admin, BodySettings { days: Some(3), ..BodySettings::default() }).await.unwrap();
        assert_eq!(bodies::get(&world.services, &admin, id).await.unwrap(), KeptBodies::Gone);
        choose(world, &admin, BodySettings { days: None, ..BodySettings::default() }).await.unwrap();
        assert_eq!(bodies::get(&world.services, &admin, id).await.unwrap(), KeptBodies::Off);
        bodies::cleanup::run(&world.services).await.unwrap();
        assert_eq!(world.count("bodies").await, 1);
        assert!(is_kept(world, &other, others).await);
    }

    async fn the_gateway_hears_what_is_chosen(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (_, secret) = world.secret(&admin, new_key(project, "web")).await;
        let directory: KeyDirectory = world.directory().await;
        let known = async || match directory.verify(&secret).await.unwrap() {
            Verification::Active(key) => key.bodies(),
            other => panic!("{other:?}"),
        };
        assert_eq!(known().await, BodySettings::default());
        let chosen = BodySettings { days: Some(7), limit: 2_048, redact: vec!["content".to_owned()] };
        choose(world, &admin, chosen.clone()).await.unwrap();
        assert_eq!(organizations::settings(&world.services, &admin).await.unwrap().bodies, chosen);
        until("the gateway knows what is chosen", async || known().await == chosen).await;
        let refused = choose(world, &admin, BodySettings { days: Some(91), ..chosen }).await;
        assert!(matches!(refused, Err(ServiceError::Invalid(_))));
    }
}
