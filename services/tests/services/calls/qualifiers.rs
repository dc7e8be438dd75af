//! Each qualifier of a search finds what it says, as far as one may see it.

use std::borrow::Cow;

use domain::{
    calls::{SearchNames, SearchText},
    models::Service,
};
use services::{call_search, metering::CallRecord};

use super::*;
use crate::support::field_error;

/// Stores records and returns their ids.
async fn store(world: &World, records: Vec<CallRecord>) -> Vec<CallId> {
    let meter = world.meter().await;
    let ids = records.iter().map(|record| record.id).collect();
    for record in records {
        meter.record(record).await.unwrap();
    }
    world.wait_until_stored().await;
    ids
}

/// Stores five calls that differ in everything, a minute apart, among many that only tell the time.
async fn store_different(world: &World, admin: &Actor) -> Vec<CallId> {
    let project = world.default_project(admin).await;
    let other = world.project(admin, "Other").await;
    let mira = world.member(&admin.organization, "Mira", Role::Owner).await;
    let (web, batch) = (world.key(admin, project, "web").await, world.key(&mira, other.id, "batch").await);
    let organization = &admin.organization;
    let at = |minute: i64| TestCall::at_moment(TestCall::at("2026-11-10T10:00:00Z").at.plus_minutes(minute));
    let cheap = record(organization, &web, &at(0));
    let dear = TestCall { cost: Some(2_000_000_000), tokens_in: 5_000, ..at(1) };
    let dear = CallRecord { duration_us: 3_000_000, ..record(organization, &web, &dear) };
    let image = CallRecord {
        service: Service::Image,
        endpoint: Cow::Borrowed("/v1/images/generations"),
        provider: "openai".into(),
        model: "image two".into(),
        ..record(organization, &batch, &at(2))
    };
    let failed = TestCall { cost: None, ..at(3) }.outcome(Outcome::Failed);
    let failed = CallRecord { duration_us: 12_000_000, ..record(organization, &web, &failed) };
    let rejected = at(4).outcome(Outcome::Refused);
    let rejected = CallRecord { status: 429, ..record(organization, &web, &rejected) };
    store(world, vec![cheap, dear, image, failed, rejected]).await
}

/// The query of a text in which everything that the actor may see has its name.
async fn query(world: &World, actor: &Actor, text: &str) -> CallQuery {
    let mut names = SearchNames::default();
    names.add(&call_search::suggest(&world.services, actor, &CallQuery::default(), "").await.unwrap());
    SearchText::parse(text, &names).unwrap().narrow(CallQuery::default())
}

on_both_databases! {
    async fn every_qualifier_finds_what_it_says(world: &World) {
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        let ids = store_different(world, &admin).await;
        for (text, expected) in [
            ("", &[4, 3, 2, 1, 0][..]),
            ("status:succeeded", &[2, 1, 0]),
            ("status:errors", &[3]),
            ("status:refused status:failed", &[4, 3]),
            ("status:4xx", &[4]),
            ("status:5xx status:429", &[4, 3]),
            ("status:200", &[2, 1, 0]),
            ("status:503", &[]),
            ("model:gpt-x", &[4, 3, 1, 0]),
            ("model:\"image two\" model:none", &[2]),
            ("model:none", &[]),
            ("key:web", &[4, 3, 1, 0]),
            ("key:batch key:web", &[4, 3, 2, 1, 0]),
            ("project:Other", &[2]),
            ("member:Mira", &[2]),
            ("service:image", &[2]),
            ("service:image service:chat", &[4, 3, 2, 1, 0]),
            ("endpoint:/v1/images/generations", &[2]),
            ("provider:openai", &[2]),
            ("provider:sandbox provider:openai", &[4, 3, 2, 1, 0]),
            ("cost:>1", &[1]),
            ("cost:<=0.000001", &[2, 0]),
            ("cost:0.000001..5", &[2, 1, 0]),
            ("cost:>2", &[]),
            ("latency:>2s", &[3, 1]),
            ("latency:3s", &[1]),
            ("latency:<=1.5ms", &[4, 2, 0]),
            ("tokens:>1000", &[1]),
            ("tokens:110", &[3, 2, 0]),
            ("tokens:<=0", &[4]),
            ("latency:>2s status:errors", &[3]),
            ("model:gpt-x cost:<1 status:200", &[0]),
            ("project:Other cost:>1", &[]),
            ("key:web tokens:>=110 latency:<13s cost:>=0", &[1, 0]),
        ] {
            let query = query(world, &admin, text).await;
            let expected: Vec<CallId> = expected.iter().map(|index: &usize| ids[*index]).collect();
            assert_eq!(walk(world, &admin, &query).await, expected, "{text}");
            assert_eq!(exported(world, &admin, &query).await, expected, "{text}");
        }
    }

    async fn rare_calls_of_great_cost_are_paged_like_others(world: &World) {
        let admin = world.organization("Acme", "America/New_York").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        // One dear call each third day for 200 days, each among cheap ones, and 120 in one hour.
        let dear = |call: TestCall| TestCall { cost: Some(3_000_000_000), ..call };
        let newest = TestCall::at("2026-11-16T23:59:59.999Z");
        let mut made: Vec<TestCall> =
            (0..66).map(|number| dear(TestCall { at: newest.at.plus_days(-3 * number), ..newest.clone() })).collect();
        made.extend((0..66).map(|number| TestCall { at: newest.at.plus_days(-3 * number).plus_minutes(-1), ..newest.clone() }));
        made.extend(minutes(480).into_iter().enumerate().map(|(number, call)| if number % 4 == 0 { dear(call) } else { call }));
        let ids = world.calls(&admin.organization, &key, &made).await;
        let mut expected: Vec<CallId> =
            ids.iter().zip(&made).filter(|(_, call)| call.cost > Some(1_000)).map(|(id, _)| *id).collect();
        expected.sort_unstable_by(|a, b| b.cmp(a));
        let query = query(world, &admin, "cost:>=3").await;
        assert_eq!(walk(world, &admin, &query).await, expected);
        assert_eq!(exported(world, &admin, &query).await, expected);
        let to = Some("2026-11-10T01:00:00Z".parse().unwrap());
        let part = CallQuery { from: Some("2026-11-10T00:30:00Z".parse().unwrap()), to, ..query };
        assert_eq!(walk(world, &admin, &part).await.len(), 30);
    }

    async fn names_that_are_folded_are_found_by_the_calls_own(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let at = |minute: i64| TestCall::at_moment(TestCall::at("2026-11-10T10:00:00Z").at.plus_minutes(minute));
        let other = |minute| CallRecord {
            model: "other".into(),
            endpoint: Cow::Borrowed("other"),
            provider: "other".into(),
            status: 0,
            ..record(&admin.organization, &key, &at(minute))
        };
        let plain = record(&admin.organization, &key, &at(2));
        let ids = store(world, vec![other(0), other(1), plain]).await;
        // As events beyond the number of names are stored.
        world.execute(
            "UPDATE calls SET model = 'm9', endpoint = '/v9', provider = 'p9', status = 418 WHERE series_id IN \
             (SELECT s.id FROM series s WHERE s.endpoint = 'other')"
        ).await;
        for (text, expected) in [
            ("model:m9", &[1, 0][..]),
            ("endpoint:/v9", &[1, 0]),
            ("endpoint:/v9 endpoint:/v1/chat/completions", &[2, 1, 0]),
            ("provider:p9 model:m9", &[1, 0]),
            ("provider:p9 model:gpt-x", &[]),
            ("status:418", &[1, 0]),
            ("status:4xx status:200", &[2, 1, 0]),
            ("endpoint:other", &[1, 0]),
            ("endpoint:/v8", &[]),
        ] {
            let query = query(world, &admin, text).await;
            let expected: Vec<CallId> = expected.iter().map(|index: &usize| ids[*index]).collect();
            assert_eq!(walk(world, &admin, &query).await, expected, "{text}");
        }
    }

    async fn what_belongs_to_others_is_as_if_it_were_not(world: &World) {
        let (admin, stranger) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        store_different(world, &admin).await;
        let acme = query(world, &admin, "key:web").await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        world.assign(&admin, world.project(&admin, "Empty").await.id, "Dev").await;
        for actor in [&stranger, &developer] {
            let suggested = call_search::suggest(&world.services, actor, &CallQuery::default(), "").await.unwrap();
            let names = (&suggested.models, &suggested.endpoints, &suggested.providers, &suggested.members);
            assert_eq!(names, (&vec![], &vec![], &vec![], &vec![]));
            for text in ["model:gpt-x", "provider:openai", "cost:>0", "status:errors", "latency:>1ms", "endpoint:/v1/images/generations"] {
                assert_eq!(walk(world, actor, &query(world, actor, text).await).await, [], "{text}");
            }
            field_error(calls::list(&world.services, actor, &acme).await, "key");
            field_error(calls::facets(&world.services, actor, &acme).await, "key");
        }
    }
}
