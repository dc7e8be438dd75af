//! The server as a process of its own, on a free port of loopback.

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
    /// What it has said when it was ready.
    pub(crate) said: String,
    /// What it has logged so far; closed when it has ended.
    log: watch::Receiver<String>,
    client: Client<HttpConnector, Body>,
    child: Child,
}

impl Process {
    pub(crate) async fn start(data: &Path, database_url: &str, log: &str) -> Self {
        Self::start_with(data, database_url, log, &[]).await
    }

    /// With more in its environment.
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
        // When it is ready it says where it is, and what to do next: whoever didn't listen to the end would stop it.
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let said = tokio::task::spawn_blocking(move || stdout.lines().take(2).collect::<Result<Vec<_>, _>>());
        let said = said.await.unwrap().unwrap();
        let Some(first) = said.first() else { panic!("{}", to_its_end(&mut log).await) };
        let address = first.rsplit_once("http://").unwrap().1.parse().unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { address, said: said.join("\n"), log, client, child }
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Response<Body> {
        *request.uri_mut() = self.uri(&request.uri().to_string());
        self.client.request(request).await.unwrap().map(Body::new)
    }

    /// What is answered to a program.
    pub(crate) async fn call(&self, method: Method, path: &str, key: &str, body: &Value) -> (StatusCode, Value) {
        let response = self.send(program(&method, path, Some(key), body)).await;
        (response.status(), json(response).await)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has logged this text so many times; gives all that it has logged.
    pub(crate) async fn logged(&self, text: &str, times: usize) -> String {
        let mut log = self.log.clone();
        let found = log.wait_for(|log| log.matches(text).count() >= times);
        wait_for(text, found).await.unwrap_or_else(|_| panic!("the server has ended without {text:?}")).clone()
    }

    fn uri(&self, path: &str) -> Uri {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    /// Ends it as an operator would, and gives all that it has logged.
    pub(crate) async fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        // What the client keeps open would be waited for.
        self.client = Client::builder(TokioExecutor::new()).build_http();
        let (ended, mut process) = tokio::task::spawn_blocking(move || (self.child.wait(), self)).await.unwrap();
        assert!(ended.unwrap().success());
        to_its_end(&mut process.log).await
    }
}

/// A port for a program that can't be told to take any. The system doesn't hand these out, so that it is most likely free,
/// and still is when the program comes back to it.
pub(crate) fn some_port() -> u16 {
    rand::rng().random_range(20_000..32_000)
}

/// Gives a log as it is written.
fn follow(log: impl Read + Send + 'static) -> watch::Receiver<String> {
    let (written, read) = watch::channel(String::new());
    std::thread::spawn(move || {
        for line in BufReader::new(log).split(b'\n').map_while(Result::ok) {
            written.send_modify(|log| log.extend([&*String::from_utf8_lossy(&line), "\n"]));
        }
    });
    read
}

/// The whole log of a process that has ended.
async fn to_its_end(log: &mut watch::Receiver<String>) -> String {
    while log.changed().await.is_ok() {}
    log.borrow().clone()
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
