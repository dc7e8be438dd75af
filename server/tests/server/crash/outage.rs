//! The database is gone for a while: calls go on, and are found once when it is back.

use std::{net::SocketAddr, time::Instant};

use axum::http::StatusCode;
use services::metering::Meter;
use tokio::{
    net::{TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
};

use super::*;
use crate::process::Process;

/// Stands between a server and PostgreSQL, and can be taken away.
struct Line {
    address: SocketAddr,
    database: String,
    /// Where nobody listens while it is cut, so that nobody else gets the address.
    reserved: Option<TcpSocket>,
    carrying: Option<JoinHandle<()>>,
}

impl Line {
    fn new(database: &str) -> Self {
        let reserved = reserve(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = reserved.local_addr().unwrap();
        let mut line = Self { address, database: database.to_owned(), reserved: Some(reserved), carrying: None };
        line.mend();
        line
    }

    /// The database's address behind it.
    fn url(&self) -> String {
        self.database.replacen(&target(&self.database), &self.address.to_string(), 1)
    }

    fn mend(&mut self) {
        let listener = self.reserved.take().unwrap().listen(1024).unwrap();
        let target = target(&self.database);
        self.carrying = Some(tokio::spawn(async move {
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

    /// Breaks all connections, and lets nobody make another.
    async fn cut(&mut self) {
        let carrying = self.carrying.take().unwrap();
        carrying.abort();
        let _ = carrying.await;
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
    /// Makes some calls one after another, and tells the statuses; answered ones are known then.
    pub(super) async fn call(&self, server: &Process, secret: &str, times: usize) -> Vec<StatusCode> {
        let mut statuses = Vec::new();
        for _ in 0..times {
            let number = self.known.next.fetch_add(1, Ordering::Relaxed) + 1;
            let question = json!({ "model": "gpt-x", "messages": [], "seed": number });
            let request = program(&Method::POST, "/v1/chat/completions", Some(secret), &question);
            let response = server.send(request).await;
            let status = response.status();
            if status.is_success() {
                let id = response.headers()["x-request-id"].to_str().unwrap().parse().unwrap();
                response.into_body().collect().await.unwrap();
                self.known.note_answer(id, number);
            }
            statuses.push(status);
        }
        statuses
    }

    async fn stored(&self) -> i64 {
        self.rows("SELECT COUNT(*) FROM calls").await[0][0].unwrap()
    }

    pub(super) async fn until_stored(&self, calls: i64) {
        until("the calls are stored", async || self.stored().await >= calls).await;
    }

    fn asked(&self) -> usize {
        self.known.asked.lock().unwrap().len()
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
    // The server has noticed by now: hardly anybody waits any more, and nobody is let in who wasn't seen before.
    let mut waited = 0;
    for _ in 0..30 {
        let began = Instant::now();
        assert_eq!(story.call(&server, &story.secret, 1).await, [StatusCode::OK]);
        waited += usize::from(began.elapsed() >= Meter::DATABASE_PATIENCE);
    }
    assert!(waited < 15, "{waited} of 30 calls waited for the database");
    let stranger = story.world.key_with(Level::Standard, |_| {}).await.secret;
    assert_eq!(story.call(&server, &stranger, 1).await, [StatusCode::SERVICE_UNAVAILABLE]);
    assert_eq!(story.stored().await, 10);

    line.mend();
    story.until_stored(70).await;
    assert_eq!(story.call(&server, &story.secret, 10).await, [StatusCode::OK; 10]);
    story.until_stored(80).await;
    let let_in = async || story.call(&server, &stranger, 1).await == [StatusCode::OK];
    until("who wasn't seen before is let in", let_in).await;
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
    // Another process, which is this one, writes to the same file, and takes its time.
    let blocked = story.block().await;
    assert_eq!(story.call(&server, &story.secret, 1).await, [StatusCode::OK]);
    assert_eq!(story.stored().await, 0);
    let refused = async || story.call(&server, &story.secret, 1).await != [StatusCode::OK];
    until("calls are refused", refused).await;
    let asked = story.asked();
    assert_eq!(story.call(&server, &story.secret, 3).await, [StatusCode::SERVICE_UNAVAILABLE; 3]);
    assert_eq!(story.asked(), asked);
    blocked.rollback().await.unwrap();
    let answered = story.known.answered.lock().unwrap().len();
    story.until_stored(answered.try_into().unwrap()).await;
    assert_eq!(story.call(&server, &story.secret, 1).await, [StatusCode::OK]);
    server.stop().await;
    story.check().await;
}
