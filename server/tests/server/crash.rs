//! Servers that are killed under load, at any instant: every call that a client has seen answered is logged
//! and billed once; open calls are logged as interrupted.
//!
//! `CRASH_RUNS=200` sets the number of kills (3 by default), `CRASH_SEED` the first seed; a failing run
//! prints its seed.
#![allow(clippy::print_stderr)]

pub(crate) mod cluster;
mod outage;
mod restart;

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Method, Response},
};
use domain::{api_keys::Level, ids::CallId};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use patience::{wait_for, wait_until};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use services::DatabaseTransaction;
use tokio::{net::TcpListener, sync::Notify, task::JoinSet, time::sleep};

use crate::{
    postgres::Postgres,
    world::{World, program},
};

const CALLERS: usize = 8;
/// Maximum life of a server in milliseconds, once it answers.
const MAX_LIFE_MS: u64 = 400;

/// A call's number: the provider gets it, and reports as many tokens.
type Number = i64;

/// Calls as seen from outside the server.
#[derive(Default)]
struct SeenCalls {
    next: AtomicI64,
    /// Calls that reached the provider.
    forwarded: Mutex<HashSet<Number>>,
    /// Calls whose answer a client has seen, with their ids.
    answered: Mutex<HashMap<CallId, Number>>,
    /// Notified of each answer.
    answer_notify: Notify,
}

impl SeenCalls {
    fn record_answer(&self, id: CallId, number: Number) {
        self.answered.lock().unwrap().insert(id, number);
        self.answer_notify.notify_one();
    }
}

/// A provider that reports the tokens it is given, at once or in pieces.
async fn provider(seen: Arc<SeenCalls>) -> String {
    let answer = move |body: Bytes| {
        let seen = Arc::clone(&seen);
        async move {
            let request: Value = serde_json::from_slice(&body).unwrap();
            let number = request["seed"].as_i64().unwrap();
            seen.forwarded.lock().unwrap().insert(number);
            let usage = json!({ "prompt_tokens": number, "completion_tokens": 1, "total_tokens": number + 1 });
            if request["stream"] != true {
                sleep(Duration::from_millis(number.unsigned_abs() % 5)).await;
                return Response::new(Body::from(json!({ "choices": [], "usage": usage }).to_string()));
            }
            let mut events = vec![json!({ "choices": [{ "delta": { "content": "…" } }] }).to_string(); 5];
            events.extend([json!({ "choices": [], "usage": usage }).to_string(), "[DONE]".to_owned()]);
            let events = stream::iter(events).then(async |event| {
                sleep(Duration::from_millis(1)).await;
                Ok::<_, Infallible>(format!("data: {event}\n\n"))
            });
            Response::builder().header("content-type", "text/event-stream").body(Body::from_stream(events)).unwrap()
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    format!("http://{address}/v1")
}

fn configuration(provider: &str) -> String {
    format!(
        r#"
[[provider]]
name = "upstream"
kind = "openai"
base_url = "{provider}"

[[model]]
name = "gpt-x"
providers = ["upstream"]
service = "chat"
price = {{ input_per_million = "1.00", output_per_million = "2.00" }}
"#
    )
}

/// The cost of `number` tokens in and one out, in nano-dollars.
fn cost(number: Number) -> i64 {
    number * 1_000 + 2_000
}

/// Calls until the server doesn't answer any more.
async fn keep_calling(address: String, secret: String, seen: Arc<SeenCalls>, is_over: Arc<AtomicBool>) {
    let client: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new()).build_http();
    while !is_over.load(Ordering::Relaxed) {
        let number = seen.next.fetch_add(1, Ordering::Relaxed) + 1;
        let streamed = number % 3 == 0;
        let question = json!({ "model": "gpt-x", "messages": [], "seed": number, "stream": streamed });
        let uri = format!("{address}/v1/chat/completions");
        let Ok(response) = client.request(program(&Method::POST, &uri, Some(&secret), &question)).await else { return };
        let (parts, body) = response.into_parts();
        let Ok(body) = body.collect().await else { return };
        assert_eq!(parts.status, 200, "{:?}", body.to_bytes());
        assert!(!streamed || body.to_bytes().ends_with(b"[DONE]\n\n"));
        let id = parts.headers["x-request-id"].to_str().unwrap().parse().unwrap();
        seen.record_answer(id, number);
    }
}

/// Prints the seed of a failing run.
struct Run(u64);

impl Drop for Run {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to do this again: CRASH_SEED={} CRASH_RUNS=1", self.0);
        }
    }
}

struct Story {
    world: World,
    seen: Arc<SeenCalls>,
    secret: String,
    postgres: bool,
}

impl Story {
    /// Starts a story on its own database, with more configuration.
    async fn new(database_url: Option<String>, more: &str) -> Self {
        let seen = Arc::new(SeenCalls::default());
        let postgres = database_url.is_some();
        let world = World::on(database_url, &(configuration(&provider(Arc::clone(&seen)).await) + more)).await;
        let secret = world.key_with(Level::Standard, |_| {}).await.secret;
        Self { world, seen, secret, postgres }
    }

    /// Lets a server work for a while and kills it, in every fourth run while its database is blocked.
    async fn kill(&self, seed: u64) {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let server = self.world.serve("warn").await;
        let is_over = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let address = format!("http://{}", server.address);
            callers.spawn(keep_calling(address, self.secret.clone(), Arc::clone(&self.seen), Arc::clone(&is_over)));
        }
        let life = Duration::from_micros(random.random_range(0..MAX_LIFE_MS * 1_000));
        sleep(life / 2).await;
        // In every fourth run the database accepts nothing for some of the time.
        let blocked = if random.random_range(0..4) == 0 { Some(self.block().await) } else { None };
        sleep(life / 2).await;
        // On a busy machine no call may be answered yet; at least one must exist that mustn't be lost.
        if self.answered() == 0 {
            self.wait_for_answers(1).await;
        }
        drop(server);
        if let Some(blocked) = blocked {
            blocked.rollback().await.unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = callers.join_next().await {
            ended.unwrap();
        }
    }

    fn answered(&self) -> usize {
        self.seen.answered.lock().unwrap().len()
    }

    /// Waits until so many more calls are answered.
    async fn wait_for_answers(&self, more: usize) {
        let before = self.answered();
        let reached = async {
            while self.answered() < before + more {
                self.seen.answer_notify.notified().await;
            }
        };
        wait_for("calls are answered", reached).await;
    }

    /// Blocks calls from being stored.
    async fn block(&self) -> DatabaseTransaction {
        let transaction = self.world.services.database().begin().await.unwrap();
        if self.postgres {
            transaction.execute_unprepared("LOCK TABLE calls IN EXCLUSIVE MODE").await.unwrap();
        }
        transaction
    }

    async fn rows(&self, sql: &str) -> Vec<Vec<Option<i64>>> {
        let database = self.world.services.database().read();
        let statement = Statement::from_string(database.get_database_backend(), sql);
        let rows = database.query_all_raw(statement).await.unwrap();
        let row = |row: &sea_orm::QueryResult| -> Vec<Option<i64>> {
            (0..row.column_names().len()).map(|i| row.try_get_by_index(i).unwrap()).collect()
        };
        rows.iter().map(row).collect()
    }

    /// Starts a server that stores the leftovers, and stops it normally.
    async fn recover(&self) {
        let server = self.world.serve("info").await;
        // Both this test and the server have a part of the journal.
        let parts = || std::fs::read_dir(self.world.journal()).unwrap().count();
        wait_until("what was left over is stored", async || parts() <= 2).await;
        let log = server.stop().await;
        assert!(!log.contains("ERROR"), "{log}");
        assert_eq!(parts(), 1);
    }

    /// Compares the log and the bill with the calls seen from outside.
    async fn check(&self) -> (usize, usize) {
        let database = self.world.services.database().read();
        let sql = "SELECT id, tokens_in, tokens_out, cost_nanos, error_code FROM calls";
        let rows = database.query_all_raw(Statement::from_string(database.get_database_backend(), sql)).await.unwrap();
        let mut found = HashMap::new();
        let mut stopped = 0;
        for row in rows {
            let id = CallId::new(row.try_get("", "id").unwrap());
            let number: Number = row.try_get("", "tokens_in").unwrap();
            let cost_nanos: Option<i64> = row.try_get("", "cost_nanos").unwrap();
            if row.try_get::<String>("", "error_code").unwrap() == "server_stopped" {
                assert_eq!((number, cost_nanos), (0, None));
                stopped += 1;
            } else if number > 0 {
                assert_eq!(cost_nanos, Some(cost(number)));
                assert!(found.insert(number, id).is_none(), "a call is there twice");
            }
        }
        let answered = self.seen.answered.lock().unwrap().clone();
        for (id, number) in &answered {
            assert_eq!(found.get(number), Some(id), "an answered call is missing");
        }
        // Calls that were forwarded without an answer have a row each too.
        let forwarded = self.seen.forwarded.lock().unwrap().clone();
        assert!(found.keys().all(|number| forwarded.contains(number)));
        assert!(found.len() + stopped >= forwarded.len(), "{} + {stopped} of {}", found.len(), forwarded.len());
        let sums = "CAST(SUM(tokens_in) AS BIGINT), CAST(SUM(tokens_out) AS BIGINT), CAST(SUM(cost_nanos) AS BIGINT)";
        let calls = self.rows(&format!("SELECT COUNT(*), {sums} FROM calls")).await;
        for resolution in 1..=3 {
            let sql = format!(
                "SELECT CAST(SUM(calls + refused) AS BIGINT), {sums} FROM rollups WHERE resolution = {resolution}"
            );
            assert_eq!(self.rows(&sql).await, calls, "resolution {resolution}");
        }
        (answered.len(), stopped)
    }
}

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

async fn killed_again_and_again(database_url: Option<String>) {
    let runs = number_from_environment("CRASH_RUNS").unwrap_or(3);
    let first = number_from_environment("CRASH_SEED").unwrap_or_else(|| rand::rng().random_range(0..1_000_000));
    let story = Story::new(database_url, "").await;
    for seed in first..first + runs {
        let _run = Run(seed);
        story.kill(seed).await;
        // Most servers find the leftovers of the one before while they are under load themselves.
        if seed % 4 == 0 || seed + 1 == first + runs {
            story.recover().await;
            story.check().await;
        }
    }
    let (answered, stopped) = story.check().await;
    eprintln!("{runs} servers were killed: {answered} answered calls, {stopped} under way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_servers_lose_no_call_on_sqlite() {
    killed_again_and_again(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_servers_lose_no_call_on_postgres() {
    let database = Postgres::new().await;
    killed_again_and_again(Some(database.url.clone())).await;
    database.drop().await;
}
