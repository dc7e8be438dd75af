//! The model that a rejected call asked for, as far as its body has arrived: for the log, which explains rejections.
//!
//! A call is mostly rejected before its body is read. No more is read for this than its first piece, which usually
//! comes along with the headers.

use std::{fmt, time::Duration};

use axum::{
    body::Body,
    http::{
        HeaderMap,
        header::{CONTENT_ENCODING, EXPECT},
    },
};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use serde::{
    Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use tokio::time::timeout;

/// How long to wait for the first piece of the body.
const PIECE_TIMEOUT: Duration = Duration::from_millis(250);

/// Reads the model from the first piece of a JSON body; empty if it isn't there.
pub(super) async fn read(headers: &HeaderMap, mut body: Body) -> String {
    // Reading would ask a client that expects that for its whole body.
    if body.is_end_stream() || headers.contains_key(EXPECT) || headers.contains_key(CONTENT_ENCODING) {
        return String::new();
    }
    let piece = timeout(PIECE_TIMEOUT, body.frame()).await.ok().flatten().and_then(Result::ok);
    piece.and_then(|piece| piece.into_data().ok()).map(|data| find(&data)).unwrap_or_default()
}

/// Finds the model in the beginning of a JSON object.
fn find(json: &[u8]) -> String {
    let mut model = String::new();
    // The rest isn't read, which is an error.
    let _ = serde_json::Deserializer::from_slice(json).deserialize_map(ModelVisitor(&mut model));
    model
}

struct ModelVisitor<'m>(&'m mut String);

impl<'de> Visitor<'de> for ModelVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "model" {
                *self.0 = map.next_value()?;
                break;
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_model_is_found_before_and_after_other_values_and_in_a_part() {
        for (json, model) in [
            (r#"{"model":"gpt-x","messages":["#, "gpt-x"),
            (r#"{"messages":[{"role":"user","content":"{\"model\":\"no\"}"}],"model":"gpt-x"}"#, "gpt-x"),
            (r#"{"metadata":{"model":"no"},"model":"a/b \u00fc"}"#, "a/b ü"),
            (r#"{"model":"gp"#, ""),
            (r#"{"model":7}"#, ""),
            (r#"["model"]"#, ""),
            ("--boundary", ""),
            ("", ""),
        ] {
            assert_eq!(find(json.as_bytes()), model, "{json}");
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_keeps_no_answer_waiting() {
        let pending = Body::from_stream(futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
        assert_eq!(read(&HeaderMap::new(), pending).await, "");
        let body = || Body::from(r#"{"model":"gpt-x"}"#);
        assert_eq!(read(&HeaderMap::new(), body()).await, "gpt-x");
        for header in [EXPECT, CONTENT_ENCODING] {
            let headers = HeaderMap::from_iter([(header, "x".parse().unwrap())]);
            assert_eq!(read(&headers, body()).await, "");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_model_or_none(bytes: Vec<u8>) {
            let _ = find(&bytes);
        }
    }
}
