//! The management API: keys and usage for programs, as in the dashboard.
//!
//! Its paths begin with `/v1/organization` and follow [OpenAI's administration
//! API](https://platform.openai.com/docs/api-reference/administration), so that its official clients work
//! with it. `docs/api-keys.md` marks everything that OpenAI doesn't have.

mod buckets;
mod costs;
mod key_bodies;
mod key_object;
mod keys;
mod leaks;
mod list;
mod routes;
mod usage;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};

use services::{events::Events, security::SecurityEvent};

pub use self::routes::all_routes as routes;
use crate::{
    context::KnownCaller,
    gateway::{Gateway, with_new_request_id},
    hub::Hub,
    security::events,
};

/// Maximum body size of a request: the longest lists of a key's models and networks fit in.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// The handlers' state. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Management(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) hub: Hub,
    pub(crate) gateway: Gateway,
    pub(crate) events: Events,
}

impl std::ops::Deref for Management {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Routes all paths of the management API. The gateway answers unknown ones, as all others under `/v1`.
pub fn router(hub: Hub, gateway: Gateway) -> Router {
    let events = Events::start(&hub.services);
    let management = Management(Arc::new(Inner { hub, gateway, events }));
    routes::router().layer(middleware::from_fn_with_state(management.clone(), finish)).with_state(management)
}

/// Records refusals, and adds the headers of every response: the request's id, and `no-store`.
async fn finish(State(management): State<Management>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let (ip, caller) = (management.gateway.client_ip(&parts), KnownCaller::default());
    parts.extensions.insert(caller.clone());
    let request = Request::from_parts(parts, body);
    let route = events::matched_route(&request);
    let answer = next.run(request).await;
    // Requests with an invalid key are recorded where the key is looked up.
    if let (Some(kind), Some(caller)) = (events::kind_of(&answer), caller.get()) {
        let services = &management.hub.services;
        services.security().record(services.now(), SecurityEvent { kind, ip, caller: Some(caller), route: &route });
    }
    let mut response = with_new_request_id(&management.gateway, answer);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
