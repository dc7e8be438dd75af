//! The overview.

use std::borrow::Cow;

use domain::{
    calls::{CallRetention, Outcome},
    organizations::SettingsChanges,
    overview::KeyAlertKind,
    permissions::Role,
    time::Timestamp,
};
use services::{metering::CallRecord, organizations, overview};

use crate::support::{StoredKey, TestCall, record};

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
            // As far into the day as it is now, which is 14:32:07 in UTC: clocks in Berlin have changed since.
            TestCall::at("2026-10-17T13:32:06Z"),
            TestCall::at("2026-10-17T13:32:07Z"),
            TestCall::at("2026-09-30T22:00:00Z"),
            TestCall::at("2026-11-17T14:01:00Z").outcome(Outcome::Refused),
        ];
        world.calls(&admin.organization, &key, &made).await;
        let shown = overview::get(&world.services, &admin, String::new()).await.unwrap();
        assert_eq!((shown.month.calls, shown.month.refused, shown.previous.calls), (2, 1, 2));
        assert_eq!((shown.recent.buckets.len(), shown.recent.total.calls), (30, 2));
        assert_eq!((shown.latest_calls.len(), shown.active_keys, shown.ever_called), (6, 1, true));
    }

    async fn keys_that_need_an_action_are_counted_with_the_most_urgent_first(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let moment = |text: &str| text.parse::<Timestamp>().unwrap();
        let key = |name: &str| StoredKey::new(name, project, moment("2026-10-01T00:00:00Z"));
        let expiring = |name: &str, at: &str| StoredKey { expires_at: Some(moment(at)), ..key(name) };
        let leaked = |name: &str, at: &str| StoredKey { disabled_at: Some(moment(at)), ..key(name) };
        let keys = [
            key("fine"),
            expiring("later", "2026-11-30T00:00:00Z"),
            expiring("soon", "2026-11-18T00:00:00Z"),
            expiring("long", "2027-11-18T00:00:00Z"),
            expiring("gone", "2026-11-01T00:00:00Z"),
            leaked("first leak", "2026-11-02T00:00:00Z"),
            leaked("latest leak", "2026-11-03T00:00:00Z"),
            StoredKey {
                revoked_at: Some(moment("2026-11-04T00:00:00Z")),
                ..leaked("dealt with", "2026-11-03T12:00:00Z")
            },
            StoredKey { rotate_every_days: Some(30), ..key("old secret") },
            StoredKey { rotate_every_days: Some(90), ..key("young secret") },
        ];
        world.store_keys(&admin.organization, &keys).await;
        let shown = overview::get(&world.services, &admin, String::new()).await.unwrap().attention;
        let alerts: Vec<_> =
            shown.keys.iter().map(|alert| (alert.kind, alert.count, alert.key.name.as_str())).collect();
        assert_eq!(
            alerts,
            [
                (KeyAlertKind::Leaked, 2, "latest leak"),
                (KeyAlertKind::ExpiresSoon, 2, "soon"),
                (KeyAlertKind::RotationDue, 1, "old secret"),
            ]
        );
        assert_eq!(shown.keys[1].key.expires_at, Some(moment("2026-11-18T00:00:00Z")));
        assert_eq!((shown.rejections.calls, shown.is_empty()), (0, false));
        // A Developer's own keys are none of these, and a Viewer sees no keys.
        for (name, role) in [("Dev", Role::Developer), ("Vi", Role::Viewer)] {
            let member = world.member(&admin.organization, name, role).await;
            assert!(overview::get(&world.services, &member, String::new()).await.unwrap().attention.is_empty());
        }
    }

    async fn rejected_calls_of_a_day_are_counted_by_reason(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let meter = world.meter().await;
        for (at, code, times) in [
            ("2026-11-17T14:00:00Z", "rate_limit_exceeded", 1),
            ("2026-11-17T14:01:00Z", "rate_limit_exceeded", 40),
            ("2026-11-17T10:00:00Z", "model_not_allowed", 2),
            ("2026-11-16T14:32:08Z", "model_not_found", 1),
            // Over a day ago.
            ("2026-11-16T14:32:06Z", "model_not_found", 9),
        ] {
            let call = record(&admin.organization, &key, &TestCall::at(at).outcome(Outcome::Refused));
            meter.record(CallRecord { error_code: Cow::Borrowed(code), times, ..call }).await.unwrap();
        }
        meter.record(record(&admin.organization, &key, &TestCall::at("2026-11-17T14:02:00Z"))).await.unwrap();
        world.wait_until_stored().await;
        let rejections = overview::get(&world.services, &admin, String::new()).await.unwrap().attention.rejections;
        let reasons: Vec<_> = rejections.reasons.iter().map(|reason| (reason.code.as_str(), reason.calls)).collect();
        assert_eq!(reasons, [("rate_limit_exceeded", 41), ("model_not_allowed", 2), ("model_not_found", 1)]);
        assert_eq!((rejections.calls, rejections.since), (44, "2026-11-16T14:32:07Z".parse().unwrap()));

        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let attention = async || overview::get(&world.services, &developer, String::new()).await.unwrap().attention;
        assert!(attention().await.is_empty());
        world.assign(&admin, project, "Dev").await;
        assert_eq!(attention().await.rejections, rejections);
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        assert!(overview::get(&world.services, &viewer, String::new()).await.unwrap().attention.is_empty());
    }

    async fn who_may_choose_reads_from_when_calls_are_deleted_by_default(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        let deletion = async |actor| {
            overview::get(&world.services, actor, String::new()).await.unwrap().attention.call_deletion
        };
        assert_eq!(deletion(&admin).await, None, "it is 13 months away");
        // As after an upgrade.
        let from = world.services.now().plus_days(30);
        world.execute(&format!("UPDATE organizations SET call_default_from = {}", from.millis())).await;
        assert_eq!((deletion(&admin).await, deletion(&viewer).await), (Some(from), None));
        let forever = SettingsChanges { call_retention: Some(CallRetention::chosen(None)), ..SettingsChanges::default() };
        organizations::update_settings(&world.services, &admin, forever).await.unwrap();
        assert_eq!(deletion(&admin).await, None);
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
