//! The management API: what the dashboard can do with keys and usage, for programs.
//!
//! Under `/v1/organization`, in the shapes of
//! [OpenAI's administration API](https://platform.openai.com/docs/api-reference/administration), so that its official
//! clients work against it. What OpenAI doesn't have is said to be ours in `docs/api-keys.md`.

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

use services::{events::Events, security::Event};

pub use self::routes::listed as routes;
use crate::{
    gateway::{Gateway, identified_anew},
    hub::Hub,
    security::events::{self, Known},
};

/// Largest body of a request, in bytes: a key's lists of models and networks at their longest fit in.
pub(crate) const LARGEST_BODY: usize = 64 * 1024;

/// What the handlers work with. Cheap to clone.
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

/// All its paths. Unknown ones are the gateway's to refuse, as all others under `/v1`.
pub fn router(hub: Hub, gateway: Gateway) -> Router {
    let events = Events::start(&hub.services);
    let management = Management(Arc::new(Inner { hub, gateway, events }));
    routes::router().layer(middleware::from_fn_with_state(management.clone(), finish)).with_state(management)
}

/// Adds what every answer carries: the request's id, and that nobody on the way may keep it.
async fn finish(State(management): State<Management>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let (ip, known) = (management.gateway.client_ip(&parts), Known::default());
    parts.extensions.insert(known.clone());
    let request = Request::from_parts(parts, body);
    let route = events::matched(&request);
    let answer = next.run(request).await;
    // Keys that aren't good for anything are told of where they are looked up.
    if let (Some(kind), Some(asker)) = (events::kind_of(&answer), known.get()) {
        let services = &management.hub.services;
        services.security().note(services.now(), Event { kind, ip, asker: Some(asker), route: &route });
    }
    let mut response = identified_anew(&management.gateway, answer);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
