//! Requests with names for things, and whole answers to compare.

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
use tower::ServiceExt;

use super::things::Things;
use crate::world::World;

/// Who asks, by what they show.
#[derive(Clone, Copy, Debug)]
pub(super) enum By<'a> {
    /// A browser of the dashboard, with the session of this token or without any.
    Browser(Option<&'a str>),
    /// A program, with this key or without any.
    Program(Option<&'a str>),
    /// A proxy with this key, which asks about its client.
    Proxy(Option<&'a str>),
}

/// A request that has names in braces where it is about things.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// All that is told, but for what is another one with every answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Ask {
    pub(super) fn new(method: Method, path: &str, body: impl ToString) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { method, path: path.to_owned(), headers, body: body.to_string() }
    }

    pub(super) fn get(path: &str) -> Self {
        Self { method: Method::GET, path: path.to_owned(), headers: Vec::new(), body: String::new() }
    }

    /// The things that it names.
    pub(super) fn names(&self, things: &Things) -> Vec<&'static str> {
        let headers: String = self.headers.iter().map(|(_, value)| value.as_str()).collect();
        things.named_in(&format!("{}\n{headers}\n{}", self.path, self.body))
    }

    /// Asks about these things.
    pub(super) async fn about(&self, world: &World, things: &Things, by: By<'_>) -> Answer {
        let mut request = Request::builder()
            .method(&self.method)
            .uri(things.fill(&self.path))
            .header(header::HOST, "127.0.0.1:3000")
            .header(header::USER_AGENT, "test");
        for (name, value) in &self.headers {
            request = request.header(*name, things.fill(value));
        }
        request = match by {
            By::Browser(None) => request.header("sec-fetch-site", "same-origin"),
            By::Browser(Some(token)) => {
                request.header("sec-fetch-site", "same-origin").header(header::COOKIE, format!("tollhouse={token}"))
            }
            By::Program(None) | By::Proxy(None) => request,
            By::Program(Some(key)) => request.header(header::AUTHORIZATION, format!("Bearer {key}")),
            By::Proxy(Some(key)) => request.header("x-tollhouse-authorization", format!("Bearer {key}")),
        };
        send(world, request.body(Body::from(things.fill(&self.body))).unwrap()).await
    }
}

/// Sends from this machine, each time from another address of it: nobody is slowed down for having asked often.
async fn send(world: &World, mut request: Request<Body>) -> Answer {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let [_, high, middle, low] = (ASKED.fetch_add(1, Ordering::Relaxed) + 2).to_be_bytes();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, low, middle, high.max(1)], 50_000))));
    let (parts, body) = world.router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8_lossy(&bytes).into_owned();
    let id = parts.headers.get("x-request-id").map(|id| id.to_str().unwrap());
    let body = id.map_or(body.clone(), |id| body.replace(id, "{request}"));
    Answer { status: parts.status, headers: told(&parts.headers), body: steady(&body) }
}

/// The headers that say something of what was asked for.
fn told(headers: &HeaderMap) -> Vec<(String, String)> {
    let passing =
        |name: &str| matches!(name, "x-request-id" | "request-id" | "date") || name.starts_with("x-ratelimit-");
    let told = headers.iter().filter(|(name, _)| !passing(name.as_str()));
    told.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

/// `body` without what is another with every answer: when it was read, and the version of an inbox, which every change
/// raises.
fn steady(body: &str) -> String {
    serde_json::from_str(body).map_or_else(|_| body.to_owned(), |told| without_moments(told).to_string())
}

pub(super) fn without_moments(told: Value) -> Value {
    match told {
        Value::Object(told) => {
            let steady = told.into_iter().filter(|(name, _)| !matches!(name.as_str(), "read_at" | "version"));
            Value::Object(steady.map(|(name, told)| (name, without_moments(told))).collect())
        }
        Value::Array(told) => told.into_iter().map(without_moments).collect(),
        told => told,
    }
}
