//! Parsing of bodies with events.

use std::fmt::Write;

use proptest::prelude::*;
use services::events::{BatchError, BatchFormat, MAX_EVENTS, read};

use super::tokens;

#[test]
fn a_body_that_is_no_batch_is_refused_as_a_whole() {
    let now = "2026-11-17T14:32:07Z".parse().unwrap();
    let read = |body: &str, form| read(body.as_bytes(), form, now);
    let one = tokens("1", 1).to_string();
    let cut = &one[..one.len() - 1];
    for (body, form) in [
        ("", BatchFormat::One),
        ("{}{}", BatchFormat::One),
        (cut, BatchFormat::One),
        (&*one, BatchFormat::Batch),
        (&*format!("[{one}"), BatchFormat::Batch),
        (&*format!("[{one},]"), BatchFormat::Batch),
        (&*format!("[{one}]x"), BatchFormat::Either),
    ] {
        assert!(matches!(read(body, form), Err(BatchError::Unreadable(_))), "{body}");
    }
    assert!(matches!(services::events::read(&[0xff], BatchFormat::Either, now), Err(BatchError::Unreadable(_))));
    assert_eq!(read(&one, BatchFormat::Either).unwrap().received(), 1);
    assert_eq!(read(&format!(" [{one}]"), BatchFormat::Either).unwrap().received(), 1);
    assert_eq!(read("[]", BatchFormat::Batch).unwrap().received(), 0);
    let many = |count: usize| {
        let mut body = String::from("[");
        for number in 0..count {
            let _ = write!(body, "{}{number}", if number == 0 { "" } else { "," });
        }
        body + "]"
    };
    assert_eq!(read(&many(MAX_EVENTS), BatchFormat::Batch).unwrap().received(), MAX_EVENTS);
    assert_eq!(read(&many(MAX_EVENTS + 1), BatchFormat::Batch).unwrap_err(), BatchError::TooMany(MAX_EVENTS + 1));
}

#[test]
fn a_whole_number_may_be_written_with_decimals() {
    let now = "2026-11-17T14:32:07Z".parse().unwrap();
    let of = |kind: &str, data: &str| {
        let body = format!(r#"{{"specversion":"1.0","id":"1","source":"s","type":"{kind}","data":{data}}}"#);
        format!("{:?}", read(body.as_bytes(), BatchFormat::One, now).unwrap())
    };
    for (kind, decimal, whole) in [
        (
            "tollhouse.tokens",
            r#"{"input_tokens":100.0,"output_tokens":1e2}"#,
            r#"{"input_tokens":100,"output_tokens":100}"#,
        ),
        ("tollhouse.call", r#"{"status":200.0,"images":2.0}"#, r#"{"status":200,"images":2}"#),
        ("tollhouse.stored_bytes", r#"{"bytes":5e9,"hours":1}"#, r#"{"bytes":5000000000,"hours":1.0}"#),
        ("tollhouse.tokens", r#"{"input_tokens":-0.0}"#, r#"{"input_tokens":0}"#),
    ] {
        assert_eq!(of(kind, decimal), of(kind, whole));
        assert!(of(kind, whole).contains("refused: []"), "{}", of(kind, whole));
    }
    for data in [
        r#"{"input_tokens":1.5}"#,
        r#"{"input_tokens":1e-3}"#,
        r#"{"input_tokens":"100"}"#,
        r#"{"input_tokens":1e300}"#,
        r#"{"input_tokens":9007199254740994.0}"#,
        r#"{"input_tokens":-1.0}"#,
        r#"{"input_tokens":[1]}"#,
    ] {
        assert!(of("tollhouse.tokens", data).contains("InvalidEvent"), "{data}");
    }
    assert!(of("tollhouse.call", r#"{"status":70000}"#).contains("InvalidEvent"));
}

#[test]
fn what_stands_twice_is_refused() {
    let now = "2026-11-17T14:32:07Z".parse().unwrap();
    let twice = r#"{"specversion":"1.0","id":"1","id":"2","source":"s","type":"tollhouse.call","data":{}}"#;
    let inside =
        r#"{"specversion":"1.0","id":"1","source":"s","type":"tollhouse.call","data":{"model":"a","model":"b"}}"#;
    for body in [twice, inside] {
        let read = read(body.as_bytes(), BatchFormat::One, now).unwrap();
        assert!(format!("{read:?}").contains("duplicate field"), "{body}");
    }
}

#[test]
fn what_is_no_tag_makes_an_event_invalid() {
    let now = "2026-11-17T14:32:07Z".parse().unwrap();
    let read = |tags: &str| {
        let body = format!(
            r#"{{"specversion":"1.0","id":"1","source":"s","type":"tollhouse.call","data":{{"tags":{tags}}}}}"#
        );
        format!("{:?}", read(body.as_bytes(), BatchFormat::One, now).unwrap())
    };
    for right in ["null", "{}", r#"{"Customer":" acme ","team":"blå"}"#] {
        assert!(read(right).contains("refused: []"), "{right}");
    }
    let nine: Vec<String> = (0..9).map(|number| format!(r#""n{number}":"x""#)).collect();
    for wrong in [
        r#"["a"]"#,
        r#""a""#,
        r#"{"a":1}"#,
        r#"{"a":""}"#,
        r#"{"1":"a"}"#,
        r#"{"a b":"a"}"#,
        r#"{"a":"b\nc"}"#,
        r#"{"a":"b","A":"b"}"#,
        &format!(r#"{{"a":"{}"}}"#, "x".repeat(129)),
        &format!("{{{}}}", nine.join(",")),
    ] {
        assert!(read(wrong).contains("InvalidEvent"), "{wrong}");
    }
}

#[test]
fn names_hide_nothing_and_turn_no_direction() {
    let now = "2026-11-17T14:32:07Z".parse().unwrap();
    for field in ["model", "provider", "endpoint", "error_code"] {
        let read = |name: &str| {
            let body = format!(
                r#"{{"specversion":"1.0","id":"1","source":"s","type":"tollhouse.call","data":{{"{field}":"{name}"}}}}"#
            );
            format!("{:?}", read(body.as_bytes(), BatchFormat::One, now).unwrap())
        };
        for right in ["gpt-x", "مدل", "模型 3"] {
            assert!(read(right).contains("refused: []"), "{field} {right}");
        }
        for hidden in ['\u{202e}', '\u{2066}', '\u{200f}', '\u{200b}', '\u{7f}'] {
            assert!(read(&format!("gpt{hidden}-x")).contains("InvalidEvent"), "{field} {hidden:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_events_or_an_error(body: Vec<u8>) {
        let _ = read(&body, BatchFormat::Either, "2026-11-17T14:32:07Z".parse().unwrap());
    }

    #[test]
    fn any_json_in_data_is_an_event_or_an_error(
        field in "(model|input_tokens|seconds|bytes|hours|status|outcome|service|duration_ms|api_key_id|tags)",
        value in "(null|true|-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,9})?(e[0-9]{1,3})?|\"[a-z_]{0,30}\"|\\[\\]|\\{\\})",
        kind in "tollhouse\\.(call|tokens|video_seconds|stored_bytes)",
    ) {
        let body = format!(
            r#"[{{"specversion":"1.0","id":"1","source":"s","type":"{kind}","data":{{"{field}":{value}}}}}]"#
        );
        let read = read(body.as_bytes(), BatchFormat::Batch, "2026-11-17T14:32:07Z".parse().unwrap());
        prop_assert_eq!(read.map(|read| read.received()), Ok(1));
    }
}
