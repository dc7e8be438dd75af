//! Names chosen by senders of events: every call keeps its own, and a limited number of them become series.

use std::collections::HashSet;

use domain::{
    api_keys::{Hint, UNUSED_DAYS},
    calls::{OutcomeFilter, PAGE_SIZE},
    usage::{Filter, Group, StatusFilter, UsageQuery},
};
use services::{api_keys, usage};

use super::*;

fn call(number: usize, data: Value) -> Value {
    event(&format!("{number}"), "tollhouse.call", data)
}

/// Number of a model's calls in usage reports.
async fn summed(world: &World, actor: &Actor, model: &str) -> i64 {
    let filter = Filter { models: vec![model.to_owned()], ..Filter::default() };
    let query = UsageQuery { filter, ..UsageQuery::default() };
    usage::report(&world.services, actor, &query).await.unwrap().total.calls
}

on_both_databases! {
    async fn endpoints_without_end_become_few_series_and_calls_keep_their_own(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let path = |number: usize| format!("/v1/things/{number}");
        let batch = |from: usize, to: usize| -> Vec<Value> {
            (from..to).map(|number| call(number, json!({ "model": "gpt-x", "endpoint": path(number), "provider": "p" }))).collect()
        };
        let events = Events::start(&world.services);
        assert_eq!(send(world, &events, &admin, &batch(0, 2_500)).await.new, 2_500);
        // 200 endpoints and "other".
        assert_eq!(world.count("series").await, 201);
        assert_eq!(send(world, &events, &admin, &batch(2_500, 2_600)).await.new, 100);
        // Another server, with an empty cache.
        let other = Events::start(&world.services);
        assert_eq!(send(world, &other, &admin, &batch(2_600, 3_000)).await.new, 400);
        assert_eq!(send(world, &other, &admin, &batch(0, 3_000)).await.duplicate, 3_000);
        assert_eq!(world.count("series").await, 201);
        let log = log(world, &admin).await;
        let endpoints: HashSet<String> = log.iter().map(|call| call.endpoint.clone()).collect();
        assert_eq!((log.len(), endpoints), (3_000, (0..3_000).map(path).collect()));
        assert!(log.iter().all(|call| &*call.model == "gpt-x" && &*call.provider == "p"));
        assert_eq!(sums(world).await, [(3_000, 0); 4]);
        let one = log.iter().find(|call| call.endpoint == path(2_999)).unwrap();
        assert_eq!(calls::get(&world.services, &admin, one.id).await.unwrap().call.endpoint, path(2_999));
    }

    async fn more_endpoints_than_there_may_be_stay_where_they_were_there_before(world: &World) {
        const BEFORE: usize = 300;
        let admin = world.organization("Acme", "UTC").await;
        let named = |number: usize, endpoint: usize| {
            call(number, json!({ "model": "gpt-x", "endpoint": format!("/v1/things/{endpoint}"), "provider": "p" }))
        };
        send(world, &Events::start(&world.services), &admin, &[named(0, 0)]).await;
        // As older servers created them from events.
        world.execute(&format!(
            "INSERT INTO series (organization_id, id, project_id, api_key_id, member_id, model, service, endpoint, provider, \
             status, outcome) WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {}) \
             SELECT s.organization_id, row_number() OVER (ORDER BY n.n, s.id), s.project_id, s.api_key_id, s.member_id, \
             s.model, s.service, '/v1/things/' || CAST(n.n AS text), s.provider, s.status, s.outcome FROM n, series s",
            BEFORE - 1
        )).await;
        assert_eq!(world.count("series").await, 300);
        // A server with an empty cache first loads the existing series, then uses them.
        let events = Events::start(&world.services);
        send(world, &events, &admin, &[named(1, BEFORE + 1)]).await;
        let batch: Vec<Value> = (2..1_000).map(|number| named(number, number % (BEFORE + 5))).collect();
        assert_eq!(send(world, &events, &admin, &batch).await.new, 998);
        assert_eq!(world.count("series").await, 301);
        let folded = "SELECT c.endpoint FROM calls c WHERE c.endpoint IS NOT NULL";
        let others = world.rows(folded).await.len();
        assert_eq!(others, 1 + (2..1_000).filter(|number| number % (BEFORE + 5) >= BEFORE).count());
    }

    async fn which_models_a_key_needs_isnt_said_where_they_are_told_as_other(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        world.offer_all(&["m0001", "m1101"]).await;
        let (known, unknown) = (world.key(&admin, project, "known").await, world.key(&admin, project, "unknown").await);
        // The events' time is that of the clock.
        world.execute(&format!("UPDATE api_keys SET created_at = created_at - {}", (UNUSED_DAYS + 1) * 86_400_000)).await;
        let mut batch: Vec<Value> = (0..1_100).map(|number| call(number, json!({ "model": format!("m{number:04}") }))).collect();
        for (number, key, model) in [(2_000, &known, "m0001"), (2_001, &unknown, "m1101")] {
            batch.push(call(number, json!({ "model": model, "project_id": project, "api_key_id": key.id })));
        }
        send(world, &Events::start(&world.services), &admin, &batch).await;
        for (key, expected) in [(known, true), (unknown, false)] {
            let shown = api_keys::get(&world.services, &admin, key.id).await.unwrap();
            let is_wide = shown.hints.iter().any(|hint| matches!(hint, Hint::Wide { .. }));
            assert_eq!(is_wide, expected, "{}", shown.name);
        }
    }

    async fn models_beyond_a_number_are_other_and_found_by_their_own_name(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let events = Events::start(&world.services);
        let batch: Vec<Value> = (0..1_200).map(|number| {
            let status = if number % 2 == 0 { 200 } else { 500 };
            call(number, json!({ "model": format!("m{number:04}"), "status": status }))
        }).collect();
        send(world, &events, &admin, &batch).await;
        let query_of = |model: &str| CallQuery {
            filter: Filter { models: vec![model.to_owned()], ..Filter::default() },
            ..CallQuery::default()
        };
        let list = async |query: CallQuery| calls::list(&world.services, &admin, &query).await.unwrap().calls;
        for (model, found) in [("m0007", 1), ("m1101", 1), ("other", PAGE_SIZE as usize), ("m9999", 0)] {
            let listed = list(query_of(model)).await;
            assert_eq!(listed.len(), found, "{model}");
            assert!(model == "other" || listed.iter().all(|call| &*call.model == model));
        }
        for (outcome, found) in [(Outcome::Failed, 1), (Outcome::Succeeded, 0)] {
            let mut query = query_of("m1101");
            query.filter.statuses.push(StatusFilter::Outcome(OutcomeFilter::Only(outcome)));
            assert_eq!(list(query).await.len(), found);
        }
        let report = usage::report(&world.services, &admin, &UsageQuery { group: Group::Model, ..UsageQuery::default() }).await.unwrap();
        assert_eq!((report.total.calls, report.total.errors), (1_200, 600));
        assert_eq!(summed(world, &admin, "other").await, 200);
        // More than a page of calls of one of the models in "other".
        let batch: Vec<Value> = (2_000..2_120).map(|number| call(number, json!({ "model": "m1150", "status": 200 + number % 2 }))).collect();
        send(world, &events, &admin, &batch).await;
        let first = list(query_of("m1150")).await;
        let second = list(CallQuery { before: first.last().map(|call| call.id), ..query_of("m1150") }).await;
        let ids: Vec<_> = first.iter().chain(&second).map(|call| call.id).collect();
        assert_eq!(ids.len(), 2 * PAGE_SIZE as usize);
        assert!(ids.is_sorted_by(|a, b| a > b));
        let pages: Vec<_> = calls::export(&world.services, &admin, &query_of("m1150")).await.unwrap().try_collect().await.unwrap();
        assert_eq!(pages.into_iter().flatten().count(), 121);
    }

    async fn a_status_is_told_as_it_was_where_combinations_have_no_end(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let events = Events::start(&world.services);
        let data = |number: usize| json!({
            "model": format!("m{}", number % 997), "endpoint": format!("/{}", number % 199),
            "provider": format!("p{}", number % 97), "status": 100 + number % 500,
        });
        for part in 0..3 {
            let batch: Vec<Value> = (part * 10_000..(part + 1) * 10_000).map(|number| call(number, data(number))).collect();
            assert_eq!(send(world, &events, &admin, &batch).await.new, 10_000);
        }
        let series = world.count("series").await;
        // Beyond the limit each known model has one series for each of two outcomes.
        assert!(series <= 20_000 + 2 * 997, "{series}");
        let log = log(world, &admin).await;
        let logged: HashSet<(String, u16)> = log.iter().map(|call| (call.model.clone(), call.status)).collect();
        let sent = (0..30_000).map(|number| (format!("m{}", number % 997), u16::try_from(100 + number % 500).unwrap()));
        assert_eq!(logged, sent.collect());
        assert_eq!(sums(world).await[0].0, 30_000);
        assert_eq!(sums(world).await[3].0, 30_000);
        // Models known before the limit keep their name in reports; later ones become "other".
        assert_eq!(summed(world, &admin, "m5").await, 31);
        assert_eq!(summed(world, &admin, "other").await, 0);
        send(world, &events, &admin, &[call(30_000, json!({ "model": "new", "status": 200 }))]).await;
        assert_eq!((summed(world, &admin, "new").await, summed(world, &admin, "other").await), (0, 1));
    }
}
