//! Filters by projects and keys.

use domain::{
    api_keys::{ApiKeyChanges, KeyQuery},
    calls::{CallQuery, Outcome},
    ids::{ApiKeyId, ProjectId},
    models::Service,
    permissions::Role,
    usage::{Filter, UsageQuery},
};
use services::{Actor, ServiceError, api_keys, calls, usage};

use crate::support::{TestCall, World, field_error};

/// The number of calls that match `filter`, or the field that is rejected.
async fn count(world: &World, actor: &Actor, filter: Filter) -> Result<usize, &'static str> {
    let query = CallQuery { filter: filter.clone(), ..CallQuery::default() };
    let listed = calls::list(&world.services, actor, &query).await;
    let reported = usage::report(&world.services, actor, &UsageQuery { filter, ..UsageQuery::default() }).await;
    match (listed, reported) {
        (Ok(page), Ok(report)) => {
            assert_eq!(report.total.calls, page.calls.len() as i64);
            Ok(page.calls.len())
        }
        (Err(ServiceError::Invalid(of_calls)), Err(ServiceError::Invalid(of_usage))) => {
            assert_eq!(of_calls, of_usage);
            let fields = ["project", "key", "member", "model"];
            Err(fields.into_iter().find(|field| of_calls.get(field).is_some()).unwrap_or("another"))
        }
        (calls, report) => panic!("{calls:?}, {report:?}"),
    }
}

fn of_project(id: ProjectId) -> Filter {
    Filter { projects: vec![id], ..Filter::default() }
}

fn of_key(id: ApiKeyId) -> Filter {
    Filter { api_keys: vec![id], ..Filter::default() }
}

on_both_databases! {
    async fn a_filter_by_what_does_not_exist_is_an_error_and_no_empty_result(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (used, unused) = (world.key(&admin, project, "used").await, world.key(&admin, project, "unused").await);
        world.calls(&admin.organization, &used, &[TestCall::at("2026-11-10T10:00:00Z")]).await;
        assert_eq!(count(world, &admin, of_project(project)).await, Ok(1));
        assert_eq!(count(world, &admin, of_key(used.id)).await, Ok(1));
        assert_eq!(count(world, &admin, of_key(unused.id)).await, Ok(0));
        let (no_project, no_key) = (ProjectId::new(uuid::Uuid::from_u128(7)), ApiKeyId::new(uuid::Uuid::from_u128(7)));
        assert_eq!(count(world, &admin, of_project(no_project)).await, Err("project"));
        assert_eq!(count(world, &admin, of_key(no_key)).await, Err("key"));
        let both = |one, other| Filter { api_keys: vec![one, other], ..Filter::default() };
        assert_eq!(count(world, &admin, both(used.id, unused.id)).await, Ok(1));
        assert_eq!(count(world, &admin, both(used.id, no_key)).await, Err("key"));
        let query = KeyQuery { project: Some(no_project), ..KeyQuery::default() };
        field_error(api_keys::list(&world.services, &admin, &query).await, "project");
        let exported = api_keys::export(&world.services, &admin, &query).await;
        field_error(exported.map(|_| ()), "project");
    }

    async fn values_of_a_dimension_are_alternatives_and_each_dimension_has_to_match(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let at = || TestCall::at("2026-11-10T10:00:00Z");
        let made = [
            at(),
            at().model("gpt-y"),
            at().model("gpt-z").outcome(Outcome::Failed),
            TestCall { service: Service::Video, ..at() },
        ];
        world.calls(&admin.organization, &key, &made).await;
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let statuses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let models = texts(&["gpt-x", "gpt-z"]);
        for (filter, expected) in [
            (Filter { models: texts(&["gpt-x", "gpt-y"]), ..Filter::default() }, Ok(3)),
            (Filter { models, statuses: statuses(&["2xx"]), ..Filter::default() }, Ok(2)),
            (Filter { statuses: statuses(&["errors"]), ..Filter::default() }, Ok(1)),
            (Filter { statuses: statuses(&["502", "succeeded"]), ..Filter::default() }, Ok(4)),
            (Filter { statuses: statuses(&["4xx"]), ..Filter::default() }, Ok(0)),
            (Filter { services: vec![Service::Video, Service::Audio], ..Filter::default() }, Ok(1)),
            (Filter { endpoints: texts(&["/v1/chat/completions"]), ..Filter::default() }, Ok(4)),
            (Filter { providers: texts(&["nobody"]), ..Filter::default() }, Ok(0)),
            (Filter { models: vec!["m".to_owned(); Filter::MAX_VALUES + 1], ..Filter::default() }, Err("model")),
            (Filter { models: texts(&["zero \0 byte"]), ..Filter::default() }, Err("model")),
        ] {
            assert_eq!(count(world, &admin, filter.clone()).await, expected, "{filter:?}");
        }
    }

    async fn members_are_filtered_by_who_belongs_to_the_organization(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        world.calls(&admin.organization, &key, &[TestCall::at("2026-11-10T10:00:00Z")]).await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let stranger = world.member(&world.organization("Other", "UTC").await.organization, "Eve", Role::Owner).await;
        let of_member = |actor: &Actor| Filter { members: actor.user_id().into_iter().collect(), ..Filter::default() };
        assert_eq!(count(world, &admin, of_member(&developer)).await, Ok(0));
        assert_eq!(count(world, &admin, of_member(&stranger)).await, Err("member"));
    }

    async fn a_member_of_some_projects_filters_by_what_was_called_there(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let hidden = world.project(&admin, "Hidden").await.id;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        world.assign(&admin, project, "Dev").await;
        let moved = world.key(&admin, project, "moved").await;
        world.calls(&admin.organization, &moved, &[TestCall::at("2026-11-10T10:00:00Z")]).await;
        let other = world.key(&admin, hidden, "other").await;
        world.calls(&admin.organization, &other, &[TestCall::at("2026-11-10T10:00:00Z")]).await;
        let changes = ApiKeyChanges { project_id: Some(hidden), ..ApiKeyChanges::default() };
        api_keys::edit(&world.services, &admin, moved.id, changes).await.unwrap();
        // It is elsewhere now, but its calls were made here.
        assert_eq!(count(world, &developer, of_key(moved.id)).await, Ok(1));
        assert_eq!(count(world, &developer, of_key(other.id)).await, Err("key"));
        assert_eq!(count(world, &developer, of_project(hidden)).await, Err("project"));
        assert_eq!(count(world, &admin, of_project(hidden)).await, Ok(1));
    }
}
