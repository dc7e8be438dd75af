//! Usage and costs over REST, compared with the dashboard's.

mod resources;
mod story;

use axum::http::Method;
use domain::{
    api_keys::Level,
    money::Money,
    usage::{Filter, Group, Measures},
};
use serde_json::{Value, json};

use self::story::{DAY, HOUR, Story};
use crate::world::World;

const COSTS: &str = "/v1/organization/costs";
const COMPLETIONS: &str = "/v1/organization/usage/completions";
const EMBEDDINGS: &str = "/v1/organization/usage/embeddings";
const IMAGES: &str = "/v1/organization/usage/images";
const LATENCIES: &str = "/v1/organization/usage/latencies";
const VECTOR_STORES: &str = "/v1/organization/usage/vector_stores";
const WEB_SEARCHES: &str = "/v1/organization/usage/web_search_calls";

fn number(result: &Value, name: &str) -> i64 {
    result[name].as_i64().unwrap()
}

fn sum(results: &[Value], name: &str) -> i64 {
    results.iter().map(|result| number(result, name)).sum()
}

/// An amount with exactly the answer's digits.
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
        let results: Vec<(String, Money)> = bucket["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| (result["line_item"].as_str().unwrap().to_owned(), amount(result)))
            .collect();
        let mut expected: Vec<(String, Money)> = report
            .series
            .iter()
            .filter_map(|series| {
                let point = series.points.iter().find(|point| point.bucket as usize == index)?;
                // A day on which all calls of a model were refused has no usage.
                (point.measures.calls > 0).then(|| (series.key.clone(), point.measures.spend))
            })
            .collect();
        expected.sort();
        assert_eq!(results, expected, "day {index}");
    }
}

#[tokio::test]
async fn filters_narrow_what_is_told() {
    let story = Story::new().await;
    let [first, second, admin] = &story.keys;
    let project = first.api_key.project.as_ref().unwrap().id;
    for (query, filter) in [
        (format!("project_ids={project}"), Filter { projects: vec![project], ..Filter::default() }),
        (
            format!("api_key_ids[]={}", second.api_key.id),
            Filter { api_keys: vec![second.api_key.id], ..Filter::default() },
        ),
        ("models=m-1".to_owned(), Filter { models: vec!["m-1".to_owned()], ..Filter::default() }),
    ] {
        let report = story.report(Group::Model, filter).await.total;
        let results = story.results(&story.admin, COSTS, &query).await;
        assert_eq!(results.iter().map(amount).sum::<Money>(), report.spend, "{query}");
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
    let own = story.report(Group::Model, Filter { projects: vec![project], ..Filter::default() }).await.total;
    let results = story.results(&read, COSTS, "group_by=project_id").await;
    assert!(results.iter().all(|result| result["project_id"] == json!(project)));
    assert_eq!(results.iter().map(amount).sum::<Money>(), own.spend);
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
        let answer = story.world.expect_success(Method::GET, &path, &story.admin, Value::Null).await;
        let bucket = &answer["data"].as_array().unwrap()[..];
        assert_eq!(bucket.len(), 1);
        assert_eq!(number(&bucket[0], "start_time"), within / seconds * seconds);
        assert_eq!(number(&bucket[0], "end_time"), within / seconds * seconds + seconds);
    }
    let path = format!("{COMPLETIONS}?start_time={}", story.start);
    let answer = story.world.expect_success(Method::GET, &path, &story.admin, Value::Null).await;
    assert_eq!((answer["data"].as_array().unwrap().len(), &answer["has_more"]), (7, &json!(true)));
    // Without an end, the last bucket is the current one.
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
        (COSTS, "start_time=1700000000&bucket_width=1w", "bucket_width"),
        (COMPLETIONS, "start_time=1700000000&limit=32", "limit"),
        (COMPLETIONS, "start_time=1700000000&bucket_width=1h&limit=169", "limit"),
        (COMPLETIONS, "start_time=1700000000&bucket_width=1m&limit=1441", "limit"),
        (COSTS, "start_time=1700000000&limit=181", "limit"),
        (COMPLETIONS, "start_time=1700000000&group_by=line_item", "group_by"),
        (EMBEDDINGS, "start_time=1700000000&group_by[]=model&group_by[]=batch", "group_by"),
        (IMAGES, "start_time=1700000000&group_by=endpoint", "group_by"),
        (COSTS, "start_time=1700000000&group_by=service_tier", "group_by"),
        (COMPLETIONS, "start_time=1700000000&project_ids=acme", "project_ids"),
        (COMPLETIONS, "start_time=1700000000&user_ids=user_1", "user_ids"),
        (COMPLETIONS, "start_time=1700000000&batch=maybe", "batch"),
        (EMBEDDINGS, "start_time=1700000000&batch=true", "batch"),
        (IMAGES, "start_time=1700000000&sizes=256x256", "sizes"),
        (IMAGES, "start_time=1700000000&sources=image.film", "sources"),
        (WEB_SEARCHES, "start_time=1700000000&context_levels=low", "context_levels"),
        (VECTOR_STORES, "start_time=1700000000&api_key_ids=key_01h2xcejqtf2nbrexx3vqjhp41", "api_key_ids"),
        (COSTS, "start_time=1700000000&models=m&line_items=m", "line_items"),
        (LATENCIES, "start_time=1700000000&services=poetry", "services"),
        (COMPLETIONS, "start_time=1700000000&page=page_1", "page"),
        (COMPLETIONS, "start_time=1700000000&page=page_1600000000", "page"),
    ] {
        let path = format!("{path}?{query}");
        let refused = world.expect_error(Method::GET, &path, &admin, Value::Null).await;
        assert_eq!(refused, (400, "invalid_request_error".to_owned(), Some(param.to_owned())), "{path}");
    }
}

/// The sums of a day are the same by minutes, which are summed from calls.
#[tokio::test]
async fn minutes_are_those_of_their_hour() {
    let story = Story::new().await;
    let [first, second, _] = &story.keys;
    let (from, to) = (story.start + 3 * DAY, story.start + 4 * DAY);
    for query in [
        "group_by=model,api_key_id".to_owned(),
        format!("group_by=project_id&api_key_ids={},{}", first.api_key.id, second.api_key.id),
        "models=m-1".to_owned(),
    ] {
        for path in [COSTS, COMPLETIONS] {
            let mut sums = Vec::new();
            for width in ["bucket_width=1m&limit=1440", "bucket_width=1h&limit=24", "bucket_width=1d"] {
                let path = format!("{path}?start_time={from}&end_time={to}&{width}&{query}");
                let page = story.world.expect_success(Method::GET, &path, &story.admin, Value::Null).await;
                assert_eq!(page["has_more"], false);
                let results =
                    page["data"].as_array().unwrap().iter().flat_map(|bucket| bucket["results"].as_array().unwrap());
                let results: Vec<Value> = results.cloned().collect();
                assert!(!results.is_empty(), "{path}");
                sums.push(if path.starts_with(COSTS) {
                    let unpriced = sum(&results, "num_unpriced_requests");
                    (results.iter().map(amount).sum::<Money>().nanos(), unpriced, 0)
                } else {
                    let failed = sum(&results, "num_failed_requests");
                    (sum(&results, "input_tokens"), sum(&results, "num_model_requests"), failed)
                });
            }
            assert_eq!((sums[0], sums[1]), (sums[2], sums[2]), "{path} {query}");
        }
    }
}
