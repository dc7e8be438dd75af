//! Calls and rollups: none lost, none stored twice.

mod durability;
mod upkeep;

use std::{borrow::Cow, collections::HashSet, sync::Arc};

use domain::{
    api_keys::ApiKey,
    calls::{CallQuery, CallTags, CountSource, Outcome},
    ids::SecretId,
    models::Service,
    money::{Money, PriceParts, Quantities},
    time::Timestamp,
    usage::LATENCY_BINS,
};
use futures::{TryStreamExt, future::join_all};
use services::{
    Actor, ServiceError, calls,
    metering::{self, CallRecord, Meter, SeriesCache},
};

use crate::support::World;

/// Sums over a table: calls, tokens in, cached, out, cost, unpriced or calls without a cost, microseconds.
type Totals = [i64; 7];

async fn query(world: &World, sql: &str) -> Vec<Vec<i64>> {
    let columns =
        |row: &sea_orm::QueryResult| (0..row.column_names().len()).map(|i| row.try_get_by_index(i).unwrap()).collect();
    world.rows(sql).await.iter().map(columns).collect()
}

async fn stored(world: &World) -> Totals {
    let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(tokens_in), 0) AS BIGINT), CAST(COALESCE(SUM(cached_tokens_in), 0) AS BIGINT), \
         CAST(COALESCE(SUM(tokens_out), 0) AS BIGINT), CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT), \
         CAST(COALESCE(SUM(CASE WHEN cost_nanos IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT), \
         CAST(COALESCE(SUM(duration_us), 0) AS BIGINT) FROM calls";
    query(world, sql).await.remove(0).try_into().unwrap()
}

/// Totals from the rollups of one resolution, whose latency bins must contain each call once.
async fn rolled_up(world: &World, resolution: i16) -> Totals {
    let bins: Vec<String> = (0..LATENCY_BINS).map(|bin| format!("latency_{bin}")).collect();
    let columns = ["calls", "tokens_in", "cached_tokens_in", "tokens_out", "cost_nanos", "unpriced", "duration_us"];
    let sums: Vec<String> = columns.map(str::to_owned).into_iter().chain([bins.join(" + ")]).collect();
    let sums: Vec<String> = sums.iter().map(|column| format!("CAST(COALESCE(SUM({column}), 0) AS BIGINT)")).collect();
    let sql = format!("SELECT {} FROM rollups WHERE resolution = {resolution}", sums.join(", "));
    let mut totals = query(world, &sql).await.remove(0);
    assert_eq!(totals.pop(), Some(totals[0]), "bins");
    totals.try_into().unwrap()
}

async fn assert_reconciled(world: &World) -> Totals {
    world.wait_until_stored().await;
    let stored = stored(world).await;
    for resolution in 1..=3 {
        assert_eq!(rolled_up(world, resolution).await, stored, "resolution {resolution}");
    }
    stored
}

async fn key(world: &World) -> (Actor, ApiKey) {
    let admin = world.organization("Acme", "Asia/Kathmandu").await;
    let project = world.default_project(&admin).await;
    let key = world.key(&admin, project, "web").await;
    (admin, key)
}

fn call(actor: &Actor, key: &ApiKey, at: &str) -> CallRecord {
    let at: Timestamp = at.parse().unwrap();
    CallRecord {
        id: metering::new_call_id(at),
        organization_id: actor.organization.id,
        time_zone: actor.organization.time_zone,
        project_id: key.project.as_ref().map(|project| project.id),
        api_key_id: key.id,
        secret_id: SecretId::new(uuid::Uuid::nil()),
        member_id: None,
        started_at: at,
        model: "gpt-x".into(),
        service: Service::Chat,
        endpoint: Cow::Borrowed("/v1/chat/completions"),
        provider: "sandbox".into(),
        status: 200,
        outcome: Outcome::Succeeded,
        streamed: false,
        times: 1,
        measured: CountSource::Reported,
        used: Quantities { tokens_in: 100, cached_tokens_in: 40, tokens_out: 7, ..Quantities::default() },
        cost: Some(Money::from_nanos(1_234)),
        price_id: None,
        unpriced: PriceParts::NONE,
        duration_us: 1_500,
        first_byte_us: None,
        error_code: Cow::Borrowed(""),
        rejection: None,
        tags: CallTags::default(),
        client_request_id: None,
        attempts: Vec::new(),
        body_exclusion: None,
    }
}

/// Different calls of a few series, over several days.
fn various(actor: &Actor, key: &ApiKey, count: usize) -> Vec<CallRecord> {
    let start = call(actor, key, "2026-11-10T18:14:59.999Z");
    let vary = |number: usize| {
        let number = i64::try_from(number).unwrap();
        let at = start.started_at.plus_minutes(number * 7);
        CallRecord {
            id: metering::new_call_id(at),
            started_at: at,
            model: ["gpt-x", "gpt-y", "gpt-z"][usize::try_from(number % 3).unwrap()].into(),
            used: Quantities {
                tokens_in: number,
                cached_tokens_in: number / 2,
                tokens_out: 2 * number,
                ..Quantities::default()
            },
            cost: (number % 5 != 0).then(|| Money::from_nanos(number * 31)),
            duration_us: number * number * 1_000,
            ..start.clone()
        }
    };
    (0..count).map(vary).collect()
}

on_both_databases! {
    async fn calls_recorded_at_once_are_all_stored_and_the_rollups_add_up(world: &World) {
        let (actor, key) = key(world).await;
        let meter = world.meter().await;
        let calls = various(&actor, &key, 600);
        let ids: HashSet<_> = calls.iter().map(|call| call.id).collect();
        let results = join_all(calls.into_iter().map(|call| meter.record(call))).await;
        assert!(results.iter().all(Result::is_ok));
        let totals = assert_reconciled(world).await;
        assert_eq!((totals[0], totals[1], totals[5]), (600, (0..600).sum(), 120));
        let pages = calls::export(&world.services, &actor, &CallQuery::default()).await.unwrap();
        let pages: Vec<_> = pages.try_collect().await.unwrap();
        assert_eq!(pages.into_iter().flatten().map(|call| call.id).collect::<HashSet<_>>(), ids);
        assert_eq!(query(world, "SELECT COUNT(*) FROM series WHERE outcome <> 'any'").await, [[3]]);
    }

    async fn a_day_is_the_organizations(world: &World) {
        let (actor, key) = key(world).await;
        let meter = world.meter().await;
        // Midnight in Kathmandu is at 18:15 UTC.
        for at in ["2026-11-10T18:14:59.999Z", "2026-11-10T18:15:00Z"] {
            meter.record(call(&actor, &key, at)).await.unwrap();
        }
        world.wait_until_stored().await;
        let millis = |at: &str| at.parse::<Timestamp>().unwrap().millis();
        let days = query(world, "SELECT bucket, calls FROM rollups WHERE resolution = 3 ORDER BY bucket").await;
        assert_eq!(days, [[millis("2026-11-09T18:15:00Z"), 1], [millis("2026-11-10T18:15:00Z"), 1]]);
        let hours = query(world, "SELECT bucket, calls FROM rollups WHERE resolution = 2").await;
        assert_eq!(hours, [[millis("2026-11-10T18:00:00Z"), 2]]);
    }

    async fn a_call_recorded_twice_is_stored_once(world: &World) {
        let (actor, key) = key(world).await;
        let meter = world.meter().await;
        let one = call(&actor, &key, "2026-11-17T12:00:00Z");
        meter.record(one.clone()).await.unwrap();
        meter.record(one.clone()).await.unwrap();
        let other = CallRecord { id: metering::new_call_id(one.started_at), ..one.clone() };
        let third = CallRecord { id: metering::new_call_id(one.started_at), ..one.clone() };
        let again = [one, other.clone(), third, other].into_iter().map(|call| meter.record(call));
        assert!(join_all(again).await.iter().all(Result::is_ok));
        assert_eq!(assert_reconciled(world).await[0], 3);
    }

    async fn a_transaction_that_is_rolled_back_leaves_no_series_in_memory(world: &World) {
        let (actor, key) = key(world).await;
        let series = SeriesCache::new();
        let calls = various(&actor, &key, 10);
        let transaction = world.services.database().begin().await.unwrap();
        drop(metering::store(&transaction, &series, &calls).await.unwrap());
        transaction.rollback().await.unwrap();
        assert_eq!(assert_reconciled(world).await, [0; 7]);

        let transaction = world.services.database().begin().await.unwrap();
        let new = metering::store(&transaction, &series, &calls).await.unwrap();
        transaction.commit().await.unwrap();
        new.commit_to(&series);
        assert_eq!(query(world, "SELECT COUNT(*) FROM series WHERE outcome <> 'any'").await, [[3]]);
        assert_eq!(query(world, "SELECT COUNT(*) FROM calls c JOIN series s ON s.id = c.series_id").await, [[10]]);
    }

    async fn the_same_call_in_bulk_is_a_conflict(world: &World) {
        let (actor, key) = key(world).await;
        let calls = various(&actor, &key, 1);
        let series = SeriesCache::new();
        let twice = [calls[0].clone(), calls[0].clone()];
        let transaction = world.services.database().begin().await.unwrap();
        let error = metering::store(&transaction, &series, &twice).await.err().unwrap();
        assert!(matches!(error, ServiceError::Conflict(_)), "{error:?}");
    }

    async fn servers_that_meet_the_same_series_first_share_it(world: &World) {
        let (actor, key) = key(world).await;
        let meters: Vec<Meter> = join_all((0..4).map(|_| world.meter())).await;
        let records = meters.iter().flat_map(|meter| various(&actor, &key, 50).into_iter().map(|call| meter.record(call)));
        assert!(join_all(records).await.iter().all(Result::is_ok));
        assert_eq!(assert_reconciled(world).await[0], 200);
        assert_eq!(query(world, "SELECT COUNT(*) FROM series WHERE outcome <> 'any'").await, [[3]]);
    }

    async fn what_was_taken_is_stored_before_the_meter_ends(world: &World) {
        let (actor, key) = key(world).await;
        let meter = Arc::new(world.meter().await);
        let mut records = Vec::new();
        for call in various(&actor, &key, 300) {
            let meter = Arc::clone(&meter);
            records.push(tokio::spawn(async move { meter.record(call).await }));
        }
        tokio::task::yield_now().await;
        meter.shutdown().await;
        let acknowledged = join_all(records).await.into_iter().filter(|result| result.as_ref().unwrap().is_ok()).count();
        assert_eq!(stored(world).await[0], i64::try_from(acknowledged).unwrap());
        let late = meter.record(call(&actor, &key, "2026-11-17T12:00:00Z")).await;
        assert!(matches!(late, Err(ServiceError::Unavailable(_))));
        meter.shutdown().await;
    }

    async fn listeners_hear_of_stored_calls(world: &World) {
        let (actor, key) = key(world).await;
        let meter = world.meter().await;
        let mut stored_calls = meter.subscribe();
        meter.record(call(&actor, &key, "2026-11-17T12:00:00Z")).await.unwrap();
        assert_eq!(stored_calls.recv().await.unwrap(), actor.organization.id);
        assert_eq!(stored(world).await[0], 1);
    }

    async fn only_calls_without_a_known_cost_are_unpriced(world: &World) {
        let (actor, key) = key(world).await;
        let meter = world.meter().await;
        let unknown = CallRecord { cost: None, ..call(&actor, &key, "2026-11-17T12:00:00Z") };
        let refused = CallRecord {
            id: metering::new_call_id(unknown.started_at),
            outcome: Outcome::Refused,
            ..unknown.clone()
        };
        meter.record(unknown).await.unwrap();
        meter.record(refused).await.unwrap();
        world.wait_until_stored().await;
        assert_eq!(rolled_up(world, 1).await[5], 1);
    }

    async fn spend_at_the_limit_of_64_bits_stays_there(world: &World) {
        let (actor, key) = key(world).await;
        let meter = world.meter().await;
        for _ in 0..3 {
            let max = Money::from_nanos(i64::MAX - 1);
            meter.record(CallRecord { cost: Some(max), ..call(&actor, &key, "2026-11-17T12:00:00Z") }).await.unwrap();
        }
        world.wait_until_stored().await;
        assert_eq!(query(world, "SELECT cost_nanos FROM rollups WHERE resolution = 1").await, [[i64::MAX]]);
    }
}
