//! Counts how often the server queries the database for keys, between the two.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::http::{Method, StatusCode};
use domain::api_keys::{Level, Secret};
use patience::wait_until;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{postgres::Postgres, world::World};

/// The table that a key is looked up in.
const LOOKUP_TABLE: &str = "key_directory";
const CALLS: usize = 200;

/// Stands between a server and PostgreSQL, and counts the statements that contain a text.
pub(crate) struct QueryCounter {
    pub(crate) url: String,
    counted: Arc<AtomicUsize>,
}

impl QueryCounter {
    pub(crate) async fn start(database: &str, text: &'static str) -> Self {
        let (user, rest) = database.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{user}@{}/{name}", listener.local_addr().unwrap());
        let counted = Arc::<AtomicUsize>::default();
        let (server, counting) = (server.to_owned(), Arc::clone(&counted));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (mut from_server, to_server) = TcpStream::connect(&server).await.unwrap().into_split();
                let (from_client, mut to_client) = client.into_split();
                tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
                tokio::spawn(forward_messages(from_client, to_server, text, Arc::clone(&counting)));
            }
        });
        Self { url, counted }
    }

    pub(crate) fn count(&self) -> usize {
        self.counted.load(Ordering::SeqCst)
    }
}

/// Passes a client's messages on, in the form of PostgreSQL's "Message Formats", until either side hangs up.
async fn forward_messages(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    text: &str,
    counted: Arc<AtomicUsize>,
) -> io::Result<()> {
    // The first messages have no type: the request for TLS, then the startup message.
    const TLS: [u8; 4] = 80_877_103_u32.to_be_bytes();
    while relay(&mut client, &mut server).await?[..TLS.len()] == TLS {}
    let mut statements: HashMap<Vec<u8>, bool> = HashMap::new();
    loop {
        let kind = client.read_u8().await?;
        server.write_u8(kind).await?;
        let body = relay(&mut client, &mut server).await?;
        let mut texts = body.split(|byte| *byte == 0).map(<[u8]>::to_vec);
        let mut next = || texts.next().unwrap_or_default();
        let counts = |statement: Vec<u8>| String::from_utf8_lossy(&statement).contains(text);
        let is_counted = match kind {
            b'Q' => counts(next()),
            // A statement is prepared: its name, and its text.
            b'P' => {
                statements.insert(next(), counts(next()));
                false
            }
            // A statement is used: a portal's name, and the statement's name.
            b'B' => {
                next();
                statements.get(&next()) == Some(&true)
            }
            _ => false,
        };
        counted.fetch_add(usize::from(is_counted), Ordering::SeqCst);
    }
}

/// Passes on a length and as many bytes, and returns the bytes.
async fn relay(client: &mut OwnedReadHalf, server: &mut OwnedWriteHalf) -> io::Result<Vec<u8>> {
    let length = client.read_u32().await?;
    let mut body = vec![0; length as usize - size_of::<u32>()];
    client.read_exact(&mut body).await?;
    server.write_u32(length).await?;
    server.write_all(&body).await?;
    Ok(body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_known_key_and_a_mistyped_one_cost_no_query() {
    let database = Postgres::new().await;
    let world = World::on(Some(database.url.clone()), "").await;
    let counter = QueryCounter::start(&database.url, LOOKUP_TABLE).await;
    let server = world.serve_on(&counter.url, "warn").await;
    let secret = world.key_with(Level::Standard, |_| {}).await.secret;
    let status_of = async |key: &str| server.call(Method::GET, "/v1/models", key, &Value::Null).await.0;

    assert_eq!(status_of(&secret).await, StatusCode::OK);
    assert!(counter.count() > 0, "a new key is looked for");
    // A server that has received no changes for a second queries the database each time. A new server does,
    // and on a busy machine any may.
    wait_until("of many calls none is looked for", async || {
        let before = counter.count();
        for _ in 0..CALLS {
            assert_eq!(status_of(&secret).await, StatusCode::OK);
            if counter.count() > before {
                return false;
            }
        }
        true
    })
    .await;
    let after_calls = counter.count();

    for position in 0..secret.len() {
        let mut mistyped = secret.clone();
        let other = if secret.as_bytes()[position] == b'x' { "y" } else { "x" };
        mistyped.replace_range(position..=position, other);
        assert_eq!(status_of(&mistyped).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(counter.count(), after_calls, "a mistyped key is looked for");

    // This key was never created, but it has the right form.
    assert_eq!(status_of(Secret::from_digits(Level::Standard, [7; 32]).reveal()).await, StatusCode::UNAUTHORIZED);
    assert!(counter.count() > after_calls, "an unknown key isn't looked for");
    drop(server);
    database.drop().await;
}
