//! Finds Tollhouse's own keys in data for providers, by their form, so that no provider ever sees one.

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;
use domain::api_keys::Secret;

/// Finds the positions of all texts with the form of a key.
pub(crate) fn find_all(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let begins = memchr::memmem::find_iter(bytes, Secret::BRAND);
    begins.filter_map(|at| Some(at..at + Secret::form_at_start(&bytes[at..])?))
}

/// Whether bytes contain a text with the form of a key.
pub(crate) fn contains_key(bytes: &[u8]) -> bool {
    find_all(bytes).next().is_some()
}

/// Replaces the secret part of keys by asterisks, so that JSON stays valid.
pub(crate) fn mask(bytes: Bytes) -> Bytes {
    let ranges: Vec<Range<usize>> = find_all(&bytes).collect();
    if ranges.is_empty() {
        return bytes;
    }
    let mut masked = bytes.to_vec();
    for range in ranges {
        let key = &mut masked[range];
        let begin = key.iter().rposition(|byte| *byte == b'_').map_or(0, |last| last + 1);
        key[begin..].fill(b'*');
    }
    masked.into()
}

/// Query parameters that contain credentials or another method, neither of which providers need.
const REMOVED_PARAMETERS: [&str; 20] = [
    "_method",
    "access_token",
    "api-key",
    "api_key",
    "apikey",
    "auth",
    "auth_token",
    "authorization",
    "client_secret",
    "key",
    "ocp-apim-subscription-key",
    "password",
    "secret",
    "sig",
    "signature",
    "subscription-key",
    "token",
    "x-api-key",
    "x-goog-api-key",
    "x-http-method-override",
];

/// Removes parameters of a query that providers must not get; the others stay as they were written.
pub(crate) fn query_for_provider(query: &str) -> Cow<'_, str> {
    let is_removed = |pair: &&str| {
        let name = form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name.trim().to_ascii_lowercase());
        name.is_some_and(|name| REMOVED_PARAMETERS.contains(&name.as_str())) || contains_key(&decode(pair))
    };
    if !query.split('&').any(|pair| is_removed(&pair)) {
        return Cow::Borrowed(query);
    }
    Cow::Owned(query.split('&').filter(|pair| !is_removed(pair)).collect::<Vec<_>>().join("&"))
}

/// Whether a query contains a key, possibly percent-encoded.
pub(crate) fn query_contains_key(query: &str) -> bool {
    contains_key(query.as_bytes()) || contains_key(&decode(query))
}

/// Decodes percent-encoding (RFC 3986, section 2.1).
fn decode(query: &str) -> Vec<u8> {
    let bytes = query.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let (byte, length) = match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => ((high * 16 + low) as u8, 3),
            (byte, _, _) => (byte, 1),
        };
        decoded.push(byte);
        at += length;
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "toll_std_000000000000000000000000000000002tlumi";

    #[test]
    fn a_key_is_masked_wherever_it_stands_also_a_mistyped_one() {
        let mistyped = KEY.replace("lumi", "lumj");
        let text = format!(r#"{{"a":"{KEY}x","b":"toll_std_short","c":"xtoll_{mistyped}"}}"#);
        let stars = "*".repeat(38);
        let expected = format!(r#"{{"a":"toll_std_{stars}x","b":"toll_std_short","c":"xtoll_toll_std_{stars}"}}"#);
        assert_eq!(mask(Bytes::from(text)), expected);
        let harmless = Bytes::from_static(b"toll_ toll_std_ toll_std_00");
        assert_eq!(mask(harmless.clone()).as_ptr(), harmless.as_ptr());
    }

    #[test]
    fn a_query_passes_as_it_is_without_what_is_a_credential() {
        for same in ["", "after=a&limit=2", "metadata[key]=a%20b&x=%2F&&y", "api-version=1"] {
            assert_eq!(query_for_provider(same), same);
        }
        assert_eq!(query_for_provider("a=1&key=AIza&b=2&API%5FKEY=x&%61uth=y"), "a=1&b=2");
        assert_eq!(query_for_provider(&format!("a={KEY}&b=2&{KEY}=1")), "b=2");
    }

    #[test]
    fn a_key_in_a_query_is_seen_however_it_is_written() {
        let encoded: String = KEY.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for query in [KEY, &encoded, &format!("a=1&b={}", KEY.replace('_', "%5F")), &format!("a=1;{KEY}=2")] {
            assert!(query_contains_key(query), "{query}");
        }
        assert!(!query_contains_key("a=toll_std_%&b=%zz"));
    }
}
