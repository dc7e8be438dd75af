//! Decides which headers cross the gateway: only listed ones, and those that an operator adds for a provider.

mod answers;
mod requests;

use axum::http::{HeaderMap, HeaderName, header};

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
    pub(crate) fn filter(self, headers: &HeaderMap, added: &[String]) -> HeaderMap {
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
}
