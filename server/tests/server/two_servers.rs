//! Two servers on one PostgreSQL, under load: a change on one takes effect on the other within a second.

mod load;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    http::{Method, StatusCode},
    response::Response,
};
use domain::{api_keys::Level, ids::ApiKeyId, time::Timestamp};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use patience::wait_for;
use serde_json::{Value, json};
use services::{Clock, SystemClock};
use tokio::net::TcpListener;

use self::load::{BEFORE, CUT, CallResult, Load, NO_KEY, NO_MODEL, NO_SCOPE, SERVED, Verdict};
use crate::{
    postgres::Postgres,
    process::Process,
    world::{World, command_line, program},
};

/// Time within which every server must apply a change.
const MAX_DELAY: Duration = Duration::from_secs(1);
const LEAK: &str = "leak";

struct Story {
    world: World,
    servers: [Arc<Process>; 2],
    admin: String,
    /// For each change, the time until the last call with the old result, on the server of the change and on
    /// the other.
    delays: BTreeMap<&'static str, [Duration; 2]>,
}

impl Story {
    /// Changes something on the first server, through the management API.
    async fn change(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.servers[0].call(method, path, &self.admin, &body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    fn path(&self, key: ApiKeyId) -> String {
        format!("/v1/organization/projects/{}/api_keys/{key}", self.world.project.id)
    }

    /// Checks that calls get `before` until a change, and `after` if they begin a second later; returns the
    /// time of the change. A call that begins earlier may end at any time: that holds however slow the
    /// machine is.
    async fn check_change(
        &mut self,
        name: &'static str,
        secret: &str,
        (before, after): (Verdict, Verdict),
        (method, path, body): (Method, String, Value),
    ) -> Instant {
        let load = Load::start(&self.servers, secret);
        load.wait_until_started().await;
        let began = Instant::now();
        self.change(method, &path, body).await;
        let done = Instant::now();
        let results = load.until(done + MAX_DELAY).await;
        let mut delays = [Duration::ZERO; 2];
        // A call that runs while its key leaks is cut.
        let is_after = |call: &CallResult| call.is(after) || (name == LEAK && call.is(CUT));
        for call in &results {
            assert!(call.is(before) || is_after(call), "{name}: {} {:?}", call.status, call.code);
            if call.ended.at < began {
                assert!(call.is(before), "{name}: obeyed before it was said");
            }
            if call.started.at >= done && !is_after(call) {
                delays[call.server] = delays[call.server].max(call.started.at - done);
            }
        }
        for (server, delays) in delays.iter().enumerate() {
            assert!(*delays < MAX_DELAY, "{name}: server {server} took {delays:?}");
        }
        self.delays.insert(name, delays);
        done
    }

    /// Checks that a secret works until `end` to the millisecond, and not after.
    async fn check_end(&self, name: &str, load: Load, end: Timestamp) {
        let left = end.millis().saturating_sub(SystemClock.now().millis()).max(0).unsigned_abs();
        let results = load.until(Instant::now() + Duration::from_millis(left)).await;
        assert!(results.iter().any(|call| call.started.clock >= end));
        for call in results {
            let (began, ended) = (call.started.clock, call.ended.clock);
            if ended < end {
                assert!(call.is(SERVED), "{name}: too early, at {ended}");
            }
            if began >= end {
                assert!(call.is(NO_KEY), "{name}: too late, at {began}");
            }
        }
    }

    async fn key(&self) -> (ApiKeyId, String) {
        let created = self.world.key_with(Level::Standard, |_| {}).await;
        (created.api_key.id, created.secret)
    }
}

/// A provider that begins a stream and never ends it.
async fn endless() -> String {
    let answer = async || {
        let begin = stream::iter([Ok::<_, std::io::Error>("data: {\"choices\":[{\"delta\":{}}]}\n\n")]);
        let body = Body::from_stream(begin.chain(stream::pending()));
        Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    format!("http://{address}/v1")
}

fn configuration(endless: &str) -> String {
    format!(
        r#"
[[provider]]
name = "sandbox"
kind = "sandbox"

[[provider]]
name = "endless"
kind = "openai"
base_url = "{endless}"

[[model]]
name = "sandbox-1"
providers = ["sandbox"]
service = "chat"

[[model]]
name = "endless"
providers = ["endless"]
service = "chat"
"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_on_one_server_holds_on_both_within_a_second() {
    let database = Postgres::new().await;
    let world = World::on(Some(database.url.clone()), &configuration(&endless().await)).await;
    let servers = [Arc::new(world.serve("warn").await), Arc::new(world.serve("warn").await)];
    let admin = world.admin_key(&[]).await;
    let mut story = Story { world, servers, admin, delays: BTreeMap::new() };
    // This key's calls are all served, whatever happens to other keys.
    let (_, bystander) = story.key().await;
    let bystander = Load::start(&story.servers, &bystander);

    editing(&mut story).await;
    rotating(&mut story).await;
    expiring(&mut story).await;
    revoking(&mut story).await;
    leaking(&mut story).await;

    let results = bystander.until(Instant::now()).await;
    assert!(results.len() > 2 * BEFORE && results.iter().all(|call| call.is(SERVED)));
    print_delays(&story.delays, results.len());
    drop(story);
    database.drop().await;
}

/// Prints the figures for docs/performance.md.
#[allow(clippy::print_stdout)]
fn print_delays(delays: &BTreeMap<&'static str, [Duration; 2]>, calls: usize) {
    for (name, [here, there]) in delays {
        println!("{name}: {here:?} on the server it was done on, {there:?} on the other");
    }
    println!("{calls} calls of another key meanwhile");
}

async fn editing(story: &mut Story) {
    let (id, secret) = story.key().await;
    let path = story.path(id);
    let edit = |changes: Value| (Method::POST, path.clone(), changes);
    story.check_change("edit: scope taken", &secret, (SERVED, NO_SCOPE), edit(json!({ "scopes": ["models"] }))).await;
    story.check_change("edit: scope given", &secret, (NO_SCOPE, SERVED), edit(json!({ "scopes": [] }))).await;
    story.check_change("edit: model taken", &secret, (SERVED, NO_MODEL), edit(json!({ "models": ["endless"] }))).await;
}

async fn rotating(story: &mut Story) {
    let (id, old) = story.key().await;
    let load = Load::start(&story.servers, &old);
    load.wait_until_started().await;
    let rotated =
        story.change(Method::POST, &format!("{}/rotate", story.path(id)), json!({ "grace_seconds": 3 })).await;
    let new = rotated["value"].as_str().unwrap().to_owned();
    let (status, answer) = story.servers[1].call(Method::GET, "/v1/models", &new, &Value::Null).await;
    assert_eq!(status, StatusCode::OK, "the new secret works at once everywhere: {answer}");
    // The key's history has the end to the millisecond, whether or not it has passed.
    let actor = command_line(&story.world.organization);
    let history = services::api_keys::history(&story.world.services, &actor, id).await.unwrap();
    let end = serde_json::from_value(history[0].after["old_secret_ends_at"].clone()).unwrap();
    story.check_end("the old secret", load, end).await;

    let rotate = (Method::POST, format!("{}/rotate", story.path(id)), json!({ "grace_seconds": 0 }));
    story.check_change("rotate without grace", &new, (SERVED, NO_KEY), rotate).await;
}

async fn expiring(story: &mut Story) {
    let path = format!("/v1/organization/projects/{}/api_keys", story.world.project.id);
    let created = story.change(Method::POST, &path, json!({ "name": "short", "expires_in_seconds": 2 })).await;
    let load = Load::start(&story.servers, created["value"].as_str().unwrap());
    let actor = command_line(&story.world.organization);
    let id = created["id"].as_str().unwrap().parse().unwrap();
    let key = services::api_keys::get(&story.world.services, &actor, id).await.unwrap();
    story.check_end("the key", load, key.expires_at.unwrap()).await;
}

async fn revoking(story: &mut Story) {
    let (id, secret) = story.key().await;
    let revoke = (Method::DELETE, story.path(id), Value::Null);
    story.check_change("revoke", &secret, (SERVED, NO_KEY), revoke).await;
}

async fn leaking(story: &mut Story) {
    let (_, secret) = story.key().await;
    let question = json!({ "model": "endless", "stream": true, "messages": [] });
    let request = program(&Method::POST, "/v1/chat/completions", Some(&secret), &question);
    let mut answer = story.servers[1].send(request).await;
    assert!(answer.frame().await.unwrap().unwrap().into_data().unwrap().starts_with(b"data: {\"choices\""));
    let report = (Method::POST, "/v1/keys/report-leak".to_owned(), json!([{ "token": secret }]));
    let cut = wait_for("the stream is cut", async {
        let data = answer.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(String::from_utf8_lossy(&data).contains("api_key_disabled"));
        assert!(answer.frame().await.is_none());
        Instant::now()
    });
    let (cut, reported) = futures::join!(cut, story.check_change(LEAK, &secret, (SERVED, NO_KEY), report));
    let went_on = cut.saturating_duration_since(reported);
    story.delays.insert("leak: a running stream", [Duration::ZERO, went_on]);
}
