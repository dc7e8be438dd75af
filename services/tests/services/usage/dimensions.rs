//! Groups, metrics and views of usage reports.

use domain::{
    calls::Outcome,
    models::Service,
    money::Quantities,
    permissions::Role,
    usage::{Group, Metric, UsageQuery, View},
};
use services::metering::{self, CallRecord, SeriesCache};

use super::{check, days, report};
use crate::support::{TestCall, World, field_error, record};

async fn store(world: &World, calls: &[CallRecord]) {
    let series = SeriesCache::new();
    let transaction = world.services.database().begin().await.unwrap();
    let new = metering::store(&transaction, &series, calls).await.unwrap();
    transaction.commit().await.unwrap();
    new.commit_to(&series);
}

on_both_databases! {
    async fn each_dimension_has_its_keys_and_labels(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let key = world.key(&admin, world.default_project(&admin).await, "web").await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let at = || TestCall::at("2026-11-10T10:00:00Z");
        let by_member = CallRecord { member_id: developer.user_id(), ..record(&admin.organization, &key, &at()) };
        let interrupted = CallRecord {
            status: 0,
            provider: "".into(),
            ..record(&admin.organization, &key, &at().outcome(Outcome::Interrupted))
        };
        store(world, &[by_member, interrupted]).await;
        let member = developer.user_id().unwrap().to_string();
        for (group, expected) in [
            (Group::Service, vec![("chat", "Chat")]),
            (Group::Endpoint, vec![("/v1/chat/completions", "/v1/chat/completions")]),
            (Group::Provider, vec![("", "Unknown"), ("sandbox", "sandbox")]),
            (Group::Status, vec![("", "Unknown"), ("200", "200")]),
            (Group::Member, vec![("", "No member"), (&*member, "Dev")]),
        ] {
            let shown = report(world, &admin, &UsageQuery { group, ..days("2026-11-10..2026-11-10", None) }).await;
            check(&shown);
            let mut series: Vec<(&str, &str)> =
                shown.series.iter().map(|series| (series.key.as_str(), series.label.as_str())).collect();
            series.sort_unstable();
            assert_eq!(series, expected);
        }
    }

    async fn minutes_of_video_and_audio_are_those_of_their_services(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let key = world.key(&admin, world.default_project(&admin).await, "web").await;
        let used = |service, used| {
            let call = TestCall { service, ..TestCall::at("2026-11-10T10:00:00Z") };
            CallRecord { used, ..record(&admin.organization, &key, &call) }
        };
        let none = Quantities::default();
        store(world, &[
            used(Service::Video, Quantities { media_ms: 60_000, ..none }),
            used(Service::Audio, Quantities { media_ms: 7_000, ..none }),
            used(Service::Chat, Quantities { media_ms: 11, ..none }),
            used(Service::Image, Quantities { images: 3, ..none }),
            // Their sum is beyond 64 bits.
            used(Service::Storage, Quantities { byte_hours: i64::MAX, ..none }),
            used(Service::Embeddings, Quantities { byte_hours: i64::MAX, ..none }),
        ]).await;
        let total = report(world, &admin, &days("2026-11-10..2026-11-10", None)).await.total;
        assert_eq!((total.video_ms, total.audio_ms, total.images), (60_000, 7_000, 3));
        assert_eq!(total.byte_hours, i64::MAX);
        let query = UsageQuery { metric: Metric::VideoMinutes, group: Group::Service, ..days("2026-11-10..2026-11-10", None) };
        assert_eq!(report(world, &admin, &query).await.series[0].key, "video");
    }

    async fn durations_are_distributed_and_rejections_have_none(world: &World) {
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        let key = world.key(&admin, world.default_project(&admin).await, "web").await;
        let lasting = |at, duration_us, first_byte_us| {
            CallRecord { duration_us, first_byte_us, ..record(&admin.organization, &key, &TestCall::at(at)) }
        };
        let refused = record(&admin.organization, &key, &TestCall::at("2026-11-10T10:00:00Z").outcome(Outcome::Refused));
        store(world, &[
            lasting("2026-11-10T10:00:00Z", 3_000, Some(1_000)),
            lasting("2026-11-10T10:05:00Z", 400_000, None),
            lasting("2026-11-11T10:05:00Z", 70_000_000, Some(61_000_000)),
            refused,
        ]).await;
        // In UTC the organization's days are corrected by hours and quarters.
        for zone in [None, Some("UTC")] {
            let mut query = days("2026-11-10..2026-11-11", zone);
            let shown = report(world, &admin, &query).await;
            assert_eq!((shown.durations.latency.0[0], shown.durations.latency.0[6], shown.durations.latency.0[13]), (1, 1, 1));
            assert_eq!((shown.durations.latency.count(), shown.durations.first_token.count()), (3, 2));
            assert!(shown.series[0].durations.is_empty());
            query.metric = Metric::FirstToken;
            let shown = report(world, &admin, &query).await;
            let counts: Vec<i64> = shown.series[0].durations.iter().map(|durations| durations.count()).collect();
            assert_eq!(counts, [1, 1]);
            assert_eq!(shown.series[0].durations[1].0[13], 1);
        }
    }

    async fn a_day_is_shown_by_minute(world: &World) {
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        let key = world.key(&admin, world.default_project(&admin).await, "web").await;
        let made = ["2026-11-09T18:14:59.999Z", "2026-11-09T18:15:00Z", "2026-11-10T03:07:59Z", "2026-11-10T18:15:00Z"];
        world.calls(&admin.organization, &key, &made.map(TestCall::at)).await;
        let query = UsageQuery { view: Some(View::Minute), ..days("2026-11-10..2026-11-10", None) };
        let shown = report(world, &admin, &query).await;
        check(&shown);
        assert_eq!((shown.view, shown.buckets.len(), shown.total.calls), (View::Minute, 1_440, 2));
        let buckets: Vec<u32> = shown.series[0].points.iter().map(|point| point.bucket).collect();
        assert_eq!(buckets, [0, 8 * 60 + 52]);
        let zoomed = "2026-11-10T03:07:00Z..2026-11-10T03:08:00Z".parse().unwrap();
        for view in [View::Minute, View::Hour, View::Day] {
            let query = UsageQuery { range: zoomed, view: Some(view), ..UsageQuery::default() };
            let shown = report(world, &admin, &query).await;
            assert_eq!((shown.buckets.len(), shown.total.calls), (1, 1), "{view:?}");
        }
    }

    async fn tags_are_read_call_by_call_so_only_over_some_months(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let long = UsageQuery { group: "tag.customer".parse().unwrap(), ..days("12m", None) };
        field_error(services::usage::report(&world.services, &admin, &long).await, "group");
    }
}
