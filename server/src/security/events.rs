//! Records refused requests as security events.

use axum::{
    extract::{MatchedPath, Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use services::security::{SecurityEvent, SecurityEventKind};

use crate::{context::RequestInfo, hub::Hub, server_functions};

/// The reason for a refusal, if its status doesn't show it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SecurityReason(pub(crate) SecurityEventKind);

/// Records refusals among the dashboard's responses.
pub(crate) async fn log_refusals(
    State(hub): State<Hub>,
    info: RequestInfo,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = info.caller.clone();
    request.extensions_mut().insert(caller.clone());
    let path = request.uri().path();
    // Other paths may be made up.
    let route = match server_functions::paths().binary_search(&path) {
        Ok(index) => server_functions::paths()[index].to_owned(),
        Err(_) => matched_route(&request),
    };
    let response = next.run(request).await;
    if let Some(kind) = kind_of(&response) {
        let event = SecurityEvent { kind, ip: info.device.ip, caller: caller.get(), route: &route };
        hub.services.security().record(hub.services.now(), event);
    }
    response
}

/// The kind of a refusal; `None` for other responses. Wrong passwords, and too many of them, are recorded
/// where the user is known.
pub(crate) fn kind_of(response: &Response) -> Option<SecurityEventKind> {
    if let Some(SecurityReason(kind)) = response.extensions().get() {
        return Some(*kind);
    }
    match response.status() {
        StatusCode::FORBIDDEN => Some(SecurityEventKind::Forbidden),
        StatusCode::NOT_FOUND => Some(SecurityEventKind::NotFound),
        _ => None,
    }
}

/// The route that a request matched, as written in the router.
pub(crate) fn matched_route(request: &Request) -> String {
    request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned()
}
