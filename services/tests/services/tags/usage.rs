//! Usage grouped and filtered by a tag.

use std::collections::BTreeMap;

use domain::{
    calls::{CallRetention, CallTags, Facets, Outcome},
    organizations::SettingsChanges,
    usage::{Filter, Group, MAX_LISTED_GROUPS, MAX_SERIES, MAX_TAG_GROUPS, Metric, OTHER_TAG_VALUES, UsageQuery, View},
};
use services::{Actor, calls, organizations, usage};

use super::{tagged, values};
use crate::support::{TestCall, World, field_error};

fn by_customer(range: &str) -> UsageQuery {
    UsageQuery {
        range: range.parse().unwrap(),
        view: Some(View::Day),
        group: "tag.customer".parse().unwrap(),
        ..UsageQuery::default()
    }
}

/// Calls and spend of each group, by its key.
async fn groups(world: &World, actor: &Actor, query: &UsageQuery) -> BTreeMap<String, (i64, i64)> {
    let report = usage::complete_report(&world.services, actor, query).await.unwrap();
    let group = |series: domain::usage::Series| (series.key, (series.total.calls, series.total.spend.nanos()));
    report.series.into_iter().map(group).collect()
}

async fn total(world: &World, actor: &Actor, query: &UsageQuery) -> domain::usage::Measures {
    usage::report(&world.services, actor, query).await.unwrap().total
}

fn group_map(pairs: &[(&str, (i64, i64))]) -> BTreeMap<String, (i64, i64)> {
    pairs.iter().map(|(key, sums)| ((*key).to_owned(), *sums)).collect()
}

on_both_databases! {
    async fn each_customer_has_its_calls_and_their_costs(world: &World) {
        let (admin, other) = (world.organization("Acme", "Asia/Kathmandu").await, world.organization("Other", "UTC").await);
        let at = |at: &str, cost| TestCall { cost: Some(cost), ..TestCall::at(at) };
        for actor in [&admin, &other] {
            let project = world.default_project(actor).await;
            let key = world.key(actor, project, "web").await;
            world.calls(&actor.organization, &key, &[
                at("2026-11-09T18:14:59.999Z", 1).tag("customer", "acme"),
                at("2026-11-09T18:15:00Z", 10).tag("customer", "acme").tag("team", "blue"),
                at("2026-11-10T10:00:00Z", 100).tag("customer", "acme").model("gpt-y"),
                at("2026-11-10T10:00:00Z", 1_000).tag("customer", "beta").tag("team", "blue"),
                at("2026-11-10T10:00:00Z", 10_000).tag("team", "blue"),
                at("2026-11-10T10:00:00Z", 100_000),
                at("2026-11-10T10:00:00Z", 0).tag("customer", "beta").outcome(Outcome::Refused),
            ]).await;
        }
        let query = by_customer("2026-11-10..2026-11-10");
        let expected = group_map(&[("acme", (2, 110)), ("beta", (1, 1_000)), ("", (2, 110_000))]);
        assert_eq!(groups(world, &admin, &query).await, expected, "a day of Kathmandu");
        let by_model = UsageQuery { group: Group::Model, ..query.clone() };
        assert_eq!(total(world, &admin, &query).await, total(world, &admin, &by_model).await, "as rollups have it");
        let durations = async |query: &UsageQuery| usage::report(&world.services, &admin, query).await.unwrap().durations;
        assert_eq!(durations(&query).await, durations(&by_model).await, "a group leaves out no call");
        assert_eq!(durations(&query).await.latency.count(), 5);
        let filtered = |tags: &[&str]| UsageQuery { filter: tagged(tags).filter, ..query.clone() };
        assert_eq!(groups(world, &admin, &filtered(&["team:blue"])).await,
            group_map(&[("acme", (1, 10)), ("beta", (1, 1_000)), ("", (1, 10_000))]));
        assert_eq!(groups(world, &admin, &filtered(&["customer:acme", "customer:beta", "team:blue"])).await,
            group_map(&[("acme", (1, 10)), ("beta", (1, 1_000))]));
        let models = UsageQuery { group: Group::Model, ..filtered(&["customer:acme"]) };
        assert_eq!(groups(world, &admin, &models).await, group_map(&[("gpt-x", (1, 10)), ("gpt-y", (1, 100))]));
        let refused = total(world, &admin, &filtered(&["customer:beta"])).await;
        assert_eq!((refused.calls, refused.refused), (1, 1));
    }

    async fn a_tag_is_asked_for_over_ninety_days_at_most(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let filter = tagged(&["customer:acme"]).filter;
        for (range, fits) in [("90d", true), ("2026-08-20..2026-11-17", true), ("2026-08-19..2026-11-17", false), ("12m", false)] {
            let grouped = by_customer(range);
            let filtered = UsageQuery { group: Group::Model, filter: filter.clone(), ..grouped.clone() };
            for (query, field) in [(grouped, "group"), (filtered, "tag")] {
                let report = usage::report(&world.services, &admin, &query).await;
                match fits {
                    true => assert!(report.is_ok(), "{range}"),
                    false => assert!(field_error(report.map(drop), field).contains("at most 90 days"), "{range}"),
                }
            }
        }
    }

    async fn what_deleted_calls_would_make_too_low_is_an_error(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let made = ["2026-10-01T10:00:00Z", "2026-11-10T10:00:00Z"].map(|at| TestCall::at(at).tag("customer", "acme"));
        world.calls(&admin.organization, &key, &made).await;
        let changes =
            SettingsChanges { call_retention: Some(CallRetention::chosen(Some(35))), ..SettingsChanges::default() };
        organizations::update_settings(&world.services, &admin, changes).await.unwrap();
        for _ in 0..2 {
            let report = usage::report(&world.services, &admin, &by_customer("2026-10-01..2026-11-17")).await;
            assert!(field_error(report.map(drop), "range").contains("before 2026-10-13 are deleted"));
            // There were none in between.
            for range in ["2026-10-02..2026-11-17", "2026-10-13..2026-11-17"] {
                assert_eq!(groups(world, &admin, &by_customer(range)).await["acme"].0, 1, "{range}");
            }
            calls::retention::run(&world.services).await.unwrap();
        }
    }

    async fn a_flood_of_values_makes_no_series_and_stays_readable(world: &World) {
        const VALUES: usize = 100_000;
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let at = |number: usize| TestCall::at(&format!("2026-11-10T{:02}:00:00Z", number % 24));
        let sizes = async || (world.count("series").await, world.count("rollups").await);
        world.calls(&admin.organization, &key, &(0..24).map(at).collect::<Vec<_>>()).await;
        let before = sizes().await;
        // One customer among them calls more often, at each hour.
        let customer = |number: usize| if number / 24 % 40 == 7 { "acme".to_owned() } else { format!("c-{number:06}") };
        let flood: Vec<TestCall> = (0..VALUES).map(|number| at(number).tag("customer", &customer(number))).collect();
        world.calls(&admin.organization, &key, &flood).await;
        assert_eq!(sizes().await, before, "calls and tags grow, and nothing else");

        let query = UsageQuery { metric: Metric::Calls, all_groups: true, ..by_customer("2026-11-01..2026-11-17") };
        let report = usage::report(&world.services, &admin, &query).await.unwrap();
        assert_eq!(report.total.calls, i64::try_from(VALUES).unwrap() + 24);
        assert!(report.series.len() <= MAX_SERIES + 1 && report.other_groups.len() <= MAX_LISTED_GROUPS);
        let acme = report.series.iter().find(|series| series.key == "acme").unwrap();
        assert_eq!(acme.total.calls, 24 * 104);
        let all = groups(world, &admin, &query).await;
        assert_eq!(all.len(), MAX_TAG_GROUPS + 2, "those that are told apart, those without, and all others");
        assert_eq!(all.values().map(|(calls, _)| calls).sum::<i64>(), report.total.calls);
        assert_eq!(all[""].0, 24);
        assert!(all[OTHER_TAG_VALUES].0 > 90_000);
        // One value among all of them is found as fast as any.
        let one = UsageQuery { filter: Filter { tags: vec!["customer:c-054321".parse().unwrap()], ..Filter::default() }, ..query };
        assert_eq!(groups(world, &admin, &one).await.len(), 1);
        let found = values(world, &admin, &tagged(&[]), "customer", "").await;
        assert!(!found.is_complete && found.tags.len() <= 50 && found.tags[0].text == "acme");
        let facets = calls::facets(&world.services, &admin, &tagged(&[])).await.unwrap();
        let facet = facets.get(&"tag.customer".parse().unwrap()).unwrap();
        assert!(facets.is_partial && facet.more && facet.values.len() == Facets::MAX_VALUES);
        assert_eq!((facet.values[0].value.as_str(), facet.values[0].calls), ("acme", found.tags[0].calls));
    }

    async fn a_value_may_be_any_text(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let odd = ["~others", "'; DROP TABLE calls; --", "\"\\", "$1", "ÄÖ", "a:b", "null"];
        let made: Vec<TestCall> = odd.iter().map(|value| TestCall::at("2026-11-10T10:00:00Z").tag("customer", value)).collect();
        assert!(made.iter().all(|call| call.tags != CallTags::default()));
        world.calls(&admin.organization, &key, &made).await;
        let query = by_customer("2026-11-10..2026-11-10");
        let all = groups(world, &admin, &query).await;
        for value in odd {
            assert_eq!(all.get(value), Some(&(1, 1_000)), "{value}");
            let filter = tagged(&[&format!("customer:{value}")]).filter;
            assert_eq!(groups(world, &admin, &UsageQuery { filter, ..query.clone() }).await.len(), 1, "{value}");
        }
    }
}
