//! The gateway: takes calls in OpenAI's form, checks the key, forwards them to a
//! provider, and stores what they used before their answer ends.
//!
//! Work on a call goes on when the client hangs up: what the provider charges
//! for is recorded all the same.

mod accept;
mod answers;
mod bodies;
mod body;
pub(crate) mod breaker;
pub(crate) mod budget;
mod call;
mod collect;
mod cors;
mod detached;
pub(crate) mod endpoint;
mod estimate;
mod form;
mod forward;
pub(crate) mod headers;
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
mod routing;
mod running;
mod settings;
mod sse;
mod timing;
mod trace;
mod usage;

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method,
        header::{ALLOW, CONNECTION, UPGRADE},
        request::Parts,
    },
    middleware::{from_fn_with_state, map_response},
    response::Response,
    routing::{MethodRouter, any, get},
};
use domain::ids::CallId;
use services::{
    Services,
    api_keys::{directory::KeyDirectory, uses::KeyUses},
    metering::{Meter, new_call_id},
    rate_limits::RateLimiter,
};
use tokio::sync::{oneshot, watch};
use tracing::Instrument;

use self::{
    bodies::Capture,
    budget::Budget,
    call::Arrival,
    detached::Answering,
    endpoint::{Dialect, ENDPOINTS, Endpoint, Verb},
    limits::Reply,
    payload::Disk,
    refusal_log::Refusals,
    running::{Running, guard::UnderWay},
    settings::Settings,
};
use crate::v1::error::Refusal;
use crate::{
    config::{Config, ConfigError},
    metrics::Metrics,
};

/// Tells the client its call's id, which is the one in Logs.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The same as Anthropic's clients know it.
const ANTHROPIC_REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// The models that a key may call, which is no call.
const MODELS: &str = "/v1/models";
/// One of them; names may have slashes.
const MODEL: &str = "/v1/models/{*model}";

/// What every call works with. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

/// What its clones share.
pub struct Inner {
    pub(crate) services: Services,
    meter: Meter,
    pub(crate) directory: KeyDirectory,
    pub(crate) uses: KeyUses,
    /// What the configuration says now.
    pub(crate) settings: ArcSwap<Settings>,
    running: Running,
    rates: RateLimiter,
    refusals: Refusals,
    metrics: Metrics,
    bodies: bodies::Writer,
    /// Where uploads wait.
    disk: Disk,
    /// What is worked on in memory, but for what is small.
    memory: Budget,
    /// How many calls are under way.
    calls: watch::Sender<usize>,
}

impl Gateway {
    /// Must be made within a tokio runtime, in which it watches for changed keys.
    pub fn new(services: Services, meter: Meter, config: &Config) -> Result<Self, ConfigError> {
        let directory = KeyDirectory::start(&services).trusting_for(config.gateway.journal_max_age);
        let (metrics, bodies) = record::counted(&services).map_err(|error| ConfigError::Setting {
            name: "metrics",
            advice: format!("{error}. This is a defect; report it."),
        })?;
        let limits = config.gateway;
        Ok(Self(Arc::new(Inner {
            uses: KeyUses::start(&services),
            running: Running::start(&directory),
            rates: RateLimiter::start(&services),
            refusals: Refusals::start(&meter),
            directory,
            settings: ArcSwap::from_pointee(Settings::new(&services, config, None)?),
            services,
            meter,
            bodies,
            metrics,
            disk: Disk::new(&config.data, Budget::new(limits.max_spool_bytes, limits.max_upload_bytes)),
            memory: Budget::new(limits.max_memory_bytes, receive::largest(&limits)),
            calls: watch::Sender::new(0),
        })))
    }

    /// Returns when no call is under way, not even one whose client has gone. To be awaited between the end of the
    /// server and that of the meter.
    pub async fn finished(&self) {
        // Fails only when the sender is gone, which this very gateway holds.
        let _ = self.0.calls.subscribe().wait_for(|calls| *calls == 0).await;
    }

    /// Writes what is still to be written of who used which key, and of refusals. To be awaited at the end of the server,
    /// before that of the meter.
    pub async fn note_last_uses(&self) {
        // All at once: a database that doesn't answer is waited for once.
        tokio::join!(self.uses.finish(), self.bodies.finish(), self.refusals.finish());
    }
}

impl std::ops::Deref for Gateway {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Every method and path that the gateway answers, with `{…}` for what changes.
pub fn routes() -> Vec<(Method, &'static str)> {
    let forwarded = ENDPOINTS.iter().map(|endpoint| (endpoint.verb.method(), endpoint.path));
    forwarded.chain([(Method::GET, MODELS), (Method::GET, MODEL)]).collect()
}

/// All paths under `/v1`.
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
        let allowed = allowed(&endpoints);
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
        .layer(map_response(headers::guarded))
        .layer(from_fn_with_state(gateway.clone(), cors::share))
        .with_state(gateway)
}

/// Has a call worked on, and answers when its answer begins.
async fn call(gateway: Gateway, endpoint: &'static Endpoint, mut request: Request) -> Response {
    if endpoint.is_meant_otherwise(request.headers()) {
        let path = request.uri().path();
        return refused(&gateway, path, request.headers(), &Refusal::not_offered(path));
    }
    let arrival = Arrival::new(&gateway.services, endpoint);
    let id = arrival.id;
    let trace = trace::id(request.headers_mut());
    // Whatever is logged on the way says which call it was, whatever the filter lets through.
    let span = tracing::error_span!("call", %id, trace);
    let capture = Capture::new(&gateway.bodies, &arrival);
    let (request, captured) = (capture.request(request), capture.clone());
    let (reply, answer) = oneshot::channel();
    let under_way = UnderWay::new(&gateway);
    let work = async move {
        let _under_way = under_way;
        forward::handle(&gateway, arrival, request, Reply::new(reply), captured).await;
    };
    // Without an answer the work panicked, or the client sent half a request and left.
    let response = Answering::new(work.instrument(span), answer).await;
    let response = response.unwrap_or_else(|| Refusal::internal().response_in(endpoint.dialect, id));
    capture.response(identified(response, endpoint.dialect, id))
}

fn identified(mut response: Response, dialect: Dialect, id: CallId) -> Response {
    // An id is plain ASCII, so this can't fail.
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        if dialect == Dialect::Anthropic {
            response.headers_mut().insert(ANTHROPIC_REQUEST_ID, value.clone());
        }
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The same for what is no call, and isn't in the log.
pub(crate) fn identified_anew(gateway: &Gateway, response: Response) -> Response {
    identified(response, Dialect::OpenAi, new_call_id(gateway.services.now()))
}

/// The answer to what is no call, in the form of the API that is asked for.
pub(crate) fn refused(gateway: &Gateway, path: &str, headers: &HeaderMap, refusal: &Refusal) -> Response {
    let dialect = Dialect::of(path, headers);
    let id = new_call_id(gateway.services.now());
    identified(refusal.response_in(dialect, id), dialect, id)
}

async fn no_such_path(State(gateway): State<Gateway>, request: Parts) -> Response {
    nothing_at(&gateway, &request)
}

/// To whom asks for a path that there isn't: names it, and the base URL that would be right.
fn nothing_at(gateway: &Gateway, request: &Parts) -> Response {
    let path = request.uri.path();
    let refusal = match endpoint::is_anthropics(path) {
        true => Refusal::not_offered(path),
        false => Refusal::no_such_path(path, &gateway.origin(request)),
    };
    refused(gateway, path, &request.headers, &refusal)
}

/// The same at an address that isn't this API's. Where it was meant for a call, pages of named origins may read it.
pub(crate) fn nothing_elsewhere(gateway: &Gateway, request: &Parts, is_a_call: bool) -> Response {
    let answer = nothing_at(gateway, request);
    if is_a_call { cors::share_answer(gateway, request, answer) } else { answer }
}

/// To whom asks for a path that takes the methods `allowed` only.
fn wrong_method(gateway: &Gateway, request: &Parts, allowed: &str) -> Response {
    let refused = |refusal| refused(gateway, request.uri.path(), &request.headers, &refusal);
    if asks_for_websocket(&request.headers) {
        let mut response = refused(Refusal::no_websocket());
        // What would be right, as the status wants it (RFC 9110, sections 7.8 and 15.5.22).
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("HTTP/1.1"));
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        return response;
    }
    let mut response = refused(Refusal::wrong_method());
    if let Ok(methods) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}

fn asks_for_websocket(headers: &HeaderMap) -> bool {
    headers.get_all(UPGRADE).iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// The methods that a path takes are those of its endpoints.
fn allowed(endpoints: &[&Endpoint]) -> String {
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
