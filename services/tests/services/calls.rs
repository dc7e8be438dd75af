//! Lists, pages and exports of calls.

mod activity;
mod facets;
mod qualifiers;
mod retention;
mod search;
mod series;
mod texts;

use std::collections::{BTreeMap, HashSet};

use domain::{
    calls::{CallQuery, Outcome, OutcomeFilter, PAGE_SIZE},
    ids::CallId,
    permissions::Role,
    usage::{Filter, Range, StatusFilter, UsageQuery},
};
use futures::TryStreamExt;
use patience::wait_until;
use sea_orm::{ConnectionTrait, Statement};
use services::{Actor, ServiceError, bodies, calls};

use crate::support::{TestCall, TestDatabase, World, record};

/// Collects the ids on all pages of `query`, in their order.
async fn walk(world: &World, actor: &Actor, query: &CallQuery) -> Vec<CallId> {
    let mut query = query.clone();
    let mut ids = Vec::new();
    loop {
        let page = calls::list(&world.services, actor, &query).await.unwrap();
        ids.extend(page.calls.iter().map(|call| call.id));
        query.before = ids.last().copied();
        if !page.more {
            return ids;
        }
        assert_eq!(page.calls.len(), PAGE_SIZE as usize);
    }
}

async fn exported(world: &World, actor: &Actor, query: &CallQuery) -> Vec<CallId> {
    let pages: Vec<_> = calls::export(&world.services, actor, query).await.unwrap().try_collect().await.unwrap();
    pages.into_iter().flatten().map(|call| call.id).collect()
}

/// The query for calls that ended like this.
fn ended(outcome: OutcomeFilter) -> CallQuery {
    let filter = Filter { statuses: vec![StatusFilter::Outcome(outcome)], ..Filter::default() };
    CallQuery { filter, ..CallQuery::default() }
}

fn minutes(count: usize) -> Vec<TestCall> {
    let start = TestCall::at("2026-11-10T00:00:00Z");
    let model = |number: usize| ["gpt-x", "gpt-y", "gpt-z"][number % 3];
    let at = |number: usize| start.at.plus_minutes(i64::try_from(number).unwrap() / 4);
    (0..count).map(|number| TestCall { at: at(number), ..start.clone() }.model(model(number))).collect()
}

/// Counts the rows of each partition of `table`, by its name.
async fn partitions_of(world: &World, table: &str) -> BTreeMap<String, i64> {
    let read = world.services.database().read();
    let run =
        async |sql: String| read.query_all_raw(Statement::from_string(read.get_database_backend(), sql)).await.unwrap();
    let names = format!(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = '{table}'::regclass ORDER BY name"
    );
    let mut partitions = BTreeMap::new();
    for row in run(names).await {
        let name: String = row.try_get("", "name").unwrap();
        let count = run(format!("SELECT count(*) AS n FROM {name}")).await[0].try_get("", "n").unwrap();
        partitions.insert(name, count);
    }
    partitions
}

async fn partitions(world: &World) -> BTreeMap<String, i64> {
    partitions_of(world, "calls").await
}

/// Only PostgreSQL has partitions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_to_the_partition_of_their_month_on_postgres() {
    let world = World::new(TestDatabase::postgres().await).await;
    let admin = world.organization("Acme", "UTC").await;
    let project = world.default_project(&admin).await;
    let key = world.key(&admin, project, "web").await;
    let mut expected: BTreeMap<String, i64> =
        ["2026_10", "2026_11", "2026_12", "2027_01", "default"].map(|name| (format!("calls_{name}"), 0)).into();
    assert_eq!(partitions(&world).await, expected);
    // Months that weren't made ahead are made for the calls that come.
    let meter = world.meter().await;
    let made = ["2026-11-30T23:59:59.999Z", "2026-12-01T00:00:00Z", "2027-03-01T00:00:00Z", "2020-01-01T00:00:00Z"];
    for at in made {
        meter.record(record(&admin.organization, &key, &TestCall::at(at))).await.unwrap();
    }
    world.wait_until_stored().await;
    expected.extend(["2026_11", "2026_12", "2027_03", "2020_01"].map(|name| (format!("calls_{name}"), 1)));
    assert_eq!(partitions(&world).await, expected);
    world.clock.set("2027-01-15T00:00:00Z");
    expected.insert("calls_2027_02".to_owned(), 0);
    for _ in 0..2 {
        calls::partitions::ensure(&world.services).await.unwrap();
        assert_eq!(partitions(&world).await, expected);
    }
    // A month whose calls went to the default partition, as those of a server of an older version do, stays there.
    world.calls(&admin.organization, &key, &[TestCall::at("2019-01-01T00:00:00Z")]).await;
    let another = TestCall::at("2019-01-15T00:00:00Z");
    meter.record(record(&admin.organization, &key, &another)).await.unwrap();
    world.wait_until_stored().await;
    expected.insert("calls_default".to_owned(), 2);
    assert_eq!(partitions(&world).await, expected);
    assert_eq!(walk(&world, &admin, &CallQuery::default()).await.len(), 6);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rollups_go_to_the_partition_of_their_bucket_on_postgres() {
    let world = World::new(TestDatabase::postgres().await).await;
    let admin = world.organization("Acme", "Asia/Kathmandu").await;
    let project = world.default_project(&admin).await;
    let key = world.key(&admin, project, "web").await;
    let mut expected: BTreeMap<String, i64> =
        ["2026_10", "2026_11", "2026_12", "2027_01", "default"].map(|name| (format!("rollups_{name}"), 0)).into();
    assert_eq!(partitions_of(&world, "rollups").await, expected);
    let meter = world.meter().await;
    // The day of Kathmandu to which the second call belongs began in July.
    for at in ["2026-11-30T23:59:59.999Z", "2026-08-01T00:00:00Z"] {
        meter.record(record(&admin.organization, &key, &TestCall::at(at))).await.unwrap();
    }
    world.wait_until_stored().await;
    expected
        .extend([("2026_11", 3), ("2026_08", 2), ("2026_07", 1)].map(|(name, rows)| (format!("rollups_{name}"), rows)));
    assert_eq!(partitions_of(&world, "rollups").await, expected);
    world.end().await;
}

/// A query that runs for long keeps a partition from being made or dropped; nobody else may wait for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upkeep_that_waits_for_a_long_query_keeps_no_call_waiting_on_postgres() {
    let world = World::new(TestDatabase::postgres().await).await;
    let admin = world.organization("Acme", "UTC").await;
    let project = world.default_project(&admin).await;
    let key = world.key(&admin, project, "web").await;
    let query = world.services.database().begin().await.unwrap();
    query.execute_unprepared("SELECT count(*) FROM calls; SELECT count(*) FROM bodies").await.unwrap();
    world.clock.set("2027-03-15T00:00:00Z");
    let services = world.services.clone();
    let upkeep = tokio::spawn(async move {
        calls::partitions::ensure(&services).await.unwrap();
        bodies::cleanup::run(&services).await
    });
    let is_waiting = "SELECT 1 AS n FROM pg_locks WHERE NOT granted AND locktype = 'relation' \
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    wait_until("the upkeep waits for the query", async || !world.rows(is_waiting).await.is_empty()).await;
    for day in 1..=20 {
        let call = TestCall::at(&format!("2027-01-{day:02}T00:00:00Z"));
        world.calls(&admin.organization, &key, &[call]).await;
    }
    assert!(!upkeep.is_finished(), "it still waits for the query");
    query.rollback().await.unwrap();
    upkeep.await.unwrap().unwrap();
    assert!(partitions(&world).await.contains_key("calls_2027_05"));
    world.end().await;
}

on_both_databases! {
    async fn pages_show_each_call_once_newest_first(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let made: HashSet<CallId> =
            world.calls(&admin.organization, &key, &minutes(2_105)).await.into_iter().collect();
        let filter = |model: Option<&str>| Filter { models: model.map(str::to_owned).into_iter().collect(), ..Filter::default() };
        for (filter, expected) in [(filter(None), 2_105), (filter(Some("gpt-y")), 702), (filter(Some("none")), 0)] {
            let query = CallQuery { filter, ..CallQuery::default() };
            let seen = walk(world, &admin, &query).await;
            assert_eq!(seen.len(), expected);
            assert!(seen.is_sorted_by(|a, b| a > b));
            assert!(seen.iter().all(|id| made.contains(id)));
            assert_eq!(exported(world, &admin, &query).await, seen);
        }
        let latest = calls::latest(&world.services, admin.organization.id).await.unwrap();
        assert_eq!(latest, made.iter().max().copied());
    }

    async fn many_series_are_paged_like_few(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        for models in [90, 110] {
            let made: Vec<TestCall> = minutes(models * 2)
                .into_iter()
                .enumerate()
                .map(|(number, call)| call.model(&format!("{models}-{}", number % models)).outcome(Outcome::Failed))
                .collect();
            world.calls(&admin.organization, &key, &made).await;
            let query = ended(OutcomeFilter::Only(Outcome::Failed));
            let seen = walk(world, &admin, &query).await;
            assert_eq!(seen, exported(world, &admin, &query).await);
            assert_eq!(seen.len(), if models == 90 { 180 } else { 400 });
        }
    }

    async fn a_range_holds_its_beginning_and_not_its_end(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let times = ["2026-11-10T09:59:59.999Z", "2026-11-10T10:00:00Z", "2026-11-10T10:59:59.999Z", "2026-11-10T11:00:00Z"];
        let made: Vec<TestCall> = times.iter().map(|at| TestCall::at(at)).collect();
        let ids = world.calls(&admin.organization, &key, &made).await;
        let query = CallQuery {
            from: Some("2026-11-10T10:00:00Z".parse().unwrap()),
            to: Some("2026-11-10T11:00:00Z".parse().unwrap()),
            ..CallQuery::default()
        };
        assert_eq!(walk(world, &admin, &query).await, [ids[2], ids[1]]);
    }

    async fn filters_narrow_to_key_project_and_outcome(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let other = world.project(&admin, "Other").await;
        let web = world.key(&admin, project, "web").await;
        let batch = world.key(&admin, other.id, "batch").await;
        let made = [TestCall::at("2026-11-10T10:00:00Z"), TestCall::at("2026-11-10T10:01:00Z").outcome(Outcome::Failed)];
        let web_ids = world.calls(&admin.organization, &web, &made).await;
        let batch_ids = world.calls(&admin.organization, &batch, &made).await;
        let by = |filter| CallQuery { filter, ..CallQuery::default() };
        let key = by(Filter { api_keys: vec![web.id], ..Filter::default() });
        assert_eq!(walk(world, &admin, &key).await, [web_ids[1], web_ids[0]]);
        let project = by(Filter { projects: vec![other.id], ..Filter::default() });
        assert_eq!(walk(world, &admin, &project).await, [batch_ids[1], batch_ids[0]]);
        let failed = by(Filter { statuses: ended(OutcomeFilter::Only(Outcome::Failed)).filter.statuses, ..key.filter });
        assert_eq!(walk(world, &admin, &failed).await, [web_ids[1]]);
    }

    async fn errors_are_the_calls_that_usage_counts_as_such(world: &World) {
        world.clock.set("2026-11-10T12:00:00Z");
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let outcomes = [Outcome::Succeeded, Outcome::Failed, Outcome::Refused, Outcome::Interrupted, Outcome::Failed];
        let made: Vec<TestCall> =
            outcomes.iter().map(|outcome| TestCall::at("2026-11-10T10:00:00Z").outcome(*outcome)).collect();
        let ids = world.calls(&admin.organization, &key, &made).await;
        let query = CallQuery { range: Some(Range::Today), ..ended(OutcomeFilter::Errors) };
        let listed = walk(world, &admin, &query).await;
        let expected: HashSet<CallId> = [ids[1], ids[3], ids[4]].into();
        assert_eq!(listed.iter().copied().collect::<HashSet<_>>(), expected);
        assert_eq!(exported(world, &admin, &query).await, listed);
        let usage_query = UsageQuery { range: Range::Today, ..UsageQuery::default() };
        let report = services::usage::report(&world.services, &admin, &usage_query).await.unwrap();
        assert_eq!(report.total.errors, i64::try_from(listed.len()).unwrap());
        for (filter, count) in OutcomeFilter::ALL.into_iter().zip([1, 3, 2, 1, 1]) {
            let query = ended(filter);
            assert_eq!(walk(world, &admin, &query).await.len(), count, "{filter}");
        }
    }

    async fn days_are_those_of_the_zone_that_is_asked_for(world: &World) {
        // It is half past four in the morning of the 11th in Kathmandu, and still the 10th in New York.
        world.clock.set("2026-11-10T22:45:00Z");
        let admin = world.organization("Acme", "America/New_York").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let times = ["2026-11-10T04:59:59.999Z", "2026-11-10T05:00:00Z", "2026-11-10T18:14:59.999Z", "2026-11-10T18:15:00Z"];
        let made: Vec<TestCall> = times.iter().map(|at| TestCall::at(at)).collect();
        let ids = world.calls(&admin.organization, &key, &made).await;
        let today = CallQuery { range: Some(Range::Today), ..CallQuery::default() };
        assert_eq!(walk(world, &admin, &today).await, [ids[3], ids[2], ids[1]]);
        let kathmandu = CallQuery { time_zone: Some("Asia/Kathmandu".to_owned()), ..today.clone() };
        assert_eq!(walk(world, &admin, &kathmandu).await, [ids[3]]);
        let days = "2026-11-09..2026-11-10".parse().unwrap();
        let custom = CallQuery { range: Some(days), ..kathmandu.clone() };
        assert_eq!(walk(world, &admin, &custom).await, [ids[2], ids[1], ids[0]]);
        let narrower = CallQuery { from: Some("2026-11-10T18:00:00Z".parse().unwrap()), ..custom };
        assert_eq!(walk(world, &admin, &narrower).await, [ids[2]]);
        let nowhere = CallQuery { time_zone: Some("Asia/Nowhere".to_owned()), ..today };
        assert!(matches!(calls::list(&world.services, &admin, &nowhere).await, Err(ServiceError::Invalid(_))));
    }

    async fn a_call_is_shown_with_its_names(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let member = world.member(&admin.organization, "Mira", Role::Owner).await;
        let project = world.default_project(&admin).await;
        let key = world.key(&member, project, "web").await;
        let made = TestCall { cost: None, ..TestCall::at("2026-11-10T10:00:00Z") };
        let ids = world.calls(&admin.organization, &key, &[made]).await;
        let shown = calls::get(&world.services, &admin, ids[0]).await.unwrap();
        assert_eq!(shown.member.as_deref(), Some("Mira"));
        assert_eq!(shown.call.project.unwrap().name, "Default");
        assert_eq!(shown.call.api_key.unwrap().name, "web");
        assert_eq!((shown.call.cost, shown.call.used.tokens_in), (None, 100));
    }

    async fn logs_reach_as_far_as_the_role(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let default = world.default_project(&admin).await;
        let hidden = world.project(&admin, "Hidden").await;
        let seen = world.key(&admin, default, "seen").await;
        let unseen = world.key(&admin, hidden.id, "unseen").await;
        let made = [TestCall::at("2026-11-10T10:00:00Z")];
        let seen = world.calls(&admin.organization, &seen, &made).await[0];
        let unseen = world.calls(&admin.organization, &unseen, &made).await[0];
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        assert_eq!(walk(world, &developer, &CallQuery::default()).await, []);
        world.assign(&admin, default, "Dev").await;
        assert_eq!(walk(world, &developer, &CallQuery::default()).await, [seen]);
        assert_eq!(exported(world, &developer, &CallQuery::default()).await, [seen]);
        calls::get(&world.services, &developer, seen).await.unwrap();
        assert!(matches!(calls::get(&world.services, &developer, unseen).await, Err(ServiceError::NotFound)));
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        let refused = calls::list(&world.services, &viewer, &CallQuery::default()).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
    }
}
