//! Comparison of a range with an earlier one.

use domain::usage::{Comparison, Difference, Group, OTHERS, UsageQuery, View};

use super::{days, report};
use crate::support::TestCall;

fn comparing(range: &str, comparison: Comparison) -> UsageQuery {
    UsageQuery { compare: Some(comparison), ..days(range, None) }
}

on_both_databases! {
    async fn a_month_that_runs_is_compared_with_as_much_of_the_last(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let key = world.key(&admin, world.default_project(&admin).await, "web").await;
        let costing = |at, cost| TestCall { cost: Some(cost), ..TestCall::at(at) };
        // It is 17 November, 14:32:07.
        let made = [
            costing("2026-11-01T00:00:00Z", 7),
            costing("2026-11-17T14:32:06Z", 70),
            costing("2026-09-30T23:59:59Z", 1),
            costing("2026-10-01T00:00:00Z", 10),
            costing("2026-10-02T10:00:00Z", 100),
            // As far into the day as it is now, and a moment later.
            costing("2026-10-17T14:32:06.999Z", 1_000),
            costing("2026-10-17T14:32:07Z", 10_000),
        ];
        world.calls(&admin.organization, &key, &made).await;
        for view in [View::Day, View::Hour] {
            let query = UsageQuery { view: Some(view), ..comparing("month", Comparison::LastMonth) };
            let shown = report(world, &admin, &query).await;
            let compared = shown.compared.unwrap();
            assert_eq!((shown.total.spend.nanos(), compared.total.spend.nanos()), (77, 1_110), "{view:?}");
            assert_eq!(compared.from.to_string(), "2026-10-01T00:00:00Z");
            assert_eq!(compared.to.to_string(), "2026-10-17T14:32:07Z");
            assert_eq!(compared.buckets.len(), shown.buckets.len());
            let spend = |bucket: usize| compared.buckets[bucket].spend.nanos();
            let places = if view == View::Day { [0, 1, 16] } else { [0, 34, 16 * 24 + 14] };
            assert_eq!(places.map(spend), [10, 100, 1_000], "{view:?}");
        }
        let none = report(world, &admin, &days("month", None)).await;
        assert_eq!(none.compared, None);
    }

    async fn days_are_aligned_where_months_differ_in_length(world: &World) {
        let admin = world.organization("Acme", "America/New_York").await;
        let key = world.key(&admin, world.default_project(&admin).await, "web").await;
        let costing = |at, cost| TestCall { cost: Some(cost), ..TestCall::at(at) };
        let made = [
            costing("2026-02-28T17:00:00Z", 1),
            costing("2026-03-01T17:00:00Z", 10),
            costing("2026-03-31T17:00:00Z", 100),
            costing("2026-04-01T17:00:00Z", 1_000),
        ];
        world.calls(&admin.organization, &key, &made).await;
        let march = report(world, &admin, &comparing("2026-03-01..2026-03-31", Comparison::LastMonth)).await;
        let compared = march.compared.unwrap();
        assert_eq!((march.total.spend.nanos(), compared.total.spend.nanos()), (110, 1));
        assert_eq!((compared.buckets[27].calls, compared.buckets[30].calls), (1, 0));
        // The 31st has no counterpart in April.
        let april = report(world, &admin, &comparing("2026-04-01..2026-04-30", Comparison::LastMonth)).await;
        assert_eq!((april.total.spend.nanos(), april.compared.unwrap().total.spend.nanos()), (1_000, 10));
        let before = report(world, &admin, &comparing("2026-04-01..2026-04-30", Comparison::Previous)).await;
        assert_eq!(before.compared.unwrap().total.spend.nanos(), 100, "30 days from 2 March on");
        let year = report(world, &admin, &comparing("2027-03-01..2027-03-31", Comparison::LastYear)).await;
        assert!(year.buckets.is_empty() && year.compared.unwrap().total.is_zero(), "it is still to come");
    }

    async fn series_are_compared_by_their_keys_and_the_rest_is_others(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let key = world.key(&admin, world.default_project(&admin).await, "web").await;
        let at = |at, model| TestCall::at(at).model(model);
        let made = [
            at("2026-11-10T10:00:00Z", "new"),
            at("2026-11-10T10:00:00Z", "both"),
            at("2026-11-09T10:00:00Z", "both"),
            at("2026-11-09T10:00:00Z", "both"),
            at("2026-11-09T11:00:00Z", "gone"),
        ];
        world.calls(&admin.organization, &key, &made).await;
        let query = UsageQuery { group: Group::Model, ..comparing("2026-11-10..2026-11-10", Comparison::Previous) };
        let compared = report(world, &admin, &query).await.compared.unwrap();
        let mut series: Vec<(&str, i64)> =
            compared.series.iter().map(|(key, total)| (key.as_str(), total.calls)).collect();
        series.sort_unstable();
        assert_eq!(series, [(OTHERS, 1), ("both", 2), ("new", 0)]);
        assert_eq!(Difference::of(1, 0, 1), Difference::New);
    }
}
