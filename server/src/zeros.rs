//! Refuses the character U+0000: PostgreSQL can't store it in text, and no address or form has a use for it.
//!
//! Programs' requests to models pass through unchanged, and aren't checked here.

use axum::{
    extract::Request,
    http::{StatusCode, Uri},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::errors::FieldErrors;

/// The advice for a refused request.
pub(crate) const MESSAGE: &str = "Remove the character U+0000.";

/// Whether a path or query contains the character.
pub(crate) fn is_in_uri(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    uri.path().contains("%00") || query.contains("%00")
}

/// Whether one of a JSON text's strings contains the character, escaped or literally.
pub(crate) fn is_in_json(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(position) = rest.iter().position(|byte| matches!(byte, b'\\' | 0)) {
        if rest[position] == 0 || rest[position..].starts_with(br"\u0000") {
            return true;
        }
        // An escaped backslash begins no escape.
        rest = rest.get(position + 2..).unwrap_or_default();
    }
    false
}

/// The error for an input that contains the character.
pub(crate) fn error() -> FieldErrors {
    FieldErrors::of("body", MESSAGE)
}

/// Middleware for the dashboard.
pub(crate) async fn reject_zeros(request: Request, next: Next) -> Response {
    if is_in_uri(request.uri()) { (StatusCode::BAD_REQUEST, MESSAGE).into_response() } else { next.run(request).await }
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
            assert!(is_in_uri(&uri.parse().unwrap()), "{uri}");
        }
        for uri in ["/o/a", "/keys?search=%2500", "/%0", "/?%01"] {
            assert!(!is_in_uri(&uri.parse().unwrap()), "{uri}");
        }
    }
}
