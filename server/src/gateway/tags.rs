//! Reads a call's tags from its headers.

use axum::http::HeaderMap;
use domain::{
    calls::{CallTags, MAX_TAGS},
    usage::parse_tag_name,
};

use crate::v1::error::V1Error;

/// Beginning of the headers that carry tags. What follows is the tag's name, in any case.
const PREFIX: &str = "x-tollhouse-tag-";
/// How much of a header's name is quoted, in characters.
const MAX_QUOTED: usize = 64;

/// Reads the tags in a call's headers.
///
/// # Errors
/// The first header that isn't a tag, or is one too many: they are meant for Tollhouse alone, so a mistake in one would
/// otherwise go unnoticed.
pub(super) fn of_headers(headers: &HeaderMap) -> Result<CallTags, V1Error> {
    let mut tags = CallTags::default();
    for header in headers.keys() {
        let Some(name) = header.as_str().strip_prefix(PREFIX) else { continue };
        let quoted: String = header.as_str().chars().take(MAX_QUOTED).collect();
        let invalid =
            |reason: &str| V1Error::invalid(quoted.clone(), format!("The header `{quoted}` is invalid. {reason}"));
        let name = parse_tag_name(name)
            .ok_or_else(|| invalid("A tag's name has up to 32 letters, digits, \"_\" and \"-\", a letter first."))?;
        let mut values = headers.get_all(header).iter();
        let (value, more) = (values.next(), values.next());
        if more.is_some() {
            return Err(invalid("Send it only once."));
        }
        let value = std::str::from_utf8(value.map(|value| value.as_bytes()).unwrap_or_default())
            .map_err(|_| invalid("A tag's value must be UTF-8."))?;
        let value = CallTags::checked_value(value).map_err(|reason| invalid(&reason))?;
        if !tags.add(name, value) {
            return Err(invalid(&format!("A call has at most {MAX_TAGS} tags.")));
        }
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&str, &[u8])]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    fn error(pairs: &[(&str, &[u8])]) -> String {
        of_headers(&headers(pairs)).unwrap_err().message()
    }

    #[test]
    fn headers_are_tags_whatever_their_case() {
        let sent = headers(&[
            ("X-Tollhouse-Tag-Customer", b" acme "),
            ("x-tollhouse-tag-feature_2", "Übersicht".as_bytes()),
            ("x-tollhouse-log", b"metadata"),
            ("x-title", b"a"),
        ]);
        let tags = of_headers(&sent).unwrap();
        assert_eq!((tags.get("customer"), tags.get("feature_2"), tags.len()), (Some("acme"), Some("Übersicht"), 2));
        assert!(of_headers(&HeaderMap::new()).unwrap().is_empty());
    }

    #[test]
    fn a_wrong_header_is_named() {
        let long = "x".repeat(129);
        let cases: [&[(&str, &[u8])]; 8] = [
            &[("x-tollhouse-tag-", b"a")],
            &[("x-tollhouse-tag-1st", b"a")],
            &[("x-tollhouse-tag-a.b", b"a")],
            &[("x-tollhouse-tag-a", b"")],
            &[("x-tollhouse-tag-a", b"\xff")],
            &[("x-tollhouse-tag-a", b"a\tb")],
            &[("x-tollhouse-tag-a", long.as_bytes())],
            &[("x-tollhouse-tag-a", b"1"), ("X-Tollhouse-Tag-A", b"1")],
        ];
        for pairs in cases {
            assert!(error(pairs).contains(&format!("`{}`", pairs[0].0)), "{pairs:?}");
        }
        let endless = format!("x-tollhouse-tag-{}", "a".repeat(5_000));
        assert!(error(&[(endless.as_str(), b"a".as_slice())]).len() < 300);
    }

    #[test]
    fn no_call_has_a_ninth_tag() {
        let names: Vec<String> = (0..9).map(|number| format!("x-tollhouse-tag-n{number}")).collect();
        let pairs: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"a".as_slice())).collect();
        assert_eq!(of_headers(&headers(&pairs[..8])).unwrap().len(), 8);
        assert!(error(&pairs).contains("at most 8"));
    }

    proptest! {
        #[test]
        fn any_header_is_a_tag_or_an_error(name in "[a-zA-Z0-9_.!-]{0,40}", value in prop::collection::vec(32_u8.., 0..160)) {
            let mut headers = HeaderMap::new();
            if let (Ok(name), Ok(value)) = (format!("x-tollhouse-tag-{name}").parse::<HeaderName>(), HeaderValue::from_bytes(&value)) {
                headers.insert(name, value);
            }
            if let Ok(tags) = of_headers(&headers) {
                prop_assert_eq!(tags.len(), headers.len());
            }
        }
    }
}
