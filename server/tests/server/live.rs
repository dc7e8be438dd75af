//! The socket of an open page.

use axum::{
    body::Bytes,
    http::{Method, StatusCode, header},
};
use domain::api_keys::Level;
use futures::{SinkExt, StreamExt};
use patience::{find, wait_for, wait_until};
use serde_json::{Value, json};
use services::api_keys::{LeakReport, report_leaks};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use crate::{
    postgres::Postgres,
    process::Process,
    queries::QueryCounter,
    world::{Person, World, program},
};

struct Page(WebSocketStream<TcpStream>);

impl Page {
    /// Opens a page, and returns the first message.
    async fn open(server: &Process, person: &Person) -> (Self, Value) {
        let mut page = Self::connect(server, person).await;
        let first = page.next_message().await;
        (page, first)
    }

    async fn connect(server: &Process, person: &Person) -> Self {
        Self::try_to_connect(server, person).await.unwrap()
    }

    async fn try_to_connect(server: &Process, person: &Person) -> Result<Self, Error> {
        let mut request = format!("ws://{}/api/live?organization=acme", server.address).into_client_request().unwrap();
        request.headers_mut().insert(header::COOKIE, format!("tollhouse={}", person.token).parse().unwrap());
        request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
        let connection = TcpStream::connect(server.address).await.unwrap();
        Ok(Self(client_async(request, connection).await?.0))
    }

    /// The next message.
    async fn next_message(&mut self) -> Value {
        let message = wait_for("the page is told", self.0.next()).await.unwrap().unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    /// Waits until the server closes the socket, and returns its reason.
    async fn wait_for_close(&mut self) -> String {
        loop {
            match wait_for("the server closes the socket", self.0.next()).await {
                Some(Ok(Message::Close(frame))) => {
                    return frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return String::new(),
            }
        }
    }

    /// Reads until this call is announced, and expects no other news.
    async fn wait_for_call(&mut self, call: &str) {
        loop {
            let message = self.next_message().await;
            assert_eq!(
                message.as_object().unwrap().keys().collect::<Vec<_>>(),
                ["latest"],
                "what is as it was isn't told"
            );
            if message["latest"] == call {
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_told_of_calls_and_of_the_inbox_of_whoever_has_one() {
    let world = World::new().await;
    let server = world.serve("warn").await;
    let (mut owner, first_message) = Page::open(&server, &world.owner).await;
    assert_eq!(first_message, json!({ "unread": { "version": 0, "count": 0 } }));
    let (mut viewer, first_message) = Page::open(&server, &world.viewer).await;
    assert_eq!(first_message, json!({}));
    let secret = world.key_with(Level::Standard, |_| {}).await.secret;
    let call = async || {
        let question = json!({ "model": "sandbox-1", "messages": [{ "role": "user", "content": "hello" }] });
        let answer = server.send(program(&Method::POST, "/v1/chat/completions", Some(&secret), &question)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    let first = call().await;
    owner.wait_for_call(&first).await;
    viewer.wait_for_call(&first).await;

    // The report doesn't go through this server, which notices it nevertheless.
    let leaked = world.key(&world.owner).await.secret;
    report_leaks(&world.services, &[LeakReport { secret: leaked, place: String::new() }]).await.unwrap();
    assert_eq!(owner.next_message().await, json!({ "unread": { "version": 1, "count": 1 } }));

    // A page that opens now gets the complete state at once: its earlier answers may be older.
    let (_, first_message) = Page::open(&server, &world.owner).await;
    assert_eq!(first_message, json!({ "latest": first, "unread": { "version": 1, "count": 1 } }));
    let mut mark_all = async || {
        services::notifications::mark(&world.services, &world.owner.actor, None, true).await.unwrap();
        owner.next_message().await
    };
    assert_eq!(mark_all().await, json!({ "unread": { "version": 2, "count": 0 } }));
    // Each change is announced, even if the count stays.
    assert_eq!(mark_all().await, json!({ "unread": { "version": 3, "count": 0 } }));

    // The viewer got none of that.
    viewer.wait_for_call(&call().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_sends_anything_is_closed() {
    let world = World::new().await;
    let server = world.serve("warn").await;
    for data in [Message::text("hello"), Message::binary(vec![0_u8; 10]), Message::text("")] {
        let (mut page, _) = Page::open(&server, &world.owner).await;
        page.0.send(data).await.unwrap();
        assert_eq!(page.wait_for_close().await, "nothing is to be sent here");
    }
    let (mut page, _) = Page::open(&server, &world.owner).await;
    // The server doesn't wait for the rest of a message that is too large.
    let _ = page.0.send(Message::binary(vec![0_u8; 1 << 20])).await;
    page.wait_for_close().await;
    // Pings are allowed, but not too many.
    let (mut page, _) = Page::open(&server, &world.owner).await;
    for _ in 0..100 {
        let _ = page.0.send(Message::Ping(Bytes::new())).await;
    }
    assert_eq!(page.wait_for_close().await, "nothing is to be sent here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_has_ten_sockets_and_no_more() {
    let world = World::new().await;
    let server = world.serve("warn").await;
    let mut pages = Vec::new();
    for _ in 0..10 {
        pages.push(Page::connect(&server, &world.owner).await);
    }
    let refused = Page::try_to_connect(&server, &world.owner).await.err();
    assert!(
        matches!(&refused, Some(Error::Http(answer)) if answer.status() == StatusCode::TOO_MANY_REQUESTS
            && answer.headers().contains_key(header::RETRY_AFTER)),
        "{refused:?}"
    );
    Page::open(&server, &world.admin).await;
    pages.pop();
    find("a place is free again", async || Page::try_to_connect(&server, &world.owner).await.ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_closed_when_its_session_ends() {
    let world = World::new().await;
    let server = world.serve("warn").await;
    let (mut page, _) = Page::open(&server, &world.admin).await;
    let (mut other, _) = Page::open(&server, &world.owner).await;
    services::accounts::set_password(&world.services, &world.admin.email, "another lantern by the sea").await.unwrap();
    assert_eq!(page.wait_for_close().await, "the session has ended");
    services::notifications::mark(&world.services, &world.owner.actor, None, true).await.unwrap();
    assert_eq!(other.next_message().await, json!({ "unread": { "version": 1, "count": 0 } }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_pages_ask_the_database_as_often_as_one() {
    let database = Postgres::new().await;
    let world = World::on(Some(database.url.clone()), "").await;
    // Changes of keys are queried four times a second in any case.
    let changes = QueryCounter::start(&database.url, "JOIN changes").await;
    let sessions = QueryCounter::start(&changes.url, "FROM sessions").await;
    let server = world.serve_on(&sessions.url, "warn").await;
    let mut pages = Vec::new();
    for person in [&world.owner, &world.admin, &world.developer, &world.viewer].into_iter().cycle().take(32) {
        pages.push(Page::open(&server, person).await);
    }
    let (sessions_before, changes_before) = (sessions.count(), changes.count());
    wait_until("some seconds are over", async || changes.count() >= changes_before + 16).await;
    let queries = sessions.count() - sessions_before;
    assert!(queries <= 16, "{queries} questions about sessions for {} about changes", changes.count() - changes_before);
    drop((pages, server));
    database.drop().await;
}
