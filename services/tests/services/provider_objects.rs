//! Provider objects: their owners, and the cost of their storage.

use std::sync::Arc;

use domain::{
    api_keys::{Level, NewApiKey, Secret},
    calls::{Call, CallQuery, CallTags, CountSource, Outcome},
    models::Service,
    money::{Money, Price, Quantities},
};
use futures::{TryStreamExt, future::join_all};
use services::{
    Actor,
    api_keys::{
        self,
        directory::{KeyDirectory, KeyRecord, KeyVerification},
    },
    calls,
    metering::{JournalSettings, Meter},
    models::{self, OfferedModel},
    provider_objects::{self, JobResult, NewProviderObject, ObjectKind, ObjectQuery, ProviderObject, storage},
};

use crate::support::World;

async fn key(world: &World, actor: &Actor) -> Arc<KeyRecord> {
    let project = world.default_project(actor).await;
    let created = api_keys::create(&world.services, actor, NewApiKey::plain("web", Level::Standard, Some(project)))
        .await
        .unwrap();
    let secret = Secret::parse(&created.secret).unwrap();
    match KeyDirectory::start(&world.services).verify(&secret).await.unwrap() {
        KeyVerification::Active(record) => record,
        other => panic!("{other:?}"),
    }
}

fn new<'a>(world: &World, kind: ObjectKind, id: &'a str) -> NewProviderObject<'a> {
    let now = world.services.now();
    NewProviderObject {
        kind,
        id,
        provider: "upstream",
        model: "film-x",
        price_id: models::current_price(&world.services, "film-x").map(|(id, _)| id),
        created_at: now,
        expires_at: None,
        bytes: 0,
        look_at: (kind == ObjectKind::Video).then_some(now),
        document: "{}",
        tags: CallTags::default(),
    }
}

async fn find(world: &World, key: &KeyRecord, kind: ObjectKind, id: &str) -> Option<ProviderObject> {
    provider_objects::find(&world.services, key.organization.id, key.project_id, kind, id).await.unwrap()
}

async fn logged(world: &World, actor: &Actor) -> Vec<Call> {
    let pages = calls::export(&world.services, actor, &CallQuery::default()).await.unwrap();
    let pages: Vec<Vec<Call>> = pages.try_collect().await.unwrap();
    pages.into_iter().flatten().collect()
}

/// Offers a film model and storage, at round prices.
async fn offer(world: &World) {
    let dollar = Some(Money::from_nanos(1_000_000_000));
    let offered = |name: &str, service, price| OfferedModel { name: name.to_owned(), service, price: Some(price) };
    let film = offered("film-x", Service::Video, Price { per_minute: dollar, ..Price::default() });
    let storage = offered("kept", Service::Storage, Price { per_gb_month: dollar, ..Price::default() });
    models::apply(&world.services, vec![film, storage]).await.unwrap();
}

async fn meter(world: &World) -> (Meter, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Meter::start(&world.services, JournalSettings::at(folder.path())).await.unwrap(), folder)
}

on_both_databases! {
    async fn an_object_is_its_projects_alone(world: &World) {
        let (acme, other) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        let (mine, theirs) = (key(world, &acme).await, key(world, &other).await);
        provider_objects::remember(&world.services, &mine, new(world, ObjectKind::File, "file-1")).await.unwrap();
        assert!(find(world, &mine, ObjectKind::File, "file-1").await.is_some());
        assert!(find(world, &mine, ObjectKind::Video, "file-1").await.is_none());
        assert!(find(world, &theirs, ObjectKind::File, "file-1").await.is_none());
        let project = services::projects::create(&world.services, &acme, "Second", "").await.unwrap();
        for project in [Some(project.id), None] {
            let found = provider_objects::find(&world.services, acme.organization.id, project, ObjectKind::File, "file-1").await;
            assert!(found.unwrap().is_none());
        }
        // Another organization's object may have this id too.
        provider_objects::remember(&world.services, &theirs, new(world, ObjectKind::File, "file-1")).await.unwrap();
        provider_objects::forget(&world.services, &find(world, &mine, ObjectKind::File, "file-1").await.unwrap()).await.unwrap();
        let described = "(SELECT id FROM provider_objects WHERE id = 'file-1' AND deleted_at IS NOT NULL AND document <> '') AS described";
        assert_eq!(world.count(described).await, 0, "its description is gone, too");
        assert!(find(world, &mine, ObjectKind::File, "file-1").await.is_none());
        assert!(find(world, &theirs, ObjectKind::File, "file-1").await.is_some());
        // A deleted object's id may be used again.
        provider_objects::remember(&world.services, &mine, new(world, ObjectKind::File, "file-1")).await.unwrap();
        assert!(find(world, &mine, ObjectKind::File, "file-1").await.is_some());
    }

    async fn two_providers_keep_different_things_under_one_id(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let key = key(world, &actor).await;
        offer(world).await;
        let (meter, _folder) = meter(world).await;
        for provider in ["first", "second"] {
            let film = NewProviderObject { provider, ..new(world, ObjectKind::Video, "video_1") };
            provider_objects::remember(&world.services, &key, film).await.unwrap();
            world.clock.forward_millis(1);
        }
        let newest = find(world, &key, ObjectKind::Video, "video_1").await.unwrap();
        assert_eq!(newest.provider(), "second");
        let at = async |provider: &str| {
            let (organization, project) = (key.organization.id, key.project_id);
            provider_objects::find_at(&world.services, provider, organization, project, ObjectKind::Video, "video_1").await.unwrap()
        };
        assert_eq!(at("first").await.unwrap().provider(), "first");
        let listed = async |after: Option<&ProviderObject>| {
            let page = ObjectQuery { after, limit: 1, model: None, oldest_first: true };
            provider_objects::list(&world.services, key.organization.id, key.project_id, ObjectKind::Video, page).await.unwrap().0
        };
        // A list that continues after an id ends: each id is listed once, with the object that it finds.
        let only = listed(None).await.remove(0);
        assert_eq!((only.provider(), listed(Some(&only)).await.len()), ("second", 0));
        // Each is charged and forgotten separately.
        for minutes in [1, 2] {
            let film = find(world, &key, ObjectKind::Video, "video_1").await.unwrap();
            let used = Quantities { media_ms: minutes * 60_000, ..Quantities::default() };
            let used = Some((CountSource::Reported, used));
            let result = JobResult { outcome: Outcome::Succeeded, used, error_code: String::new() };
            provider_objects::record_job(&world.services, &meter, &film, result).await.unwrap();
            provider_objects::forget(&world.services, &film).await.unwrap();
        }
        assert!(find(world, &key, ObjectKind::Video, "video_1").await.is_none());
        assert!(listed(None).await.is_empty());
        meter.wait_until_stored().await;
        let charge = |call: Call| (call.provider, call.cost.unwrap().nanos());
        let mut films: Vec<(String, i64)> = logged(world, &actor).await.into_iter().map(charge).collect();
        films.sort();
        assert_eq!(films, [("first".to_owned(), 2_000_000_000), ("second".to_owned(), 1_000_000_000)]);
    }

    async fn the_call_with_a_jobs_usage_has_the_tags_of_the_call_that_began_it(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let key = key(world, &actor).await;
        offer(world).await;
        let (meter, _folder) = meter(world).await;
        let mut tags = CallTags::default();
        tags.add("customer".parse().unwrap(), "acme".to_owned());
        for (id, tags) in [("video_1", tags.clone()), ("video_2", CallTags::default())] {
            let film = NewProviderObject { tags, ..new(world, ObjectKind::Video, id) };
            provider_objects::remember(&world.services, &key, film).await.unwrap();
            let film = find(world, &key, ObjectKind::Video, id).await.unwrap();
            let used = Some((CountSource::Reported, Quantities { media_ms: 60_000, ..Quantities::default() }));
            let result = JobResult { outcome: Outcome::Succeeded, used, error_code: String::new() };
            provider_objects::record_job(&world.services, &meter, &film, result).await.unwrap();
            world.clock.forward_millis(1);
        }
        meter.wait_until_stored().await;
        let found: Vec<CallTags> = logged(world, &actor).await.into_iter().map(|call| call.tags).collect();
        assert_eq!(found, [CallTags::default(), tags]);
    }

    async fn a_provider_that_begins_its_numbers_anew_leads_nobody_to_anothers(world: &World) {
        let (acme, other) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        let (mine, theirs) = (key(world, &acme).await, key(world, &other).await);
        offer(world).await;
        let (meter, _folder) = meter(world).await;
        let film = || NewProviderObject { look_at: Some(world.services.now()), ..new(world, ObjectKind::Video, "video_1") };
        let settle = async |key: &KeyRecord| {
            let film = find(world, key, ObjectKind::Video, "video_1").await.unwrap();
            assert!(film.is_pending());
            let used = Some((CountSource::Reported, Quantities { media_ms: 60_000, ..Quantities::default() }));
            let result = JobResult { outcome: Outcome::Succeeded, used, error_code: String::new() };
            provider_objects::record_job(&world.services, &meter, &film, result).await.unwrap();
        };
        provider_objects::remember(&world.services, &mine, film()).await.unwrap();
        settle(&mine).await;
        // The provider restarted and gave the next film that id too, which is charged as well.
        world.clock.forward_millis(1);
        provider_objects::remember(&world.services, &mine, film()).await.unwrap();
        settle(&mine).await;
        world.clock.forward_millis(1);
        provider_objects::remember(&world.services, &theirs, film()).await.unwrap();
        assert!(find(world, &mine, ObjectKind::Video, "video_1").await.is_none());
        settle(&theirs).await;
        meter.wait_until_stored().await;
        assert_eq!((logged(world, &acme).await.len(), logged(world, &other).await.len()), (2, 1));
        // A pending job keeps its owner.
        provider_objects::remember(&world.services, &mine, film()).await.unwrap();
        assert!(find(world, &theirs, ObjectKind::Video, "video_1").await.is_none());
        provider_objects::remember(&world.services, &theirs, film()).await.unwrap();
        assert!(find(world, &mine, ObjectKind::Video, "video_1").await.unwrap().is_pending());
    }

    async fn lists_are_in_order_and_go_on_where_they_ended(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let key = key(world, &actor).await;
        for id in ["a", "b", "c", "d"] {
            provider_objects::remember(&world.services, &key, new(world, ObjectKind::File, id)).await.unwrap();
            // The last two were created at one moment.
            world.clock.forward_millis(if id == "c" { 0 } else { 1 });
        }
        let list = async |after: Option<&str>, limit: u64, oldest_first: bool| -> (String, bool) {
            let after = match after {
                Some(id) => Some(find(world, &key, ObjectKind::File, id).await.unwrap()),
                None => None,
            };
            let page = ObjectQuery { after: after.as_ref(), limit, model: None, oldest_first };
            let found = provider_objects::list(&world.services, key.organization.id, key.project_id, ObjectKind::File, page).await;
            let (found, more) = found.unwrap();
            (found.iter().map(ProviderObject::id).collect(), more)
        };
        assert_eq!(list(None, 10, false).await, ("dcba".to_owned(), false));
        assert_eq!(list(None, 2, false).await, ("dc".to_owned(), true));
        assert_eq!(list(Some("c"), 2, false).await, ("ba".to_owned(), false));
        assert_eq!(list(Some("b"), 10, true).await, ("cd".to_owned(), false));
    }

    async fn answers_are_listed_though_nothing_of_them_is_kept(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let key = key(world, &actor).await;
        for (id, model) in [("a", "gpt-x"), ("b", "gpt-y"), ("c", "gpt-x")] {
            let new = NewProviderObject { model, document: "", ..new(world, ObjectKind::ChatCompletion, id) };
            provider_objects::remember(&world.services, &key, new).await.unwrap();
            world.clock.forward_millis(1);
        }
        let list = async |model: Option<&str>| -> String {
            let page = ObjectQuery { after: None, limit: 10, model, oldest_first: true };
            let (organization, kind) = (key.organization.id, ObjectKind::ChatCompletion);
            let found = provider_objects::list(&world.services, organization, key.project_id, kind, page).await;
            found.unwrap().0.iter().map(ProviderObject::id).collect()
        };
        assert_eq!((list(None).await, list(Some("gpt-x")).await, list(Some("z")).await), ("abc".to_owned(), "ac".to_owned(), String::new()));
    }

    async fn a_job_is_settled_once_by_however_many(world: &World) {
        offer(world).await;
        let actor = world.organization("Acme", "UTC").await;
        let key = key(world, &actor).await;
        let (first, _one) = meter(world).await;
        let (second, _other) = meter(world).await;
        provider_objects::remember(&world.services, &key, new(world, ObjectKind::Video, "video-1")).await.unwrap();
        let job = find(world, &key, ObjectKind::Video, "video-1").await.unwrap();
        assert!(job.is_pending());
        let used = Quantities { media_ms: 90_000, ..Quantities::default() };
        let result = || JobResult { outcome: Outcome::Succeeded, used: Some((CountSource::Reported, used)), error_code: String::new() };
        let each = [&first, &second, &first, &second].map(|meter| provider_objects::record_job(&world.services, meter, &job, result()));
        for done in join_all(each).await {
            done.unwrap();
        }
        assert!(!find(world, &key, ObjectKind::Video, "video-1").await.unwrap().is_pending());
        first.shutdown().await;
        second.shutdown().await;
        let calls = logged(world, &actor).await;
        assert_eq!(calls.len(), 1);
        assert_eq!((calls[0].used, calls[0].cost), (used, Some(Money::from_nanos(1_500_000_000))));
        assert_eq!(calls[0].started_at, job.created_at());
    }

    async fn a_job_that_failed_is_free_and_one_that_was_lost_has_an_unknown_cost(world: &World) {
        offer(world).await;
        let actor = world.organization("Acme", "UTC").await;
        let key = key(world, &actor).await;
        let (meter, _folder) = meter(world).await;
        for (id, outcome) in [("failed", Outcome::Failed), ("lost", Outcome::Interrupted)] {
            provider_objects::remember(&world.services, &key, new(world, ObjectKind::Video, id)).await.unwrap();
            let job = find(world, &key, ObjectKind::Video, id).await.unwrap();
            let result = JobResult { outcome, used: None, error_code: "x".to_owned() };
            provider_objects::record_job(&world.services, &meter, &job, result).await.unwrap();
        }
        meter.shutdown().await;
        let mut costs: Vec<_> = logged(world, &actor).await.iter().map(|call| (call.outcome.name(), call.cost)).collect();
        costs.sort();
        assert_eq!(costs, [("failed", Some(Money::ZERO)), ("interrupted", None)]);
    }

    async fn a_job_that_is_due_is_given_to_one_server(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let key = key(world, &actor).await;
        provider_objects::remember(&world.services, &key, new(world, ObjectKind::Video, "video-1")).await.unwrap();
        let soon = world.services.now().plus_minutes(10);
        let both = join_all([provider_objects::claim_due_jobs(&world.services, soon), provider_objects::claim_due_jobs(&world.services, soon)]).await;
        let given: usize = both.into_iter().map(|due| due.unwrap().len()).sum();
        assert_eq!(given, 1);
        world.clock.forward_minutes(11);
        assert_eq!(provider_objects::claim_due_jobs(&world.services, world.services.now().plus_minutes(10)).await.unwrap().len(), 1);
    }

    async fn storage_is_counted_by_day_and_once(world: &World) {
        offer(world).await;
        let actor = world.organization("Acme", "UTC").await;
        let key = key(world, &actor).await;
        let (meter, _folder) = meter(world).await;
        world.clock.set("2026-03-01T12:00:00Z");
        let file = |id, bytes| NewProviderObject { bytes, ..new(world, ObjectKind::File, id) };
        provider_objects::remember(&world.services, &key, file("long", 1_000_000_000)).await.unwrap();
        provider_objects::remember(&world.services, &key, file("short", 2_000_000_000)).await.unwrap();
        world.clock.set("2026-03-01T18:00:00Z");
        provider_objects::forget(&world.services, &find(world, &key, ObjectKind::File, "short").await.unwrap()).await.unwrap();
        assert_eq!(storage::meter(&world.services, &meter, Some("kept")).await.unwrap(), 0, "the day isn't over");
        world.clock.set("2026-03-03T00:20:00Z");
        assert_eq!(storage::meter(&world.services, &meter, Some("kept")).await.unwrap(), 2);
        assert_eq!(storage::meter(&world.services, &meter, Some("kept")).await.unwrap(), 0);
        meter.shutdown().await;
        let calls = logged(world, &actor).await;
        let days: Vec<_> = calls.iter().map(|call| (call.started_at.to_string(), call.used.byte_hours)).collect();
        // 1 GB for 12 hours and 2 GB for 6, then 1 GB for a day.
        let expected = [("2026-03-02T23:59:59.999Z", 24_000_000_000), ("2026-03-01T23:59:59.999Z", 24_000_000_000)];
        assert_eq!(days, expected.map(|(moment, hours)| (moment.to_owned(), hours)));
        // A dollar for 730 GB hours.
        assert_eq!(calls[0].cost.unwrap(), Money::from_nanos(32_876_712));
        assert_eq!((calls[0].model.as_str(), calls[0].service), ("kept", Service::Storage));
    }

    async fn a_past_day_is_charged_at_its_own_price(world: &World) {
        let price = |dollars: i64| Price { per_gb_month: Some(Money::from_nanos(dollars * 730_000_000_000)), ..Price::default() };
        let offer = async |dollars| {
            let storage = OfferedModel { name: "kept".to_owned(), service: Service::Storage, price: Some(price(dollars)) };
            models::apply(&world.services, vec![storage]).await.unwrap();
        };
        let actor = world.organization("Acme", "UTC").await;
        let key = key(world, &actor).await;
        world.clock.set("2026-11-18T00:00:00Z");
        offer(1).await;
        let file = NewProviderObject { bytes: 1_000_000_000, ..new(world, ObjectKind::File, "file-1") };
        provider_objects::remember(&world.services, &key, file).await.unwrap();
        world.clock.set("2026-11-19T12:00:00Z");
        offer(2).await;
        world.clock.set("2026-11-20T08:00:00Z");
        offer(3).await;
        let (meter, _folder) = meter(world).await;
        assert_eq!(storage::meter(&world.services, &meter, Some("kept")).await.unwrap(), 2);
        meter.shutdown().await;
        // A dollar an hour for a GB, then two.
        let costs: Vec<_> = logged(world, &actor).await.iter().map(|call| call.cost.unwrap().to_string()).collect();
        assert_eq!(costs, ["48.00", "24.00"]);
    }
}
