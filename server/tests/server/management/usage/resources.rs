//! Each resource of OpenAI's usage API, and our own ones, against the calls of which they are sums.

use std::borrow::Cow;

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
};
use domain::{
    calls::CallRetention, ids::UserId, models::Service, money::Quantities, organizations::SettingsChanges,
    time::Timestamp,
};
use serde_json::{Value, json};
use services::metering::CallRecord;

use super::{
    number,
    story::{record, store},
    sum,
};
use crate::world::World;

const USAGE: &str = "/v1/organization/usage";
const MEMBER: &str = "user_01h2xcejqtf2nbrexx3vqjhp41";

/// An organization with one call of each kind, which began at a time.
struct Calls {
    world: World,
    admin: String,
    /// In seconds of Unix time.
    at: i64,
}

/// Changes a call to one of a service and endpoint, with these quantities.
fn of(service: Service, endpoint: &'static str, used: Quantities) -> impl Fn(CallRecord) -> CallRecord {
    move |call| CallRecord { service, endpoint: Cow::Borrowed(endpoint), used, ..call }
}

impl Calls {
    async fn new() -> Self {
        let world = World::new().await;
        let key = world.key_with(domain::api_keys::Level::Standard, |_| {}).await;
        let at = world.services.now().millis() / 1000 - 7_200;
        let none = Quantities::default();
        let kinds: Vec<Box<dyn Fn(CallRecord) -> CallRecord>> = vec![
            Box::new(of(Service::Chat, "/v1/chat/completions", Quantities { tokens_in: 7, tokens_out: 2, ..none })),
            Box::new(of(Service::Chat, "/v1/responses", Quantities { tokens_in: 70, searches: 3, ..none })),
            Box::new(of(Service::Chat, "/v1/moderations", Quantities { tokens_in: 700, ..none })),
            Box::new(of(Service::Embeddings, "/v1/embeddings", Quantities { tokens_in: 5, ..none })),
            Box::new(of(Service::Image, "/v1/images/generations", Quantities { images: 2, ..none })),
            Box::new(of(Service::Image, "/v1/images/edits", Quantities { images: 5, ..none })),
            Box::new(of(Service::Audio, "/v1/audio/speech", Quantities { characters: 12, ..none })),
            Box::new(of(Service::Audio, "/v1/audio/transcriptions", Quantities { media_ms: 61_500, ..none })),
            Box::new(of(Service::Audio, "/v1/audio/translations", Quantities { media_ms: 1_000, ..none })),
            Box::new(of(Service::Video, "/v1/videos", Quantities { media_ms: 8_000, ..none })),
        ];
        let member: UserId = MEMBER.parse().unwrap();
        let calls: Vec<CallRecord> = kinds
            .iter()
            .enumerate()
            .map(|(index, kind)| {
                // The first call is a member's, and the others' keys were made on the command line.
                let member_id = (index == 0).then_some(member);
                let started_at = Timestamp::from_millis(at * 1000 + index as i64);
                CallRecord { member_id, duration_us: 80_000, ..kind(record(&world, &key, started_at)) }
            })
            .collect();
        store(&world, &calls).await;
        Self { admin: world.admin_key(&[]).await, world, at }
    }

    async fn page(&self, resource: &str, query: &str) -> Value {
        let path = format!("{USAGE}/{resource}?start_time={}&end_time={}&{query}", self.at, self.at + 1);
        self.world.expect_success(Method::GET, &path, &self.admin, Value::Null).await
    }

    async fn results(&self, resource: &str, query: &str) -> Vec<Value> {
        let page = self.page(resource, query).await;
        let buckets = page["data"].as_array().unwrap().clone();
        buckets.iter().flat_map(|bucket| bucket["results"].as_array().unwrap().clone()).collect()
    }
}

#[tokio::test]
async fn each_resource_sums_its_own_calls_by_every_width() {
    let calls = Calls::new().await;
    for (resource, object, requests, field, expected) in [
        ("completions", "completions", 2, "input_tokens", 77),
        ("completions", "completions", 2, "output_tokens", 2),
        ("moderations", "moderations", 1, "input_tokens", 700),
        ("embeddings", "embeddings", 1, "input_tokens", 5),
        ("images", "images", 2, "images", 7),
        ("audio_speeches", "audio_speeches", 1, "characters", 12),
        ("audio_transcriptions", "audio_transcriptions", 2, "milliseconds", 62_500),
        ("audio_transcriptions", "audio_transcriptions", 2, "seconds", 63),
        ("web_search_calls", "web_searches", 1, "num_requests", 3),
        ("videos", "videos", 1, "milliseconds", 8_000),
        ("latencies", "latencies", 10, "num_model_requests", 10),
    ] {
        for width in ["1m", "1h", "1d"] {
            let results = calls.results(resource, &format!("bucket_width={width}")).await;
            assert_eq!(results.len(), 1, "{resource} {width}");
            assert_eq!(results[0]["object"], format!("organization.usage.{object}.result"));
            assert_eq!(number(&results[0], "num_model_requests"), requests, "{resource} {width}");
            assert_eq!(number(&results[0], field), expected, "{resource} {width}");
        }
    }
}

#[tokio::test]
async fn what_nothing_uses_has_empty_buckets() {
    let calls = Calls::new().await;
    for (resource, query) in [
        ("decisions", "group_by=project_id,user_id,api_key_id,model,batch,service_tier,api_source&batch=false"),
        ("file_search_calls", "group_by=project_id,user_id,api_key_id,vector_store_id&vector_store_ids=vs_1"),
        ("vector_stores", "group_by=project_id"),
        ("code_interpreter_sessions", "group_by[]=project_id"),
        ("completions", "batch=true"),
    ] {
        for width in ["1m", "1h", "1d"] {
            let page = calls.page(resource, &format!("bucket_width={width}&{query}")).await;
            assert_eq!(page["data"].as_array().unwrap().len(), 1, "{resource}");
            assert_eq!(page["data"][0]["results"], json!([]), "{resource}");
        }
    }
}

#[tokio::test]
async fn members_are_grouped_and_filtered_by() {
    let calls = Calls::new().await;
    for width in ["1m", "1h", "1d"] {
        let grouped = calls.results("completions", &format!("bucket_width={width}&group_by=user_id")).await;
        let members: Vec<&Value> = grouped.iter().map(|result| &result["user_id"]).collect();
        assert_eq!(members, [&Value::Null, &json!(MEMBER)], "{width}");
        let own = calls.results("completions", &format!("bucket_width={width}&user_ids={MEMBER}")).await;
        assert_eq!((own.len(), sum(&own, "input_tokens")), (1, 7), "{width}");
        assert_eq!(own[0]["user_id"], Value::Null, "it isn't grouped by");
    }
}

#[tokio::test]
async fn images_are_grouped_and_filtered_by_their_source() {
    let calls = Calls::new().await;
    let grouped = calls.results("images", "group_by=source,size").await;
    let sources: Vec<(&str, i64)> =
        grouped.iter().map(|result| (result["source"].as_str().unwrap(), number(result, "images"))).collect();
    assert_eq!(sources, [("image.edit", 5), ("image.generation", 2)]);
    for (sources, images) in [("image.edit", 5), ("image.edit,image.generation", 7), ("image.variation", 0)] {
        assert_eq!(sum(&calls.results("images", &format!("sources={sources}")).await, "images"), images, "{sources}");
    }
}

#[tokio::test]
async fn groups_that_all_calls_share_have_their_name() {
    let calls = Calls::new().await;
    let results = calls.results("completions", "group_by=batch,service_tier,api_source").await;
    let [result] = &results[..] else { panic!("{results:?}") };
    assert_eq!((&result["batch"], &result["api_source"]), (&json!(false), &json!("unlabeled")));
    assert_eq!(result["service_tier"], Value::Null);
    let results = calls.results("completions", "").await;
    assert_eq!((&results[0]["batch"], &results[0]["api_source"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn latencies_are_percentiles_with_their_bounds() {
    let calls = Calls::new().await;
    for width in ["1m", "1h", "1d"] {
        let results = calls.results("latencies", &format!("bucket_width={width}&group_by=service,endpoint")).await;
        assert_eq!(results.len(), 10, "{width}");
        let whole = calls.results("latencies", &format!("bucket_width={width}")).await;
        let latency = &whole[0]["latency"];
        assert_eq!(number(latency, "count"), 10);
        for percentile in ["p50", "p95", "p99"] {
            let estimate = &latency[percentile];
            assert_eq!((number(estimate, "min_ms"), number(estimate, "max_ms")), (50, 100), "{width}");
            assert!((50.0..=100.0).contains(&estimate["ms"].as_f64().unwrap()), "{width}");
        }
        assert_eq!(whole[0]["first_token"], json!({ "count": 0, "p50": null, "p95": null, "p99": null }));
    }
    let videos = calls.results("latencies", "services=video&endpoints=/v1/videos&providers=sandbox").await;
    assert_eq!(sum(&videos, "num_model_requests"), 1);
}

#[tokio::test]
async fn a_page_is_csv_for_those_who_accept_it() {
    let calls = Calls::new().await;
    let path = format!("{USAGE}/images?start_time={}&group_by=source&limit=1&bucket_width=1h", calls.at);
    let request = Request::get(&path)
        .header(header::AUTHORIZATION, format!("Bearer {}", calls.admin))
        .header(header::ACCEPT, "text/csv")
        .body(Body::empty())
        .unwrap();
    let response = calls.world.send(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let start = calls.at / 3_600 * 3_600;
    let next = format!("<{path}&page=page_{}>; rel=\"next\"", start + 3_600);
    assert_eq!(response.headers()[header::LINK], next);
    let text = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let expected = format!(
        "start_time,end_time,images,num_model_requests,project_id,user_id,api_key_id,model,size,source,num_failed_requests\r\n\
         {start},{end},5,1,,,,,,image.edit,0\r\n{start},{end},2,1,,,,,,image.generation,0\r\n",
        end = start + 3_600
    );
    assert_eq!(std::str::from_utf8(&text).unwrap(), expected);
}

#[tokio::test]
async fn costs_are_csv_to_the_nano_dollar() {
    let calls = Calls::new().await;
    let path = format!("/v1/organization/costs?start_time={}&group_by=line_item", calls.at);
    let json = calls.world.expect_success(Method::GET, &path, &calls.admin, Value::Null).await;
    let amount = json["data"][0]["results"][0]["amount"]["value"].to_string();
    let request = Request::get(&path)
        .header(header::AUTHORIZATION, format!("Bearer {}", calls.admin))
        .header(header::ACCEPT, "text/csv")
        .body(Body::empty())
        .unwrap();
    let response = calls.world.send(request).await;
    let text = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let mut rows = csv::Reader::from_reader(&text[..]);
    let column = rows.headers().unwrap().iter().position(|name| name == "amount").unwrap();
    assert_eq!(rows.records().next().unwrap().unwrap()[column], amount);
}

#[tokio::test]
async fn what_is_summed_from_calls_is_known_as_long_as_they_are_kept() {
    let calls = Calls::new().await;
    let changes =
        SettingsChanges { call_retention: Some(CallRetention::chosen(Some(35))), ..SettingsChanges::default() };
    let (world, key) = (&calls.world, &calls.admin);
    services::organizations::update_settings(&world.services, &world.owner.actor, changes).await.unwrap();
    let earlier = calls.at - 40 * 86_400;
    for (resource, width, is_known) in [
        ("completions", "1m", false),
        ("completions", "1h", true),
        ("images", "1d", true),
        ("audio_speeches", "1d", false),
        ("web_search_calls", "1h", false),
        ("latencies", "1d", true),
    ] {
        let path = format!("{USAGE}/{resource}?start_time={earlier}&bucket_width={width}");
        if is_known {
            world.expect_success(Method::GET, &path, key, Value::Null).await;
            continue;
        }
        let refused = world.expect_error(Method::GET, &path, key, Value::Null).await;
        assert_eq!(refused, (400, "invalid_request_error".to_owned(), Some("start_time".to_owned())), "{path}");
    }
}
