//! Reloading of the configuration at SIGHUP while calls run.

use std::{process::Command, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{Method, StatusCode},
    response::Response,
};
use bytes::Bytes;
use domain::api_keys::Level;
use futures::TryStreamExt;
use http_body_util::BodyExt;
use patience::find;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
};
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    process::Process,
    world::{World, command_line, program},
};

const CHAT: &str = "/v1/chat/completions";

fn configuration(provider: &str, price: &str, models: &[&str]) -> String {
    let models: String = models
        .iter()
        .map(|model| {
            format!(
                "[[model]]\nname = {model:?}\nproviders = [{provider:?}]\nservice = \"chat\"\n\
                 price = {{ input_per_million = {price:?}, output_per_million = \"0\" }}\n"
            )
        })
        .collect();
    format!("[[provider]]\nname = {provider:?}\nkind = \"sandbox\"\n{models}")
}

fn write(world: &World, toml: &str) {
    std::fs::write(world.data().join("tollhouse.toml"), toml).unwrap();
}

fn hang_up(server: &Process) {
    assert!(Command::new("kill").args(["-HUP", &server.id().to_string()]).status().unwrap().success());
}

async fn call(server: &Process, key: &str, model: &str) -> (StatusCode, Value) {
    let question = json!({ "model": model, "messages": [{ "role": "user", "content": "hello" }] });
    server.call(Method::POST, CHAT, key, &question).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changed_holds_from_then_on_and_a_wrong_file_changes_nothing() {
    let world = World::on(None, &configuration("one", "1.00", &["first"])).await;
    let server = world.serve("info").await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    assert_eq!(call(&server, &key, "first").await.0, StatusCode::OK);
    assert_eq!(call(&server, &key, "second").await.0, StatusCode::NOT_FOUND);

    write(&world, &configuration("two", "3.00", &["first", "second"]));
    hang_up(&server);
    server.wait_for_log("read anew and taken up", 1).await;
    assert_eq!(call(&server, &key, "first").await.0, StatusCode::OK);
    assert_eq!(call(&server, &key, "second").await.0, StatusCode::OK);

    for (number, wrong) in
        ["[[model]", "[gateway]\nattempts = 0\n", "[[provider]]\nname = \"x\"\nkind = \"openai\"\n"].iter().enumerate()
    {
        write(&world, wrong);
        hang_up(&server);
        let log = server.wait_for_log("the configuration wasn't taken up; the one before stays", number + 1).await;
        assert!(log.contains("tollhouse.toml"), "{log}");
        assert_eq!(call(&server, &key, "second").await.0, StatusCode::OK, "the one before stays");
    }

    write(&world, &(configuration("two", "3.00", &["second"]) + "[gateway]\njournal_max_age = \"1m\"\n"));
    hang_up(&server);
    let log = server.wait_for_log("takes effect at the next start", 1).await;
    assert!(log.contains("gateway.journal_max_age"), "{log}");
    server.wait_for_log("read anew and taken up", 2).await;
    assert_eq!(call(&server, &key, "first").await.0, StatusCode::NOT_FOUND);

    // Calls that it recorded are in the database once it has ended.
    server.stop().await;
    let calls = services::calls::list(&world.services, &command_line(&world.organization), &Default::default()).await;
    let calls = calls.unwrap().calls;
    let cost = |provider: &str| {
        let matching = calls.iter().filter(|call| call.provider == provider && call.model == "first");
        matching.map(|call| call.cost.unwrap().nanos()).collect::<Vec<_>>()
    };
    assert_eq!(cost("two"), [3 * cost("one")[0]], "the new price from then on, and from the new provider");
}

/// A provider with one stream, whose content the test sends.
async fn streaming() -> (String, mpsc::Sender<std::io::Result<Bytes>>) {
    let (pieces, stream) = mpsc::channel(1);
    let stream = Arc::new(Mutex::new(Some(stream)));
    let answer = move || async move {
        let stream = stream.lock().await.take().unwrap();
        Response::builder()
            .header("content-type", "text/event-stream")
            .body(Body::from_stream(ReceiverStream::new(stream)))
            .unwrap()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (format!("http://{address}/v1"), pieces)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_under_way_end_as_they_began() {
    let (url, pieces) = streaming().await;
    let slow = format!(
        "[[provider]]\nname = \"slow\"\nkind = \"openai\"\nbase_url = {url:?}\n[[model]]\nname = \"slow\"\n\
         providers = [\"slow\"]\nservice = \"chat\"\nprice = {{ input_per_million = \"2.00\" }}\n"
    );
    let world = World::on(None, &(configuration("one", "1.00", &["first"]) + &slow)).await;
    let server = Arc::new(world.serve("info").await);
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    let question = json!({ "model": "slow", "stream": true, "messages": [] });
    let mut answer = server.send(program(&Method::POST, CHAT, Some(&key), &question)).await;
    let id = answer.headers()["x-request-id"].to_str().unwrap().parse().unwrap();
    pieces.send(Ok("data: {\"choices\":[{\"delta\":{}}]}\n\n".into())).await.unwrap();
    assert!(answer.frame().await.unwrap().is_ok());

    // Another caller goes on meanwhile, and notices nothing.
    let (done, calling) = tokio::sync::watch::channel(false);
    let caller = tokio::spawn({
        let (server, key) = (Arc::clone(&server), key.clone());
        async move {
            let mut calls = 0;
            while !*calling.borrow() {
                assert_eq!(call(&server, &key, "first").await.0, StatusCode::OK);
                calls += 1;
            }
            calls
        }
    });
    // The new configuration has neither the model nor its provider.
    for times in 1..=5 {
        write(&world, &configuration("one", &format!("{times}.00"), &["first"]));
        hang_up(&server);
        server.wait_for_log("read anew and taken up", times).await;
    }
    done.send(true).unwrap();
    assert!(caller.await.unwrap() > 0);
    pieces.send(Ok("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1000000}}\n\n".into())).await.unwrap();
    pieces.send(Ok("data: [DONE]\n\n".into())).await.unwrap();
    drop(pieces);
    let rest: Vec<_> = answer.into_body().into_data_stream().try_collect().await.unwrap();
    assert!(String::from_utf8_lossy(&rest.concat()).ends_with("data: [DONE]\n\n"));
    // Another process stored it, so that it is visible here a moment later.
    let actor = command_line(&world.organization);
    let call = find("the call is stored", async || match services::calls::get(&world.services, &actor, id).await {
        Ok(found) => Some(found.call),
        Err(services::ServiceError::NotFound) => None,
        Err(error) => panic!("{error}"),
    })
    .await;
    assert_eq!((call.provider.as_str(), call.cost.unwrap().nanos()), ("slow", 2_000_000_000));
}
