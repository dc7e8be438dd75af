//! How often the database is asked for keys, counted on the way to it.

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
use patience::until;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{postgres::Postgres, world::World};

/// The table that is read by whoever looks for a key.
const LOOKED_UP_IN: &str = "key_directory";
const CALLS: usize = 200;

/// Stands between a server and PostgreSQL, and counts the statements that hold a text.
pub(crate) struct Counter {
    pub(crate) url: String,
    counted: Arc<AtomicUsize>,
}

impl Counter {
    pub(crate) async fn before(database: &str, text: &'static str) -> Self {
        let (user, rest) = database.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{user}@{}/{name}", listener.local_addr().unwrap());
        let counted = Arc::<AtomicUsize>::default();
        let (server, counting) = (server.to_owned(), Arc::clone(&counted));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (mut answers, questions) = TcpStream::connect(&server).await.unwrap().into_split();
                let (asking, mut answered) = client.into_split();
                tokio::spawn(async move { copy(&mut answers, &mut answered).await });
                tokio::spawn(pass_on(asking, questions, text, Arc::clone(&counting)));
            }
        });
        Self { url, counted }
    }

    pub(crate) fn count(&self) -> usize {
        self.counted.load(Ordering::SeqCst)
    }
}

/// Passes on what a client says, as PostgreSQL's "Message Formats" have it, until one of both hangs up.
async fn pass_on(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    text: &str,
    counted: Arc<AtomicUsize>,
) -> io::Result<()> {
    // What comes first has no type: the question whether there is TLS, then the start.
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
            // A statement is prepared: its name, and what it says.
            b'P' => {
                statements.insert(next(), counts(next()));
                false
            }
            // A statement is used: a portal's name, and the statement's.
            b'B' => {
                next();
                statements.get(&next()) == Some(&true)
            }
            _ => false,
        };
        counted.fetch_add(usize::from(is_counted), Ordering::SeqCst);
    }
}

/// Passes on a length and what is as long; tells the latter.
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
    let counter = Counter::before(&database.url, LOOKED_UP_IN).await;
    let server = world.serve_on(&counter.url, "warn").await;
    let secret = world.key_with(Level::Standard, |_| {}).await.secret;
    let ask = async |key: &str| server.call(Method::GET, "/v1/models", key, &Value::Null).await.0;

    assert_eq!(ask(&secret).await, StatusCode::OK);
    assert!(counter.count() > 0, "a new key is looked for");
    // Whoever heard nothing of changes for a second asks each time. So does a server that has just begun, and it may happen
    // on a machine that is very busy.
    until("of many calls none is looked for", async || {
        let before = counter.count();
        for _ in 0..CALLS {
            assert_eq!(ask(&secret).await, StatusCode::OK);
            if counter.count() > before {
                return false;
            }
        }
        true
    })
    .await;
    let known = counter.count();

    for position in 0..secret.len() {
        let mut mistyped = secret.clone();
        let other = if secret.as_bytes()[position] == b'x' { "y" } else { "x" };
        mistyped.replace_range(position..=position, other);
        assert_eq!(ask(&mistyped).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(counter.count(), known, "a mistyped key is looked for");

    // Nobody made this one, but it has the right form.
    assert_eq!(ask(Secret::from_digits(Level::Standard, [7; 32]).reveal()).await, StatusCode::UNAUTHORIZED);
    assert!(counter.count() > known, "an unknown key isn't looked for");
    drop(server);
    database.drop().await;
}
