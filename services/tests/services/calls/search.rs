//! Calls are found by their IDs, filters by names; a rejected call has its explanation.

use domain::{
    calls::{CallQuery, CallRejection, CallRetention, CallSuggestions, Outcome, RejectionRule},
    ids::{CallId, ProjectId},
    organizations::SettingsChanges,
    permissions::Role,
};
use services::{
    Actor, ServiceError, call_search,
    calls::{self, retention},
    metering::CallRecord,
    organizations,
};

use crate::support::{TestCall, World, record};

async fn suggest(world: &World, actor: &Actor, text: &str) -> CallSuggestions {
    call_search::suggest(&world.services, actor, &CallQuery::default(), text).await.unwrap()
}

fn ids(found: &CallSuggestions) -> Vec<CallId> {
    found.calls.iter().map(|call| call.id).collect()
}

/// Stores a call whose client gave it this request ID.
async fn store_with_request(world: &World, actor: &Actor, project: ProjectId, at: &str, id: &str) -> CallId {
    let key = world.key(actor, project, id).await;
    let call =
        CallRecord { client_request_id: Some(id.to_owned()), ..record(&actor.organization, &key, &TestCall::at(at)) };
    let id = call.id;
    world.meter().await.record(call).await.unwrap();
    world.wait_until_stored().await;
    id
}

on_both_databases! {
    async fn a_call_is_found_by_its_id_and_by_its_clients_as_far_as_one_may_see_it(world: &World) {
        let (admin, other) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        let (first, second) = (world.default_project(&admin).await, world.project(&admin, "Second").await);
        let foreign = world.default_project(&other).await;
        let trace = "0b5d-trace 1";
        let owner = world.member(&admin.organization, "Owner", Role::Owner).await;
        let own = store_with_request(world, &owner, first, "2026-11-10T10:00:00Z", trace).await;
        let later = store_with_request(world, &admin, second.id, "2026-11-11T10:00:00Z", trace).await;
        store_with_request(world, &other, foreign, "2026-11-12T10:00:00Z", trace).await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        world.assign(&admin, second.id, "Dev").await;

        assert_eq!(ids(&suggest(world, &admin, &format!(" {own}\n")).await), [own]);
        assert_eq!(ids(&suggest(world, &admin, trace).await), [later, own]);
        assert_eq!(ids(&suggest(world, &developer, trace).await), [later]);
        for nothing in [own.to_string(), trace[..6].to_owned(), trace.to_uppercase(), String::new(), "x".repeat(9_000)] {
            assert!(suggest(world, &developer, &nothing).await.calls.is_empty(), "{nothing}");
        }
        assert!(suggest(world, &other, &own.to_string()).await.calls.is_empty());
        let details = calls::get(&world.services, &owner, own).await.unwrap();
        assert_eq!((details.client_request_id.as_deref(), details.is_own_key), (Some(trace), true));
        assert!(!calls::get(&world.services, &developer, later).await.unwrap().is_own_key);
        let viewer = world.member(&admin.organization, "Viewer", Role::Viewer).await;
        let refused = call_search::suggest(&world.services, &viewer, &CallQuery::default(), trace).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
    }

    async fn a_request_id_goes_with_its_call(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        store_with_request(world, &admin, project, "2026-10-01T10:00:00Z", "old").await;
        let new = store_with_request(world, &admin, project, "2026-11-01T10:00:00Z", "new").await;
        let changes =
            SettingsChanges { call_retention: Some(CallRetention::chosen(Some(35))), ..SettingsChanges::default() };
        organizations::update_settings(&world.services, &admin, changes).await.unwrap();
        for rows in [2, 1] {
            assert_eq!(world.count("client_requests").await, rows);
            assert!(suggest(world, &admin, "old").await.calls.is_empty());
            assert_eq!(ids(&suggest(world, &admin, "new").await), [new]);
            retention::run(&world.services).await.unwrap();
        }
    }

    async fn names_are_suggested_by_any_part_of_them(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.project(&admin, "Ticket Desk").await;
        let key = world.key(&admin, project.id, "ticket-triage").await;
        let made = ["gpt-x", "claude-Ticket", "100%_sure"].map(|model| TestCall::at("2026-11-10T10:00:00Z").model(model));
        world.calls(&admin.organization, &key, &made).await;
        let names = |found: CallSuggestions| {
            let keys = found.api_keys.into_iter().map(|key| key.name);
            (found.models, keys.collect::<Vec<_>>(), found.projects.into_iter().map(|project| project.name).collect::<Vec<_>>())
        };
        let (models, keys, projects) = names(suggest(world, &admin, "tiCKet").await);
        assert_eq!((models, keys, projects), (
            vec!["claude-Ticket".to_owned()], vec!["ticket-triage".to_owned()], vec!["Ticket Desk".to_owned()],
        ));
        assert_eq!(suggest(world, &admin, "%_").await.models, ["100%_sure"]);
        assert_eq!(suggest(world, &admin, "").await.models.len(), 3);
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        assert_eq!(suggest(world, &developer, "t").await, CallSuggestions::default());
    }

    async fn a_rejected_call_says_what_was_asked_for_and_why_it_was_not_allowed(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let secret = "toll_std_000000000000000000000000000000002tlumi";
        let message = format!("There is no model \"{secret}\".");
        let rejected = |model: &str, rejection| CallRecord {
            model: model.into(),
            rejection,
            ..record(&admin.organization, &key, &TestCall::at("2026-11-10T10:00:00Z").outcome(Outcome::Refused))
        };
        let unknown = rejected("", Some(CallRejection::new(RejectionRule::UnknownModel, &message, "gpt-9")));
        let limited = rejected("gpt-x", Some(CallRejection::new(RejectionRule::ProjectRate, "Too fast.", "gpt-x")));
        let before = rejected("", None);
        let meter = world.meter().await;
        for call in [&unknown, &limited, &before] {
            meter.record(call.clone()).await.unwrap();
        }
        world.wait_until_stored().await;
        let details = async |id| calls::get(&world.services, &admin, id).await.unwrap();
        let found = details(unknown.id).await;
        let rejection = found.rejection.unwrap();
        assert_eq!((found.call.model.as_str(), rejection.rule), ("gpt-9", RejectionRule::UnknownModel));
        assert!(!rejection.message.contains(secret) && rejection.message.starts_with("There is no model"));
        assert_eq!(details(limited.id).await.rejection, limited.rejection);
        let found = details(before.id).await;
        assert_eq!((found.call.model.as_str(), found.rejection), ("", None));
        let listed = calls::list(&world.services, &admin, &CallQuery::default()).await.unwrap().calls;
        let mut models: Vec<&str> = listed.iter().map(|call| call.model.as_str()).collect();
        models.sort_unstable();
        assert_eq!(models, ["", "gpt-9", "gpt-x"]);
    }
}
