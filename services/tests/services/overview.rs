//! The overview.

use domain::{calls::Outcome, permissions::Role};
use services::overview;

use crate::support::TestCall;

on_both_databases! {
    async fn a_new_organization_is_told_how_to_begin(world: &World) {
        world.offer("gpt-x", "1").await;
        let admin = world.organization("Acme", "UTC").await;
        let shown = overview::get(&world.services, &admin, "https://hub.example/v1".to_owned()).await.unwrap();
        assert!(!shown.ever_called && shown.latest_calls.is_empty() && shown.month.is_zero());
        assert_eq!((shown.active_keys, shown.example_model.as_deref()), (0, Some("gpt-x")));
        assert_eq!(shown.base_url, "https://hub.example/v1");
    }

    async fn the_month_is_compared_with_the_same_days_of_the_one_before(world: &World) {
        let admin = world.organization("Acme", "Europe/Berlin").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let made = [
            TestCall::at("2026-11-17T14:00:00Z"),
            TestCall::at("2026-11-01T00:00:00Z"),
            TestCall::at("2026-10-17T21:59:59Z"),
            // The 18th in Berlin, which isn't one of the compared days.
            TestCall::at("2026-10-17T22:00:00Z"),
            TestCall::at("2026-09-30T22:00:00Z"),
            TestCall::at("2026-11-17T14:01:00Z").outcome(Outcome::Refused),
        ];
        world.calls(&admin.organization, &key, &made).await;
        let shown = overview::get(&world.services, &admin, String::new()).await.unwrap();
        assert_eq!((shown.month.calls, shown.month.refused, shown.previous.calls), (2, 1, 2));
        assert_eq!((shown.recent.buckets.len(), shown.recent.total.calls), (30, 2));
        assert_eq!((shown.latest_calls.len(), shown.active_keys, shown.ever_called), (6, 1, true));
    }

    async fn each_role_sees_what_it_may(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        world.calls(&admin.organization, &key, &[TestCall::at("2026-11-17T14:00:00Z")]).await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let shown = overview::get(&world.services, &developer, String::new()).await.unwrap();
        assert!(shown.month.is_zero() && !shown.ever_called && shown.latest_calls.is_empty() && shown.active_keys == 0);
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        let shown = overview::get(&world.services, &viewer, String::new()).await.unwrap();
        assert_eq!((shown.month.calls, shown.active_keys, shown.latest_calls.len()), (1, 1, 0));
    }
}
