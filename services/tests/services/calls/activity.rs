//! The bars above a list count what the list holds.

use domain::{
    calls::{CallActivity, CallCounts, CallQuery, CallRetention, Outcome, OutcomeFilter},
    organizations::SettingsChanges,
    permissions::Role,
    time::Timestamp,
    usage::{Filter, Range, StatusFilter},
};
use services::{Actor, ServiceError, calls, organizations};

use crate::support::{TestCall, World};

const OUTCOMES: [Outcome; 6] = [
    Outcome::Succeeded,
    Outcome::Succeeded,
    Outcome::Succeeded,
    Outcome::Failed,
    Outcome::Interrupted,
    Outcome::Refused,
];

/// Stores a call of each of the outcomes at each of these moments.
async fn store(world: &World, actor: &Actor, moments: &[&str]) {
    let project = world.default_project(actor).await;
    let key = world.key(actor, project, "web").await;
    let made = moments.iter().flat_map(|at| OUTCOMES.map(|outcome| TestCall::at(at).outcome(outcome)));
    world.calls(&actor.organization, &key, &made.collect::<Vec<_>>()).await;
}

async fn activity(world: &World, actor: &Actor, query: CallQuery) -> CallActivity {
    calls::activity(&world.services, actor, &query).await.unwrap()
}

/// The beginnings of the bars that aren't empty, with their counts: succeeded, errors, rejected.
fn bars(activity: &CallActivity) -> Vec<(String, [i64; 3])> {
    assert_eq!(activity.starts.len(), activity.counts.len());
    let bar = |(start, counts): (&Timestamp, &CallCounts)| {
        (start.to_string(), [counts.succeeded, counts.errors, counts.rejected])
    };
    let bars = activity.starts.iter().zip(&activity.counts).map(bar);
    bars.filter(|(_, counts)| *counts != [0, 0, 0]).collect()
}

fn bar(start: &str, counts: [i64; 3]) -> (String, [i64; 3]) {
    (start.to_owned(), counts)
}

fn between(from: &str, to: &str) -> CallQuery {
    CallQuery { from: Some(from.parse().unwrap()), to: Some(to.parse().unwrap()), ..CallQuery::default() }
}

fn only(outcome: Outcome) -> OutcomeFilter {
    OutcomeFilter::Only(outcome)
}

on_both_databases! {
    async fn a_month_has_days_a_day_has_hours_and_an_hour_has_minutes(world: &World) {
        let admin = world.organization("Acme", "Europe/Berlin").await;
        store(world, &admin, &["2026-11-10T10:07:20Z", "2026-11-10T10:31:59.999Z", "2026-11-16T22:59:59Z", "2026-11-17T14:30:00Z"]).await;
        let in_range = |range| CallQuery { range: Some(range), ..CallQuery::default() };

        let month = activity(world, &admin, in_range(Range::MonthToDate)).await;
        assert_eq!(month.starts.len(), 17);
        assert_eq!(bars(&month), [
            bar("2026-11-09T23:00:00Z", [6, 4, 2]), bar("2026-11-15T23:00:00Z", [3, 2, 1]), bar("2026-11-16T23:00:00Z", [3, 2, 1]),
        ]);
        let week = activity(world, &admin, in_range(Range::Last7Days)).await;
        assert_eq!(bars(&week), [bar("2026-11-16T20:00:00Z", [3, 2, 1]), bar("2026-11-17T14:00:00Z", [3, 2, 1])]);
        let today = activity(world, &admin, in_range(Range::Today)).await;
        assert_eq!((today.starts.len(), bars(&today)), (16, vec![bar("2026-11-17T14:00:00Z", [3, 2, 1])]));
        let day = activity(world, &admin, between("2026-11-09T23:00:00Z", "2026-11-10T23:00:00Z")).await;
        assert_eq!((day.starts.len(), bars(&day)), (24, vec![bar("2026-11-10T10:00:00Z", [6, 4, 2])]));

        let (from, to) = day.span(11);
        let hour = activity(world, &admin, CallQuery { from: Some(from), to: Some(to), ..CallQuery::default() }).await;
        assert_eq!(hour.starts.len(), 60);
        assert_eq!(bars(&hour), [bar("2026-11-10T10:07:00Z", [3, 2, 1]), bar("2026-11-10T10:31:00Z", [3, 2, 1])]);
        let minute = activity(world, &admin, between("2026-11-10T10:07:00Z", "2026-11-10T10:08:00Z")).await;
        assert_eq!((minute.starts.len(), bars(&minute)), (60, vec![bar("2026-11-10T10:07:20Z", [3, 2, 1])]));
        let future = activity(world, &admin, between("2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z")).await;
        assert!(future.starts.is_empty());
    }

    async fn without_a_range_there_are_thirty_days_or_less_in_a_new_organization(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        assert_eq!(activity(world, &admin, CallQuery::default()).await.starts.len(), 30);
        store(world, &admin, &["2026-11-17T10:07:20Z"]).await;
        let new = activity(world, &admin, CallQuery::default()).await;
        assert_eq!((new.starts.len(), bars(&new)), (5, vec![bar("2026-11-17T10:00:00Z", [3, 2, 1])]));
        store(world, &admin, &["2026-01-01T00:00:00Z"]).await;
        let old = activity(world, &admin, CallQuery::default()).await;
        assert_eq!((old.starts.len(), bars(&old)), (30, vec![bar("2026-11-17T00:00:00Z", [3, 2, 1])]));
    }

    async fn bars_have_the_filters_of_the_list(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let (first, second) = (world.default_project(&admin).await, world.project(&admin, "Second").await);
        let keys = [world.key(&admin, first, "a").await, world.key(&admin, second.id, "b").await];
        let at = "2026-11-16T10:00:00Z";
        let made = OUTCOMES.map(|outcome| TestCall::at(at).outcome(outcome));
        world.calls(&admin.organization, &keys[0], &made).await;
        world.calls(&admin.organization, &keys[1], &[TestCall::at(at).model("gpt-y")]).await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        world.assign(&admin, second.id, "Dev").await;
        let viewer = world.member(&admin.organization, "Viewer", Role::Viewer).await;
        let by = |filter: Filter| CallQuery { filter, ..CallQuery::default() };
        let model = |model: &str| by(Filter { models: vec![model.to_owned()], ..Filter::default() });
        // Over days from rollups, and over an hour from the calls.
        for hour in [false, true] {
            let of_range = |query: CallQuery| match hour {
                true => CallQuery { filter: query.filter, ..between(at, "2026-11-16T11:00:00Z") },
                false => CallQuery { range: Some(Range::Last30Days), ..query },
            };
            let counts = async |actor: &Actor, query: CallQuery| {
                let activity = activity(world, actor, of_range(query)).await;
                bars(&activity).first().map(|(_, counts)| *counts)
            };
            assert_eq!(counts(&admin, CallQuery::default()).await, Some([4, 2, 1]), "{hour}");
            assert_eq!(counts(&admin, by(Filter { api_keys: vec![keys[1].id], ..Filter::default() })).await, Some([1, 0, 0]));
            assert_eq!(counts(&admin, by(Filter { projects: vec![first], ..Filter::default() })).await, Some([3, 2, 1]));
            assert_eq!(counts(&admin, model("gpt-y")).await, Some([1, 0, 0]));
            assert_eq!(counts(&admin, model("none")).await, None);
            assert_eq!(counts(&developer, CallQuery::default()).await, Some([1, 0, 0]));
            let with = |outcome| by(Filter { statuses: vec![StatusFilter::Outcome(outcome)], ..Filter::default() });
            assert_eq!(counts(&admin, with(only(Outcome::Succeeded))).await, Some([4, 0, 0]));
            assert_eq!(counts(&admin, with(OutcomeFilter::Errors)).await, Some([0, 2, 0]));
            assert_eq!(counts(&admin, with(only(Outcome::Refused))).await, Some([0, 0, 1]));
            // Rollups don't tell failed and interrupted calls apart, which is said.
            let failed = activity(world, &admin, of_range(with(only(Outcome::Failed)))).await;
            assert_eq!((failed.joins_errors, bars(&failed)[0].1), (!hour, [0, if hour { 1 } else { 2 }, 0]));
            let refused = calls::activity(&world.services, &viewer, &of_range(CallQuery::default())).await;
            assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
        }
    }

    async fn bars_begin_where_calls_are_kept(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        store(world, &admin, &["2026-10-01T10:00:00Z", "2026-11-01T10:00:00Z"]).await;
        let query = CallQuery { range: Some(Range::Last90Days), ..CallQuery::default() };
        assert_eq!(bars(&activity(world, &admin, query.clone()).await).len(), 2);
        let changes =
            SettingsChanges { call_retention: Some(CallRetention::chosen(Some(35))), ..SettingsChanges::default() };
        organizations::update_settings(&world.services, &admin, changes).await.unwrap();
        let kept = activity(world, &admin, query).await;
        assert_eq!((kept.starts.len(), kept.starts[0].to_string()), (36, "2026-10-13T00:00:00Z".to_owned()));
        assert_eq!(bars(&kept), [bar("2026-11-01T00:00:00Z", [3, 2, 1])]);
    }
}
