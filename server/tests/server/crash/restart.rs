//! PostgreSQL is stopped and started again during calls: none is refused, and all are stored once.

use axum::http::StatusCode;
use domain::rate_limits::RateLimits;
use services::{Services, SystemClock};

use super::{
    cluster::{Cluster, Stop},
    *,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_while_postgres_is_stopped_and_are_found_once_it_runs_again() {
    let cluster = Cluster::new();
    let mut story = Story::new(Some(cluster.url()), "").await;
    let limits = RateLimits { calls_per_minute: Some(4), tokens_per_minute: None };
    let limited = story.world.key_with(Level::Standard, |key| key.rate_limits = limits).await.secret;
    let stranger = story.world.key_with(Level::Standard, |_| {}).await.secret;
    let server = story.world.serve("warn").await;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let address = format!("http://{}", server.address);
        callers.spawn(keep_calling(address, story.secret.clone(), Arc::clone(&story.seen), Arc::clone(&is_over)));
    }

    for stop in [Stop::Fast, Stop::Immediate] {
        story.wait_for_answers(40).await;
        let is_first = matches!(stop, Stop::Fast);
        if is_first {
            assert_eq!(story.call(&server, &limited, 2).await, [StatusCode::OK; 2]);
        }
        cluster.stop(stop);
        if is_first {
            // Keys and limits keep their last known state; a key that wasn't seen before can't be looked up.
            let statuses = story.call(&server, &limited, 3).await;
            assert_eq!(statuses, [StatusCode::OK, StatusCode::OK, StatusCode::TOO_MANY_REQUESTS]);
            assert_eq!(story.call(&server, &stranger, 1).await, [StatusCode::SERVICE_UNAVAILABLE]);
        }
        story.wait_for_answers(80).await;
        cluster.start();
        // The test's own connections broke as well.
        story.world.services = Services::start(&cluster.url(), Arc::new(SystemClock)).await.unwrap();
        let answered = story.answered();
        story.wait_until_stored(answered.try_into().unwrap()).await;
    }

    story.wait_for_answers(40).await;
    assert!(callers.try_join_next().is_none(), "a caller gave up");
    is_over.store(true, Ordering::Relaxed);
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    server.stop().await;
    let (answered, stopped) = story.check().await;
    assert!(answered >= 280 && stopped == 0, "{answered}, {stopped}");
    assert!(!story.world.journal().join("set-aside").exists(), "the database refused a call for itself");
}
