//! W3C Trace Context (https://www.w3.org/TR/trace-context/): the trace that a call belongs to.
//!
//! Tollhouse records no spans of its own, so it acts as a transparent proxy: `traceparent` and `tracestate`
//! reach the provider unchanged, and the spans on both sides fit together. The trace's id is in the log lines
//! of the call. Malformed headers are removed, as the recommendation requires.

use axum::http::{HeaderMap, HeaderName};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Returns the id of the request's trace. Malformed headers are removed.
pub(super) fn id(headers: &mut HeaderMap) -> Option<String> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let id = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().and_then(trace_id).map(str::to_owned),
        _ => None,
    };
    if id.is_none() {
        headers.remove(TRACEPARENT);
        headers.remove(TRACESTATE);
    }
    id
}

/// Parses the trace's id in a `traceparent`: `00-<32 digits>-<16 digits>-<2 digits>`; future
/// versions may append more.
fn trace_id(value: &str) -> Option<&str> {
    let mut parts = value.splitn(4, '-');
    let (version, trace, parent, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let flags = match rest.split_once('-') {
        Some((flags, _)) if version != "00" => flags,
        Some(_) => return None,
        None => rest,
    };
    let is_hex =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    let is_valid = is_hex(version, 2) && version != "ff" && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    (is_valid && !is_zero(trace) && !is_zero(parent)).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn only_what_is_well_formed_is_a_trace() {
        let trace = Some("4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(trace_id(GOOD), trace);
        assert_eq!(trace_id(&GOOD.replacen("00", "cc", 1)), trace);
        assert_eq!(trace_id(&format!("{}-more", GOOD.replacen("00", "01", 1))), trace);
        for wrong in [
            "",
            "00",
            &GOOD.to_uppercase(),
            &format!("{GOOD}-more"),
            &GOOD.replacen("00", "ff", 1),
            &GOOD[..54],
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            assert_eq!(trace_id(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_trace_that_isnt_one_goes_no_further() {
        let headers = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            headers.insert(TRACESTATE, "vendor=1".parse().unwrap());
            for value in values {
                headers.append(TRACEPARENT, value.parse().unwrap());
            }
            headers
        };
        let mut good = headers(&[GOOD]);
        assert!(id(&mut good).is_some());
        assert!(good.len() == 2 && good[TRACEPARENT] == GOOD);
        for wrong in [&[][..], &["x"], &[GOOD, GOOD]] {
            let mut headers = headers(wrong);
            assert_eq!(id(&mut headers), None);
            assert!(headers.is_empty());
        }
    }
}
