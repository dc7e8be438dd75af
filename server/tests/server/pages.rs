//! The statuses of pages, and the answers that come with them.

use axum::http::{Request, StatusCode, header};
use domain::overview::Overview;
use serde_json::Value;

use crate::world::World;

#[tokio::test]
async fn what_is_not_there_for_a_user_is_a_404() {
    let world = World::new().await;
    let key = world.key(&world.owner).await.api_key.id;
    let strangers = &world.stranger.actor.organization.slug;
    // Without a build of the dashboard, there is no page at all.
    let is_built = world.get("/sign-in", None).await.status() == StatusCode::OK;
    let expected = |found| match (is_built, found) {
        (false, _) => StatusCode::SERVICE_UNAVAILABLE,
        (true, true) => StatusCode::OK,
        (true, false) => StatusCode::NOT_FOUND,
    };
    let owner = Some(world.owner.token.as_str());
    for (path, found) in [
        ("/o/acme".to_owned(), true),
        ("/o/acme/usage?range=banana".to_owned(), true),
        (format!("/o/acme/keys/{key}"), true),
        ("/account".to_owned(), true),
        ("/o/nowhere".to_owned(), false),
        ("/o/nowhere/usage".to_owned(), false),
        (format!("/o/{strangers}"), false),
        ("/o/acme/nothing".to_owned(), false),
        ("/o/acme/keys/nope".to_owned(), false),
        ("/o/acme/keys/key_00000000000000000000000007".to_owned(), false),
        ("/nothing".to_owned(), false),
    ] {
        assert_eq!(world.get(&path, owner).await.status(), expected(found), "{path}");
    }
    // Strangers get the page to sign in, whether or not the organization exists.
    for path in ["/o/acme", "/o/nowhere"] {
        assert_eq!(world.get(path, None).await.status(), expected(true), "{path}");
    }
}

#[tokio::test]
async fn the_overview_comes_with_its_figures() {
    let world = World::new().await;
    let request = Request::get("/o/acme")
        .header(header::HOST, "127.0.0.1:3000")
        .header(header::COOKIE, format!("tollhouse={}", world.owner.token))
        .body(())
        .unwrap();
    let data = server::dashboard::first_answers(&world.hub, request.into_parts().0).await;
    let data: Value = serde_json::from_str(&data).unwrap();
    let mut answers = data["answers"].as_object().unwrap().values();
    let overview = answers.find_map(|answer| serde_json::from_value::<Overview>(answer.clone()).ok()).unwrap();
    assert!(!overview.ever_called && overview.month.is_zero() && overview.top_keys.is_empty());
    assert_eq!((overview.recent.buckets.len(), overview.latencies.len()), (30, 30));
    // Nothing is projected to be more than nothing.
    assert!(overview.projection.is_none_or(|projection| projection.calls == 0));
}
