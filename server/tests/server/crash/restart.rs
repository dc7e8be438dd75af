//! PostgreSQL itself is stopped and started again while calls come: none is refused, and all are found once.

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
    let over = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let address = format!("http://{}", server.address);
        callers.spawn(keep_calling(address, story.secret.clone(), Arc::clone(&story.known), Arc::clone(&over)));
    }

    for stop in [Stop::Fast, Stop::Immediate] {
        story.until_answered(40).await;
        let is_first = matches!(stop, Stop::Fast);
        if is_first {
            assert_eq!(story.call(&server, &limited, 2).await, [StatusCode::OK; 2]);
        }
        cluster.stop(stop);
        if is_first {
            // Keys and limits are as they were seen last; a key that wasn't can't be looked up.
            let told = story.call(&server, &limited, 3).await;
            assert_eq!(told, [StatusCode::OK, StatusCode::OK, StatusCode::TOO_MANY_REQUESTS]);
            assert_eq!(story.call(&server, &stranger, 1).await, [StatusCode::SERVICE_UNAVAILABLE]);
        }
        story.until_answered(80).await;
        cluster.start();
        // The test's own connections broke as well.
        story.world.services = Services::start(&cluster.url(), Arc::new(SystemClock)).await.unwrap();
        let waiting = story.answered();
        story.until_stored(waiting.try_into().unwrap()).await;
    }

    story.until_answered(40).await;
    assert!(callers.try_join_next().is_none(), "a caller gave up");
    over.store(true, Ordering::Relaxed);
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    server.stop().await;
    let (answered, stopped) = story.check().await;
    assert!(answered >= 280 && stopped == 0, "{answered}, {stopped}");
    assert!(!story.world.journal().join("set-aside").exists(), "the database refused a call for itself");
}
