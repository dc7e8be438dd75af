//! Calls of many days, and their usage.

use std::borrow::Cow;

use axum::http::Method;
use domain::{
    api_keys::{CreatedApiKey, Level},
    calls::{CallTags, CountSource, Outcome},
    models::Service,
    money::{Money, PriceParts, Quantities},
    time::Timestamp,
    usage::{Filter, Group, UsageQuery, View},
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::Value;
use services::metering::{self, CallRecord, SeriesCache};

use crate::world::{World, command_line};

pub(super) const HOUR: i64 = 60 * 60;
pub(super) const DAY: i64 = 24 * HOUR;

/// An organization whose days aren't those of UTC, with 40 days of calls by several keys, models and
/// projects.
pub(super) struct Story {
    pub(super) world: World,
    pub(super) admin: String,
    pub(super) keys: [CreatedApiKey; 3],
    /// The first UTC day, in seconds of Unix time.
    pub(super) start: i64,
    pub(super) days: i64,
}

impl Story {
    pub(super) async fn new() -> Self {
        let world = World::new().await;
        let actor = command_line(&world.organization);
        let second = services::projects::create(&world.services, &actor, "Second", "").await.unwrap().id;
        let keys = [
            world.key_with(Level::Standard, |_| {}).await,
            world.key_with(Level::Standard, |key| key.project_id = Some(second)).await,
            world.key_with(Level::Admin, |_| {}).await,
        ];
        let days = 40;
        let today = world.services.now().millis() / 1000 / DAY * DAY;
        let start = today - (days - 1) * DAY;
        let mut random = Pcg64::seed_from_u64(7);
        let calls: Vec<CallRecord> = (0..3_000)
            .map(|_| {
                let at = start * 1000 + random.random_range(0..(days - 1) * DAY * 1000);
                call(&world, &keys[random.random_range(0..3)], Timestamp::from_millis(at), &mut random)
            })
            .collect();
        store(&world, &calls).await;
        Self { admin: world.admin_key(&[]).await, world, keys, start, days }
    }

    /// All buckets from the first day on, page by page.
    pub(super) async fn buckets(&self, key: &str, path: &str, query: &str) -> Vec<Value> {
        let mut buckets = Vec::new();
        let mut page = String::new();
        loop {
            let path = format!("{path}?start_time={}&{query}{page}", self.start);
            let answer = self.world.expect_success(Method::GET, &path, key, Value::Null).await;
            assert_eq!(answer["object"], "page");
            buckets.extend(answer["data"].as_array().unwrap().clone());
            match answer["next_page"].as_str() {
                Some(next) => page = format!("&page={next}"),
                None => break,
            }
            assert_eq!(answer["has_more"], true);
        }
        buckets
    }

    pub(super) async fn results(&self, key: &str, path: &str, query: &str) -> Vec<Value> {
        let buckets = self.buckets(key, path, query).await;
        buckets.iter().flat_map(|bucket| bucket["results"].as_array().unwrap().clone()).collect()
    }

    /// The dashboard's report for these days.
    pub(super) async fn report(&self, group: Group, filter: Filter) -> domain::usage::UsageReport {
        let day = |seconds: i64| Timestamp::from_millis(seconds * 1000).to_chrono().date_naive();
        let query = UsageQuery {
            range: format!("{}..{}", day(self.start), day(self.start + (self.days - 1) * DAY)).parse().unwrap(),
            view: Some(View::Day),
            group,
            time_zone: Some("UTC".to_owned()),
            filter,
            ..UsageQuery::default()
        };
        services::usage::report(&self.world.services, &command_line(&self.world.organization), &query).await.unwrap()
    }
}

/// Stores calls as a server does.
pub(super) async fn store(world: &World, calls: &[CallRecord]) {
    let transaction = world.services.database().begin().await.unwrap();
    let series = SeriesCache::new();
    let new = metering::store(&transaction, &series, calls).await.unwrap();
    transaction.commit().await.unwrap();
    new.commit_to(&series);
}

fn call(world: &World, key: &CreatedApiKey, at: Timestamp, random: &mut Pcg64) -> CallRecord {
    let (model, service) =
        [("m-1", Service::Chat), ("m-2", Service::Chat), ("e-1", Service::Embeddings)][random.random_range(0..3)];
    let outcome = Outcome::ALL[random.random_range(0..4)];
    let refused = outcome == Outcome::Refused;
    let mut tokens = |max| if refused { 0 } else { random.random_range(0..max) };
    let (tokens_in, tokens_out, cost) = (tokens(10_000), tokens(500), tokens(9_000_000_000));
    CallRecord {
        model: model.into(),
        service,
        outcome,
        used: Quantities { tokens_in, cached_tokens_in: tokens_in / 3, tokens_out, ..Quantities::default() },
        cost: (!refused && cost % 7 != 0).then(|| Money::from_nanos(cost)),
        ..record(world, key, at)
    }
}

/// A call that succeeded and used nothing.
pub(super) fn record(world: &World, key: &CreatedApiKey, at: Timestamp) -> CallRecord {
    CallRecord {
        id: metering::new_call_id(at),
        organization_id: world.organization.id,
        time_zone: world.organization.time_zone,
        project_id: key.api_key.project.as_ref().map(|project| project.id),
        api_key_id: key.api_key.id,
        secret_id: "secret_00000000000000000000000000".parse().unwrap(),
        member_id: None,
        started_at: at,
        model: "m-1".into(),
        service: Service::Chat,
        endpoint: Cow::Borrowed("/v1/chat/completions"),
        provider: "sandbox".into(),
        status: 200,
        outcome: Outcome::Succeeded,
        streamed: false,
        times: 1,
        measured: CountSource::Reported,
        used: Quantities::default(),
        cost: Some(Money::from_nanos(1_000_000_007)),
        price_id: None,
        unpriced: PriceParts::NONE,
        duration_us: 1_000,
        first_byte_us: None,
        error_code: Cow::Borrowed(""),
        rejection: None,
        tags: CallTags::default(),
        client_request_id: None,
        attempts: Vec::new(),
        body_exclusion: None,
    }
}
