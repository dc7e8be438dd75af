//! Tests of the signs that each API's answers give.

use axum::http::StatusCode;
use proptest::prelude::*;

use crate::gateway::answers::signs::*;

fn event(json: &str) -> EventSigns<'_> {
    EventSigns::of_event(json.as_bytes(), None).unwrap()
}

fn code(json: &str) -> Option<String> {
    event(json).failure.map(|failure| failure.code)
}

#[test]
fn the_end_of_each_kind_of_stream_is_known() {
    for (json, kind) in [
        (r#"{"type":"message_stop"}"#, StreamEventKind::Last),
        (r#"{"type":"response.completed","response":{}}"#, StreamEventKind::Last),
        (r#"{"type":"response.incomplete","response":{}}"#, StreamEventKind::Last),
        (r#"{"type":"transcript.text.done"}"#, StreamEventKind::Last),
        (r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#, StreamEventKind::Stop),
        (r#"{"type":"message_delta","delta":{},"usage":{"output_tokens":1}}"#, StreamEventKind::Stop),
        (r#"{"type":"message_delta","delta":{"stop_reason":null}}"#, StreamEventKind::Other),
        (r#"{"type":"response.output_text.delta","delta":"a"}"#, StreamEventKind::Content),
        (r#"{"type":"response.output_text.done","text":"a"}"#, StreamEventKind::Other),
        (r#"{"type":"image_generation.completed","b64_json":"a"}"#, StreamEventKind::Picture),
        (r#"{"type":"image_edit.partial_image","b64_json":"a"}"#, StreamEventKind::Unfinished),
        (r#"{"type":"response.image_generation_call.partial_image"}"#, StreamEventKind::Other),
        (r#"{"choices":[]}"#, StreamEventKind::Content),
    ] {
        assert_eq!(event(json).kind, kind, "{json}");
    }
    let named = EventSigns::of_event(b"{}", Some("message_stop")).unwrap();
    assert_eq!((named.kind, named.is_known), (StreamEventKind::Last, true));
    assert!(event(r#"{"choices":[]}"#).is_known && !event(r#"{"a":1}"#).is_known);
}

#[test]
fn a_choice_is_finished_by_its_reason() {
    let bits = |json: &str| (event(json).choices.seen, event(json).choices.finished);
    assert_eq!(
        bits(r#"{"choices":[{"index":0,"finish_reason":null},{"index":2,"finish_reason":"stop"}]}"#),
        (0b101, 0b100)
    );
    assert_eq!(bits(r#"{"choices":[{"finish_reason":""}]}"#), (1, 0));
    assert_eq!(bits(r#"{"choices":[{"finish_reason":"length"},{"finish_reason":{"type":"eos"}}]}"#), (0b11, 0b11));
    assert_eq!(bits(r#"{"choices":[{"index":18446744073709551615,"finish_reason":"stop"}]}"#), (1 << 127, 1 << 127));
    assert_eq!(bits(r#"{"choices":null}"#), (0, 0));
}

#[test]
fn a_chunk_of_usage_has_nothing_else_in_it() {
    let only = |json: &str| event(json).has_usage && event(json).is_bare;
    for json in [
        r#"{"choices":[],"usage":{"prompt_tokens":1}}"#,
        r#"{"choices":null,"usage":{"prompt_tokens":1}}"#,
        r#"{"id":"c","object":"chat.completion.chunk","usage":{"prompt_tokens":1},"error":null}"#,
    ] {
        assert!(only(json), "{json}");
    }
    for json in [
        r#"{"choices":[{"index":0}],"usage":{"prompt_tokens":1}}"#,
        r#"{"choices":[],"usage":null}"#,
        r#"{"choices":[],"prompt_filter_results":[]}"#,
        r#"{"type":"message_delta","usage":{"output_tokens":1}}"#,
        r#"{"usage":{"prompt_tokens":1},"error":{"message":"x"}}"#,
    ] {
        assert!(!only(json), "{json}");
    }
}

#[test]
fn an_event_tells_of_an_error_in_many_forms() {
    for (json, expected) in [
        (r#"{"error":{"code":"server_overloaded"}}"#, "server_overloaded"),
        (r#"{"error":"out of memory"}"#, "upstream_error"),
        (r#"{"type":"error","error":{"type":"overloaded_error"}}"#, "overloaded_error"),
        (r#"{"type":"error","code":"server_error","message":"x","param":null,"sequence_number":3}"#, "server_error"),
        (r#"{"type":"error","message":"x"}"#, "upstream_error"),
        (r#"{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded"}}}"#, "rate_limit_exceeded"),
        (r#"{"type":"response.failed","response":{"error":null}}"#, "upstream_error"),
        (r#"{"object":"error","message":"x","code":40303}"#, "upstream_error"),
        (r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#, "upstream_error"),
        (r#"{"choices":[{"finish_reason":"insufficient_system_resource"}]}"#, "insufficient_system_resource"),
        (r#"{"choices":[{"error":{"code":"provider_failed"}}]}"#, "provider_failed"),
        (r#"{"choices":[{}],"error":null,"error":{"code":"the_last_holds"}}"#, "the_last_holds"),
    ] {
        assert_eq!(code(json).as_deref(), Some(expected), "{json}");
    }
    for json in [
        r#"{"error":null}"#,
        r#"{"type":"response.created","response":{"error":null,"status":"in_progress"}}"#,
        r#"{"choices":[{"finish_reason":"content_filter"}]}"#,
        r#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}"#,
    ] {
        assert_eq!(code(json), None, "{json}");
    }
    assert!(EventSigns::of_event(b"{\"message\":\"x\"}", Some("error")).unwrap().failure.is_some());
    assert!(
        EventSigns::of_unreadable(Some("error")).failure.is_some()
            && EventSigns::of_unreadable(Some("ping")).failure.is_none()
    );
}

const CHAT: ExpectedAnswer = ExpectedAnswer { has_choices: true, may_be_failed_object: false, may_be_empty: false };
const OBJECT: ExpectedAnswer = ExpectedAnswer { has_choices: false, may_be_failed_object: true, may_be_empty: true };

#[test]
fn an_answer_that_is_an_error_is_no_success() {
    let form = |json: &str| failure_of(json.as_bytes(), CHAT).map(|failure| failure.form);
    let instead = |status: u16| Some(FailureForm::Instead(StatusCode::from_u16(status).unwrap()));
    for (json, expected) in [
        (r#"{"error":{"message":"x"}}"#, instead(502)),
        (r#"{"error":{"message":"x","code":429}}"#, instead(429)),
        (r#"{"id":"c","choices":null,"error":{"type":"invalid_request_error"}}"#, instead(400)),
        (r#"{"id":"c","choices":null}"#, instead(502)),
        (r#"[{"error":{"code":400}}]"#, instead(400)),
        (r#"{"type":"error","message":"x"}"#, instead(502)),
        (r#"{"object":"error","code":404}"#, instead(404)),
        (r#"{"base_resp":{"status_code":1008,"status_msg":"x"},"choices":null}"#, instead(502)),
        (r#"{"success":false,"code":503}"#, instead(503)),
        (r#"{"detail":"x"}"#, instead(502)),
        (r#"{"object":"response","status":"failed","error":{"code":"server_error"}}"#, Some(FailureForm::Within)),
        (r#"{"object":"response","status":"failed","error":null}"#, Some(FailureForm::Within)),
        (r#"{"choices":[{"finish_reason":"error","message":{}}],"error":{"code":502}}"#, Some(FailureForm::Within)),
        ("", Some(FailureForm::NoAnswer)),
        (" \n", Some(FailureForm::NoAnswer)),
        ("<!doctype html><html></html>", Some(FailureForm::NoAnswer)),
        ("upstream connect error", Some(FailureForm::NoAnswer)),
        ("null", Some(FailureForm::NoAnswer)),
        (r#"{"choices":[{"message":"#, Some(FailureForm::Half)),
        (r#"{"choices":[{"message":null}],"base_resp":{"status_code":0}}"#, None),
        (r#"{"choices":[],"usage":{}}"#, None),
        ("\u{feff}{\"choices\":[{}]}\n", None),
        (r#"{"id":"resp_1","status":"completed","error":null}"#, None),
        ("{}", None),
        ("[]", None),
    ] {
        assert_eq!(form(json), expected, "{json}");
    }
}

#[test]
fn what_is_told_of_a_thing_that_failed_is_no_failure() {
    for json in [r#"{"status":"failed","error":{"code":"x"}}"#, r#"{"id":"file-1","deleted":true}"#, ""] {
        assert_eq!(failure_of(json.as_bytes(), OBJECT), None, "{json}");
    }
    assert!(failure_of(br#"{"error":{"message":"x"}}"#, OBJECT).is_some());
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(bytes: Vec<u8>, name in proptest::option::of("[a-z._]{0,20}")) {
        let _ = EventSigns::of_event(&bytes, name.as_deref());
        let _ = failure_of(&bytes, CHAT);
    }
}
