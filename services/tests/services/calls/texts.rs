//! Texts are found in the bodies that one may read.

use domain::{bodies::StoredBody, calls::MAX_TEXT_SEARCH_DAYS, ids::ProjectId};
use services::{bodies::NewBodies, call_search};

use super::*;
use crate::support::field_error;

/// Stores calls of these days before now, each with its number in the body.
async fn store(world: &World, actor: &Actor, project: ProjectId, days: &[i64]) -> Vec<CallId> {
    let key = world.key(actor, project, &project.to_string()).await;
    let now = world.services.now();
    let calls: Vec<TestCall> =
        days.iter().map(|days| TestCall::at_moment(now.plus_days(-days).plus_minutes(-1))).collect();
    let ids = world.calls(&actor.organization, &key, &calls).await;
    let new = ids.iter().zip(&calls).enumerate().map(|(number, (id, call))| {
        let body = |text: String| StoredBody { text: Some(text), ..StoredBody::default() };
        NewBodies {
            organization_id: actor.organization.id,
            call_id: *id,
            started_at: call.at,
            days: 30,
            request: body(format!("{{\"input\":\"Needle {number} of hay\"}}")),
            response: body(if number == 0 { "{\"output\":\"first\"}".to_owned() } else { String::new() }),
        }
    });
    bodies::store(&world.services, new.collect()).await.unwrap();
    ids
}

fn of_week(text: &str) -> CallQuery {
    CallQuery { range: Some(Range::Last7Days), text: Some(text.to_owned()), ..CallQuery::default() }
}

async fn found(world: &World, actor: &Actor, query: &CallQuery) -> Vec<CallId> {
    let page = call_search::list(&world.services, actor, query).await.unwrap();
    assert!(!page.more && page.stopped_at.is_none());
    let pages: Vec<_> = call_search::export(&world.services, actor, query).await.unwrap().try_collect().await.unwrap();
    let ids: Vec<CallId> = page.calls.iter().map(|call| call.id).collect();
    assert_eq!(pages.into_iter().flatten().map(|call| call.id).collect::<Vec<_>>(), ids);
    ids
}

on_both_databases! {
    async fn a_text_is_found_in_requests_and_responses_of_a_week(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        world.choose_body_days(&admin, Some(30)).await;
        let ids = store(world, &admin, project, &[0, 1, 2, 20]).await;
        assert_eq!(found(world, &admin, &of_week("needle")).await, ids[..3]);
        assert_eq!(found(world, &admin, &of_week("NEEDLE 1 of")).await, [ids[1]]);
        assert_eq!(found(world, &admin, &of_week("first")).await, [ids[0]]);
        assert_eq!(found(world, &admin, &of_week("nothing")).await, []);
        // A text narrows a search like anything else.
        let dear = Filter { models: vec!["none".to_owned()], ..Filter::default() };
        assert_eq!(found(world, &admin, &CallQuery { filter: dear, ..of_week("needle") }).await, []);
        let long = CallQuery { range: Some(Range::Last30Days), ..of_week("needle") };
        let message = field_error(call_search::list(&world.services, &admin, &long).await, "text");
        assert!(message.contains(&format!("{MAX_TEXT_SEARCH_DAYS} days")), "{message}");
        field_error(call_search::list(&world.services, &admin, &CallQuery { range: None, ..long }).await, "text");
        field_error(call_search::list(&world.services, &admin, &of_week(" ")).await, "text");
        field_error(calls::list(&world.services, &admin, &of_week("needle")).await, "text");
        world.choose_body_days(&admin, Some(1)).await;
        assert!(found(world, &admin, &of_week("needle")).await.len() < 3, "older ones aren't shown any longer");
        world.choose_body_days(&admin, None).await;
        field_error(call_search::list(&world.services, &admin, &of_week("needle")).await, "text");
    }

    async fn more_than_a_page_of_texts_is_paged(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        world.choose_body_days(&admin, Some(30)).await;
        let ids = store(world, &admin, project, &[0; 130]).await;
        let mut query = of_week("needle");
        let mut seen = Vec::new();
        loop {
            let page = call_search::list(&world.services, &admin, &query).await.unwrap();
            seen.extend(page.calls.iter().map(|call| call.id));
            query.before = page.stopped_at.or(seen.last().copied());
            if !page.more {
                break;
            }
        }
        assert!(seen.is_sorted_by(|a, b| a > b));
        assert_eq!(seen.len(), ids.len());
    }

    async fn texts_are_found_by_who_may_read_them_and_by_nobody_else(world: &World) {
        let (admin, stranger) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        for actor in [&admin, &stranger] {
            world.choose_body_days(actor, Some(30)).await;
        }
        let (project, second) = (world.default_project(&admin).await, world.project(&admin, "Second").await);
        let first = store(world, &admin, project, &[0]).await;
        store(world, &admin, second.id, &[0]).await;
        assert_eq!(found(world, &stranger, &of_week("needle")).await, []);
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        assert_eq!(found(world, &developer, &of_week("needle")).await, []);
        world.assign(&admin, project, "Dev").await;
        assert_eq!(found(world, &developer, &of_week("needle")).await, first);
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        let refused = call_search::list(&world.services, &viewer, &of_week("needle")).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
    }
}
