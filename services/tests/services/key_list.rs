//! Lists of keys.

mod model;
mod pages;
mod random;
mod search;
mod visibility;

use std::collections::BTreeSet;

use domain::{
    api_keys::{ApiKey, ApiKeyChanges, KeyPage, KeyPolicy, KeyQuery, Rotation, Status},
    calls::Outcome,
    ids::ApiKeyId,
    models::Service,
    organizations::OrganizationSettings,
    time::Timestamp,
};
use futures::TryStreamExt;
use services::{Actor, api_keys, background_migrations, organizations};

use self::{
    model::{Fact, Model},
    random::{MODELS, Random},
};
use crate::support::{StoredKey, StoredSecret, TestCall, World};

async fn list(world: &World, actor: &Actor, query: &KeyQuery) -> KeyPage {
    api_keys::list(&world.services, actor, query).await.unwrap()
}

fn ids(keys: &[ApiKey]) -> Vec<ApiKeyId> {
    keys.iter().map(|key| key.id).collect()
}

/// Makes an organization with random keys and calls, and a model of it.
async fn random_organization(world: &World, seed: u64) -> (Actor, Model, Random) {
    let now = world.services.now();
    let admin = world.organization("Acme", "Europe/Berlin").await;
    let projects = [world.default_project(&admin).await, world.project(&admin, "Other").await.id];
    let mut random = Random::new(seed, now);
    let keys: Vec<StoredKey> = (0..130).map(|_| random.key(&projects)).collect();
    world.store_keys(&admin.organization, &keys).await;
    world.offer_all(&MODELS).await;
    let policy = KeyPolicy { expiry_required: random.one_in(2), longest_life_days: Some(90) };
    let settings = OrganizationSettings {
        session_idle_minutes: 60,
        key_policy: policy,
        bodies: Default::default(),
        call_retention: Default::default(),
    };
    organizations::update_settings(&world.services, &admin, settings).await.unwrap();

    let mut facts = Vec::new();
    for key in keys {
        let shown = api_keys::get(&world.services, &admin, key.id).await.unwrap();
        let made = if random.one_in(2) { calls(&mut random) } else { Vec::new() };
        world.calls(&admin.organization, &shown, &made).await;
        facts.push(fact(key, &made, now));
    }
    let offered = MODELS.map(str::to_owned).to_vec();
    (admin, Model { facts, now, policy, offered }, random)
}

fn calls(random: &mut Random) -> Vec<TestCall> {
    let services = [Service::Chat, Service::Embeddings, Service::Image];
    let outcomes = [Outcome::Succeeded, Outcome::Failed, Outcome::Refused];
    (0..random.number(5))
        .map(|_| {
            let at = random.moment(&[-60, -30, -30, -16, -3, -1]);
            let cost = i64::try_from(random.number(3)).unwrap() * 1_500_000_000;
            TestCall { cost: Some(cost), service: services[random.number(3)], ..TestCall::at_moment(at) }
                .model(MODELS[random.number(4)])
                .outcome(outcomes[random.number(3)])
        })
        .collect()
}

fn fact(key: StoredKey, made: &[TestCall], now: Timestamp) -> Fact {
    // Beginning of the month in Berlin.
    let month: Timestamp = "2026-10-31T23:00:00Z".parse().unwrap();
    let counted = || made.iter().filter(|call| call.outcome != Outcome::Refused);
    let lately: BTreeSet<_> = counted()
        .filter(|call| call.at >= now.plus_days(-30))
        .map(|call| (call.model.clone(), call.service.name()))
        .collect();
    Fact { key, spend_this_month: counted().filter(|call| call.at >= month).filter_map(|call| call.cost).sum(), lately }
}

on_both_databases! {
    async fn every_question_is_answered_as_a_plain_model_says(world: &World) {
        // KEY_LIST_QUESTIONS=2000 runs more queries.
        let questions = std::env::var("KEY_LIST_QUESTIONS").map_or(80, |questions| questions.parse().unwrap());
        for seed in 0..2 {
            let (admin, model, mut random) = random_organization(world, seed).await;
            if seed == 1 {
                background_migrations::run(&world.services).await.unwrap();
            }
            let projects: Vec<_> = model.facts.iter().filter_map(|fact| fact.key.project).take(9).collect();
            for _ in 0..questions {
                let query = random.query(&model.facts, &projects);
                let (keys, total) = model.list(&query);
                let page = list(world, &admin, &query).await;
                assert_eq!((page.total, ids(&page.keys)), (total as i64, keys), "seed {seed}, {query:?}");
                assert_eq!(page.statuses, model.statuses(&query), "seed {seed}, {query:?}");
                assert!(page.has_keys, "seed {seed}, {query:?}");
            }
        }
    }

    async fn each_key_is_shown_as_it_is(world: &World) {
        let (admin, model, _) = random_organization(world, 7).await;
        let now = world.services.now();
        let pages = api_keys::export(&world.services, &admin, &KeyQuery::default()).await.unwrap();
        let shown: Vec<ApiKey> = pages.try_collect::<Vec<_>>().await.unwrap().concat();
        assert_eq!(shown.len(), model.facts.len());
        for fact in &model.facts {
            let (key, shown) = (&fact.key, shown.iter().find(|shown| shown.id == fact.key.id).unwrap());
            let (newest, old) = (key.secrets.last().unwrap(), key.secrets.iter().find(|secret| secret.expires_at.is_some_and(|end| end > now)));
            assert_eq!(shown.status, model.status(key));
            assert_eq!(shown.hints.iter().map(|hint| hint.kind()).collect::<Vec<_>>(), model.hints(fact), "{key:?}");
            assert_eq!(shown.last_use.as_ref().map(|last| last.at), model::last_use(key));
            assert!(shown.masked.ends_with(&format!("…{}", newest.last_four)) && shown.rotated_at == newest.created_at);
            let shown_old = shown.old_secret.as_ref().map(|old| (old.ends_at, old.last_used_at));
            let expected = old.filter(|_| shown.status == Status::Rotating);
            assert_eq!(shown_old, expected.map(|old| (old.expires_at.unwrap(), old.uses.iter().map(|(.., at)| *at).max())));
            assert_eq!(shown.spend_this_month.nanos(), fact.spend_this_month);
            assert_eq!(shown.calls_by_day.len(), 17);
            assert_eq!(shown.calls_by_day.iter().sum::<i64>(), shown.calls_this_month);
            let stored = (&key.name, &key.description, key.level, &key.scopes, &key.models, key.expires_at);
            assert_eq!((&shown.name, &shown.description, shown.level, &shown.scopes, &shown.models, shown.expires_at), stored);
        }
    }

    async fn days_are_those_of_the_organizations_zone(world: &World) {
        // 5:45 ahead of UTC: the third day began at 18:15 UTC.
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let made = ["2026-11-02T18:14:59Z", "2026-11-02T18:15:00Z", "2026-11-03T10:00:00Z"].map(TestCall::at);
        world.calls(&admin.organization, &key, &made).await;
        world.clock.set("2026-11-04T12:00:00Z");
        let shown = api_keys::get(&world.services, &admin, key.id).await.unwrap();
        assert_eq!((shown.calls_by_day, shown.calls_this_month), (vec![0, 1, 2, 0], 3));
    }

    async fn a_key_that_moved_keeps_what_it_spent_before(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        world.calls(&admin.organization, &key, &[TestCall::at("2026-11-03T10:00:00Z")]).await;
        let other = world.project(&admin, "Other").await.id;
        let moved = ApiKeyChanges { project_id: Some(other), ..ApiKeyChanges::default() };
        let moved = api_keys::edit(&world.services, &admin, key.id, moved).await.unwrap();
        world.calls(&admin.organization, &moved, &[TestCall::at("2026-11-04T10:00:00Z")]).await;
        let listed = list(world, &admin, &KeyQuery { project: Some(other), ..KeyQuery::default() }).await;
        assert_eq!((listed.keys[0].calls_this_month, listed.keys[0].spend_this_month.nanos()), (2, 2_000));
        let before = list(world, &admin, &KeyQuery { project: Some(project), ..KeyQuery::default() }).await;
        assert_eq!((before.total, before.statuses, before.has_keys), (0, vec![], true));
    }

    async fn the_counts_of_the_statuses_follow_the_other_filters(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        assert!(!list(world, &admin, &KeyQuery::default()).await.has_keys);
        let (project, other) = (world.default_project(&admin).await, world.project(&admin, "Other").await.id);
        let [web, _, _] = [
            world.key(&admin, project, "web").await,
            world.key(&admin, project, "app").await,
            world.key(&admin, other, "web two").await,
        ];
        api_keys::revoke(&world.services, &admin, &[web.id]).await.unwrap();
        let statuses = async |query: KeyQuery| list(world, &admin, &query).await.statuses;
        let web = || KeyQuery { search: "web".to_owned(), ..KeyQuery::default() };
        let both = vec![(Status::Active, 1), (Status::Revoked, 1)];
        assert_eq!(statuses(web()).await, both);
        // The chosen status isn't one of the others.
        assert_eq!(statuses(KeyQuery { status: Some(Status::Expired), ..web() }).await, both);
        assert_eq!(statuses(KeyQuery { project: Some(other), ..web() }).await, [(Status::Active, 1)]);
    }

    async fn the_old_secret_is_shown_until_its_grace_ends(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let rotation = Rotation { grace_seconds: 60, request: None };
        let rotated = api_keys::rotate(&world.services, &admin, key.id, rotation).await.unwrap().api_key;
        let old = rotated.old_secret.unwrap();
        assert_eq!((old.masked, old.last_used_at), (key.masked.clone(), None));
        let find = async |text: &str| list(world, &admin, &KeyQuery { search: text.to_owned(), ..KeyQuery::default() }).await;
        // A search for the old secret's masked text finds the key.
        assert_eq!(find(&key.masked).await.keys[0].status, Status::Rotating);
        world.clock.forward_minutes(1);
        assert_eq!(find(&key.masked).await.total, 0);
        let shown = &find(&rotated.masked).await.keys[0];
        assert_eq!((shown.status, &shown.old_secret), (Status::Active, &None));
    }

    async fn several_uses_at_one_moment_are_one_last_use(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let now = world.services.now();
        let mut key = StoredKey::new("web", project, now.plus_days(-9)).used_at(now);
        key.secrets[0].uses.push(("2001:db8::1".to_owned(), "curl".to_owned(), now));
        key.secrets.insert(0, StoredSecret { expires_at: Some(now), ..StoredSecret::new("aaaa", now.plus_days(-9)) });
        world.store_keys(&admin.organization, std::slice::from_ref(&key)).await;
        let shown = api_keys::get(&world.services, &admin, key.id).await.unwrap();
        let last = shown.last_use.unwrap();
        assert_eq!((last.at, last.ip.as_str()), (now, "2001:db8::1"));
        assert!(shown.old_secret.is_none() && shown.masked.ends_with("k3Fa"));
        assert_eq!(list(world, &admin, &KeyQuery::default()).await.keys.len(), 1);
    }
}
