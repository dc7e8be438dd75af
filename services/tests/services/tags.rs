//! Tags that clients give their calls.

mod usage;

use domain::{
    calls::{CallQuery, CallTags},
    ids::CallId,
    permissions::Role,
    usage::{Filter, TagCounts},
};
use services::{Actor, ServiceError, call_search, calls, metering::CallRecord};

use crate::support::{TestCall, World, field_error, record};

/// Names or values with their counts.
fn counts(found: &TagCounts) -> Vec<(&str, i64)> {
    found.tags.iter().map(|tag| (tag.text.as_str(), tag.calls)).collect()
}

async fn names(world: &World, actor: &Actor, query: &CallQuery) -> TagCounts {
    calls::tag_names(&world.services, actor, query, "").await.unwrap()
}

async fn values(world: &World, actor: &Actor, query: &CallQuery, name: &str, text: &str) -> TagCounts {
    calls::tag_values(&world.services, actor, query, &name.parse().unwrap(), text).await.unwrap()
}

/// The tags that are suggested for a typed text.
async fn suggested(world: &World, actor: &Actor, query: &CallQuery, text: &str) -> TagCounts {
    call_search::suggest(&world.services, actor, query, text).await.unwrap().tags
}

/// A query with these tags, such as `customer:acme`.
fn tagged(tags: &[&str]) -> CallQuery {
    let tags = tags.iter().map(|tag| tag.parse().unwrap()).collect();
    CallQuery { filter: Filter { tags, ..Filter::default() }, ..CallQuery::default() }
}

async fn listed(world: &World, actor: &Actor, query: &CallQuery) -> Vec<CallId> {
    let page = calls::list(&world.services, actor, query).await.unwrap();
    page.calls.into_iter().map(|call| call.id).collect()
}

on_both_databases! {
    async fn a_call_keeps_its_tags_through_the_journal(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let at = TestCall::at("2026-11-10T10:00:00Z");
        let meter = world.meter().await;
        let mut expected = Vec::new();
        for made in [at.clone(), at.clone().tag("customer", "Ümlaut \"& Co\"\\"), at.clone().tag("a", "1").tag("b-2", "2")] {
            let call: CallRecord = record(&admin.organization, &key, &made);
            expected.push((call.id, made.tags));
            meter.record(call).await.unwrap();
        }
        world.wait_until_stored().await;
        for (id, tags) in expected {
            assert_eq!(calls::get(&world.services, &admin, id).await.unwrap().call.tags, tags);
        }
        assert_eq!(world.count("call_tags").await, 3);
        let rows = world.rows("SELECT count(*) AS n FROM calls WHERE tags IS NULL").await;
        assert_eq!(rows[0].try_get::<i64>("", "n").unwrap(), 1, "a call without tags has no JSON");
        // A list has no field for calls without tags.
        let page = calls::list(&world.services, &admin, &CallQuery::default()).await.unwrap();
        let json = serde_json::to_string(&page.calls).unwrap();
        assert_eq!(json.matches("\"tags\"").count(), 2, "{json}");
    }

    async fn calls_are_found_by_their_tags(world: &World) {
        let (admin, other) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        for actor in [&other, &admin] {
            let project = world.default_project(actor).await;
            let key = world.key(actor, project, "web").await;
            let at = |minute: usize| TestCall::at(&format!("2026-11-10T10:{minute:02}:00Z"));
            let ids = world.calls(&actor.organization, &key, &[
                at(0).tag("customer", "acme").tag("team", "blue"),
                at(1).tag("customer", "acme").tag("team", "red"),
                at(2).tag("customer", "beta").tag("team", "blue"),
                at(3).tag("client", "acme"),
                at(4),
            ]).await;
            for (tags, expected) in [
                (&["customer:acme"][..], &[1, 0][..]),
                (&["customer:acme", "customer:beta"], &[2, 1, 0]),
                (&["customer:acme", "customer:beta", "team:blue"], &[2, 0]),
                (&["customer:acm"], &[]),
                (&["customer:ACME"], &[]),
                (&["team:acme"], &[]),
            ] {
                let expected: Vec<CallId> = expected.iter().map(|index| ids[*index]).collect();
                assert_eq!(listed(world, actor, &tagged(tags)).await, expected, "{tags:?}");
            }
        }
    }

    async fn names_and_values_are_listed_as_far_as_one_may_see_them(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (first, second) = (world.default_project(&admin).await, world.project(&admin, "Second").await);
        let at = || TestCall::at("2026-11-10T10:00:00Z");
        for (project, customers) in [(first, &["acme", "Acme Labs", "beta"][..]), (second.id, &["acme", "gamma"])] {
            let key = world.key(&admin, project, "web").await;
            let made: Vec<TestCall> = customers.iter().map(|customer| at().tag("customer", customer)).collect();
            world.calls(&admin.organization, &key, &made).await;
            world.calls(&admin.organization, &key, &[at().tag("team", "blue").model("gpt-y")]).await;
        }
        let (any, developer) = (CallQuery::default(), world.member(&admin.organization, "Dev", Role::Developer).await);
        world.assign(&admin, second.id, "Dev").await;
        let found = names(world, &admin, &any).await;
        assert_eq!((counts(&found), found.is_complete), (vec![("customer", 5), ("team", 2)], true));
        assert_eq!(counts(&names(world, &developer, &any).await), [("customer", 2), ("team", 1)]);
        let found = values(world, &admin, &any, "customer", "").await;
        assert_eq!(counts(&found), [("acme", 2), ("Acme Labs", 1), ("beta", 1), ("gamma", 1)]);
        assert_eq!(counts(&values(world, &admin, &any, "customer", " ACME").await), [("acme", 2), ("Acme Labs", 1)]);
        assert_eq!(counts(&values(world, &developer, &any, "customer", "").await), [("acme", 1), ("gamma", 1)]);
        assert!(values(world, &admin, &any, "customer", "%").await.tags.is_empty());
        // Values of a tag are those to choose instead, or as well.
        assert_eq!(values(world, &admin, &tagged(&["customer:beta"]), "customer", "").await.tags.len(), 4);
        assert_eq!(values(world, &admin, &tagged(&["customer:beta"]), "team", "").await.tags.len(), 0);
        let by_model = CallQuery {
            filter: Filter { models: vec!["gpt-y".to_owned()], ..Filter::default() },
            ..CallQuery::default()
        };
        assert_eq!(counts(&names(world, &admin, &by_model).await), [("team", 2)]);
        let later = CallQuery { from: Some("2026-11-10T10:00:01Z".parse().unwrap()), ..CallQuery::default() };
        assert_eq!(names(world, &admin, &later).await, TagCounts { tags: Vec::new(), is_complete: true });
        let viewer = world.member(&admin.organization, "Viewer", Role::Viewer).await;
        let refused = calls::tag_names(&world.services, &viewer, &any, "").await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
    }

    async fn a_tag_is_completed_as_it_is_typed(world: &World) {
        let (admin, stranger) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        let (first, second) = (world.default_project(&admin).await, world.project(&admin, "Second").await);
        let at = || TestCall::at("2026-11-10T10:00:00Z");
        for (project, customer) in [(first, "acme"), (second.id, "Acme Labs"), (second.id, "beta")] {
            let key = world.key(&admin, project, customer).await;
            world.calls(&admin.organization, &key, &[at().tag("customer", customer).tag("plan", "pro")]).await;
        }
        let any = CallQuery::default();
        for (typed, expected) in [
            ("tag.", &[("customer", 3), ("plan", 3)][..]),
            ("tag.CUST", &[("customer", 3)]),
            ("tag.customer:", &[("acme", 1), ("Acme Labs", 1), ("beta", 1)]),
            (" tag.customer:aCM", &[("acme", 1), ("Acme Labs", 1)]),
            ("tag.plan:", &[("pro", 3)]),
            ("tag.plan:acme", &[]),
            ("tag.Plan:pro", &[]),
            ("tag.\u{0}none", &[]),
        ] {
            let found = suggested(world, &admin, &any, typed).await;
            let mut tags = counts(&found);
            // Databases order letters differently.
            tags.sort_by_key(|(text, calls)| (-calls, text.to_lowercase()));
            assert_eq!((tags, found.is_complete), (expected.to_vec(), true), "{typed}");
            assert!(counts(&suggested(world, &stranger, &any, typed).await).is_empty(), "{typed}");
        }
        assert_eq!(suggested(world, &admin, &any, "customer").await, TagCounts::default());
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        world.assign(&admin, second.id, "Dev").await;
        assert_eq!(counts(&suggested(world, &developer, &any, "tag.customer:acme").await), [("Acme Labs", 1)]);
        // Values are those of the query's calls, whatever it asks for in their tag.
        let of_second = Filter { projects: vec![second.id], ..tagged(&["customer:beta"]).filter };
        let query = CallQuery { filter: of_second, ..CallQuery::default() };
        assert_eq!(suggested(world, &admin, &query, "tag.customer:").await.tags.len(), 2);
        assert_eq!(counts(&suggested(world, &admin, &query, "tag.plan:").await), [("pro", 1)]);
        field_error(call_search::suggest(&world.services, &stranger, &query, "tag.").await, "project");
        let mut dear = CallQuery::default();
        dear.bounds.cost.min = Some("1".parse().unwrap());
        assert!(suggested(world, &admin, &dear, "tag.").await.tags.is_empty());
    }

    async fn what_no_server_would_store_is_read_as_no_tags(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        world.calls(&admin.organization, &key, &[TestCall::at("2026-11-10T10:00:00Z")]).await;
        world.execute("UPDATE calls SET tags = '[\"x\"]'").await;
        let page = calls::list(&world.services, &admin, &CallQuery::default()).await.unwrap();
        assert_eq!(page.calls[0].tags, CallTags::default());
    }
}
