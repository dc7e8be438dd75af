//! Request templates with names of things, and complete answers to compare.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use serde_json::Value;

use super::things::Things;
use crate::{openapi::send_checked, world::World};

/// A caller's kind and credentials.
#[derive(Clone, Copy, Debug)]
pub(super) enum Credentials<'a> {
    /// A browser on the dashboard, with the session of this token or without one.
    Browser(Option<&'a str>),
    /// A program, with this key or without one.
    Program(Option<&'a str>),
    /// A proxy with this key, which checks its client.
    Proxy(Option<&'a str>),
}

/// A request with names in braces in place of things.
#[derive(Clone, Debug)]
pub(super) struct RequestTemplate {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// An answer without the parts that differ each time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl RequestTemplate {
    pub(super) fn new(method: Method, path: &str, body: impl ToString) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { method, path: path.to_owned(), headers, body: body.to_string() }
    }

    pub(super) fn get(path: &str) -> Self {
        Self { method: Method::GET, path: path.to_owned(), headers: Vec::new(), body: String::new() }
    }

    /// The names of the things in it.
    pub(super) fn names(&self, things: &Things) -> Vec<&'static str> {
        let headers: String = self.headers.iter().map(|(_, value)| value.as_str()).collect();
        things.names_in(&format!("{}\n{headers}\n{}", self.path, self.body))
    }

    /// Sends the request with these things.
    pub(super) async fn send(&self, world: &World, things: &Things, credentials: Credentials<'_>) -> Answer {
        let mut request = Request::builder()
            .method(&self.method)
            .uri(things.fill(&self.path))
            .header(header::HOST, "127.0.0.1:3000")
            .header(header::USER_AGENT, "test");
        for (name, value) in &self.headers {
            request = request.header(*name, things.fill(value));
        }
        request = match credentials {
            Credentials::Browser(None) => request.header("sec-fetch-site", "same-origin"),
            Credentials::Browser(Some(token)) => {
                request.header("sec-fetch-site", "same-origin").header(header::COOKIE, format!("tollhouse={token}"))
            }
            Credentials::Program(None) | Credentials::Proxy(None) => request,
            Credentials::Program(Some(key)) => request.header(header::AUTHORIZATION, format!("Bearer {key}")),
            Credentials::Proxy(Some(key)) => request.header("x-tollhouse-authorization", format!("Bearer {key}")),
        };
        send(world, request.body(Body::from(things.fill(&self.body))).unwrap()).await
    }
}

/// Sends a request from this machine, each time from another of its addresses, so that rate limits don't
/// apply.
async fn send(world: &World, mut request: Request<Body>) -> Answer {
    static REQUEST_COUNT: AtomicU32 = AtomicU32::new(0);
    let [_, high, middle, low] = (REQUEST_COUNT.fetch_add(1, Ordering::Relaxed) + 2).to_be_bytes();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, low, middle, high.max(1)], 50_000))));
    let (parts, body) = send_checked(&world.router, request).await.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8_lossy(&bytes).into_owned();
    let id = parts.headers.get("x-request-id").map(|id| id.to_str().unwrap());
    let body = id.map_or(body.clone(), |id| body.replace(id, "{request}"));
    Answer { status: parts.status, headers: stable_headers(&parts.headers), body: without_changing_fields(&body) }
}

/// The headers that don't differ each time.
fn stable_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let varies =
        |name: &str| matches!(name, "x-request-id" | "request-id" | "date") || name.starts_with("x-ratelimit-");
    let stable = headers.iter().filter(|(name, _)| !varies(name.as_str()));
    stable.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

/// `body` without the fields that differ each time: the time of reading, and the version of an inbox, which
/// every change raises.
fn without_changing_fields(body: &str) -> String {
    serde_json::from_str(body).map_or_else(|_| body.to_owned(), |value| without_moments(value).to_string())
}

pub(super) fn without_moments(value: Value) -> Value {
    match value {
        Value::Object(value) => {
            let stable =
                value.into_iter().filter(|(name, _)| !matches!(name.as_str(), "read_at" | "since" | "version"));
            Value::Object(stable.map(|(name, value)| (name, without_moments(value))).collect())
        }
        Value::Array(value) => value.into_iter().map(without_moments).collect(),
        value => value,
    }
}
