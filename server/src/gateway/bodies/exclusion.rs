//! Keeps bodies of single calls out of the log.

use axum::http::{HeaderMap, HeaderName};
use domain::bodies::BodyExclusion;
use services::api_keys::directory::KeyRecord;

use crate::v1::error::V1Error;

/// Header by which a client says what is stored of its call.
const LOG: HeaderName = HeaderName::from_static("x-tollhouse-log");
/// The header's value that keeps the bodies out. It only ever takes away, so there is none that adds them.
const METADATA: &[u8] = b"metadata";

/// Returns the reason why bodies of a call aren't stored; `None` if its organization decides.
///
/// # Errors
/// The header has another value: a client that misspells it wants bodies kept out, and must not learn later that they
/// were stored.
pub(in crate::gateway) fn find_exclusion(
    key: &KeyRecord,
    headers: &HeaderMap,
) -> Result<Option<BodyExclusion>, V1Error> {
    let by_header = is_excluded_by(headers)?.then_some(BodyExclusion::Header);
    Ok(by_header.or(key.metadata_only.then_some(BodyExclusion::Key)))
}

fn is_excluded_by(headers: &HeaderMap) -> Result<bool, V1Error> {
    let mut values = headers.get_all(LOG).iter().map(|value| value.as_bytes().trim_ascii()).peekable();
    let is_present = values.peek().is_some();
    if values.all(|value| value.eq_ignore_ascii_case(METADATA)) {
        Ok(is_present)
    } else {
        Err(V1Error::invalid("x-tollhouse-log", "The header x-tollhouse-log must be `metadata`, or be left out."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Option<bool> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(LOG, value.parse().unwrap());
        }
        is_excluded_by(&headers).ok()
    }

    #[test]
    fn the_header_keeps_bodies_out_or_is_an_error() {
        assert_eq!((read(&[]), read(&["metadata"]), read(&[" Metadata "])), (Some(false), Some(true), Some(true)));
        for wrong in [&[""][..], &["meta-data"], &["none"], &["metadata, full"], &["metadata", "full"]] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
