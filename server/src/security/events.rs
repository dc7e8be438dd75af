//! Tells of what was refused, in the form of all security events.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{MatchedPath, Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use services::security::{Asker, Event, Kind};

use crate::{context::RequestInfo, hub::Hub, server_functions};

/// Who asks, once that is known: set on the way in, read on the way out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known(Arc<OnceLock<Asker>>);

impl Known {
    pub(crate) fn set(&self, asker: Asker) {
        // The first one stays: a request has one asker.
        let _ = self.0.set(asker);
    }

    pub(crate) fn get(&self) -> Option<Asker> {
        self.0.get().copied()
    }

    /// The same for whoever can't name this type.
    pub(crate) fn shared(&self) -> Arc<OnceLock<Asker>> {
        Arc::clone(&self.0)
    }
}

/// What an answer was refused for, where its status doesn't say it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Because(pub(crate) Kind);

/// Tells of answers to the dashboard that are refusals.
pub(crate) async fn note(State(hub): State<Hub>, info: RequestInfo, mut request: Request, next: Next) -> Response {
    let known = info.known.clone();
    request.extensions_mut().insert(known.clone());
    let path = request.uri().path();
    // What isn't a server function's may be made up.
    let route = match server_functions::paths().binary_search(&path) {
        Ok(index) => server_functions::paths()[index].to_owned(),
        Err(_) => matched(&request),
    };
    let response = next.run(request).await;
    if let Some(kind) = kind_of(&response) {
        let event = Event { kind, ip: info.device.ip, asker: known.get(), route: &route };
        hub.services.security().note(hub.services.now(), event);
    }
    response
}

/// What a refusal is one of; nothing for other answers. Those for a wrong password, and for too many of them, are told where
/// it is known whose it is.
pub(crate) fn kind_of(response: &Response) -> Option<Kind> {
    if let Some(Because(kind)) = response.extensions().get() {
        return Some(*kind);
    }
    match response.status() {
        StatusCode::FORBIDDEN => Some(Kind::Forbidden),
        StatusCode::NOT_FOUND => Some(Kind::NotFound),
        _ => None,
    }
}

/// The route that a request takes, as it is written in the router.
pub(crate) fn matched(request: &Request) -> String {
    request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned()
}
