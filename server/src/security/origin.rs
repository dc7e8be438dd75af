//! Lets only the dashboard itself make changes: Leptos checks no origins.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::errors::ApiError;
use services::security::SecurityEventKind;

use super::events::SecurityReason;
use crate::{context::RequestInfo, hub::Hub, server_functions::error_response};

/// Refuses requests that another site made the browser send, and bodies that aren't JSON.
pub(crate) async fn guard(State(_): State<Hub>, info: RequestInfo, request: Request, next: Next) -> Response {
    if info.is_exposed {
        let message = "Signing in over plain http isn't safe. Use https, or ask the operator to set \
                       allow_insecure_http for a private network.";
        return forbidden(message, SecurityEventKind::PlainHttp);
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    if !is_same_origin(request.headers(), &info.origin) {
        return forbidden("The request came from another site.", SecurityEventKind::OtherSite);
    }
    let is_json =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
            value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
        });
    if !is_json {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    next.run(request).await
}

fn forbidden(message: &str, kind: SecurityEventKind) -> Response {
    let mut response = error_response(ApiError::Forbidden(message.to_owned()));
    response.extensions_mut().insert(SecurityReason(kind));
    response
}

/// Whether a request comes from the dashboard's origin. Browsers send `Sec-Fetch-Site`, older ones `Origin`;
/// a request with neither is refused.
pub(crate) fn is_same_origin(headers: &HeaderMap, own: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => headers.get(header::ORIGIN).is_some_and(|origin| origin == own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_the_same_origin_passes() {
        let own = "https://hub.example";
        assert!(is_same_origin(&headers(&[("sec-fetch-site", "same-origin")]), own));
        assert!(is_same_origin(&headers(&[("origin", "https://hub.example")]), own));
        for wrong in [
            &[][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://hub.example")],
            &[("origin", "https://hub.example.evil")],
            &[("origin", "null")],
        ] {
            assert!(!is_same_origin(&headers(wrong), own), "{wrong:?}");
        }
    }
}
