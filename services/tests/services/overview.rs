//! The overview.

use std::borrow::Cow;

use domain::{
    calls::{CallRetention, Outcome},
    money::Money,
    organizations::SettingsChanges,
    overview::{KeyAlertKind, Projection},
    permissions::Role,
    time::Timestamp,
    usage::{Comparison, Distribution, Metric, Range, UsageQuery, View},
};
use services::{metering::CallRecord, organizations, overview, usage};

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

    async fn figures_are_those_of_usage(world: &World) {
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let made = [
            TestCall::at("2026-11-17T14:32:06Z"),
            TestCall::at("2026-11-17T14:00:00Z").outcome(Outcome::Failed),
            TestCall::at("2026-11-17T13:00:00Z").outcome(Outcome::Refused),
            TestCall::at("2026-11-16T18:14:59Z").model("gpt-y"),
            TestCall::at("2026-10-31T18:15:00Z"),
            TestCall::at("2026-10-31T18:14:59Z"),
            TestCall::at("2026-10-17T14:32:06Z"),
            TestCall::at("2026-10-17T14:32:07Z"),
            TestCall::at("2026-09-30T18:15:00Z").model("gpt-y"),
        ];
        world.calls(&admin.organization, &key, &made).await;
        let shown = overview::get(&world.services, &admin, String::new()).await.unwrap();
        let query = |range, metric| UsageQuery {
            range,
            view: Some(View::Day),
            metric,
            compare: Some(Comparison::LastMonth),
            ..UsageQuery::default()
        };
        let month = usage::report(&world.services, &admin, &query(Range::MonthToDate, Metric::Spend)).await.unwrap();
        assert_eq!((shown.month, Some(shown.previous)), (month.total, month.compared.map(|compared| compared.total)));
        let recent = usage::report(&world.services, &admin, &query(Range::Last30Days, Metric::Spend)).await.unwrap();
        assert_eq!((shown.recent.buckets, shown.recent.end), (recent.buckets, recent.end));
        assert_eq!((shown.recent.series, shown.recent.total), (recent.series, recent.total));
        assert_eq!(shown.recent.durations.latency, recent.durations.latency);
        let mut latency = Distribution::default();
        shown.latencies.iter().for_each(|day| latency += *day);
        assert_eq!((shown.latencies.len(), latency), (30, recent.durations.latency));
        assert_eq!(shown.latencies[29].count(), 2);
    }

    async fn a_month_may_begin_before_the_last_30_days(world: &World) {
        world.clock.set("2026-10-31T12:00:00Z");
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let made = [TestCall::at("2026-10-01T12:00:00Z"), TestCall::at("2026-10-02T12:00:00Z")];
        world.calls(&admin.organization, &key, &made).await;
        let shown = overview::get(&world.services, &admin, String::new()).await.unwrap();
        assert_eq!((shown.month.calls, shown.recent.total.calls, shown.recent.buckets.len()), (2, 1, 30));
        assert_eq!(shown.recent.series[0].points[0].bucket, 0);
    }

    async fn a_month_is_projected_from_its_full_days(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        // The weekdays up to today, a Tuesday.
        let days = [2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17];
        let made = days.map(|day| TestCall::at(&format!("2026-11-{day:02}T12:00:00Z")));
        world.calls(&admin.organization, &key, &made).await;
        let projection = async || overview::get(&world.services, &admin, String::new()).await.unwrap().projection;
        // All 21 weekdays of November.
        let expected = Projection { spend: Some(Money::from_nanos(21_000)), calls: 21, tokens: 21 * 110 };
        assert_eq!(projection().await, Some(expected));
        world.clock.set("2026-11-03T23:59:59Z");
        assert_eq!(projection().await, None);
    }

    async fn the_most_expensive_keys_and_projects_are_listed(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let [web, batch] = [world.key(&admin, project, "web").await, world.key(&admin, project, "batch").await];
        let call = TestCall::at("2026-11-17T14:00:00Z");
        world.calls(&admin.organization, &web, &[call.clone(), call.clone()]).await;
        world.calls(&admin.organization, &batch, &[TestCall { cost: Some(9_000), ..call }]).await;
        // Over 30 days ago.
        world.calls(&admin.organization, &web, &[TestCall::at("2026-10-18T14:00:00Z")]).await;
        let shown = overview::get(&world.services, &admin, String::new()).await.unwrap();
        let keys: Vec<_> =
            shown.top_keys.iter().map(|key| (key.label.as_str(), key.total.calls, key.total.spend.nanos())).collect();
        assert_eq!(keys, [("batch", 1, 9_000), ("web", 2, 2_000)]);
        let projects: Vec<_> = shown.top_projects.iter().map(|top| (top.key.clone(), top.total.calls)).collect();
        assert_eq!(projects, [(project.to_string(), 3)]);
        // A Developer without projects sees none of them.
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let shown = overview::get(&world.services, &developer, String::new()).await.unwrap();
        assert!(shown.top_keys.is_empty() && shown.top_projects.is_empty());
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
