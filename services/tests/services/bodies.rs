//! Bodies of calls: stored, read with permission, and deleted after their days.

use domain::{
    bodies::{BodiesState, BodyDeletion, BodyForm, BodySettings, BodySide, StoredBody, TurnPart},
    calls::CallQuery,
    ids::CallId,
    organizations::OrganizationSettings,
    permissions::Role,
    usage::Filter,
};
use patience::wait_until;
use services::{
    Actor, ServiceError, ServiceResult,
    api_keys::directory::{KeyDirectory, KeyVerification},
    bodies::{self, NewBodies},
    calls, organizations,
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

    async fn a_page_gets_the_beginning_and_files_hold_the_rest(world: &World) {
        let admin = storing(world, "Acme").await;
        let (id, mut new) = new_bodies(world, &admin, "hello", 30).await;
        let picture = "iVBORw0KGgo".to_owned() + &"A".repeat(4_000);
        let long = "x".repeat(300 * 1024);
        new.request.text = Some(format!(
            r#"{{"messages":[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{picture}"}}}}]}}]}}"#
        ));
        new.response.text = Some(long.clone());
        bodies::store(&world.services, vec![new.clone()]).await.unwrap();
        let view = async |form| match bodies::view(&world.services, &admin, id, form).await.unwrap() {
            BodiesState::Kept(views) => views,
            other => panic!("{other:?}"),
        };
        let shown = view(BodyForm::Readable).await;
        assert!(shown.is_conversation && !shown.request.shortened && shown.response.shortened);
        assert!(shown.request.text.unwrap().contains("[image/png, 3.0\u{202f}kB]"));
        assert_eq!(shown.response.text.unwrap().len(), 256 * 1024);
        assert_eq!(shown.response.stored_bytes, long.len() as u64);
        assert_eq!(view(BodyForm::Raw).await.request.text, new.request.text, "raw is as it was stored");

        let [media] = &shown.request.media[..] else { panic!("{:?}", shown.request.media) };
        let file = bodies::media(&world.services, &admin, id, BodySide::Request, &media.pointer).await.unwrap();
        assert_eq!((file.media_type.as_str(), file.base64), ("image/png", picture));
        let nothing = bodies::media(&world.services, &admin, id, BodySide::Request, "/messages/0").await;
        assert!(matches!(nothing, Err(ServiceError::NotFound)));
        assert_eq!(bodies::text(&world.services, &admin, id, BodySide::Response).await.unwrap(), long);
        let conversation = bodies::conversation(&world.services, &admin, id).await.unwrap().unwrap();
        assert_eq!(conversation.turns[0].parts, [TurnPart::Media { media: media.clone() }]);

        let viewer = world.member(&admin.organization, "Viewer", Role::Viewer).await;
        let other = storing(world, "Other").await;
        let refused = bodies::text(&world.services, &viewer, id, BodySide::Request).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
        let missing = bodies::media(&world.services, &other, id, BodySide::Request, &media.pointer).await;
        assert!(matches!(missing, Err(ServiceError::NotFound)));
    }

    async fn bodies_are_deleted_by_filter_and_figures_stay(world: &World) {
        let (admin, other) = (storing(world, "Acme").await, storing(world, "Other").await);
        let mut ids = Vec::new();
        for name in ["first", "second", "third"] {
            ids.push(store(world, &admin, name, 30).await);
        }
        let foreign = store(world, &other, "theirs", 30).await;
        let sums = async || {
            let rows = world.rows("SELECT CAST(sum(bytes) AS bigint) AS bytes FROM body_sums").await;
            rows[0].try_get::<i64>("", "bytes").unwrap()
        };
        let key = calls::get(&world.services, &admin, ids[1]).await.unwrap().call.api_key.unwrap().id;
        let before = sums().await;
        let query = CallQuery { filter: Filter { api_keys: vec![key], ..Filter::default() }, ..CallQuery::default() };
        for deleted in [1, 0] {
            let deletion = bodies::delete(&world.services, &admin, &query).await.unwrap();
            assert_eq!(deletion, BodyDeletion { deleted, rest: None });
        }
        let mut stored = Vec::new();
        for id in &ids {
            stored.push(is_stored(world, &admin, *id).await);
        }
        assert_eq!(stored, [true, false, true]);
        let after = sums().await;
        assert!(after < before, "a deleted body takes up no quota");
        assert!(is_stored(world, &other, foreign).await);

        // All that are left; the calls stay.
        assert_eq!(bodies::delete(&world.services, &admin, &CallQuery::default()).await.unwrap().deleted, 2);
        assert_eq!((world.count("bodies").await, world.count("calls").await), (1, 4));
        assert!(is_stored(world, &other, foreign).await);
        let entries = world.rows("SELECT action, after FROM audit_entries WHERE action LIKE 'bodies.%' ORDER BY sequence").await;
        let entries: Vec<(String, String)> =
            entries.iter().map(|row| (row.try_get("", "action").unwrap(), row.try_get("", "after").unwrap())).collect();
        let actions: Vec<&str> = entries.iter().map(|(action, _)| action.as_str()).collect();
        assert_eq!(actions, ["bodies.deletion_begun", "bodies.deleted"].repeat(3));
        assert!(entries[1].1.contains(&key.to_string()) && entries[1].1.contains(r#""calls":1"#), "{entries:?}");

        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let refused = bodies::delete(&world.services, &developer, &query).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
        let wrong = bodies::delete(&world.services, &other, &query).await;
        assert!(matches!(wrong, Err(ServiceError::Invalid(_))), "a key of another organization is none");
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
