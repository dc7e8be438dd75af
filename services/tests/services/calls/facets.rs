//! Facets count what a list would have.

use domain::{
    calls::Facets,
    usage::{Group, TagFilter},
};

use super::*;

async fn facets(world: &World, actor: &Actor, query: &CallQuery) -> Facets {
    calls::facets(&world.services, actor, query).await.unwrap()
}

/// The labels of a dimension with their counts.
fn labels(facets: &Facets, dimension: Group) -> Vec<(String, i64)> {
    let facet = facets.get(&dimension).unwrap();
    facet.values.iter().map(|value| (value.label.clone(), value.calls)).collect()
}

fn pairs(pairs: &[(&str, i64)]) -> Vec<(String, i64)> {
    pairs.iter().map(|(label, calls)| ((*label).to_owned(), *calls)).collect()
}

fn tag(name: &str) -> Group {
    format!("tag.{name}").parse().unwrap()
}

on_both_databases! {
    async fn facets_count_days_by_rollups_and_an_hour_call_by_call(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (project, second) = (world.default_project(&admin).await, world.project(&admin, "Second").await);
        let (web, batch) = (world.key(&admin, project, "web").await, world.key(&admin, second.id, "batch").await);
        let at = || TestCall::at("2026-11-10T10:07:00Z");
        let dear = TestCall { cost: Some(2_000_000_000), ..at() };
        world.calls(&admin.organization, &web, &[at(), at().model("gpt-y"), dear, at().outcome(Outcome::Failed)]).await;
        world.calls(&admin.organization, &batch, &[at(), at().outcome(Outcome::Refused)]).await;
        let stranger = world.organization("Other", "UTC").await;
        let foreign = world.default_project(&stranger).await;
        let foreign = world.key(&stranger, foreign, "foreign").await;
        world.calls(&stranger.organization, &foreign, &[at().model("theirs")]).await;
        let moment = |text: &str| Some(text.parse().unwrap());
        let hour =
            CallQuery { from: moment("2026-11-10T10:00:00Z"), to: moment("2026-11-10T11:00:00Z"), ..CallQuery::default() };
        let days = CallQuery { range: Some(Range::Last30Days), ..CallQuery::default() };
        for range in [hour.clone(), days.clone()] {
            let all = facets(world, &admin, &range).await;
            assert_eq!(all.facets.iter().map(|facet| facet.dimension.clone()).collect::<Vec<_>>(), Group::FIXED);
            assert_eq!(labels(&all, Group::Model), pairs(&[("gpt-x", 5), ("gpt-y", 1)]));
            assert_eq!(labels(&all, Group::ApiKey), pairs(&[("web", 4), ("batch", 2)]));
            assert_eq!(labels(&all, Group::Project), pairs(&[("Default", 4), ("Second", 2)]));
            assert_eq!(labels(&all, Group::Service), pairs(&[("chat", 6)]));
            let mut statuses = labels(&all, Group::Status);
            statuses.sort_unstable();
            assert_eq!(statuses, pairs(&[("200", 4), ("502", 2), ("Errors", 1), ("Rejected", 1), ("Succeeded", 4)]));
            assert!(!all.ignores_bounds && !all.is_partial);
            // Other dimensions are narrowed by the key, and keys by the model.
            let filter = Filter { models: vec!["gpt-y".to_owned()], api_keys: vec![web.id], ..Filter::default() };
            let narrowed = facets(world, &admin, &CallQuery { filter, ..range.clone() }).await;
            assert_eq!(labels(&narrowed, Group::Model), pairs(&[("gpt-y", 1), ("gpt-x", 3)]));
            assert_eq!(labels(&narrowed, Group::ApiKey), pairs(&[("web", 1)]));
            assert!(narrowed.get(&Group::Model).unwrap().values[0].is_chosen);
            let none = facets(world, &stranger, &range).await;
            assert_eq!(labels(&none, Group::Model), pairs(&[("theirs", 1)]));
        }
        let mut dear = CallQuery::default();
        dear.bounds.cost.min = Some("1".parse().unwrap());
        let counted = facets(world, &admin, &CallQuery { bounds: dear.bounds.clone(), ..hour }).await;
        assert_eq!((labels(&counted, Group::Model), counted.ignores_bounds), (pairs(&[("gpt-x", 1)]), false));
        let summed = facets(world, &admin, &CallQuery { bounds: dear.bounds, ..days }).await;
        assert_eq!((labels(&summed, Group::Model)[0].1, summed.ignores_bounds), (5, true));
    }

    async fn each_tag_is_a_facet_of_the_newest_tags(world: &World) {
        let (admin, stranger) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        let (project, second) = (world.default_project(&admin).await, world.project(&admin, "Second").await);
        let (web, batch) = (world.key(&admin, project, "web").await, world.key(&admin, second.id, "batch").await);
        let at = || TestCall::at("2026-11-10T10:07:00Z");
        let dear = TestCall { cost: Some(2_000_000_000), ..at().tag("customer", "beta").tag("plan", "free") };
        let acme = || at().tag("customer", "acme");
        world.calls(&admin.organization, &web, &[acme().tag("plan", "pro"), acme().model("gpt-y"), dear, at()]).await;
        world.calls(&admin.organization, &batch, &[acme()]).await;
        let foreign = world.default_project(&stranger).await;
        let foreign = world.key(&stranger, foreign, "foreign").await;
        world.calls(&stranger.organization, &foreign, &[at().tag("theirs", "x")]).await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        world.assign(&admin, second.id, "Dev").await;
        let moment = |text: &str| Some(text.parse().unwrap());
        let hour =
            CallQuery { from: moment("2026-11-10T10:00:00Z"), to: moment("2026-11-10T11:00:00Z"), ..CallQuery::default() };
        for range in [hour, CallQuery { range: Some(Range::Last30Days), ..CallQuery::default() }] {
            let all = facets(world, &admin, &range).await;
            let dimensions: Vec<Group> = all.facets.iter().skip(Group::FIXED.len()).map(|facet| facet.dimension.clone()).collect();
            assert_eq!((dimensions, all.is_partial), (vec![tag("customer"), tag("plan")], false));
            assert_eq!(labels(&all, tag("customer")), pairs(&[("acme", 3), ("beta", 1)]));
            assert_eq!(labels(&all, tag("plan")), pairs(&[("free", 1), ("pro", 1)]));
            // A tag is narrowed by all dimensions but its own.
            let tags = ["customer:none", "customer:beta"].map(|text| text.parse().unwrap()).to_vec();
            let narrowed = CallQuery { filter: Filter { tags, ..Filter::default() }, ..range.clone() };
            let narrowed = facets(world, &admin, &narrowed).await;
            assert_eq!(labels(&narrowed, tag("customer")), pairs(&[("none", 0), ("beta", 1), ("acme", 3)]));
            assert_eq!(labels(&narrowed, tag("plan")), pairs(&[("free", 1)]));
            let chosen = narrowed.get(&tag("customer")).unwrap().values.iter().map(|value| value.is_chosen);
            assert_eq!(chosen.collect::<Vec<_>>(), [true, true, false]);
            let of_model = Filter { models: vec!["gpt-y".to_owned()], ..Filter::default() };
            let of_model = facets(world, &admin, &CallQuery { filter: of_model, ..range.clone() }).await;
            assert_eq!(labels(&of_model, tag("customer")), pairs(&[("acme", 1)]));
            assert_eq!(of_model.get(&tag("plan")), None);
            let mut expensive = range.clone();
            expensive.bounds.cost.min = Some("1".parse().unwrap());
            assert_eq!(labels(&facets(world, &admin, &expensive).await, tag("customer")), pairs(&[("beta", 1)]));
            // What others have is as if it were not.
            assert_eq!(labels(&facets(world, &developer, &range).await, tag("customer")), pairs(&[("acme", 1)]));
            let theirs = facets(world, &stranger, &range).await;
            assert_eq!((theirs.get(&tag("customer")), labels(&theirs, tag("theirs"))), (None, pairs(&[("x", 1)])));
        }
    }

    async fn facets_reach_as_far_as_the_role(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (project, second) = (world.default_project(&admin).await, world.project(&admin, "Second").await);
        for (project, model) in [(project, "a"), (second.id, "b")] {
            let key = world.key(&admin, project, model).await;
            world.calls(&admin.organization, &key, &[TestCall::at("2026-11-16T10:00:00Z").model(model)]).await;
        }
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        let query = CallQuery { range: Some(Range::Last7Days), ..CallQuery::default() };
        assert_eq!(labels(&facets(world, &developer, &query).await, Group::Model), pairs(&[]));
        world.assign(&admin, second.id, "Dev").await;
        assert_eq!(labels(&facets(world, &developer, &query).await, Group::Model), pairs(&[("b", 1)]));
        let refused = calls::facets(&world.services, &viewer, &query).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
        let tags: Vec<TagFilter> = vec!["customer:acme".parse().unwrap()];
        let tagged = CallQuery { filter: Filter { tags, ..Filter::default() }, ..query };
        assert!(facets(world, &admin, &tagged).await.ignores_bounds);
    }
}
