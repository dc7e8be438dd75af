//! Usage reports.

mod compared;
mod dimensions;
mod reconciles;
mod table;

use domain::{
    calls::Outcome,
    permissions::Role,
    time::Timestamp,
    usage::{Filter, Group, Measures, Metric, OTHERS, UsageQuery, UsageReport, View},
};
use proptest::{prelude::*, strategy::ValueTree};
use services::{Actor, ServiceError, usage};

use crate::support::{TestCall, World, field_error};

fn days(range: &str, time_zone: Option<&str>) -> UsageQuery {
    UsageQuery {
        range: range.parse().unwrap(),
        view: Some(View::Day),
        time_zone: time_zone.map(str::to_owned),
        ..UsageQuery::default()
    }
}

async fn report(world: &World, actor: &Actor, query: &UsageQuery) -> UsageReport {
    usage::report(&world.services, actor, query).await.unwrap()
}

/// Number of calls in each bucket, over all series.
fn calls_by_bucket(report: &UsageReport) -> Vec<i64> {
    let mut calls = vec![0; report.buckets.len()];
    for point in report.series.iter().flat_map(|series| &series.points) {
        calls[point.bucket as usize] += point.measures.calls;
    }
    calls
}

/// Checks the invariants of a report.
fn check(report: &UsageReport) {
    let mut total = Measures::default();
    for series in &report.series {
        let mut sum = Measures::default();
        series.points.iter().for_each(|point| sum += point.measures);
        assert_eq!(sum, series.total, "{}", series.key);
        total += sum;
        assert!(series.points.is_sorted_by(|a, b| a.bucket < b.bucket));
    }
    assert_eq!(total, report.total);
}

on_both_databases! {
    async fn days_are_those_of_the_asked_zone(world: &World) {
        let admin = world.organization("Acme", "Europe/Berlin").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let made = [
            // 23:50 on the 9th in Berlin, 04:35 on the 10th in Kathmandu.
            TestCall::at("2026-11-09T22:50:00Z"),
            // 00:00 on the 10th in Berlin.
            TestCall::at("2026-11-09T23:00:00Z"),
            // 23:59:59 on the 10th and 00:00 on the 11th in Kathmandu.
            TestCall::at("2026-11-10T18:14:59.999Z"),
            TestCall::at("2026-11-10T18:15:00Z"),
        ];
        world.calls(&admin.organization, &key, &made).await;
        for (zone, expected) in [
            (None, [1, 3, 0]),
            (Some("Europe/Berlin"), [1, 3, 0]),
            (Some("Asia/Kathmandu"), [0, 3, 1]),
            (Some("UTC"), [2, 2, 0]),
        ] {
            let shown = report(world, &admin, &days("2026-11-09..2026-11-11", zone)).await;
            check(&shown);
            assert_eq!(calls_by_bucket(&shown), expected, "{zone:?}");
        }
    }

    async fn a_day_of_25_hours_has_25(world: &World) {
        let admin = world.organization("Acme", "Europe/Berlin").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let start: Timestamp = "2026-10-24T22:30:00Z".parse().unwrap();
        let made: Vec<TestCall> = (0..25).map(|hour| TestCall::at_moment(start.plus_minutes(hour * 60))).collect();
        world.calls(&admin.organization, &key, &made).await;
        let mut query = days("2026-10-25..2026-10-25", None);
        assert_eq!(calls_by_bucket(&report(world, &admin, &query).await), [25]);
        query.view = Some(View::Hour);
        assert_eq!(calls_by_bucket(&report(world, &admin, &query).await), [1; 25]);
    }

    async fn an_hour_that_clocks_cut_short_is_its_own(world: &World) {
        let admin = world.organization("Acme", "Australia/Lord_Howe").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        world.clock.set("2026-04-20T00:00:00Z");
        // On 2026-04-05 clocks went from 02:00 back to 01:30, at 15:00 UTC of the day before.
        let made = [
            TestCall::at("2026-04-04T14:59:59Z"),
            TestCall::at("2026-04-04T15:00:00Z"),
            TestCall::at("2026-04-04T15:29:59Z"),
            TestCall::at("2026-04-04T15:30:00Z"),
        ];
        world.calls(&admin.organization, &key, &made).await;
        let mut query = days("2026-04-05..2026-04-05", None);
        query.view = Some(View::Hour);
        let shown = report(world, &admin, &query).await;
        check(&shown);
        assert_eq!(calls_by_bucket(&shown)[..4], [0, 1, 2, 1]);
        assert_eq!(shown.buckets.len(), 25);
    }

    async fn refused_calls_count_as_nothing_else(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let at = || TestCall::at("2026-11-10T10:00:00Z");
        let unpriced = TestCall { cost: None, ..at() };
        let made = [at(), at().outcome(Outcome::Failed), at().outcome(Outcome::Interrupted), at().outcome(Outcome::Refused), unpriced];
        world.calls(&admin.organization, &key, &made).await;
        let total = report(world, &admin, &days("2026-11-10..2026-11-10", None)).await.total;
        assert_eq!((total.calls, total.errors, total.refused, total.unpriced), (4, 2, 1, 1));
        assert_eq!((total.tokens_in, total.tokens_out, total.spend.nanos()), (400, 40, 3_000));
    }

    async fn series_have_names_and_the_small_ones_are_summed(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let mut made = Vec::new();
        for model in 1..=11i64 {
            let cost = Some(model * 1_000);
            made.push(TestCall { cost, ..TestCall::at("2026-11-10T10:00:00Z").model(&format!("model-{model:02}")) });
        }
        world.calls(&admin.organization, &key, &made).await;
        let mut query = days("2026-11-10..2026-11-10", None);
        let shown = report(world, &admin, &query).await;
        check(&shown);
        assert_eq!(shown.series.len(), 9);
        assert_eq!((shown.series[0].key.as_str(), shown.series[0].label.as_str()), ("model-11", "model-11"));
        let others = &shown.series[8];
        assert_eq!((others.key.as_str(), others.label.as_str()), (OTHERS, "3 others"));
        assert_eq!(others.total.spend.nanos(), 6_000);
        assert_eq!((shown.row_count, shown.other_groups.len()), (11, 0));
        query.all_groups = true;
        let listed = report(world, &admin, &query).await;
        assert_eq!((&listed.series, listed.total), (&shown.series, shown.total));
        let names: Vec<&str> = listed.other_groups.iter().map(|group| group.label.as_str()).collect();
        assert_eq!(names, ["model-03", "model-02", "model-01"]);
        assert_eq!(listed.other_groups[0].total.spend.nanos(), 3_000);
        let complete = usage::complete_report(&world.services, &admin, &query).await.unwrap();
        check(&complete);
        assert_eq!((complete.series.len(), complete.other_groups.len(), complete.total), (11, 0, shown.total));
        query.all_groups = false;
        query.group = Group::ApiKey;
        let shown = report(world, &admin, &query).await;
        assert_eq!((shown.series[0].key.clone(), shown.series[0].label.as_str()), (key.id.to_string(), "web"));
        query.group = Group::Project;
        let shown = report(world, &admin, &query).await;
        assert_eq!((shown.series[0].key.clone(), shown.series[0].label.as_str()), (project.to_string(), "Default"));
        query.filter = Filter { models: vec!["model-04".to_owned()], ..Filter::default() };
        query.metric = Metric::Calls;
        assert_eq!(report(world, &admin, &query).await.total.spend.nanos(), 4_000);
    }

    async fn weeks_and_months_add_up_to_days_in_every_zone(world: &World) {
        world.clock.set("2026-11-20T10:30:00Z");
        let admin = world.organization("Johns", "America/St_Johns").await;
        let key = world.key(&admin, world.default_project(&admin).await, "web").await;
        // A call in every seventh hour of a year, each at a cost of its own.
        let first: Timestamp = "2025-11-01T00:20:00Z".parse().unwrap();
        let call = |number: i64| TestCall {
            cost: Some(number * number + 1),
            ..TestCall::at_moment(first.plus_minutes(number * 7 * 60))
        };
        let made: Vec<TestCall> = (0..1_300).map(call).collect();
        world.calls(&admin.organization, &key, &made).await;
        for zone in ["America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Berlin", "UTC"] {
            for view in [View::Day, View::Week, View::Month] {
                let query = UsageQuery { view: Some(view), ..days("12m", Some(zone)) };
                let shown = report(world, &admin, &query).await;
                check(&shown);
                let mut expected = vec![0; shown.buckets.len()];
                for call in made.iter().filter(|call| call.at < shown.end) {
                    if let Some(bucket) = shown.buckets.partition_point(|start| *start <= call.at).checked_sub(1) {
                        expected[bucket] += call.cost.unwrap();
                    }
                }
                let mut spend = vec![0; shown.buckets.len()];
                for point in shown.series.iter().flat_map(|series| &series.points) {
                    spend[point.bucket as usize] += point.measures.spend.nanos();
                }
                assert_eq!(spend, expected, "{zone} {view}");
            }
        }
    }

    async fn sums_beyond_64_bits_stay_at_the_limit(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let huge = |at| TestCall { cost: Some(i64::MAX), ..TestCall::at(at) };
        world.calls(&admin.organization, &key, &[huge("2026-11-10T10:00:00Z"), huge("2026-11-11T10:00:00Z")]).await;
        let shown = report(world, &admin, &days("2026-11-10..2026-11-11", None)).await;
        assert_eq!(shown.total.spend.nanos(), i64::MAX);
    }

    async fn usage_reaches_as_far_as_the_role(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let default = world.default_project(&admin).await;
        let hidden = world.project(&admin, "Hidden").await;
        let made = [TestCall::at("2026-11-10T10:00:00Z")];
        for project in [default, hidden.id] {
            let key = world.key(&admin, project, "key").await;
            world.calls(&admin.organization, &key, &made).await;
        }
        let query = days("2026-11-10..2026-11-10", None);
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let nothing = report(world, &developer, &query).await;
        assert_eq!((nothing.total.calls, nothing.ever_called), (0, false));
        world.assign(&admin, default, "Dev").await;
        assert_eq!(report(world, &developer, &query).await.total.calls, 1);
        let hidden_query = UsageQuery { filter: Filter { projects: vec![hidden.id], ..Filter::default() }, ..query.clone() };
        field_error(usage::report(&world.services, &developer, &hidden_query).await, "project");
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        assert_eq!(report(world, &viewer, &query).await.total.calls, 2);
        let before = report(world, &viewer, &days("2026-11-09..2026-11-09", None)).await;
        assert_eq!((before.total.calls, before.ever_called), (0, true));
    }

    async fn what_cannot_be_shown_is_refused(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let wrong_zone = days("today", Some("Europe/Nowhere"));
        field_error(usage::report(&world.services, &admin, &wrong_zone).await, "time_zone");
        // More days than a chart can show are shown by months.
        let long = report(world, &admin, &days("2018-01-01..2026-11-01", None)).await;
        assert_eq!((long.view, long.buckets.len()), (View::Month, 8 * 12 + 11));
        let future = report(world, &admin, &days("2027-01-01..2027-01-05", None)).await;
        assert!(future.buckets.is_empty() && future.series.is_empty() && !future.ever_called);
        let forged = services::ActorKind::Member { id: domain::ids::UserId::new(uuid::Uuid::nil()), name: String::new(), role: Role::Developer, session: None };
        let nobody = Actor { kind: forged, ..admin };
        let shown: Result<_, ServiceError> = usage::report(&world.services, &nobody, &days("today", None)).await;
        assert!(shown.unwrap().total.is_zero());
    }

    async fn weeks_begin_on_mondays_and_months_on_their_first_in_the_asked_zone(world: &World) {
        let admin = world.organization("Acme", "Europe/Berlin").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let costing = |at, cost| TestCall { cost: Some(cost), ..TestCall::at(at) };
        let made = [
            // Before the range, and in its first week, which has two days.
            costing("2026-07-31T21:59:59Z", 1),
            costing("2026-07-31T22:00:00Z", 10),
            // The last millisecond of a Sunday in Berlin, and the first of the Monday after it: in winter and summer.
            costing("2026-08-02T21:59:59.999Z", 100),
            costing("2026-08-02T22:00:00Z", 1_000),
            costing("2026-10-25T22:59:59.999Z", 10_000),
            costing("2026-10-25T23:00:00Z", 100_000),
            // The last day of the range, a Tuesday, and the first moment after it.
            costing("2026-11-10T22:59:59.999Z", 1_000_000),
            costing("2026-11-10T23:00:00Z", 10_000_000),
        ];
        world.calls(&admin.organization, &key, &made).await;
        let mut query = days("2026-08-01..2026-11-10", None);
        query.view = Some(View::Week);
        let spend = |report: &UsageReport| -> Vec<(u32, i64)> {
            report.series[0].points.iter().map(|point| (point.bucket, point.measures.spend.nanos())).collect()
        };
        let weeks = report(world, &admin, &query).await;
        check(&weeks);
        assert_eq!((weeks.view, weeks.buckets.len()), (View::Week, 16));
        assert_eq!(spend(&weeks), [(0, 110), (1, 1_000), (12, 10_000), (13, 100_000), (15, 1_000_000)]);
        assert_eq!(weeks.buckets[1].to_string(), "2026-08-02T22:00:00Z");
        assert_eq!(weeks.buckets[13].to_string(), "2026-10-25T23:00:00Z");
        query.view = Some(View::Month);
        let months = report(world, &admin, &query).await;
        check(&months);
        assert_eq!(spend(&months), [(0, 1_110), (2, 110_000), (3, 1_000_000)]);
        assert_eq!((months.total, months.end), (weeks.total, weeks.end));
        // In UTC the Mondays begin later.
        query.time_zone = Some("UTC".to_owned());
        query.view = Some(View::Week);
        let weeks = report(world, &admin, &query).await;
        assert_eq!(spend(&weeks), [(0, 1_100), (12, 110_000), (15, 11_000_000)]);
    }

    async fn hours_add_up_to_days_and_days_to_the_total_in_every_zone(world: &World) {
        world.clock.set("2026-04-20T00:00:00Z");
        let zones = ["Asia/Kathmandu", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "UTC"];
        let organizations = [world.organization("Kathmandu", zones[0]).await, world.organization("Berlin", zones[1]).await];
        let mut keys = Vec::new();
        for admin in &organizations {
            keys.push(world.key(admin, world.default_project(admin).await, "web").await);
        }
        // Over the changes of clocks in Berlin, Lord Howe and St. John's.
        let first: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 1, ..ProptestConfig::default() });
        let minutes = prop::collection::vec(0..45 * 24 * 60i64, 300);
        let minutes = minutes.new_tree(&mut runner).unwrap().current();
        let models = ["gpt-x", "gpt-y"];
        let made: Vec<TestCall> = minutes
            .iter()
            .enumerate()
            .map(|(number, minute)| TestCall::at_moment(first.plus_minutes(*minute)).model(models[number % 2]))
            .collect();
        for (admin, key) in organizations.iter().zip(&keys) {
            world.calls(&admin.organization, key, &made).await;
        }
        let handles = tokio::runtime::Handle::current();
        let ranges = (0usize..2, 0usize..zones.len(), 1u32..=30, 0u64..31);
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 24, ..ProptestConfig::default() });
        runner
            .run(&ranges, |(organization, zone, day, length)| {
                let first = chrono::NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
                let last = first + chrono::Days::new(length);
                let query = days(&format!("{first}..{last}"), Some(zones[zone]));
                let by_hour = UsageQuery { view: Some(View::Hour), ..query.clone() };
                let admin = &organizations[organization];
                let (days, hours) = tokio::task::block_in_place(|| {
                    handles.block_on(async { (report(world, admin, &query).await, report(world, admin, &by_hour).await) })
                });
                check(&days);
                check(&hours);
                prop_assert_eq!(days.total, hours.total);
                // Both reports have each call in the bucket of its time.
                for shown in [&days, &hours] {
                    let mut expected = vec![0; shown.buckets.len()];
                    for call in made.iter().filter(|call| call.at < shown.end) {
                        if let Some(bucket) = shown.buckets.partition_point(|start| *start <= call.at).checked_sub(1) {
                            expected[bucket] += 1;
                        }
                    }
                    prop_assert_eq!(calls_by_bucket(shown), expected);
                }
                Ok(())
            })
            .unwrap();
    }
}
