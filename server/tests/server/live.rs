//! The socket of an open page.

use std::time::{Duration, Instant};

use axum::http::{Method, header};
use domain::api_keys::Level;
use futures::StreamExt;
use serde_json::{Value, json};
use services::api_keys::{LeakReport, report_leaks};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::client::IntoClientRequest};

use crate::{
    process::Process,
    world::{Person, World},
};

/// How soon a page is told.
const SOON: Duration = Duration::from_secs(2);

struct Page(WebSocketStream<TcpStream>);

impl Page {
    /// A page that was sent how things stand.
    async fn open(server: &Process, person: &Person) -> (Self, Value) {
        let mut page = Self::connect(server, person).await;
        let standing = page.told().await;
        (page, standing)
    }

    async fn connect(server: &Process, person: &Person) -> Self {
        let mut request = format!("ws://{}/api/live?organization=acme", server.address).into_client_request().unwrap();
        request.headers_mut().insert(header::COOKIE, format!("tollhouse={}", person.token).parse().unwrap());
        request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
        let connection = TcpStream::connect(server.address).await.unwrap();
        Self(client_async(request, connection).await.unwrap().0)
    }

    /// The next message, which comes soon.
    async fn told(&mut self) -> Value {
        let asked = Instant::now();
        let message = self.0.next().await.unwrap().unwrap();
        assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_told_of_calls_and_of_the_inbox_of_whoever_has_one() {
    let world = World::new().await;
    let server = world.serve("warn").await;
    let (mut owner, standing) = Page::open(&server, &world.owner).await;
    assert_eq!(standing, json!({ "unread": { "version": 0, "count": 0 } }));
    let (mut viewer, standing) = Page::open(&server, &world.viewer).await;
    assert_eq!(standing, json!({}));
    let call = async || {
        let secret = world.key_with(Level::Standard, |_| {}).await.secret;
        let question = json!({ "model": "sandbox-1", "messages": [{ "role": "user", "content": "hello" }] });
        server.call(Method::POST, "/v1/chat/completions", &secret, &question).await.1
    };
    call().await;
    let (of_owner, of_viewer) = (owner.told().await, viewer.told().await);
    assert!(of_owner["latest"].as_str().unwrap().starts_with("req_"));
    // What is as it was isn't told.
    assert_eq!((&of_owner, of_owner.get("unread")), (&of_viewer, None));

    // Not through this server: it notices all the same.
    let leaked = world.key(&world.owner).await.secret;
    report_leaks(&world.services, &[LeakReport { secret: leaked, place: String::new() }]).await.unwrap();
    assert_eq!(owner.told().await, json!({ "unread": { "version": 1, "count": 1 } }));

    // A page that opens now is told at once how things stand: what it was answered before may be older.
    let (_, standing) = Page::open(&server, &world.owner).await;
    assert_eq!(standing, json!({ "latest": of_owner["latest"], "unread": { "version": 1, "count": 1 } }));
    let mut mark_all = async || {
        services::notifications::mark(&world.services, &world.owner.actor, None, true).await.unwrap();
        owner.told().await
    };
    assert_eq!(mark_all().await, json!({ "unread": { "version": 2, "count": 0 } }));
    // Each change is told, also one that leaves the count as it was.
    assert_eq!(mark_all().await, json!({ "unread": { "version": 3, "count": 0 } }));

    call().await;
    let told = viewer.told().await;
    assert_ne!(told["latest"], of_viewer["latest"], "nothing but the call was told");
    assert!(told.get("unread").is_none());
}
