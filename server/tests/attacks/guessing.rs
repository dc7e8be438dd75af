//! Guessed keys, and too many requests.

use std::{net::SocketAddr, time::Instant};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, Response, StatusCode, header},
};
use domain::api_keys::{Level, Secret};
use futures::future::join_all;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{World, program};

/// A well-formed key that doesn't exist.
fn unknown(number: u32) -> String {
    let mut digits = [7; 32];
    for (position, digit) in digits.iter_mut().enumerate().take(5) {
        *digit = u8::try_from((number / 62_u32.pow(u32::try_from(position).unwrap())) % 62).unwrap();
    }
    Secret::from_digits(Level::Standard, digits).reveal().to_owned()
}

async fn from(world: &World, address: [u8; 4], mut request: Request<Body>) -> Response<Body> {
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from((address, 50_000))));
    world.router.clone().oneshot(request).await.unwrap()
}

async fn models(world: &World, address: [u8; 4], key: &str) -> StatusCode {
    from(world, address, program(&Method::GET, "/v1/models", Some(key), &Value::Null)).await.status()
}

#[tokio::test]
async fn unknown_keys_are_looked_for_so_often_and_no_more() {
    let world = World::new().await;
    let known = world.key_with(Level::Standard, |_| {}).await.secret;
    let other = world.key_with(Level::Standard, |_| {}).await.secret;
    let (here, elsewhere) = ([203, 0, 113, 9], [203, 0, 113, 10]);
    assert_eq!(models(&world, here, &known).await, StatusCode::OK);
    // 60 lookups at once, and one more each second, however fast the machine is.
    let start = Instant::now();
    let (mut looked_up, mut refused) = (0, 0);
    for number in 0.. {
        let request = program(&Method::GET, "/v1/models", Some(&unknown(number)), &Value::Null);
        let answer = from(&world, here, request).await;
        match answer.status() {
            StatusCode::UNAUTHORIZED => looked_up += 1,
            StatusCode::TOO_MANY_REQUESTS => {
                assert!(answer.headers().contains_key(header::RETRY_AFTER));
                refused += 1;
            }
            status => panic!("{status}"),
        }
        if refused == 100 {
            break;
        }
        assert!(number < 10_000, "it has no limit");
    }
    let max = 60 + start.elapsed().as_secs() + 1;
    assert!((60..=max).contains(&looked_up), "{looked_up} of {max}");
    // Valid keys still work from that address, and other addresses aren't affected.
    assert_eq!(models(&world, here, &known).await, StatusCode::OK);
    assert_eq!(models(&world, elsewhere, &other).await, StatusCode::OK);
    assert_eq!(models(&world, elsewhere, &unknown(999)).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_management_api_is_answered_so_often_and_no_more() {
    let world = World::new().await;
    let (admin, other) = (world.admin_key(&[]).await, world.admin_key(&[]).await);
    let list = async |key: &str| {
        let path = "/v1/organization/admin_api_keys";
        world.call(&Method::GET, path, Some(key), &Value::Null).await.status()
    };
    // Concurrently, since sequential requests might be too slow to reach the limit.
    let mut answered = 0;
    loop {
        let statuses = join_all((0..100).map(|_| list(&admin))).await;
        answered += statuses.iter().filter(|status| **status == StatusCode::OK).count();
        if statuses.contains(&StatusCode::TOO_MANY_REQUESTS) {
            break;
        }
        assert!(answered < 20_000, "it has no limit");
    }
    assert!(answered >= 1_000, "{answered}");
    assert_eq!(list(&other).await, StatusCode::OK);
    // Verification, which other servers call for each of their requests, isn't limited.
    let body = json!({ "key": unknown(1) });
    assert_eq!(world.call(&Method::POST, "/v1/keys/verify", Some(&admin), &body).await.status(), StatusCode::OK);
}
