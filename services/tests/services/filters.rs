//! Filters by projects and keys.

use domain::{
    api_keys::{ApiKeyChanges, KeyQuery},
    calls::CallQuery,
    ids::{ApiKeyId, ProjectId},
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
            Err(if of_calls.get("project").is_some() { "project" } else { "key" })
        }
        (calls, report) => panic!("{calls:?}, {report:?}"),
    }
}

fn of_project(id: ProjectId) -> Filter {
    Filter { project: Some(id), ..Filter::default() }
}

fn of_key(id: ApiKeyId) -> Filter {
    Filter { api_key: Some(id), ..Filter::default() }
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
        let query = KeyQuery { project: Some(no_project), ..KeyQuery::default() };
        field_error(api_keys::list(&world.services, &admin, &query).await, "project");
        let exported = api_keys::export(&world.services, &admin, &query).await;
        field_error(exported.map(|_| ()), "project");
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
