//! The dashboard's files, as built by Trunk: embedded in release builds, read from `target/dashboard` in
//! debug builds.

use std::{borrow::Cow, collections::HashMap};

use app::addresses::CodePart;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/dashboard"]
struct Files;

const INDEX: &str = "index.html";
const PARTS: &str = "parts.json";

/// Every file name except the page's contains a hash of the content.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The page that starts the dashboard; `None` if the dashboard isn't built.
pub(super) fn index() -> Option<String> {
    let file = Files::get(INDEX)?;
    String::from_utf8(file.data.into_owned()).ok()
}

/// The files of each part of the dashboard's code, as listed by scripts/split; empty if the code is in one
/// piece.
pub(super) fn parts() -> Result<HashMap<CodePart, Vec<String>>, serde_json::Error> {
    Files::get(PARTS).map_or_else(|| Ok(HashMap::new()), |file| serde_json::from_slice(&file.data))
}

/// The file at `path`, in the best compression that the client accepts; `None` if there is no such file.
pub(super) fn file(path: &str, request: &HeaderMap) -> Option<Response> {
    let path = path.trim_start_matches('/');
    if path.is_empty() || path == INDEX || path == PARTS {
        return None;
    }
    let plain = Files::get(path)?;
    let (encoding, bytes) = ["br", "gzip"]
        .into_iter()
        .filter(|encoding| accepts(request, encoding))
        .find_map(|encoding| {
            let suffix = if encoding == "br" { "br" } else { "gz" };
            Some((Some(encoding), Files::get(&format!("{path}.{suffix}"))?.data))
        })
        .unwrap_or((None, plain.data));
    let body = match bytes {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    let mut response = (StatusCode::OK, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type(path));
    headers.insert(header::CACHE_CONTROL, IMMUTABLE);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Some(response)
}

/// Whether the client accepts `encoding` (RFC 9110, section 12.5.3); `q=0` rejects it.
fn accepts(request: &HeaderMap, encoding: &str) -> bool {
    let accepted = request.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|item| {
        let (name, quality) = item.split_once(';').unwrap_or((item, ""));
        name.trim().eq_ignore_ascii_case(encoding) && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

fn content_type(path: &str) -> HeaderValue {
    HeaderValue::from_static(match path.rsplit('.').next().unwrap_or_default() {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "webmanifest" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(accept: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, accept.parse().unwrap())])
    }

    #[test]
    fn an_encoding_with_quality_zero_is_not_accepted() {
        assert!(accepts(&request("gzip, deflate, br;q=0.9"), "br"));
        assert!(!accepts(&request("gzip, br;q=0"), "br"));
        assert!(!accepts(&HeaderMap::new(), "gzip"));
    }
}
