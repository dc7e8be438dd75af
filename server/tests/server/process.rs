//! The server as a process of its own, on a free port of loopback.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
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
use serde_json::Value;

use crate::world::{json, program};

pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    log: PathBuf,
    client: Client<HttpConnector, Body>,
    child: Child,
}

impl Process {
    pub(crate) async fn start(data: &Path, database_url: &str, log: &str) -> Self {
        Self::start_with(data, database_url, log, &[]).await
    }

    /// With more in its environment.
    pub(crate) async fn start_with(data: &Path, database_url: &str, log: &str, more: &[(&str, &str)]) -> Self {
        let written = data.join(format!("{}.log", services::new_reference()));
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
            .stderr(std::fs::File::create(&written).unwrap())
            .spawn()
            .unwrap();
        // When it is ready it says where it is, and what to do next: whoever didn't listen to the end would stop it.
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let said = tokio::task::spawn_blocking(move || stdout.lines().take(2).collect::<Result<Vec<_>, _>>());
        let said = said.await.unwrap().unwrap();
        let first = said.first().unwrap_or_else(|| panic!("{}", std::fs::read_to_string(&written).unwrap()));
        let address = first.rsplit_once("http://").unwrap().1.parse().unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { address, log: written, client, child }
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

    /// What it has logged so far.
    pub(crate) fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
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
        let (ended, process) = tokio::task::spawn_blocking(move || (self.child.wait(), self)).await.unwrap();
        assert!(ended.unwrap().success());
        std::fs::read_to_string(&process.log).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
