//! Finds the key in a request.
//!
//! A key is in `Authorization`, with the scheme `Bearer`, or plainly in one of [`KEY_HEADERS`]. Keys are
//! recognized by their form, so that other credentials next to one do no harm. Two different keys are
//! rejected, since a server before or behind the gateway might use the other one. A key in a URL is rejected
//! too, since URLs are logged. Keys in cookies or with the scheme `Basic` are ignored, since browsers send
//! those automatically, even on behalf of other sites.

use axum::http::{HeaderMap, HeaderName, header};
use domain::api_keys::Secret;

use super::{error::V1Error, own_keys};

/// Headers for keys besides `Authorization`: those of Anthropic's API, Azure's, Google's,
/// and Azure's API Management.
pub(crate) static KEY_HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
    HeaderName::from_static("ocp-apim-subscription-key"),
];

/// Finds the key of a request by its headers and query string.
///
/// A key with a wrong checksum is rejected here, without a lookup.
pub(crate) fn secret(headers: &HeaderMap, query: Option<&str>) -> Result<Secret, V1Error> {
    if query.is_some_and(own_keys::query_contains_key) {
        return Err(V1Error::key(
            "Don't put the API key in the URL, which is logged. Send it as `Authorization: Bearer <key>`.",
        ));
    }
    let bearers = headers.get_all(header::AUTHORIZATION).iter().map(|value| {
        let (scheme, key) = value.to_str().unwrap_or_default().split_once(' ').unwrap_or_default();
        if scheme.eq_ignore_ascii_case("bearer") { key.trim() } else { "" }
    });
    let plain = KEY_HEADERS.iter().flat_map(|name| headers.get_all(name));
    let plain = plain.map(|value| value.to_str().unwrap_or_default().trim());
    let is_key = |text: &&str| Secret::form_at_start(text.as_bytes()) == Some(text.len());
    let mut presented = bearers.chain(plain).peekable();
    if presented.peek().is_none() {
        return Err(V1Error::key("Missing API key. Send it as `Authorization: Bearer <key>`."));
    }
    let key = presented.find(is_key).ok_or_else(unknown)?;
    let values = headers.get_all(header::AUTHORIZATION).iter();
    let mut values = values.chain(KEY_HEADERS.iter().flat_map(|name| headers.get_all(name)));
    let is_other = |bytes: &[u8]| own_keys::find_all(bytes).any(|range| bytes[range] != *key.as_bytes());
    if values.any(|value| is_other(value.as_bytes())) {
        return Err(V1Error::key("The request contains several API keys. Send only one."));
    }
    Secret::parse(key).map_err(|_| unknown())
}

/// The error for text that isn't a key and for unknown keys.
pub(crate) fn unknown() -> V1Error {
    V1Error::key("Incorrect API key. Check that you copied all of it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digit: u8) -> Secret {
        Secret::from_digits(domain::api_keys::Level::Standard, [digit; 32])
    }

    fn found(pairs: &[(&'static str, &str)]) -> Result<Secret, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        secret(&headers, None).map_err(|refusal| refusal.message())
    }

    #[test]
    fn a_key_may_come_by_any_header_that_clients_know() {
        let (key, text) = (key(7), key(7).reveal().to_owned());
        for (name, value) in [
            ("authorization", format!("Bearer {text}")),
            ("authorization", format!("bearer  {text} ")),
            ("x-api-key", text.clone()),
            ("api-key", text.clone()),
            ("x-goog-api-key", text.clone()),
            ("ocp-apim-subscription-key", text.clone()),
        ] {
            assert_eq!(found(&[(name, &value)]), Ok(key.clone()));
        }
        let basic = "Basic OnRvbGxfc3RkXzAwMDA=".to_owned();
        for (name, value) in [
            ("authorization", text.clone()),
            ("authorization", format!("Basic {text}")),
            ("authorization", basic),
            ("authorization", format!("Bearer {text}{text}")),
            ("x-api-key", format!("Bearer {text}")),
            ("x-api-key", text.to_lowercase()),
            ("cookie", format!("key={text}")),
            ("x-other", text.clone()),
        ] {
            assert!(found(&[(name, &value)]).is_err(), "{name}");
        }
    }

    #[test]
    fn a_key_beside_a_foreign_credential_is_found_and_beside_another_key_refused() {
        let (key, text, other) = (key(7), key(7).reveal().to_owned(), key(8).reveal().to_owned());
        let (bearer, others_bearer) = (format!("Bearer {text}"), format!("Bearer {other}"));
        let mistyped = format!("Bearer {}x", &other[..other.len() - 1]);
        for more in [("authorization", "Bearer sk-foreign"), ("authorization", "Basic eA=="), ("api-key", "sk-foreign")]
        {
            assert_eq!(found(&[more, ("x-api-key", &text)]), Ok(key.clone()));
            assert_eq!(found(&[("authorization", &bearer), more]), Ok(key.clone()));
        }
        assert_eq!(found(&[("authorization", &bearer), ("x-api-key", &text)]), Ok(key));
        for pairs in [
            [("authorization", &*others_bearer), ("x-api-key", &*text)],
            [("authorization", &bearer), ("authorization", &others_bearer)],
            [("authorization", &mistyped), ("x-api-key", &text)],
            [("authorization", &format!("{bearer}, {others_bearer}")), ("x-api-key", &text)],
            [("x-api-key", &text), ("x-goog-api-key", &other)],
        ] {
            assert!(found(&pairs).unwrap_err().contains("several"), "{pairs:?}");
        }
    }

    #[test]
    fn what_stands_behind_a_proxy_sees_no_key_by_the_documented_configuration() {
        let nginx = include_str!("../../../docs/nginx-authz.conf").to_ascii_lowercase();
        let envoy = include_str!("../../../docs/authz.md");
        for name in &KEY_HEADERS {
            assert!(envoy.contains(&format!("exact: {name} ")), "Envoy doesn't ask about {name}");
            assert!(nginx.contains(&format!("proxy_set_header {name} \"\";")), "nginx passes on {name}");
        }
        assert!(nginx.contains("proxy_set_header authorization \"\";"));
    }

    #[test]
    fn a_key_in_the_address_is_refused_whatever_else_is_there() {
        let text = key(7).reveal().to_owned();
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, format!("Bearer {text}").parse().unwrap())]);
        let refusal = secret(&headers, Some(&format!("api_key={text}"))).unwrap_err();
        assert!(refusal.message().contains("URL"));
        assert!(secret(&headers, Some("api_key=sk-foreign")).is_ok());
    }
}
