//! The socket of an open page.

use axum::{
    body::Bytes,
    http::{Method, StatusCode, header},
};
use domain::api_keys::Level;
use futures::{SinkExt, StreamExt};
use patience::{find, until, wait_for};
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
    queries::Counter,
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
    async fn told(&mut self) -> Value {
        let message = wait_for("the page is told", self.0.next()).await.unwrap().unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    /// Whether the server closes it, and how it says why.
    async fn closed(&mut self) -> String {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_sends_anything_is_closed() {
    let world = World::new().await;
    let server = world.serve("warn").await;
    for data in [Message::text("hello"), Message::binary(vec![0_u8; 10]), Message::text("")] {
        let (mut page, _) = Page::open(&server, &world.owner).await;
        page.0.send(data).await.unwrap();
        assert_eq!(page.closed().await, "nothing is to be sent here");
    }
    let (mut page, _) = Page::open(&server, &world.owner).await;
    // The server doesn't wait for the rest of what is too large.
    let _ = page.0.send(Message::binary(vec![0_u8; 1 << 20])).await;
    page.closed().await;
    // That it is there it may say, but not all the time.
    let (mut page, _) = Page::open(&server, &world.owner).await;
    for _ in 0..100 {
        let _ = page.0.send(Message::Ping(Bytes::new())).await;
    }
    assert_eq!(page.closed().await, "nothing is to be sent here");
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
    assert_eq!(page.closed().await, "the session has ended");
    services::notifications::mark(&world.services, &world.owner.actor, None, true).await.unwrap();
    assert_eq!(other.told().await, json!({ "unread": { "version": 1, "count": 0 } }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_pages_ask_the_database_as_often_as_one() {
    let database = Postgres::new().await;
    let world = World::on(Some(database.url.clone()), "").await;
    // Changes of keys are asked for four times a second, whatever else goes on.
    let changes = Counter::before(&database.url, "JOIN changes").await;
    let sessions = Counter::before(&changes.url, "FROM sessions").await;
    let server = world.serve_on(&sessions.url, "warn").await;
    let mut pages = Vec::new();
    for person in [&world.owner, &world.admin, &world.developer, &world.viewer].into_iter().cycle().take(32) {
        pages.push(Page::open(&server, person).await);
    }
    let (sessions_before, changes_before) = (sessions.count(), changes.count());
    until("some seconds are over", async || changes.count() >= changes_before + 16).await;
    let asked = sessions.count() - sessions_before;
    assert!(asked <= 16, "{asked} questions about sessions for {} about changes", changes.count() - changes_before);
    drop((pages, server));
    database.drop().await;
}
