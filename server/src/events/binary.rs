//! Events in binary mode: attributes in headers, and the data as the body.
//!
//! Source: CloudEvents'
//! [HTTP binding](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#31-binary-content-mode),
//! section 3.1.

use axum::http::{HeaderMap, HeaderValue, header};
use percent_encoding::percent_decode_str;
use services::events::Attributes;

use crate::v1::error::V1Error;

/// The prefix of headers with attributes.
const PREFIX: &str = "ce-";

/// Reads the attributes in these headers; `None` if there are none. Unknown ones are ignored.
pub(super) fn attributes(headers: &HeaderMap) -> Result<Option<Attributes>, V1Error> {
    if !headers.keys().any(|name| name.as_str().starts_with(PREFIX)) {
        return Ok(None);
    }
    let attribute = |name: &str| {
        let header = format!("{PREFIX}{name}");
        let mut values = headers.get_all(&header).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(String::new()),
            (Some(value), None) => text(value).ok_or_else(|| V1Error::malformed(format!("`{header}` is invalid."))),
            (Some(_), Some(_)) => Err(V1Error::malformed(format!("`{header}` must be given exactly once."))),
        }
    };
    Ok(Some(Attributes {
        specversion: attribute("specversion")?,
        id: attribute("id")?,
        source: attribute("source")?,
        kind: attribute("type")?,
        time: attribute("time")?,
        // In this mode it is the body's own type.
        datacontenttype: headers.get(header::CONTENT_TYPE).and_then(text).unwrap_or_default(),
    }))
}

/// Decodes a header's value: percent-encoded UTF-8, perhaps in quotes (section 3.1.3.2).
fn text(value: &HeaderValue) -> Option<String> {
    let value = value.to_str().ok()?.trim();
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let plain = quoted.map_or_else(|| value.to_owned(), unescape);
    percent_decode_str(&plain).decode_utf8().ok().map(Into::into)
}

/// Removes the backslashes that escape characters in a quoted text.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(if character == '\\' { characters.next().unwrap_or(character) } else { character });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Result<Option<Attributes>, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        attributes(&headers).map_err(|refusal| refusal.message())
    }

    #[test]
    fn attributes_are_read_as_the_binding_writes_them() {
        let headers = [
            ("ce-specversion", "1.0"),
            ("ce-id", "Euro%20%E2%82%AC%20%F0%9F%98%80"),
            ("ce-source", "\"/a \\\"b\\\"\""),
            ("ce-type", "tollhouse.call"),
            ("ce-extension", "1"),
            ("content-type", "application/json"),
        ];
        let attributes = read(&headers).unwrap().unwrap();
        assert_eq!((attributes.id.as_str(), attributes.source.as_str()), ("Euro € 😀", "/a \"b\""));
        assert_eq!((attributes.kind.as_str(), attributes.time.as_str()), ("tollhouse.call", ""));
        assert_eq!(attributes.datacontenttype, "application/json");
        assert_eq!(read(&[("content-type", "application/json")]), Ok(None));
        assert!(read(&[("ce-id", "1"), ("ce-id", "2")]).unwrap_err().contains("ce-id"));
        assert!(read(&[("ce-id", "%ff")]).is_err());
    }
}
