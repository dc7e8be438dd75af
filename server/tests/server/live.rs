//! The socket of an open page.

use axum::http::{Method, StatusCode, header};
use domain::api_keys::Level;
use futures::StreamExt;
use patience::wait_for;
use serde_json::{Value, json};
use services::api_keys::{LeakReport, report_leaks};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::client::IntoClientRequest};

use crate::{
    process::Process,
    world::{Person, World, program},
};

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

    /// The next message.
    async fn told(&mut self) -> Value {
        let message = wait_for("the page is told", self.0.next()).await.unwrap().unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    /// Reads until the page knows of this call; nothing else is told on the way.
    async fn told_of(&mut self, call: &str) {
        loop {
            let told = self.told().await;
            assert_eq!(
                told.as_object().unwrap().keys().collect::<Vec<_>>(),
                ["latest"],
                "what is as it was isn't told"
            );
            if told["latest"] == call {
                return;
            }
        }
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
    let secret = world.key_with(Level::Standard, |_| {}).await.secret;
    let call = async || {
        let question = json!({ "model": "sandbox-1", "messages": [{ "role": "user", "content": "hello" }] });
        let answer = server.send(program(&Method::POST, "/v1/chat/completions", Some(&secret), &question)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    let first = call().await;
    owner.told_of(&first).await;
    viewer.told_of(&first).await;

    // Not through this server: it notices all the same.
    let leaked = world.key(&world.owner).await.secret;
    report_leaks(&world.services, &[LeakReport { secret: leaked, place: String::new() }]).await.unwrap();
    assert_eq!(owner.told().await, json!({ "unread": { "version": 1, "count": 1 } }));

    // A page that opens now is told at once how things stand: what it was answered before may be older.
    let (_, standing) = Page::open(&server, &world.owner).await;
    assert_eq!(standing, json!({ "latest": first, "unread": { "version": 1, "count": 1 } }));
    let mut mark_all = async || {
        services::notifications::mark(&world.services, &world.owner.actor, None, true).await.unwrap();
        owner.told().await
    };
    assert_eq!(mark_all().await, json!({ "unread": { "version": 2, "count": 0 } }));
    // Each change is told, also one that leaves the count as it was.
    assert_eq!(mark_all().await, json!({ "unread": { "version": 3, "count": 0 } }));

    // Of all that, the viewer was told nothing.
    viewer.told_of(&call().await).await;
}
