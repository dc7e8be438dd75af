//! The server as a separate process, on a free port of loopback.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use axum::{
    body::Body,
    http::{Method, Request, Response, StatusCode, Uri},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use patience::wait_for;
use rand::RngExt;
use serde_json::Value;
use tokio::sync::watch;

use crate::world::{json, program};

pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    /// Its output once it was ready.
    pub(crate) startup_output: String,
    /// Its log so far; closed once it has ended.
    log: watch::Receiver<String>,
    client: Client<HttpConnector, Body>,
    child: Child,
}

impl Process {
    pub(crate) async fn start(data: &Path, database_url: &str, log: &str) -> Self {
        Self::start_with(data, database_url, log, &[]).await
    }

    /// Starts a server with further environment variables.
    pub(crate) async fn start_with(data: &Path, database_url: &str, log: &str, more: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tollhouse"))
            .arg("serve")
            .env_clear()
            .env("TOLLHOUSE_DATA", data)
            .env("DATABASE_URL", database_url)
            .env("TOLLHOUSE_ADDR", "127.0.0.1:0")
            .env("TOLLHOUSE_LOG", log)
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = follow(child.stderr.take().unwrap());
        // Once it is ready it prints its URL and the next step; it would be stopped by a pipe that is closed
        // before the end.
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let startup_output = tokio::task::spawn_blocking(move || stdout.lines().take(2).collect::<Result<Vec<_>, _>>());
        let startup_output = startup_output.await.unwrap().unwrap();
        let Some(first) = startup_output.first() else { panic!("{}", complete_log(&mut log).await) };
        let address = first.rsplit_once("http://").unwrap().1.parse().unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { address, startup_output: startup_output.join("\n"), log, client, child }
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Response<Body> {
        *request.uri_mut() = self.uri(&request.uri().to_string());
        self.client.request(request).await.unwrap().map(Body::new)
    }

    /// Sends a program's request, and returns the answer.
    pub(crate) async fn call(&self, method: Method, path: &str, key: &str, body: &Value) -> (StatusCode, Value) {
        let response = self.send(program(&method, path, Some(key), body)).await;
        (response.status(), json(response).await)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has logged this text so many times, and returns the log so far.
    pub(crate) async fn wait_for_log(&self, text: &str, times: usize) -> String {
        let mut log = self.log.clone();
        let found = log.wait_for(|log| log.matches(text).count() >= times);
        wait_for(text, found).await.unwrap_or_else(|_| panic!("the server has ended without {text:?}")).clone()
    }

    fn uri(&self, path: &str) -> Uri {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    /// Stops it as an operator does, and returns its log.
    pub(crate) async fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        // Open connections of the client would be waited for.
        self.client = Client::builder(TokioExecutor::new()).build_http();
        let (ended, mut process) = tokio::task::spawn_blocking(move || (self.child.wait(), self)).await.unwrap();
        assert!(ended.unwrap().success());
        complete_log(&mut process.log).await
    }
}

/// A port for a program that can't choose one itself. The system doesn't assign ports of this range, so that
/// it is most likely free, and still is when the program comes back to it.
pub(crate) fn random_port() -> u16 {
    rand::rng().random_range(20_000..32_000)
}

/// A log that grows as it is written.
fn follow(log: impl Read + Send + 'static) -> watch::Receiver<String> {
    let (sender, receiver) = watch::channel(String::new());
    std::thread::spawn(move || {
        for line in BufReader::new(log).split(b'\n').map_while(Result::ok) {
            sender.send_modify(|log| log.extend([&*String::from_utf8_lossy(&line), "\n"]));
        }
    });
    receiver
}

/// The complete log of a process that has ended.
async fn complete_log(log: &mut watch::Receiver<String>) -> String {
    while log.changed().await.is_ok() {}
    log.borrow().clone()
}

impl Drop for Process {
    fn drop(&mut self) {
        // This fails if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
