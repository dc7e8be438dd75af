//! The log, the reports and the client's own sums agree.

use std::sync::Arc;

use axum::{body::Body, response::Response};
use domain::{
    calls::Outcome,
    money::Money,
    usage::{Range, UsageQuery},
};
use futures::{StreamExt, stream};
use serde_json::json;

use super::{
    stage::{CHAT, Stage},
    upstream::Upstream,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_calls_at_fifty_at_once_are_all_counted_once() {
    // Usage is derived from the request, so that the client knows it without the gateway.
    let upstream = Upstream::new(|request| async move {
        let request = request.json();
        let number = request["number"].as_i64().unwrap();
        let usage = json!({"prompt_tokens": number, "completion_tokens": number % 7, "prompt_tokens_details": {"cached_tokens": number / 3}});
        if request["stream"] == true {
            let text = format!("data: {{\"choices\":[{{}}]}}\n\ndata: {}\n\ndata: [DONE]\n\n", json!({"choices": [], "usage": usage}));
            return Response::builder().header("content-type", "text/event-stream").body(Body::from(text)).unwrap();
        }
        Response::new(Body::from(json!({"choices": [], "usage": usage}).to_string()))
    })
    .await;
    let stage = Arc::new(Stage::new(&upstream).await);
    let ids: Vec<String> = stream::iter(0i64..2_000)
        .map(|number| {
            let stage = Arc::clone(&stage);
            async move {
                let body = json!({"model": "gpt-x", "number": number, "stream": number % 2 == 0}).to_string();
                let answer = stage.post(CHAT, body).await;
                assert_eq!(answer.status, 200);
                answer.id().to_owned()
            }
        })
        .buffer_unordered(50)
        .collect()
        .await;

    // In nano-dollars: 250 per uncached input token, 25 per cached one, 2,000 per output token.
    let nanos = |number: i64| (number - number / 3) * 250 + number / 3 * 25 + number % 7 * 2_000;
    let spend = Money::from_nanos((0..2_000).map(nanos).sum());

    let mut logged = stage.calls().await;
    assert!(logged.iter().all(|call| call.outcome == Outcome::Succeeded));
    assert_eq!(logged.iter().filter_map(|call| call.cost).sum::<Money>(), spend);
    logged.sort_by_key(|call| call.id);
    let mut ids = ids;
    ids.sort();
    assert_eq!(logged.iter().map(|call| call.id.to_string()).collect::<Vec<_>>(), ids);

    let query = UsageQuery { range: Range::Last7Days, ..UsageQuery::default() };
    let report = services::usage::report(&stage.services, &stage.actor, &query).await.unwrap();
    let total = report.total;
    assert_eq!((total.calls, total.errors, total.unpriced, total.spend), (2_000, 0, 0, spend));
    assert_eq!(total.tokens_in, (0..2_000).sum::<i64>());
    assert_eq!(total.cached_tokens_in, (0..2_000).map(|number| number / 3).sum::<i64>());
    assert_eq!(total.tokens_out, (0..2_000).map(|number| number % 7).sum::<i64>());
}
