//! What is read from a body, and what a splice leaves as it was.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn read(text: &str) -> Result<RequestBody, Refusal> {
    RequestBody::read(Bytes::copy_from_slice(text.as_bytes()))
}

fn spliced(text: &str) -> String {
    let bytes = read(text).unwrap().spliced(r#""up""#, true);
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn only_model_and_usage_are_changed() {
    for (sent, forwarded) in [
        (r#"{"model":"m"}"#, r#"{"stream_options":{"include_usage":true},"model":"up"}"#),
        (
            "\n { \"x\" : 1.0e0 , \"model\"\t:\"m\" } ",
            "\n {\"stream_options\":{\"include_usage\":true}, \"x\" : 1.0e0 , \"model\"\t:\"up\" } ",
        ),
        (r#"{"stream_options":null,"model":"m"}"#, r#"{"stream_options":{"include_usage":true},"model":"up"}"#),
        (r#"{"stream_options":{},"model":"m"}"#, r#"{"stream_options":{"include_usage":true},"model":"up"}"#),
        (
            r#"{"model":"m","stream_options":{ "include_obfuscation":false}}"#,
            r#"{"model":"up","stream_options":{"include_usage":true, "include_obfuscation":false}}"#,
        ),
        (
            r#"{"model":"m","stream_options":{"include_usage": false}}"#,
            r#"{"model":"up","stream_options":{"include_usage": true}}"#,
        ),
        (
            r#"{"model":"m","stream_options":{"include_usage":true}}"#,
            r#"{"model":"up","stream_options":{"include_usage":true}}"#,
        ),
    ] {
        assert_eq!(spliced(sent), forwarded);
    }
}

#[test]
fn without_anything_to_change_the_very_same_bytes_are_sent() {
    let bytes = Bytes::from_static(br#"{"model":"up"}"#);
    let forwarded = RequestBody::read(bytes.clone()).unwrap().spliced(r#""up""#, false);
    assert_eq!(forwarded.as_ptr(), bytes.as_ptr());
}

#[test]
fn escapes_are_understood() {
    assert_eq!(read(r#"{"mod\u0065l":"\u006d"}"#).unwrap().model, "m");
}

#[test]
fn names_that_are_decided_upon_are_there_once() {
    for text in [
        r#"{"model":"a","model":"b"}"#,
        r#"{"model":"a","mod\u0065l":"b"}"#,
        r#"{"model":"a","Model":"b"}"#,
        r#"{"MODEL":"b"}"#,
        r#"{"model":"a","stream":false,"stream":true}"#,
        "{\"model\":\"a\",\"\u{17f}tream\":true}",
        r#"{"model":"a","stream_options":{},"stream_options":{}}"#,
        r#"{"model":"a","stream_options":{"include_usage":true,"include_usage":false}}"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for text in [
        "",
        "null",
        "[]",
        "\"model\"",
        "{",
        "{}",
        r#"{"model":null}"#,
        r#"{"model":""}"#,
        r#"{"model":1}"#,
        r#"{"model":"a","stream":"yes"}"#,
        r#"{"model":"a","stream_options":[]}"#,
        r#"{"model":"a"}x"#,
        r#"{"model":"a","stream_options":{"include_usage":1}}"#,
        r#"{"model":"\ud800"}"#,
        r#"{"model":"a",}"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z_]{0,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

prop_compose! {
    fn bodies()(
        others in prop::collection::hash_map("x[a-z]{0,8}", values(), 0..5),
        model in "\\PC{1,20}",
        stream in prop::option::of(any::<bool>()),
        options in prop::option::of(prop_oneof![
            Just(Value::Null), Just(json!({})), Just(json!({"include_usage": false})), Just(json!({"o": [1], "include_usage": true})),
        ]),
        pretty: bool,
    ) -> (Value, String) {
        let mut body: Map<String, Value> = others.into_iter().collect();
        body.insert("model".to_owned(), model.into());
        if let Some(stream) = stream {
            body.insert("stream".to_owned(), stream.into());
        }
        if let Some(options) = options {
            body.insert("stream_options".to_owned(), options);
        }
        let body = Value::Object(body);
        let text = if pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) };
        (body, text.unwrap())
    }
}

proptest! {
    #[test]
    fn a_spliced_body_means_the_same_but_for_the_two_changes((mut body, text) in bodies(), usage: bool) {
        let read = read(&text).unwrap();
        prop_assert_eq!(Some(read.model.as_str()), body["model"].as_str());
        let forwarded: Value = serde_json::from_slice(&read.spliced(r#""up \"x\"""#, usage)).unwrap();
        body["model"] = "up \"x\"".into();
        if usage {
            if body["stream_options"].is_null() {
                body["stream_options"] = json!({});
            }
            body["stream_options"]["include_usage"] = true.into();
        }
        prop_assert_eq!(forwarded, body);
    }

    #[test]
    fn any_bytes_are_a_body_or_a_refusal(bytes: Vec<u8>) {
        let _ = RequestBody::read(bytes.into());
    }

    #[test]
    fn any_json_is_a_body_or_a_refusal(value in values()) {
        let _ = read(&value.to_string());
    }
}
