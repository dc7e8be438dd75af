//! The gateway: takes calls in OpenAI's form, checks the key, forwards them to a
//! provider, and stores what they used before their answer ends.
//!
//! A call is worked on by a task of its own, which goes on when the client
//! hangs up: what the provider charges for is recorded all the same.

pub(crate) mod admission;
mod answer;
mod body;
mod call;
mod collect;
mod credentials;
mod endpoint;
mod forward;
mod headers;
mod models;
mod offers;
mod provider;
pub(crate) mod refusal;
mod routing;
mod running;
mod sse;
mod stream;
mod usage;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    response::Response,
    routing::{any, get, post},
};
use domain::ids::CallId;
use ipnet::IpNet;
use services::{
    Services,
    api_keys::{directory::KeyDirectory, uses::KeyUses},
    metering::{Meter, new_call_id},
};
use tokio::sync::{oneshot, watch};

use self::{call::Arrival, endpoint::Endpoint, offers::Offers, refusal::Refusal, running::Running};
use crate::config::{Config, ConfigError, GatewayConfig};

/// Tells the client its call's id, which is the one in Logs.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every call works with. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

/// What its clones share.
pub struct Inner {
    services: Services,
    meter: Meter,
    directory: KeyDirectory,
    uses: KeyUses,
    /// Whose `X-Forwarded-For` is believed.
    trusted_proxies: Vec<IpNet>,
    offers: Offers,
    running: Running,
    limits: GatewayConfig,
    /// How many calls are under way.
    calls: watch::Sender<usize>,
}

impl Gateway {
    /// Must be made within a tokio runtime, in which it watches for changed keys.
    pub fn new(services: Services, meter: Meter, config: &Config) -> Result<Self, ConfigError> {
        let directory = KeyDirectory::start(&services);
        Ok(Self(Arc::new(Inner {
            uses: KeyUses::start(&services),
            running: Running::start(&directory),
            directory,
            trusted_proxies: config.trusted_proxies.clone(),
            offers: Offers::new(config, services.now())?,
            services,
            meter,
            limits: config.gateway,
            calls: watch::Sender::new(0),
        })))
    }

    /// Returns when no call is under way, not even one whose client has gone. To be awaited between the end of the
    /// server and that of the meter.
    pub async fn finished(&self) {
        // Fails only when the sender is gone, which this very gateway holds.
        let _ = self.0.calls.subscribe().wait_for(|calls| *calls == 0).await;
    }

    /// Writes what is still to be written of who used which key. To be awaited at the end of the server.
    pub async fn note_last_uses(&self) {
        self.uses.finish().await;
    }
}

impl std::ops::Deref for Gateway {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// All paths under `/v1`.
pub fn router(gateway: Gateway) -> Router {
    let forwarded = Endpoint::ALL.into_iter().fold(Router::new(), |router, endpoint| {
        let answer = move |State(gateway): State<Gateway>, request: Request| call(gateway, endpoint, request);
        router.route(endpoint.path(), post(answer).fallback(post_only))
    });
    forwarded
        .route("/v1/models", get(models::list).fallback(get_only))
        .route("/v1/models/{*model}", get(models::retrieve).fallback(get_only))
        .route("/v1", any(no_such_path))
        .route("/v1/", any(no_such_path))
        .route("/v1/{*path}", any(no_such_path))
        .with_state(gateway)
}

/// Has a call worked on, and answers when its answer begins.
async fn call(gateway: Gateway, endpoint: Endpoint, request: Request) -> Response {
    let arrival = match Arrival::new(&gateway.services, endpoint) {
        Ok(arrival) => arrival,
        Err(error) => {
            tracing::error!(%error, "a call can't be given an id");
            return Refusal::internal().response();
        }
    };
    let id = arrival.id;
    let (reply, answer) = oneshot::channel();
    let under_way = UnderWay::new(&gateway);
    tokio::spawn(async move {
        let _under_way = under_way;
        forward::handle(&gateway, arrival, request, reply).await;
    });
    // Without a reply the task panicked, or the client sent half a request and left.
    let response = answer.await.unwrap_or_else(|_| Refusal::internal().response());
    identified(response, id)
}

/// Counts a call as long as it lives.
struct UnderWay(Gateway);

impl UnderWay {
    fn new(gateway: &Gateway) -> Self {
        gateway.calls.send_if_modified(|calls| {
            *calls += 1;
            false
        });
        Self(gateway.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        // Whoever waits waits for none to be left.
        self.0.calls.send_if_modified(|calls| {
            *calls -= 1;
            *calls == 0
        });
    }
}

fn identified(mut response: Response, id: CallId) -> Response {
    // An id is plain ASCII, so this can't fail.
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The same for what is no call, and isn't in the log.
pub(crate) fn identified_anew(gateway: &Gateway, response: Response) -> Response {
    match new_call_id(gateway.services.now()) {
        Ok(id) => identified(response, id),
        Err(_) => response,
    }
}

async fn no_such_path(State(gateway): State<Gateway>) -> Response {
    identified_anew(&gateway, Refusal::no_such_path().response())
}

async fn post_only(State(gateway): State<Gateway>) -> Response {
    identified_anew(&gateway, Refusal::wrong_method().response_allowing("POST"))
}

async fn get_only(State(gateway): State<Gateway>) -> Response {
    identified_anew(&gateway, Refusal::wrong_method().response_allowing("GET, HEAD"))
}
