//! Filters the headers that cross the gateway: only listed ones, and those that an
//! operator adds for a provider.

mod answers;
mod requests;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};

/// The direction of a header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum HeaderDirection {
    /// From a client to a provider.
    Request,
    /// From a provider to a client.
    Answer,
}

impl HeaderDirection {
    const fn lists(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Request => (requests::PASSING, requests::NEVER),
            Self::Answer => (answers::PASSING, answers::NEVER),
        }
    }

    /// Whether an operator may allow headers of this name, which may end with `*`.
    pub(crate) fn can_be_added(self, listed: &str) -> bool {
        let (_, never) = self.lists();
        let name = listed.strip_suffix('*').unwrap_or(listed);
        let is_lowercase = !name.is_empty() && name.bytes().all(|byte| !byte.is_ascii_uppercase());
        is_lowercase && name.parse::<HeaderName>().is_ok() && !fits_any(never, name)
    }

    /// Returns the headers that may pass, with all their values.
    pub(super) fn filter(self, headers: &HeaderMap, added: &[String]) -> HeaderMap {
        let (allowed, never) = self.lists();
        let connection_headers = connection_headers(headers);
        let passes = |name: &HeaderName| {
            let text = name.as_str();
            let is_listed = fits_any(allowed, text) || added.iter().any(|listed| fits(listed, text));
            is_listed && !fits_any(never, text) && !connection_headers.contains(name)
        };
        let mut passing = HeaderMap::with_capacity(headers.len().min(16));
        for name in headers.keys().filter(|name| passes(name)) {
            for value in headers.get_all(name) {
                passing.append(name, value.clone());
            }
        }
        passing
    }
}

fn fits(listed: &str, name: &str) -> bool {
    listed.strip_suffix('*').map_or(listed == name, |prefix| name.starts_with(prefix))
}

fn fits_any(list: &[&str], name: &str) -> bool {
    list.iter().any(|listed| fits(listed, name))
}

/// Names of the headers that apply to one connection only (RFC 9110, section 7.6.1).
fn connection_headers(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(header::CONNECTION).iter();
    let texts = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    texts.filter_map(|name| name.trim().parse().ok()).collect()
}

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
    use super::*;
    use crate::v1::credentials;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        headers
    }

    fn left(direction: HeaderDirection, sent: &[(&str, &str)], added: &[&str]) -> Vec<String> {
        let added: Vec<String> = added.iter().map(|name| (*name).to_owned()).collect();
        let passing = direction.filter(&headers(sent), &added);
        let mut left: Vec<_> = passing.keys().map(ToString::to_string).collect();
        left.sort();
        left
    }

    #[test]
    fn only_what_is_listed_passes() {
        let sent = [
            ("authorization", "Bearer x"),
            ("connection", "close, X-Stainless-Private"),
            ("x-stainless-private", "x"),
            ("x-anything", "x"),
            ("accept", "*/*"),
            ("x-stainless-lang", "python"),
            ("openai-organization", "x"),
            ("openai-beta", "x"),
            ("x-http-method-override", "DELETE"),
        ];
        assert_eq!(left(HeaderDirection::Request, &sent, &[]), ["accept", "openai-beta", "x-stainless-lang"]);
        let answered = [
            ("content-type", "application/json"),
            ("openai-processing-ms", "5"),
            ("openai-organization", "x"),
            ("x-ratelimit-remaining-requests", "1"),
            ("set-cookie2", "x"),
            ("x-anything", "x"),
        ];
        assert_eq!(left(HeaderDirection::Answer, &answered, &[]), ["content-type", "openai-processing-ms"]);
    }

    #[test]
    fn an_operators_additions_pass_but_for_what_never_does() {
        let sent = [("x-title", "a"), ("x-acme-one", "a"), ("x-api-key", "a"), ("x-forwarded-for", "a")];
        assert_eq!(left(HeaderDirection::Request, &sent, &["x-title", "x-*"]), ["x-acme-one", "x-title"]);
        for wrong in ["", "*", "X-Title", "x title", "authorization", "cookie", "set-cookie", "x-forwarded-*"] {
            let addable = HeaderDirection::Request.can_be_added(wrong) && HeaderDirection::Answer.can_be_added(wrong);
            assert!(!addable, "{wrong}");
        }
        assert!(HeaderDirection::Request.can_be_added("x-title") && HeaderDirection::Answer.can_be_added("x-acme-*"));
    }

    #[test]
    fn where_a_key_may_be_nothing_is_passed_on() {
        for name in &credentials::KEY_HEADERS {
            assert!(!HeaderDirection::Request.can_be_added(name.as_str()), "{name}");
        }
    }

    #[test]
    fn all_values_of_a_header_pass_or_none() {
        let sent = headers(&[("accept", "1"), ("cookie", "1"), ("accept", "2"), ("cookie", "2")]);
        let passing = HeaderDirection::Request.filter(&sent, &[]);
        assert_eq!(passing.get_all("accept").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(passing.len(), 2);
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
