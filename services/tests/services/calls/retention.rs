//! Calls are kept as long as their organization says.

use domain::{
    bodies::{BodySettings, StoredBody},
    calls::{CallQuery, CallRetention, DEFAULT_CALL_DAYS},
    ids::CallId,
    organizations::SettingsChanges,
    permissions::Role,
    time::Timestamp,
    usage::{UsageQuery, View},
};
use services::{
    Actor, ServiceError, ServiceResult,
    bodies::{self, NewBodies},
    calls::{self, retention},
    organizations, usage,
};

use super::{partitions, partitions_of, walk};
use crate::support::{TestCall, TestDatabase, World, field_error, record};

async fn keep_days(world: &World, actor: &Actor, days: Option<u32>) -> ServiceResult<()> {
    let changes = SettingsChanges { call_retention: Some(CallRetention::chosen(days)), ..SettingsChanges::default() };
    organizations::update_settings(&world.services, actor, changes).await
}

/// Stores calls of a new key at these moments.
async fn store(world: &World, actor: &Actor, moments: &[&str]) -> Vec<CallId> {
    let project = world.default_project(actor).await;
    let key = world.key(actor, project, "web").await;
    let made: Vec<TestCall> = moments.iter().map(|at| TestCall::at(at)).collect();
    world.calls(&actor.organization, &key, &made).await
}

async fn store_bodies(world: &World, actor: &Actor, call: CallId) {
    let body = StoredBody { text: Some("hello".to_owned()), bytes: 5, ..StoredBody::default() };
    let new = NewBodies {
        organization_id: actor.organization.id,
        call_id: call,
        started_at: call.started_at(),
        days: 90,
        request: body.clone(),
        response: body,
    };
    bodies::store(&world.services, vec![new]).await.unwrap();
}

/// The calls of a week, as usage counts them.
async fn counted(world: &World, actor: &Actor) -> i64 {
    let query =
        UsageQuery { range: "2026-10-10..2026-10-16".parse().unwrap(), view: Some(View::Day), ..UsageQuery::default() };
    usage::report(&world.services, actor, &query).await.unwrap().total.calls
}

on_both_databases! {
    async fn older_calls_go_with_their_bodies_and_figures_stay(world: &World) {
        let (admin, other) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        let moments = ["2026-10-12T10:00:00Z", "2026-10-12T23:59:59.999Z", "2026-10-13T00:00:00Z", "2026-11-17T14:00:00Z"];
        let (own, others) = (store(world, &admin, &moments).await, store(world, &other, &moments).await);
        for (actor, id) in [(&admin, own[0]), (&admin, own[2]), (&other, others[0])] {
            store_bodies(world, actor, id).await;
        }
        let sums = async || {
            let rows = world.rows("SELECT expires_day, bytes FROM body_sums ORDER BY expires_day, bytes").await;
            rows.iter().map(|row| row.try_get::<i64>("", "bytes").unwrap()).collect::<Vec<_>>()
        };
        let bytes = sums().await[0];
        retention::run(&world.services).await.unwrap();
        assert_eq!(world.count("calls").await, 8, "nobody has chosen anything");

        keep_days(world, &admin, Some(35)).await.unwrap();
        let since: Timestamp = "2026-10-13T00:00:00Z".parse().unwrap();
        for is_deleted in [false, true] {
            let page = calls::list(&world.services, &admin, &CallQuery::default()).await.unwrap();
            assert_eq!(page.calls.iter().map(|call| call.id).collect::<Vec<_>>(), [own[3], own[2]], "{is_deleted}");
            assert_eq!(page.kept_since, Some(since));
            let gone = calls::get(&world.services, &admin, own[1]).await;
            assert!(matches!(gone, Err(ServiceError::NotFound)), "{is_deleted}");
            assert!(calls::get(&world.services, &admin, own[2]).await.is_ok());
            assert_eq!((counted(world, &admin).await, counted(world, &other).await), (3, 3));
            retention::run(&world.services).await.unwrap();
        }
        assert_eq!((world.count("calls").await, world.count("bodies").await), (2 + 4, 2));
        let mut left = sums().await;
        left.sort_unstable();
        assert_eq!(left, [0, bytes, bytes], "a deleted body takes up no quota");
        assert_eq!(walk(world, &other, &CallQuery::default()).await.len(), 4);
        assert_eq!(calls::list(&world.services, &other, &CallQuery::default()).await.unwrap().kept_since, None);
    }

    async fn without_a_choice_calls_are_kept_for_13_months_once_that_applies(world: &World) {
        let (admin, other) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        let moments = ["2025-10-15T23:59:59.999Z", "2025-10-16T00:00:00Z", "2026-11-17T14:00:00Z"];
        for actor in [&admin, &other] {
            store(world, actor, &moments).await;
        }
        keep_days(world, &other, None).await.unwrap();
        let settings = async |actor| organizations::settings(&world.services, actor).await.unwrap().call_retention;
        assert_eq!(settings(&other).await, CallRetention::chosen(None));

        // As after an upgrade: the time to choose isn't over.
        let now = world.services.now();
        let applies_from = async |from: Timestamp| {
            let sql = format!("UPDATE organizations SET call_default_from = {} WHERE call_default_from IS NOT NULL", from.millis());
            world.execute(&sql).await;
        };
        applies_from(now.plus_millis(1)).await;
        retention::run(&world.services).await.unwrap();
        assert_eq!(world.count("calls").await, 6, "nothing is deleted before it was said");
        let listed = calls::list(&world.services, &admin, &CallQuery::default()).await.unwrap();
        assert_eq!((listed.calls.len(), listed.kept_since), (3, None));
        assert_eq!(settings(&admin).await, CallRetention::unchosen(now.plus_millis(1)));

        applies_from(now).await;
        let listed = calls::list(&world.services, &admin, &CallQuery::default()).await.unwrap();
        assert_eq!((listed.calls.len(), listed.kept_since), (2, Some("2025-10-16T00:00:00Z".parse().unwrap())));
        retention::run(&world.services).await.unwrap();
        assert_eq!(world.count("calls").await, 2 + 3, "to keep all is a choice too");

        // Other settings are no choice, and nobody sets the time from which the default applies.
        let idle = SettingsChanges { session_idle_minutes: Some(30), ..SettingsChanges::default() };
        organizations::update_settings(&world.services, &admin, idle).await.unwrap();
        assert_eq!(settings(&admin).await, CallRetention::unchosen(now));
        let later = CallRetention::unchosen(now.plus_days(1_000));
        let changes = SettingsChanges { call_retention: Some(later), ..SettingsChanges::default() };
        organizations::update_settings(&world.services, &admin, changes).await.unwrap();
        assert_eq!(settings(&admin).await, CallRetention::chosen(None));
    }

    async fn a_new_organization_is_told_from_when_the_default_applies(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let from = world.services.now().plus_days(i64::from(DEFAULT_CALL_DAYS));
        let settings = organizations::settings(&world.services, &admin).await.unwrap();
        assert_eq!(settings.call_retention, CallRetention::unchosen(from));
        // What a server of the previous version creates keeps all calls.
        world.execute("UPDATE organizations SET call_default_from = NULL").await;
        let settings = organizations::settings(&world.services, &admin).await.unwrap();
        assert_eq!(settings.call_retention.days_at(from), None);
    }

    async fn calls_are_kept_at_least_as_long_as_their_bodies(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let store_days = async |days| {
            let bodies = BodySettings { days: Some(days), ..BodySettings::default() };
            let changes = SettingsChanges { bodies: Some(bodies), ..SettingsChanges::default() };
            organizations::update_settings(&world.services, &admin, changes).await
        };
        store_days(90).await.unwrap();
        let advice = "Request and response bodies are stored for 90 days. Keep calls for at least as long.";
        assert_eq!(field_error(keep_days(world, &admin, Some(89)).await, "call_days"), advice);
        keep_days(world, &admin, Some(90)).await.unwrap();
        store_days(60).await.unwrap();
        keep_days(world, &admin, Some(60)).await.unwrap();
        let advice = "Calls are kept for 60 days. Store bodies for 60 days or less.";
        assert_eq!(field_error(store_days(61).await, "body_days"), advice);
    }

    async fn calls_that_a_shorter_time_deletes_are_counted(world: &World) {
        let (admin, other) = (world.organization("Acme", "Asia/Kathmandu").await, world.organization("Other", "UTC").await);
        let count = async |days| {
            calls::retention::count_deleted(&world.services, &admin, CallRetention::chosen(days)).await.unwrap()
        };
        assert_eq!(count(Some(35)).await, 0, "there are no calls");
        // The first moment that 35 days keep in Kathmandu is 18:15 UTC.
        let moments = ["2026-07-01T10:00:00Z", "2026-10-12T18:14:59.999Z", "2026-10-12T18:15:00Z", "2026-11-17T14:00:00Z"];
        store(world, &admin, &moments).await;
        store(world, &other, &moments).await;
        for (days, expected) in [(None, 0), (Some(3650), 0), (Some(60), 1), (Some(35), 2)] {
            assert_eq!(count(days).await, expected, "{days:?}");
        }
        keep_days(world, &admin, Some(60)).await.unwrap();
        // The first one isn't shown any longer, whether it is deleted or not.
        for _ in 0..2 {
            assert_eq!((count(Some(60)).await, count(Some(35)).await), (0, 1));
            retention::run(&world.services).await.unwrap();
        }
        let invalid = calls::retention::count_deleted(&world.services, &admin, CallRetention::chosen(Some(34))).await;
        assert_eq!(field_error(invalid.map(drop), "call_days"), "Choose 35 to 3650 days.");
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let forbidden = calls::retention::count_deleted(&world.services, &developer, CallRetention::default()).await;
        assert!(matches!(forbidden, Err(ServiceError::Forbidden(_))));
    }

    async fn a_link_to_an_old_bar_says_since_when_calls_are_kept(world: &World) {
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        store(world, &admin, &["2026-10-10T10:00:00Z", "2026-11-10T10:00:00Z"]).await;
        keep_days(world, &admin, Some(35)).await.unwrap();
        let since: Timestamp = "2026-10-12T18:15:00Z".parse().unwrap();
        let at = |text: &str| Some(text.parse().unwrap());
        let bar = CallQuery { from: at("2026-10-10T00:00:00Z"), to: at("2026-10-11T00:00:00Z"), ..CallQuery::default() };
        let later = CallQuery { from: at("2026-10-12T18:15:00Z"), ..CallQuery::default() };
        let month = CallQuery { range: Some("last-month".parse().unwrap()), ..CallQuery::default() };
        let today = CallQuery { range: Some("today".parse().unwrap()), ..CallQuery::default() };
        for (query, calls, kept_since) in [(bar, 0, Some(since)), (later, 1, None), (month, 0, Some(since)), (today, 0, None)] {
            let page = calls::list(&world.services, &admin, &query).await.unwrap();
            assert_eq!((page.calls.len(), page.kept_since), (calls, kept_since), "{query:?}");
        }
    }

    async fn many_old_calls_are_deleted_in_turns(world: &World) {
        let (admin, other) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        for (actor, count) in [(&admin, 1_203), (&other, 500)] {
            let moments = vec!["2026-10-01T00:00:00Z"; count];
            store(world, actor, &moments).await;
            store(world, actor, &["2026-11-17T00:00:00Z"]).await;
            keep_days(world, actor, Some(40)).await.unwrap();
        }
        retention::run(&world.services).await.unwrap();
        assert_eq!(world.count("calls").await, 2);
    }

    async fn tags_go_with_their_calls(world: &World) {
        let (admin, other) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        for actor in [&admin, &other] {
            let project = world.default_project(actor).await;
            let key = world.key(actor, project, "web").await;
            let at = |moment: &str, number: usize| TestCall::at(moment).tag("customer", &format!("c-{number}")).tag("team", "blue");
            let mut made: Vec<TestCall> = (0..700).map(|number| at("2026-10-01T00:00:00Z", number)).collect();
            made.push(at("2026-11-17T00:00:00Z", 7));
            world.calls(&actor.organization, &key, &made).await;
        }
        keep_days(world, &admin, Some(40)).await.unwrap();
        retention::run(&world.services).await.unwrap();
        assert_eq!((world.count("calls").await, world.count("call_tags").await), (1 + 701, 2 + 2 * 701));
        let left = calls::list(&world.services, &admin, &CallQuery::default()).await.unwrap().calls.remove(0);
        assert_eq!((left.tags.get("customer"), left.tags.get("team")), (Some("c-7"), Some("blue")));
    }

    async fn what_is_chosen_is_checked_and_recorded(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        for days in [0, 34, 3651] {
            assert_eq!(field_error(keep_days(world, &admin, Some(days)).await, "call_days"), "Choose 35 to 3650 days.");
        }
        keep_days(world, &admin, Some(90)).await.unwrap();
        // Other settings leave it as it is.
        let changes = SettingsChanges { session_idle_minutes: Some(30), ..SettingsChanges::default() };
        organizations::update_settings(&world.services, &admin, changes).await.unwrap();
        let settings = organizations::settings(&world.services, &admin).await.unwrap();
        assert_eq!(settings.call_retention, CallRetention::chosen(Some(90)));
        let rows = world.rows("SELECT \"after\" AS shown FROM audit_entries ORDER BY sequence DESC").await;
        let shown: String = rows[1].try_get("", "shown").unwrap();
        assert!(shown.replace(' ', "").contains(r#""call_retention":{"days":90}"#), "{shown}");
        keep_days(world, &admin, None).await.unwrap();
        let settings = organizations::settings(&world.services, &admin).await.unwrap();
        assert_eq!(settings.call_retention, CallRetention::default());
    }
}

/// Only PostgreSQL has partitions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_nobody_keeps_is_dropped_whole_on_postgres() {
    let world = World::new(TestDatabase::postgres().await).await;
    let (admin, other) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
    let meter = world.meter().await;
    for (actor, at) in
        [(&admin, "2026-07-31T23:59:59Z"), (&admin, "2026-08-01T00:00:00Z"), (&other, "2026-08-01T00:00:00Z")]
    {
        let project = world.default_project(actor).await;
        let key = world.key(actor, project, at).await;
        let call = TestCall::at(at).tag("customer", "acme").tag("team", "blue");
        meter.record(record(&actor.organization, &key, &call)).await.unwrap();
    }
    world.wait_until_stored().await;
    assert_eq!(partitions_of(&world, "call_tags").await["call_tags_2026_08"], 4);
    keep_days(&world, &admin, Some(60)).await.unwrap();
    retention::run(&world.services).await.unwrap();
    let left = partitions(&world).await;
    assert!(!left.contains_key("calls_2026_07"), "{left:?}");
    assert_eq!(left["calls_2026_08"], 1, "another organization's call is kept");
    let tags = partitions_of(&world, "call_tags").await;
    assert!(!tags.contains_key("call_tags_2026_07"), "{tags:?}");
    assert_eq!(tags["call_tags_2026_08"], 2);
    assert!(left.contains_key("calls_2026_10") && left.contains_key("calls_default"), "{left:?}");

    keep_days(&world, &other, Some(60)).await.unwrap();
    retention::run(&world.services).await.unwrap();
    assert!(!partitions(&world).await.contains_key("calls_2026_08"));
    assert!(!partitions_of(&world, "call_tags").await.contains_key("call_tags_2026_08"));
    // A call of that month, such as one of a journal that is found late, is still stored.
    store(&world, &admin, &["2026-08-15T00:00:00Z"]).await;
    assert_eq!(partitions(&world).await["calls_default"], 1);
    world.end().await;
}
