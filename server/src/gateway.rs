//! The gateway: accepts calls in OpenAI's and Anthropic's form, checks the key, forwards them to a provider,
//! and stores their usage before the answer ends.
//!
//! A call whose client hangs up is still completed, so that the provider's charges are recorded.

mod accept;
mod admission;
mod answers;
mod attempt_log;
mod bodies;
mod body;
mod bounds;
mod breaker;
mod budget;
mod call;
mod call_guard;
mod collect;
mod cors;
mod detached;
mod endpoint;
mod estimate;
mod form;
mod forward;
mod headers;
mod json;
mod limits;
mod models;
mod offers;
mod payload;
mod provider;
mod provider_objects;
mod receive;
mod record;
mod references;
mod refusal_log;
mod relay;
mod requested_model;
mod routing;
mod running;
mod settings;
mod sse;
mod tags;
mod timing;
mod trace;
mod usage;

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method,
        header::{ALLOW, CONNECTION, UPGRADE},
        request::Parts,
    },
    middleware::{from_fn_with_state, map_response},
    response::Response,
    routing::{MethodRouter, any, get},
};
use services::{Services, metering::Meter, rate_limits::RateLimiter};
use tokio::sync::{oneshot, watch};
use tracing::Instrument;

use self::{
    bodies::Capture,
    budget::ByteBudget,
    call::Arrival,
    detached::DetachedCall,
    endpoint::{ENDPOINTS, Endpoint, Verb},
    limits::AnswerSender,
    payload::Disk,
    refusal_log::RefusalLog,
    running::{RunningCalls, RunningGuard},
    settings::GatewaySettings,
};
use crate::{
    config::{Config, ConfigError},
    metrics::Metrics,
    v1::{
        dialect,
        error::V1Error,
        respond::{error_response, with_request_id},
        state::V1State,
    },
};

/// Path that lists the models a key may call. Listing isn't a call: it is neither metered nor logged.
const MODELS: &str = "/v1/models";
/// Path of one model; names may contain slashes.
const MODEL: &str = "/v1/models/{*model}";

/// The state that all calls share. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

/// The state behind every clone of a [`Gateway`].
pub struct Inner {
    v1: V1State,
    services: Services,
    meter: Meter,
    /// Settings of the current configuration.
    settings: ArcSwap<GatewaySettings>,
    running: RunningCalls,
    rates: RateLimiter,
    refusals: RefusalLog,
    metrics: Metrics,
    bodies: bodies::BodyWriter,
    /// Disk space for spooled uploads.
    disk: Disk,
    /// Memory for bodies being processed; small ones aren't counted.
    memory: ByteBudget,
    /// Number of running calls.
    calls: watch::Sender<usize>,
}

impl Gateway {
    /// Creates the gateway within a tokio runtime, where it watches for changed keys.
    pub fn new(v1: V1State, meter: Meter, config: &Config) -> Result<Self, ConfigError> {
        let services = v1.services().clone();
        let (metrics, bodies) = record::new_metrics(&services).map_err(|error| ConfigError::Setting {
            name: "metrics",
            advice: format!("{error}. This is a defect; report it."),
        })?;
        let limits = config.gateway;
        Ok(Self(Arc::new(Inner {
            running: RunningCalls::start(v1.directory()),
            rates: RateLimiter::start(&services),
            refusals: RefusalLog::start(&meter),
            settings: ArcSwap::from_pointee(GatewaySettings::new(&services, config, None)?),
            v1,
            services,
            meter,
            bodies,
            metrics,
            disk: Disk::new(&config.data, ByteBudget::new(limits.max_spool_bytes, limits.max_upload_bytes)),
            memory: ByteBudget::new(limits.max_memory_bytes, receive::max_call_memory(&limits)),
            calls: watch::Sender::new(0),
        })))
    }

    /// Waits until no call is running, not even one whose client has gone. Must be awaited between the end of
    /// the server and that of the meter.
    pub async fn finished(&self) {
        // Fails only without a sender, and this gateway holds one.
        let _ = self.0.calls.subscribe().wait_for(|calls| *calls == 0).await;
    }

    /// Stores pending key uses, bodies and refusals. Must be awaited at the end of the server, before that of
    /// the meter.
    pub async fn flush(&self) {
        // Concurrently, so that a database that doesn't answer delays the shutdown only once.
        tokio::join!(self.v1.finish(), self.bodies.finish(), self.refusals.finish());
    }
}

impl std::ops::Deref for Gateway {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Returns every method and path that the gateway answers, with `{…}` for parameters.
pub fn routes() -> Vec<(Method, &'static str)> {
    let forwarded = ENDPOINTS.iter().map(|endpoint| (endpoint.verb.method(), endpoint.path));
    forwarded.chain([(Method::GET, MODELS), (Method::GET, MODEL)]).collect()
}

/// Builds the router of all paths under `/v1`.
pub fn router(gateway: Gateway) -> Router {
    let mut paths: BTreeMap<&str, Vec<&'static Endpoint>> = BTreeMap::new();
    for endpoint in ENDPOINTS {
        paths.entry(endpoint.path).or_default().push(endpoint);
    }
    let forwarded = paths.into_iter().fold(Router::new(), |router, (path, endpoints)| {
        let methods = endpoints.iter().copied().fold(MethodRouter::new(), |methods, endpoint: &'static Endpoint| {
            let answer = move |State(gateway): State<Gateway>, request: Request| call(gateway, endpoint, request);
            methods.on(endpoint.verb.filter(), answer)
        });
        let allowed = allowed_methods(&endpoints);
        let other = move |State(gateway): State<Gateway>, request: Parts| async move {
            wrong_method(&gateway, &request, &allowed)
        };
        router.route(path, methods.fallback(other))
    });
    forwarded
        .route(MODELS, get(models::list).fallback(get_only))
        .route(MODEL, get(models::retrieve).fallback(get_only))
        .route("/v1", any(no_such_path))
        .route("/v1/", any(no_such_path))
        .route("/v1/{*path}", any(no_such_path))
        .layer(map_response(headers::add_security_headers))
        .layer(from_fn_with_state(gateway.clone(), cors::apply))
        .with_state(gateway)
}

/// Handles a call, and returns as soon as its answer begins.
async fn call(gateway: Gateway, endpoint: &'static Endpoint, mut request: Request) -> Response {
    if endpoint.is_meant_for_other_api(request.headers()) {
        let path = request.uri().path();
        return error_response(&gateway.services, path, request.headers(), &V1Error::not_offered(path));
    }
    let arrival = Arrival::new(&gateway.services, endpoint, request.headers());
    let id = arrival.id;
    let trace = trace::id(request.headers_mut());
    // Puts the call's id on every log line. At the error level, so that no filter drops it.
    let span = tracing::error_span!("call", %id, trace);
    let capture = Capture::new(&gateway.bodies, &arrival);
    let (request, captured) = (capture.request(request), capture.clone());
    let (reply, answer) = oneshot::channel();
    let guard = RunningGuard::new(&gateway);
    let work = async move {
        let _guard = guard;
        forward::handle(&gateway, arrival, request, AnswerSender::new(reply), captured).await;
    };
    // There is no answer if the work panicked, or the client left before it had sent the whole request.
    let response = DetachedCall::new(work.instrument(span), answer).await;
    let response = response.unwrap_or_else(|| V1Error::internal().response_in(endpoint.dialect, id));
    capture.response(with_request_id(response, endpoint.dialect, id))
}

async fn no_such_path(State(gateway): State<Gateway>, request: Parts) -> Response {
    no_such_path_response(&gateway, &request)
}

/// Answers a request for an unknown path, naming the path and the right base URL.
fn no_such_path_response(gateway: &Gateway, request: &Parts) -> Response {
    let path = request.uri.path();
    let refusal = match dialect::is_anthropics(path) {
        true => V1Error::not_offered(path),
        false => V1Error::no_such_path(path, &gateway.origin(request)),
    };
    error_response(&gateway.services, path, &request.headers, &refusal)
}

/// Answers a request for an unknown path outside this API. Pages of the configured origins may read the
/// answer if the request was meant as a call.
pub(crate) fn no_such_path_elsewhere(gateway: &Gateway, request: &Parts, is_a_call: bool) -> Response {
    let answer = no_such_path_response(gateway, request);
    if is_a_call { cors::apply_to_answer(gateway, request, answer) } else { answer }
}

/// Answers a request whose path takes only the methods in `allowed`.
fn wrong_method(gateway: &Gateway, request: &Parts, allowed: &str) -> Response {
    let respond = |refusal| error_response(&gateway.services, request.uri.path(), &request.headers, &refusal);
    if asks_for_websocket(&request.headers) {
        let mut response = respond(V1Error::no_websocket());
        // A 426 must name the protocol to use instead (RFC 9110, sections 7.8 and 15.5.22).
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("HTTP/1.1"));
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        return response;
    }
    let mut response = respond(V1Error::wrong_method());
    if let Ok(methods) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}

fn asks_for_websocket(headers: &HeaderMap) -> bool {
    headers.get_all(UPGRADE).iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Returns the `allow` header of a path: the methods of its endpoints.
fn allowed_methods(endpoints: &[&Endpoint]) -> String {
    let mut methods: Vec<&str> = Vec::with_capacity(4);
    for endpoint in endpoints {
        match endpoint.verb {
            Verb::Get => methods.extend(["GET", "HEAD"]),
            Verb::Post => methods.push("POST"),
            Verb::Delete => methods.push("DELETE"),
        }
    }
    methods.join(", ")
}

async fn get_only(State(gateway): State<Gateway>, request: Parts) -> Response {
    wrong_method(&gateway, &request, "GET, HEAD")
}
