//! Lets only the dashboard itself change something: Leptos checks no origins of its own.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::errors::ApiError;

use services::security::Kind;

use super::events::Because;
use crate::{answers::error, context::RequestInfo, hub::Hub};

/// Refuses what another site made the browser send, and what isn't JSON.
pub(crate) async fn guard(State(_): State<Hub>, info: RequestInfo, request: Request, next: Next) -> Response {
    if info.exposed {
        let message = "This dashboard is reached over plain http, where its session could be read on the way. \
                       Put it behind https, or let the operator set allow_insecure_http for a private network.";
        return refused(message, Kind::PlainHttp);
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    if !is_same_origin(request.headers(), &info.origin) {
        return refused("The request came from another site.", Kind::OtherSite);
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

fn refused(message: &str, kind: Kind) -> Response {
    let mut response = error(ApiError::Forbidden(message.to_owned()));
    response.extensions_mut().insert(Because(kind));
    response
}

/// Browsers tell where a request comes from by `Sec-Fetch-Site`, older ones by `Origin`; without either it is refused.
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
