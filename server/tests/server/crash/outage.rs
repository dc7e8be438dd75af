//! The database is unreachable for a while: calls go on, and are stored once when it is back.

use std::{net::SocketAddr, time::Instant};

use axum::http::StatusCode;
use services::metering::Meter;
use tokio::{
    net::{TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
};

use super::*;
use crate::process::Process;

/// A connection between a server and PostgreSQL that can be cut.
struct Line {
    address: SocketAddr,
    database: String,
    /// Reserves the address while the line is cut, so that no other program gets it.
    reserved: Option<TcpSocket>,
    relay_task: Option<JoinHandle<()>>,
}

impl Line {
    fn new(database: &str) -> Self {
        let reserved = reserve(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = reserved.local_addr().unwrap();
        let mut line = Self { address, database: database.to_owned(), reserved: Some(reserved), relay_task: None };
        line.mend();
        line
    }

    /// The database's URL through this line.
    fn url(&self) -> String {
        self.database.replacen(&target(&self.database), &self.address.to_string(), 1)
    }

    fn mend(&mut self) {
        let listener = self.reserved.take().unwrap().listen(1024).unwrap();
        let target = target(&self.database);
        self.relay_task = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let target = target.clone();
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(target).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        }));
    }

    /// Breaks all connections, and prevents new ones.
    async fn cut(&mut self) {
        let relay_task = self.relay_task.take().unwrap();
        relay_task.abort();
        let _ = relay_task.await;
        self.reserved = Some(reserve(self.address));
    }
}

fn reserve(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

fn target(url: &str) -> String {
    url.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned()
}

impl Story {
    /// Makes calls one after another, and returns their statuses; answered ones are recorded.
    pub(super) async fn call(&self, server: &Process, secret: &str, times: usize) -> Vec<StatusCode> {
        let mut statuses = Vec::new();
        for _ in 0..times {
            let number = self.seen.next.fetch_add(1, Ordering::Relaxed) + 1;
            let question = json!({ "model": "gpt-x", "messages": [], "seed": number });
            let request = program(&Method::POST, "/v1/chat/completions", Some(secret), &question);
            let response = server.send(request).await;
            let status = response.status();
            if status.is_success() {
                let id = response.headers()["x-request-id"].to_str().unwrap().parse().unwrap();
                response.into_body().collect().await.unwrap();
                self.seen.record_answer(id, number);
            }
            statuses.push(status);
        }
        statuses
    }

    async fn stored(&self) -> i64 {
        self.rows("SELECT COUNT(*) FROM calls").await[0][0].unwrap()
    }

    pub(super) async fn wait_until_stored(&self, calls: i64) {
        wait_until("the calls are stored", async || self.stored().await >= calls).await;
    }

    fn forwarded(&self) -> usize {
        self.seen.forwarded.lock().unwrap().len()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_while_postgres_is_gone_and_are_found_once_it_is_back() {
    let database = Postgres::new().await;
    let mut line = Line::new(&database.url);
    let story = Story::new(Some(database.url.clone()), "").await;
    let server = story.world.serve_on(&line.url(), "warn").await;
    assert_eq!(story.call(&server, &story.secret, 10).await, [StatusCode::OK; 10]);
    assert_eq!(story.stored().await, 10, "with PostgreSQL, an answered call is there");

    line.cut().await;
    assert_eq!(story.call(&server, &story.secret, 30).await, [StatusCode::OK; 30]);
    // The server has noticed by now: few calls wait any longer, and keys that weren't seen before are
    // refused.
    let mut waited = 0;
    for _ in 0..30 {
        let began = Instant::now();
        assert_eq!(story.call(&server, &story.secret, 1).await, [StatusCode::OK]);
        waited += usize::from(began.elapsed() >= Meter::DATABASE_TIMEOUT);
    }
    assert!(waited < 15, "{waited} of 30 calls waited for the database");
    let stranger = story.world.key_with(Level::Standard, |_| {}).await.secret;
    assert_eq!(story.call(&server, &stranger, 1).await, [StatusCode::SERVICE_UNAVAILABLE]);
    assert_eq!(story.stored().await, 10);

    line.mend();
    story.wait_until_stored(70).await;
    assert_eq!(story.call(&server, &story.secret, 10).await, [StatusCode::OK; 10]);
    story.wait_until_stored(80).await;
    let let_in = async || story.call(&server, &stranger, 1).await == [StatusCode::OK];
    wait_until("who wasn't seen before is let in", let_in).await;
    server.stop().await;
    story.check().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_ends_while_postgres_is_gone_loses_nothing() {
    let database = Postgres::new().await;
    let mut line = Line::new(&database.url);
    let story = Story::new(Some(database.url.clone()), "").await;
    let server = story.world.serve_on(&line.url(), "warn").await;
    assert_eq!(story.call(&server, &story.secret, 5).await, [StatusCode::OK; 5]);
    line.cut().await;
    assert_eq!(story.call(&server, &story.secret, 5).await, [StatusCode::OK; 5]);
    let log = server.stop().await;
    assert!(log.contains("calls wait in the journal for the next start"), "{log}");
    assert_eq!(story.stored().await, 5);
    story.recover().await;
    assert_eq!(story.check().await, (10, 0));
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_refused_before_they_are_forwarded_when_sqlite_takes_none_for_too_long() {
    let story = Story::new(None, "[gateway]\njournal_max_age = \"1s\"\n").await;
    let server = story.world.serve("warn").await;
    // Another process, which is this one, holds a write lock on the file.
    let blocked = story.block().await;
    assert_eq!(story.call(&server, &story.secret, 1).await, [StatusCode::OK]);
    assert_eq!(story.stored().await, 0);
    let refused = async || story.call(&server, &story.secret, 1).await != [StatusCode::OK];
    wait_until("calls are refused", refused).await;
    let forwarded = story.forwarded();
    assert_eq!(story.call(&server, &story.secret, 3).await, [StatusCode::SERVICE_UNAVAILABLE; 3]);
    assert_eq!(story.forwarded(), forwarded);
    blocked.rollback().await.unwrap();
    let answered = story.seen.answered.lock().unwrap().len();
    story.wait_until_stored(answered.try_into().unwrap()).await;
    assert_eq!(story.call(&server, &story.secret, 1).await, [StatusCode::OK]);
    server.stop().await;
    story.check().await;
}
