//! Usage and cost as tables, which files are made of.

use std::collections::BTreeMap;

use domain::{
    time::Timestamp,
    usage::{
        Comparison, Filter, Group, MAX_TAG_GROUPS, Measures, Metric, OTHER_TAG_VALUES, UsageQuery, UsageReport, View,
    },
};
use proptest::prelude::*;
use services::{
    Actor,
    usage::{self, CostRow, CostTable, UsageRow, UsageTable},
};

use super::{days, report};
use crate::support::{TestCall, World, field_error};

/// All rows of the table of `query`.
pub(super) async fn rows(world: &World, actor: &Actor, query: &UsageQuery) -> Vec<UsageRow> {
    let mut table = UsageTable::open(&world.services, actor, query.clone()).await.unwrap();
    let mut rows = Vec::new();
    while let Some(more) = table.read().await.unwrap() {
        assert!(!more.is_empty());
        rows.extend(more);
    }
    rows
}

async fn cost_rows(world: &World, actor: &Actor, query: &UsageQuery) -> Vec<CostRow> {
    let mut table = CostTable::open(&world.services, actor, query.clone()).await.unwrap();
    let mut rows = Vec::new();
    while let Some(more) = table.read().await.unwrap() {
        rows.extend(more);
    }
    rows
}

/// Checks that rows are the points of the complete report, in the order of buckets, and add up to its earlier range.
pub(super) fn check_rows(report: &UsageReport, rows: &[UsageRow]) -> Result<(), TestCaseError> {
    prop_assert!(rows.is_sorted_by_key(|row| row.start));
    let mut found = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.measures.is_zero()) {
        let sums = (row.measures, row.label.as_str(), row.durations);
        prop_assert!(found.insert((row.start, row.key.as_str()), sums).is_none());
    }
    let mut expected = BTreeMap::new();
    for series in &report.series {
        for (index, point) in series.points.iter().enumerate() {
            let start = report.buckets[point.bucket as usize];
            let durations = series.durations.get(index).copied().unwrap_or_default();
            expected.insert((start, series.key.as_str()), (point.measures, series.label.as_str(), durations));
        }
    }
    prop_assert_eq!(found, expected);
    let Some(compared) = &report.compared else { return Ok(()) };
    let mut earlier = vec![Measures::default(); report.buckets.len()];
    for row in rows {
        earlier[report.buckets.binary_search(&row.start).unwrap()] += row.earlier;
    }
    prop_assert_eq!(&earlier, &compared.buckets);
    Ok(())
}

on_both_databases! {
    async fn rows_come_by_bucket_with_the_largest_group_first(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let key = world.key(&admin, world.default_project(&admin).await, "web").await;
        let at = |at, model, cost| TestCall { cost: Some(cost), ..TestCall::at(at).model(model) };
        let made = [
            at("2026-11-09T10:00:00Z", "gone", 5),
            at("2026-11-10T10:00:00Z", "small", 1),
            at("2026-11-10T10:00:00Z", "large", 100),
            at("2026-11-12T10:00:00Z", "small", 10),
        ];
        world.calls(&admin.organization, &key, &made).await;
        let query = UsageQuery { compare: Some(Comparison::Previous), ..days("2026-11-10..2026-11-12", None) };
        let rows = rows(world, &admin, &query).await;
        let row = |row: &UsageRow| {
            let earlier_start = row.earlier_start.map(|start| start.to_string());
            let spend = [row.measures, row.earlier].map(|measures| measures.spend.nanos());
            (row.start.to_string(), row.key.clone(), spend, earlier_start)
        };
        let expected = [("10", "large", [100, 0], "07"), ("10", "small", [1, 0], "07"), ("12", "small", [10, 0], "09"),
            ("12", "gone", [0, 5], "09")];
        let midnight = |day: &str| format!("2026-11-{day}T00:00:00Z");
        let expected = expected.map(|(day, key, spend, earlier)| {
            (midnight(day), key.to_owned(), spend, Some(midnight(earlier)))
        });
        assert_eq!(rows.iter().map(row).collect::<Vec<_>>(), expected);
        let shown = report(world, &admin, &query).await;
        check_rows(&shown, &rows).unwrap();
    }

    async fn a_long_table_of_many_keys_is_its_report(world: &World) {
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let first: Timestamp = "2026-11-01T00:10:00Z".parse().unwrap();
        // More rows than a slice may have: nights without a call, and hours with a thousand models.
        let hours = (0..24 * 12i64).filter(|hour| hour % 24 == 7 || hour % 24 == 8);
        let made: Vec<TestCall> = hours
            .flat_map(|hour| (0..1_000).map(move |model| (hour, model)))
            .map(|(hour, model)| TestCall::at_moment(first.plus_minutes(hour * 60)).model(&format!("m-{model}")))
            .collect();
        world.calls(&admin.organization, &key, &made).await;
        for metric in [Metric::Calls, Metric::Latency] {
            let query = UsageQuery { view: Some(View::Hour), metric, ..days("2026-11-01..2026-11-16", Some("UTC")) };
            let complete = usage::complete_report(&world.services, &admin, &query).await.unwrap();
            let rows = rows(world, &admin, &query).await;
            assert_eq!(rows.len(), made.len());
            check_rows(&complete, &rows).unwrap();
        }
    }

    async fn a_table_that_compares_tells_the_same_values_of_a_tag_apart_in_both_ranges(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let key = world.key(&admin, world.default_project(&admin).await, "web").await;
        let at = |day: &str, number: usize| TestCall::at(day).tag("customer", &format!("c-{number}"));
        let before = (0..700).map(|number| at("2026-11-09T10:00:00Z", number));
        let made: Vec<TestCall> = before.chain((0..600).map(|number| at("2026-11-10T10:00:00Z", number))).collect();
        world.calls(&admin.organization, &key, &made).await;
        let by_customer = UsageQuery {
            group: "tag.customer".parse().unwrap(),
            compare: Some(Comparison::Previous),
            ..days("2026-11-10..2026-11-10", None)
        };
        let rows = rows(world, &admin, &by_customer).await;
        assert_eq!(rows.len(), MAX_TAG_GROUPS + 1);
        let rest = rows.last().unwrap();
        assert_eq!((rest.key.as_str(), rest.label.as_str()), (OTHER_TAG_VALUES, "Other values"));
        assert_eq!((rest.measures.calls, rest.earlier.calls), (100, 200));
        assert!(rows[..MAX_TAG_GROUPS].iter().all(|row| row.measures.calls == 1 && row.earlier.calls == 1));
        let long = UsageQuery { range: "12m".parse().unwrap(), compare: None, ..by_customer };
        let opened = UsageTable::open(&world.services, &admin, long).await;
        assert!(field_error(opened.map(drop), "group").contains("at most 90 days"));
    }

    async fn cost_is_told_apart_by_model_and_project_and_adds_up_to_the_report(world: &World) {
        let admin = world.organization("Acme", "Europe/Berlin").await;
        let projects = [world.default_project(&admin).await, world.project(&admin, "Web").await.id];
        let costing = |at, model, cost| TestCall { cost: Some(cost), ..TestCall::at(at).model(model) };
        for project in projects {
            let key = world.key(&admin, project, "web").await;
            let made = [
                costing("2026-11-09T22:59:59Z", "gpt-x", 1),
                costing("2026-11-09T23:00:00Z", "gpt-x", 10).tag("team", "blue"),
                costing("2026-11-10T10:00:00Z", "gpt-y", 100).tag("team", "blue"),
                costing("2026-11-10T10:00:00Z", "gpt-x", 1_000),
            ];
            world.calls(&admin.organization, &key, &made).await;
        }
        let query = days("2026-11-09..2026-11-12", None);
        let rows = cost_rows(world, &admin, &query).await;
        let spend = |row: &CostRow| (row.start.to_string(), row.model.clone(), row.measures.spend.nanos());
        let expected = [("08", "gpt-x", 1), ("08", "gpt-x", 1), ("09", "gpt-x", 1_010), ("09", "gpt-x", 1_010), ("09", "gpt-y", 100),
            ("09", "gpt-y", 100)].map(|(day, model, spend)| (format!("2026-11-{day}T23:00:00Z"), model.to_owned(), spend));
        assert_eq!(rows.iter().map(spend).collect::<Vec<_>>(), expected);
        assert!(rows.iter().all(|row| row.provider == "sandbox" && row.end == row.start.plus_days(1)));
        let mut names: Vec<&str> = rows[..2].iter().map(|row| row.project_name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["Default", "Web"]);
        for filter in [
            Filter::default(),
            Filter { tags: vec!["team:blue".parse().unwrap()], ..Filter::default() },
            Filter { projects: vec![projects[1]], models: vec!["gpt-x".to_owned()], ..Filter::default() },
        ] {
            let query = UsageQuery { filter, group: Group::Model, ..query.clone() };
            let mut total = Measures::default();
            cost_rows(world, &admin, &query).await.iter().for_each(|row| total += row.measures);
            assert_eq!(total, report(world, &admin, &query).await.total);
        }
    }
}
