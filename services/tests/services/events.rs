//! Events of other gateways, each counted once, at the price of its time.

mod names;
mod reading;

use domain::{
    api_keys::{Level, NewApiKey, Scope},
    calls::{Call, CallQuery, CountSource, Outcome},
    models::Service,
    money::Quantities,
};
use futures::{TryStreamExt, future::join_all};
use serde_json::{Value, json};
use services::{
    Actor, ServiceError, calls,
    events::{BatchFormat, BatchResult, EventErrorCode, Events, read},
};

use crate::support::World;

/// An event at the time of the tests' clock.
fn event(id: &str, kind: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/gateway/eu-1", "type": kind,
        "time": "2026-11-17T14:32:00Z", "data": data,
    })
}

fn tokens(id: &str, count: i64) -> Value {
    event(id, "tollhouse.tokens", json!({ "model": "gpt-x", "input_tokens": count, "output_tokens": 1 }))
}

async fn send(world: &World, events: &Events, actor: &Actor, batch: &[Value]) -> BatchResult {
    let body = serde_json::to_vec(batch).unwrap();
    let read = read(&body, BatchFormat::Batch, world.services.now()).unwrap();
    events.store(actor, read).await.unwrap()
}

/// Sends a batch; returns the errors of its rejected events.
async fn rejections(
    world: &World,
    actor: &Actor,
    batch: &[Value],
) -> Vec<(usize, EventErrorCode, Option<&'static str>)> {
    let events = Events::start(&world.services);
    let result = send(world, &events, actor, batch).await;
    result.refused.into_iter().map(|refused| (refused.index, refused.error.code, refused.error.param)).collect()
}

/// All calls of the log, oldest first.
async fn log(world: &World, actor: &Actor) -> Vec<Call> {
    let pages = calls::export(&world.services, actor, &CallQuery::default()).await.unwrap();
    let pages: Vec<_> = pages.try_collect().await.unwrap();
    let mut calls: Vec<Call> = pages.into_iter().flatten().collect();
    calls.sort_by_key(|call| call.id);
    calls
}

/// Sums of calls and input tokens, from the log and from the rollups of each resolution.
async fn sums(world: &World) -> [(i64, i64); 4] {
    let mut sums = [(0, 0); 4];
    let of = |table: &str, count: &str| {
        format!("SELECT CAST(COALESCE({count}, 0) AS BIGINT), CAST(COALESCE(SUM(tokens_in), 0) AS BIGINT) FROM {table}")
    };
    let rollups = |resolution: i32| of("rollups", "SUM(calls)") + &format!(" WHERE resolution = {resolution}");
    for (sum, sql) in sums.iter_mut().zip([of("calls", "COUNT(*)"), rollups(1), rollups(2), rollups(3)]) {
        let row = world.rows(&sql).await.remove(0);
        *sum = (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
    }
    sums
}

on_both_databases! {
    async fn an_event_is_a_call_at_the_price_of_its_moment(world: &World) {
        let admin = world.organization("Acme", "Europe/Berlin").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        world.clock.set("2026-11-17T10:00:00Z");
        world.offer("gpt-x", "1").await;
        world.clock.set("2026-11-17T12:00:00Z");
        world.offer("gpt-x", "3").await;
        world.clock.set("2026-11-17T14:32:07Z");
        let events = Events::start(&world.services);
        let call = |id: &str, time: &str, model: &str| {
            let data = json!({
                "project_id": project, "api_key_id": key.id, "model": model, "endpoint": "/v1/chat/completions",
                "provider": "elsewhere", "status": 200, "streamed": true, "duration_ms": 812.5, "first_byte_ms": 90,
                "input_tokens": 1_000, "cached_input_tokens": 400, "output_tokens": 50,
            });
            let mut event = event(id, "tollhouse.call", data);
            event["time"] = json!(time);
            event
        };
        let batch = [
            call("before any price", "2026-11-17T09:00:00Z", "gpt-x"),
            call("at the first", "2026-11-17T12:30:00+01:00", "gpt-x"),
            call("at the second", "2026-11-17T12:00:00Z", "gpt-x"),
            call("of no model of ours", "2026-11-17T12:00:01Z", "gpt-unknown"),
        ];
        let result = send(world, &events, &admin, &batch).await;
        assert_eq!(result, BatchResult { new: 4, ..BatchResult::default() });
        let log = log(world, &admin).await;
        let costs: Vec<_> = log.iter().map(|call| call.cost.map(|cost| cost.nanos())).collect();
        assert_eq!(costs, [None, Some(1_100_000), Some(3_100_000), None]);
        let call = &log[1];
        assert_eq!((call.project.as_ref().unwrap().id, call.api_key.as_ref().unwrap().id), (project, key.id));
        assert_eq!((&*call.endpoint, &*call.provider, call.status), ("/v1/chat/completions", "elsewhere", 200));
        assert_eq!((call.service, call.outcome, call.streamed), (Service::Chat, Outcome::Succeeded, true));
        assert_eq!((call.duration_us, call.first_byte_us, call.measured), (812_500, Some(90_000), CountSource::Reported));
        let used = Quantities { tokens_in: 1_000, cached_tokens_in: 400, tokens_out: 50, ..Quantities::default() };
        assert_eq!(call.used, used);
    }

    async fn each_type_counts_what_it_is_for(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let events = Events::start(&world.services);
        let batch = [
            event("1", "tollhouse.tokens", json!({ "output_tokens": 7, "service": "embeddings", "estimated": true })),
            event("2", "tollhouse.video_seconds", json!({ "seconds": 12.3456 })),
            event("3", "tollhouse.stored_bytes", json!({ "bytes": 3_000_000_000_i64, "hours": 1.5 })),
            event("4", "tollhouse.call", json!({ "status": 429, "outcome": "refused", "error_code": "too_fast" })),
            event("5", "tollhouse.call", json!({ "status": 503 })),
            event("6", "tollhouse.call", json!({ "images": 2, "service": "image" })),
        ];
        assert_eq!(send(world, &events, &admin, &batch).await.new, 6);
        let mut log = log(world, &admin).await;
        log.sort_by_key(|call| (call.endpoint.clone(), call.status));
        let calls: Vec<_> = log.iter().map(|call| (&*call.endpoint, call.service, call.outcome, call.used)).collect();
        let none = Quantities::default();
        assert_eq!(calls, [
            ("tollhouse.call", Service::Image, Outcome::Succeeded, Quantities { images: 2, ..none }),
            ("tollhouse.call", Service::Chat, Outcome::Refused, none),
            ("tollhouse.call", Service::Chat, Outcome::Failed, none),
            ("tollhouse.stored_bytes", Service::Storage, Outcome::Succeeded, Quantities { byte_hours: 4_500_000_000, ..none }),
            ("tollhouse.tokens", Service::Embeddings, Outcome::Succeeded, Quantities { tokens_out: 7, ..none }),
            ("tollhouse.video_seconds", Service::Video, Outcome::Succeeded, Quantities { media_ms: 12_346, ..none }),
        ]);
        assert_eq!(log[4].measured, CountSource::Estimated);
        assert_eq!(log[2].cost.map(|cost| cost.nanos()), Some(0), "a failed call that used nothing cost nothing");
    }

    async fn an_event_counts_once_for_ever(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let other = world.organization("Other", "UTC").await;
        let events = Events::start(&world.services);
        let batch = [tokens("1", 10), tokens("2", 20), tokens("1", 999)];
        assert_eq!(send(world, &events, &admin, &batch).await, BatchResult { new: 2, duplicate: 1, refused: Vec::new() });
        // Also later at another server, with another time and without one.
        world.clock.forward_days(30);
        let elsewhere = Events::start(&world.services);
        let mut late = tokens("1", 10);
        late["time"] = json!("2026-12-17T14:00:00Z");
        let mut timeless = tokens("2", 20);
        timeless.as_object_mut().unwrap().remove("time");
        let batch = [late, timeless, tokens("3", 30)];
        assert_eq!(send(world, &elsewhere, &admin, &batch).await, BatchResult { new: 1, duplicate: 2, refused: Vec::new() });
        // Another source or organization makes another event.
        let mut elsewhere = tokens("1", 40);
        elsewhere["source"] = json!("/gateway/us-1");
        assert_eq!(send(world, &events, &admin, &[elsewhere]).await.new, 1);
        assert_eq!(send(world, &events, &other, &[tokens("1", 50)]).await.new, 1);
        assert_eq!(sums(world).await, [(5, 150); 4]);
    }

    async fn senders_that_send_the_same_at_once_count_once(world: &World) {
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        let other = world.organization("Other", "UTC").await;
        let servers = [Events::start(&world.services), Events::start(&world.services)];
        // Overlapping batches of two organizations, sent to two servers.
        let batch = |number: i64| -> Vec<Value> {
            (0..50).map(|event| tokens(&(number * 25 + event).to_string(), number * 25 + event)).collect()
        };
        let sent = (0..40).map(|number| {
            let (events, actor) = (&servers[usize::try_from(number % 2).unwrap()], if number % 4 < 2 { &admin } else { &other });
            let batch = batch(number % 10);
            async move { send(world, events, actor, &batch).await }
        });
        let results = join_all(sent).await;
        let (new, duplicate) = results.iter().fold((0, 0), |sums, result| (sums.0 + result.new, sums.1 + result.duplicate));
        // Each organization sent only half of the batches; its distinct events count.
        let expected: i64 = {
            let distinct = |is_own: fn(i64) -> bool| -> std::collections::BTreeSet<i64> {
                (0..40).filter(|n| is_own(*n)).flat_map(|n| (0..50).map(move |event| n % 10 * 25 + event)).collect()
            };
            let (first, second) = (distinct(|n| n % 4 < 2), distinct(|n| n % 4 >= 2));
            assert_eq!(new, first.len() + second.len());
            first.iter().sum::<i64>() + second.iter().sum::<i64>()
        };
        assert_eq!(new + duplicate, 40 * 50);
        assert_eq!(sums(world).await, [(i64::try_from(new).unwrap(), expected); 4]);
    }

    async fn what_belongs_to_others_is_as_if_it_did_not_exist(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let other = world.organization("Other", "UTC").await;
        let theirs = world.default_project(&other).await;
        let their_key = world.key(&other, theirs, "web").await.id;
        let them = world.member(&other.organization, "Mira", domain::permissions::Role::Owner).await.user_id().unwrap();
        let named = |field: &str, id: &dyn ToString| {
            event(field, "tollhouse.tokens", json!({ "input_tokens": 1, field: id.to_string() }))
        };
        let foreign = [
            named("project_id", &theirs), named("api_key_id", &their_key), named("member_id", &them),
        ];
        let unknown = [
            named("project_id", &"proj_01h2xcejqtf2nbrexx3vqjhp41"), named("api_key_id", &"key_01h2xcejqtf2nbrexx3vqjhp41"),
            named("member_id", &"user_01h2xcejqtf2nbrexx3vqjhp41"),
        ];
        let expected = [
            (0, EventErrorCode::NotFound, Some("data.project_id")), (1, EventErrorCode::NotFound, Some("data.api_key_id")),
            (2, EventErrorCode::NotFound, Some("data.member_id")),
        ];
        assert_eq!(rejections(world, &admin, &foreign).await, expected);
        assert_eq!(rejections(world, &admin, &unknown).await, expected);
        assert_eq!(rejections(world, &other, &foreign).await, []);
        assert_eq!(sums(world).await[0].0, 3);
    }

    async fn a_key_stands_for_its_project_and_its_maker(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.project(&admin, "Web").await;
        let mira = world.member(&admin.organization, "Mira", domain::permissions::Role::Admin).await;
        let key = world.key(&mira, project.id, "web").await;
        let sent = event("1", "tollhouse.tokens", json!({ "input_tokens": 1, "api_key_id": key.id }));
        let events = Events::start(&world.services);
        assert_eq!(send(world, &events, &admin, &[sent]).await.new, 1);
        assert_eq!(log(world, &admin).await[0].project.as_ref().unwrap().id, project.id);
        assert_eq!(world.count("series WHERE outcome <> 'any' AND member_id <> project_id AND api_key_id <> member_id").await, 1);
    }

    async fn an_archived_project_takes_what_was_before(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let archived: domain::time::Timestamp = "2026-11-17T14:00:00Z".parse().unwrap();
        world.execute(&format!("UPDATE projects SET archived_at = {}", archived.millis())).await;
        let at = |time: &str| {
            let mut event = event(time, "tollhouse.tokens", json!({ "input_tokens": 1, "project_id": project }));
            event["time"] = json!(time);
            event
        };
        let refused = rejections(world, &admin, &[at("2026-11-17T13:59:59.999Z"), at("2026-11-17T14:00:00Z")]).await;
        assert_eq!(refused, [(1, EventErrorCode::ProjectArchived, Some("data.project_id"))]);
    }

    async fn the_good_ones_of_a_batch_are_taken(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let with = |name: &str, value: Value| {
            let mut event = tokens(&format!("{name} {}", value.to_string().chars().take(30).collect::<String>()), 1);
            event[name] = value;
            event
        };
        let data = |data: Value| event(&data.to_string(), "tollhouse.tokens", data);
        let batch = [
            tokens("good", 1),
            json!(7),
            with("specversion", json!("0.3")),
            with("id", json!("")),
            with("source", json!("x".repeat(513))),
            with("type", json!("tollhouse.cookies")),
            with("time", json!("yesterday")),
            with("time", json!("2026-10-13T14:32:06.999Z")),
            with("time", json!("2026-11-17T14:37:07.001Z")),
            with("datacontenttype", json!("text/plain")),
            with("data_base64", json!("e30=")),
            data(json!({ "input_token": 1 })),
            data(json!({ "input_tokens": -1 })),
            data(json!({ "input_tokens": 3_000_000_000_i64 })),
            data(json!({ "input_tokens": 1, "cached_input_tokens": 2 })),
            data(json!({ "input_tokens": 1, "seconds": 1 })),
            data(json!({})),
            data(json!({ "input_tokens": 1, "model": "gpt\u{0}x" })),
            data(json!({ "input_tokens": 1, "api_key_id": "web" })),
            event("refused", "tollhouse.call", json!({ "outcome": "refused", "input_tokens": 1 })),
            event("seconds", "tollhouse.video_seconds", json!({ "seconds": 1e300 })),
            event("bytes", "tollhouse.stored_bytes", json!({ "bytes": i64::MAX, "hours": 700 })),
            with("time", json!("2026-11-17T14:37:07Z")),
            with("time", json!("2026-10-13T14:32:07Z")),
            with("extension", json!("means nothing")),
        ];
        let events = Events::start(&world.services);
        let result = send(world, &events, &admin, &batch).await;
        let rejected: Vec<_> = result.refused.iter().map(|refused| (refused.index, refused.error.code, refused.error.param)).collect();
        let invalid = |index, param| (index, EventErrorCode::InvalidEvent, param);
        assert_eq!(rejected, [
            invalid(1, None),
            invalid(2, Some("specversion")),
            invalid(3, Some("id")),
            invalid(4, Some("source")),
            (5, EventErrorCode::UnknownType, Some("type")),
            invalid(6, Some("time")),
            (7, EventErrorCode::TooOld, Some("time")),
            (8, EventErrorCode::TooNew, Some("time")),
            invalid(9, Some("datacontenttype")),
            invalid(10, Some("datacontenttype")),
            invalid(11, Some("data")),
            invalid(12, Some("data.input_tokens")),
            invalid(13, Some("data.input_tokens")),
            invalid(14, Some("data.input_tokens")),
            invalid(15, Some("data")),
            invalid(16, Some("data")),
            invalid(17, Some("data.model")),
            invalid(18, Some("data.api_key_id")),
            invalid(19, Some("data.outcome")),
            invalid(20, Some("data.seconds")),
            invalid(21, Some("data.bytes")),
        ]);
        assert_eq!((result.new, result.duplicate), (4, 0));
        assert_eq!(sums(world).await, [(4, 4); 4]);
        // Ids of rejected events aren't stored: a corrected event may be sent.
        assert_eq!(send(world, &events, &admin, &[event("refused", "tollhouse.call", json!({}))]).await.new, 1);
    }

    async fn only_whoever_may_send_events_does(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let events = Events::start(&world.services);
        let (without, _) = world.program(&admin, &[Scope::UsageRead]).await;
        let (with, _) = world.program(&admin, &[Scope::EventsWrite]).await;
        let project = world.default_project(&admin).await;
        let (_, standard) = world.secret(&admin, NewApiKey::plain("k", Level::Standard, Some(project))).await;
        let standard = world.bearer(&standard).await;
        let read = || read(&serde_json::to_vec(&tokens("1", 1)).unwrap(), BatchFormat::One, world.services.now()).unwrap();
        for actor in [&without, &standard] {
            assert!(matches!(events.store(actor, read()).await, Err(ServiceError::Forbidden(_))));
        }
        assert_eq!(events.store(&with, read()).await.unwrap().new, 1);
    }

    async fn a_thousand_times_a_petabyte_stays_within_64_bits(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let events = Events::start(&world.services);
        let data = json!({ "bytes": 10_i64.pow(15), "hours": 1 });
        let batch: Vec<Value> =
            (0..10_000).map(|id| event(&id.to_string(), "tollhouse.stored_bytes", data.clone())).collect();
        assert_eq!(send(world, &events, &admin, &batch).await.new, 10_000);
        assert_eq!(send(world, &events, &admin, &[event("x", "tollhouse.stored_bytes", data)]).await.new, 1);
    }
}
