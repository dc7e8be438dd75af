//! Reads content types and file names from headers, and adds the headers that protect browsers.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

/// Whether the body is a stream of server-sent events.
pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    let essence = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    essence
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// Whether the content type is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// Makes a browser save the answer instead of showing it, with the provider's file name if it has a plain one
/// (RFC 6266).
pub(super) fn set_attachment(headers: &mut HeaderMap, file_name: Option<&str>) {
    let disposition = file_name.map(|name| format!("attachment; filename=\"{name}\""));
    let disposition = disposition.and_then(|value| HeaderValue::try_from(value).ok());
    headers.insert(header::CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment")));
}

/// The file name in a `content-disposition`, if it is made of letters, digits and a few other characters.
pub(super) fn file_name(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_DISPOSITION)?.to_str().ok()?;
    let name = value.split(';').find_map(|part| part.trim().strip_prefix("filename="))?.trim_matches('"');
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b' ');
    let is_plain = !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.bytes().all(is_allowed);
    is_plain.then(|| name.to_owned())
}

/// Forbids caching of an answer under `/v1`, and running any of its content in a
/// browser, whatever its origin.
pub(super) async fn add_security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn event_streams_are_told_by_their_type() {
        assert!(is_event_stream(&headers(&[("content-type", "Text/Event-Stream; charset=utf-8")])));
        assert!(!is_event_stream(&headers(&[("content-type", "application/json")])));
        assert!(is_json(&headers(&[("content-type", "Application/problem+JSON; charset=utf-8")])));
        assert!(!is_json(&headers(&[("content-type", "text/json-like")])) && !is_json(&HeaderMap::new()));
        assert!(!is_event_stream(&HeaderMap::new()));
    }

    #[test]
    fn a_file_keeps_a_plain_name_only() {
        let name = |value: &str| file_name(&headers(&[("content-disposition", value)]));
        assert_eq!(name("attachment; filename=\"a b.jsonl\"").as_deref(), Some("a b.jsonl"));
        assert_eq!(name("inline; filename=a.pdf").as_deref(), Some("a.pdf"));
        for odd in
            ["inline", "attachment; filename=\"../a\"", "attachment; filename=\"a\\\".html\"", "filename=.bashrc"]
        {
            assert_eq!(name(odd), None, "{odd}");
        }
        let mut answer = HeaderMap::new();
        set_attachment(&mut answer, Some("a.pdf"));
        assert_eq!(answer["content-disposition"], "attachment; filename=\"a.pdf\"");
    }
}
