//! Refuses the character U+0000: PostgreSQL stores no text with it, and no address or form has a use for it.
//!
//! What programs send to models is bytes that pass through, and isn't looked at here.

use axum::{
    extract::{Request, State},
    http::{StatusCode, Uri},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::errors::FieldErrors;

use crate::{
    gateway::{self, Gateway},
    v1::error::Refusal,
};

const MESSAGE: &str = "Remove the character U+0000.";

/// Whether it is in a path or query.
fn is_in(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    uri.path().contains("%00") || query.contains("%00")
}

/// Whether it is in one of a JSON text's strings, as an escape or as such.
pub(crate) fn is_in_json(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(place) = rest.iter().position(|byte| matches!(byte, b'\\' | 0)) {
        if rest[place] == 0 || rest[place..].starts_with(br"\u0000") {
            return true;
        }
        // An escaped backslash begins no escape.
        rest = rest.get(place + 2..).unwrap_or_default();
    }
    false
}

/// What is wrong with an input that holds it.
pub(crate) fn error() -> FieldErrors {
    FieldErrors::of("body", MESSAGE)
}

/// For the dashboard.
pub(crate) async fn refuse(request: Request, next: Next) -> Response {
    if is_in(request.uri()) { (StatusCode::BAD_REQUEST, MESSAGE).into_response() } else { next.run(request).await }
}

/// The same under `/v1`, in the form of the API that the path belongs to.
pub(crate) async fn refuse_programs(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    if is_in(request.uri()) {
        return gateway::refused(&gateway, request.uri().path(), request.headers(), &Refusal::malformed(MESSAGE));
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_for_it_is_found() {
        for json in [r#""\u0000""#, r#"{"a\u0000":1}"#, r#"["\\\u0000"]"#, "\"\0\"", r#""\"\u0000""#] {
            assert!(is_in_json(json.as_bytes()), "{json:?}");
        }
        for json in [
            r#""\\u0000""#,
            r#""\u0001""#,
            r#""u0000""#,
            r#""\\\\u0000""#,
            r#""\u00000"#.replace("00000", "00010").as_str(),
            "\"\\",
        ] {
            assert!(!is_in_json(json.as_bytes()), "{json:?}");
        }
    }

    #[test]
    fn it_is_found_in_paths_and_queries() {
        for uri in ["/o/a%00", "/keys?search=%00", "/v1/files?after=a%00b", "/%2500?x=%00"] {
            assert!(is_in(&uri.parse().unwrap()), "{uri}");
        }
        for uri in ["/o/a", "/keys?search=%2500", "/%0", "/?%01"] {
            assert!(!is_in(&uri.parse().unwrap()), "{uri}");
        }
    }
}
