//! Things of other organizations don't exist.

use domain::{calls::CallQuery, permissions::Role, usage::Filter, usage::UsageQuery};
use services::{ServiceError, accounts, api_keys, bodies, calls, projects, usage};

use crate::support::{TestCall, field_error, new_key};

on_both_databases! {
    async fn another_organizations_ids_are_not_found(world: &World) {
        let victim = world.organization("Victim", "UTC").await;
        let project = world.default_project(&victim).await;
        let key = world.key(&victim, project, "web").await;
        let call = world.calls(&victim.organization, &key, &[TestCall::at("2026-11-17T10:00:00Z")]).await[0];
        let attacker = world.organization("Attacker", "UTC").await.organization;
        let owner = world.member(&attacker, "Eve", Role::Owner).await;
        let services = &world.services;

        assert!(matches!(api_keys::revoke(services, &owner, &[key.id]).await, Err(ServiceError::NotFound)));
        assert!(matches!(calls::get(services, &owner, call).await, Err(ServiceError::NotFound)));
        assert!(matches!(bodies::get(services, &owner, call).await, Err(ServiceError::NotFound)));
        assert!(matches!(projects::find(services, &owner, &project.to_string()).await, Err(ServiceError::NotFound)));
        let assigned = projects::assign(services, &owner, project, "eve@attacker.example").await;
        assert!(matches!(assigned, Err(ServiceError::NotFound)));
        field_error(api_keys::create(services, &owner, new_key(project, "x")).await, "project_id");
        assert_eq!(world.keys(&owner).await, []);

        for (filter, field) in [
            (Filter { project: Some(project), ..Filter::default() }, "project"),
            (Filter { api_key: Some(key.id), ..Filter::default() }, "key"),
        ] {
            let query = CallQuery { filter: filter.clone(), ..CallQuery::default() };
            field_error(calls::list(services, &owner, &query).await, field);
            field_error(usage::report(services, &owner, &UsageQuery { filter, ..UsageQuery::default() }).await, field);
        }
        assert_eq!(calls::list(services, &owner, &CallQuery::default()).await.unwrap().calls, []);
        let report = usage::report(services, &owner, &UsageQuery::default()).await.unwrap();
        assert!(report.total.is_zero() && report.series.is_empty());
        assert_eq!(world.keys(&victim).await[0].revoked_at, None);
    }

    async fn an_organization_is_not_found_by_who_is_no_member(world: &World) {
        let mira = world.sign_up("Mira", "Acme").await;
        let theirs = world.actor_of(&mira).await.organization.slug;
        let eve = world.sign_up("Eve", "Other").await;
        for slug in [&*theirs, "nonsense", "", "ACME", "acme' OR '1'='1"] {
            let refused = accounts::actor(&world.services, &eve.user, slug, None).await;
            assert!(matches!(refused, Err(ServiceError::NotFound)), "{slug:?}");
        }
    }
}
