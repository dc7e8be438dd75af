//! Keys that nobody has, and more questions than there are reasons to ask.

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, Response, StatusCode, header},
};
use domain::api_keys::{Level, Secret};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{World, program};

/// A key that is well formed, and nobody's.
fn unknown(number: u32) -> String {
    let mut digits = [7; 32];
    for (place, digit) in digits.iter_mut().enumerate().take(5) {
        *digit = u8::try_from((number / 62_u32.pow(u32::try_from(place).unwrap())) % 62).unwrap();
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
    let mut refused = None;
    for number in 0..200 {
        let request = program(&Method::GET, "/v1/models", Some(&unknown(number)), &Value::Null);
        let answer = from(&world, here, request).await;
        match answer.status() {
            StatusCode::UNAUTHORIZED => assert!(refused.is_none()),
            StatusCode::TOO_MANY_REQUESTS => {
                assert!(answer.headers().contains_key(header::RETRY_AFTER));
                refused.get_or_insert(number);
            }
            status => panic!("{status}"),
        }
    }
    assert!((60..80).contains(&refused.unwrap()), "{refused:?}");
    // Who has a key goes on there, and elsewhere nobody is slower.
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
    let mut answered = 0;
    while list(&admin).await == StatusCode::OK {
        answered += 1;
        assert!(answered < 5_000, "it has no limit");
    }
    assert!(answered >= 1_000, "{answered}");
    assert_eq!(list(&admin).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(list(&other).await, StatusCode::OK);
    // What is asked for each call goes on.
    let asked = json!({ "key": unknown(1) });
    assert_eq!(world.call(&Method::POST, "/v1/keys/verify", Some(&admin), &asked).await.status(), StatusCode::OK);
}
