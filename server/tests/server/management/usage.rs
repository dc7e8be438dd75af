//! Usage and costs by REST, held against what the dashboard shows.

use std::borrow::Cow;

use axum::http::{Method, StatusCode};
use domain::{
    api_keys::{CreatedApiKey, Level},
    calls::{Measured, Outcome},
    models::Service,
    money::{Money, Quantities},
    time::Timestamp,
    usage::{Filter, Group, Measures, UsageQuery, View},
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::{Value, json};
use services::metering::{self, CallRecord, SeriesCache};

use crate::world::{World, command_line, json as body};

const COSTS: &str = "/v1/organization/costs";
const COMPLETIONS: &str = "/v1/organization/usage/completions";
const EMBEDDINGS: &str = "/v1/organization/usage/embeddings";
const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// An organization whose days aren't those of UTC, with 40 days of calls by several keys, models and projects.
struct Story {
    world: World,
    admin: String,
    keys: [CreatedApiKey; 3],
    /// The first of the UTC days, in seconds.
    start: i64,
    days: i64,
}

impl Story {
    async fn new() -> Self {
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
        let transaction = world.services.database().begin().await.unwrap();
        let series = SeriesCache::new();
        let new = metering::store(&transaction, &series, &calls).await.unwrap();
        transaction.commit().await.unwrap();
        new.keep(&series);
        Self { admin: world.admin_key(&[]).await, world, keys, start, days }
    }

    /// All buckets from the first day on, page by page.
    async fn buckets(&self, key: &str, path: &str, query: &str) -> Vec<Value> {
        let mut buckets = Vec::new();
        let mut page = String::new();
        loop {
            let path = format!("{path}?start_time={}&{query}{page}", self.start);
            let answer = self.world.done(Method::GET, &path, key, Value::Null).await;
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

    async fn results(&self, key: &str, path: &str, query: &str) -> Vec<Value> {
        let buckets = self.buckets(key, path, query).await;
        buckets.iter().flat_map(|bucket| bucket["results"].as_array().unwrap().clone()).collect()
    }

    /// What the dashboard shows of the same days.
    async fn report(&self, group: Group, filter: Filter) -> domain::usage::UsageReport {
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

fn call(world: &World, key: &CreatedApiKey, at: Timestamp, random: &mut Pcg64) -> CallRecord {
    let (model, service) =
        [("m-1", Service::Chat), ("m-2", Service::Chat), ("e-1", Service::Embeddings)][random.random_range(0..3)];
    let outcome = Outcome::ALL[random.random_range(0..4)];
    let refused = outcome == Outcome::Refused;
    let mut tokens = |most| if refused { 0 } else { random.random_range(0..most) };
    let (tokens_in, tokens_out, cost) = (tokens(10_000), tokens(500), tokens(9_000_000_000));
    CallRecord {
        id: metering::new_call_id(at).unwrap(),
        organization_id: world.organization.id,
        time_zone: world.organization.time_zone,
        project_id: key.api_key.project.as_ref().map(|project| project.id),
        api_key_id: key.api_key.id,
        secret_id: "secret_00000000000000000000000000".parse().unwrap(),
        member_id: None,
        started_at: at,
        model: model.into(),
        service,
        endpoint: Cow::Borrowed("/v1/chat/completions"),
        provider: "sandbox".into(),
        status: 200,
        outcome,
        streamed: false,
        times: 1,
        measured: Measured::Reported,
        used: Quantities { tokens_in, cached_tokens_in: tokens_in / 3, tokens_out, ..Quantities::default() },
        cost: (!refused && cost % 7 != 0).then(|| Money::from_nanos(cost)),
        price_id: None,
        duration_us: 1_000,
        first_byte_us: None,
        error_code: Cow::Borrowed(""),
    }
}

fn number(result: &Value, name: &str) -> i64 {
    result[name].as_i64().unwrap()
}

fn sum(results: &[Value], name: &str) -> i64 {
    results.iter().map(|result| number(result, name)).sum()
}

/// An amount, exactly: its digits are those of the answer.
fn amount(result: &Value) -> Money {
    assert_eq!(result["amount"]["currency"], "usd");
    result["amount"]["value"].to_string().parse().unwrap()
}

#[tokio::test]
async fn sums_are_those_of_the_dashboard() {
    let story = Story::new().await;
    let Measures { calls, errors, tokens_in, cached_tokens_in, tokens_out, spend, unpriced, .. } =
        story.report(Group::Model, Filter::default()).await.total;
    for width in ["bucket_width=1d", "bucket_width=1h&limit=168", "limit=3"] {
        for groups in [
            "",
            "&group_by=model",
            "&group_by[]=project_id&group_by[]=api_key_id",
            "&group_by=model,project_id,api_key_id",
        ] {
            let query = format!("{width}{groups}");
            let chat = story.results(&story.admin, COMPLETIONS, &query).await;
            let embeddings = story.results(&story.admin, EMBEDDINGS, &query).await;
            let both = |name| sum(&chat, name) + sum(&embeddings, name);
            assert_eq!(
                (both("num_model_requests"), both("num_failed_requests"), both("input_tokens")),
                (calls, errors, tokens_in)
            );
            assert!(sum(&chat, "output_tokens") < tokens_out && sum(&chat, "input_cached_tokens") < cached_tokens_in);
            let costs = story.results(&story.admin, COSTS, &query).await;
            assert_eq!(
                (costs.iter().map(amount).sum::<Money>(), sum(&costs, "num_unpriced_requests")),
                (spend, unpriced),
                "{query}"
            );
        }
    }
}

#[tokio::test]
async fn each_day_and_model_is_that_of_the_dashboard() {
    let story = Story::new().await;
    let report = story.report(Group::Model, Filter::default()).await;
    let buckets = story.buckets(&story.admin, COSTS, "group_by=line_item&limit=180").await;
    assert_eq!(buckets.len(), report.buckets.len());
    for (index, bucket) in buckets.iter().enumerate() {
        assert_eq!(number(bucket, "start_time") * 1000, report.buckets[index].millis());
        assert_eq!(number(bucket, "end_time") * 1000, report.bucket_end(index).millis());
        let told: Vec<(String, Money)> = bucket["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| (result["line_item"].as_str().unwrap().to_owned(), amount(result)))
            .collect();
        let mut shown: Vec<(String, Money)> = report
            .series
            .iter()
            .filter_map(|series| {
                let point = series.points.iter().find(|point| point.bucket as usize == index)?;
                // A day on which a model was refused only has no usage.
                (point.measures.calls > 0).then(|| (series.key.clone(), point.measures.spend))
            })
            .collect();
        shown.sort();
        assert_eq!(told, shown, "day {index}");
    }
}

#[tokio::test]
async fn filters_narrow_what_is_told() {
    let story = Story::new().await;
    let [first, second, admin] = &story.keys;
    let project = first.api_key.project.as_ref().unwrap().id;
    for (query, filter) in [
        (format!("project_ids={project}"), Filter { project: Some(project), ..Filter::default() }),
        (
            format!("api_key_ids[]={}", second.api_key.id),
            Filter { api_key: Some(second.api_key.id), ..Filter::default() },
        ),
        ("models=m-1".to_owned(), Filter { model: Some("m-1".to_owned()), ..Filter::default() }),
    ] {
        let shown = story.report(Group::Model, filter).await.total;
        let told = story.results(&story.admin, COSTS, &query).await;
        assert_eq!(told.iter().map(amount).sum::<Money>(), shown.spend, "{query}");
    }
    let without_project =
        story.results(&story.admin, COSTS, &format!("group_by=project_id&api_key_ids={}", admin.api_key.id)).await;
    assert!(!without_project.is_empty() && without_project.iter().all(|result| result["project_id"].is_null()));
    let foreign = format!("project_ids={}", story.world.strangers_project.id);
    assert!(story.results(&story.admin, COSTS, &foreign).await.is_empty());
}

#[tokio::test]
async fn a_read_key_reads_its_own_project() {
    let story = Story::new().await;
    let world = &story.world;
    let read = world.key_with(Level::Read, |_| {}).await.secret;
    let project = world.project.id;
    let own = story.report(Group::Model, Filter { project: Some(project), ..Filter::default() }).await.total;
    let told = story.results(&read, COSTS, "group_by=project_id").await;
    assert!(told.iter().all(|result| result["project_id"] == json!(project)));
    assert_eq!(told.iter().map(amount).sum::<Money>(), own.spend);
    let other = story.keys[1].api_key.project.as_ref().unwrap().id;
    assert!(story.results(&read, COSTS, &format!("project_ids={other}")).await.is_empty());
    assert!(story.results(&read, COSTS, &format!("api_key_ids={}", story.keys[2].api_key.id)).await.is_empty());
}

#[tokio::test]
async fn buckets_are_whole_hours_and_days_of_utc() {
    let story = Story::new().await;
    let within = story.start + DAY + 5 * HOUR + 1234;
    for (width, seconds) in [("1d", DAY), ("1h", HOUR)] {
        let path = format!("{COMPLETIONS}?bucket_width={width}&start_time={within}&end_time={}", within + 1);
        let answer = story.world.done(Method::GET, &path, &story.admin, Value::Null).await;
        let bucket = &answer["data"].as_array().unwrap()[..];
        assert_eq!(bucket.len(), 1);
        assert_eq!(number(&bucket[0], "start_time"), within / seconds * seconds);
        assert_eq!(number(&bucket[0], "end_time"), within / seconds * seconds + seconds);
    }
    let path = format!("{COMPLETIONS}?start_time={}", story.start);
    let answer = story.world.done(Method::GET, &path, &story.admin, Value::Null).await;
    assert_eq!((answer["data"].as_array().unwrap().len(), &answer["has_more"]), (7, &json!(true)));
    // Without an end, the last bucket is the one that still runs.
    let last = story.buckets(&story.admin, COMPLETIONS, "limit=31").await.pop().unwrap();
    let now = story.world.services.now().millis() / 1000;
    assert!((number(&last, "start_time")..number(&last, "end_time")).contains(&now));
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_by_name() {
    let world = World::new().await;
    let admin = world.admin_key(&[]).await;
    for (path, query, param) in [
        (COMPLETIONS, "", "start_time"),
        (COMPLETIONS, "start_time=", "start_time"),
        (COMPLETIONS, "start_time=yesterday", "start_time"),
        (COMPLETIONS, "start_time=-1", "start_time"),
        (COMPLETIONS, "start_time=99999999999999", "start_time"),
        (COMPLETIONS, "start_time=1700000000&end_time=1700000000", "end_time"),
        (COMPLETIONS, "start_time=1700000000&bucket_width=1m", "bucket_width"),
        (COSTS, "start_time=1700000000&bucket_width=1w", "bucket_width"),
        (COMPLETIONS, "start_time=1700000000&limit=32", "limit"),
        (COMPLETIONS, "start_time=1700000000&bucket_width=1h&limit=169", "limit"),
        (COSTS, "start_time=1700000000&limit=181", "limit"),
        (COMPLETIONS, "start_time=1700000000&group_by=user_id", "group_by"),
        (COMPLETIONS, "start_time=1700000000&group_by[]=model&group_by[]=batch", "group_by"),
        (COMPLETIONS, "start_time=1700000000&project_ids=acme", "project_ids"),
        (COMPLETIONS, "start_time=1700000000&user_ids=user_1", "user_ids"),
        (COMPLETIONS, "start_time=1700000000&batch=true", "batch"),
        (COMPLETIONS, "start_time=1700000000&page=page_1", "page"),
        (COMPLETIONS, "start_time=1700000000&page=page_1600000000", "page"),
    ] {
        let path = format!("{path}?{query}");
        let refused = world.refused(Method::GET, &path, &admin, Value::Null).await;
        assert_eq!(refused, (400, "invalid_request_error".to_owned(), Some(param.to_owned())), "{path}");
    }
    let minutes = world.get_with(&admin, &format!("{COMPLETIONS}?start_time=1700000000&bucket_width=1m")).await;
    assert_eq!(minutes.status(), StatusCode::BAD_REQUEST);
    assert!(body(minutes).await["error"]["message"].as_str().unwrap().contains("1h"));
}
