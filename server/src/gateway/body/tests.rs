//! Tests of reading and splicing bodies.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn read(text: &str) -> Result<RequestBody, V1Error> {
    RequestBody::read(Bytes::copy_from_slice(text.as_bytes()), None)
}

fn spliced(text: &str) -> String {
    let bytes = read(text).unwrap().spliced(r#""up""#, true, None);
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
    let forwarded = RequestBody::read(bytes.clone(), None).unwrap().spliced(r#""up""#, false, None);
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

#[test]
fn one_strict_grammar_reads_all_of_a_body() {
    let deep = |levels: usize| format!(r#"{{"model":"a","x":{}{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
    let objects =
        |levels: usize| format!(r#"{{"model":"a","x":{}1{}}}"#, r#"{"x":"#.repeat(levels - 1), "}".repeat(levels - 1));
    assert!(read(&deep(128)).is_ok() && read(&objects(128)).is_ok());
    assert!(read(&deep(129)).is_err() && read(&objects(129)).is_err());
    for value in
        [r#""\ud800""#, r#""\ud800\u0041""#, r#""\udc00""#, "1e999", "-1e999", "NaN", "\"\u{1}\"", r#""\u00g0""#]
    {
        for text in [
            format!(r#"{{"model":"a","x":{value}}}"#),
            format!(r#"{{"x":[{{"y":{value}}}],"model":"a"}}"#),
            format!(r#"{{"model":"a","stream_options":{{"x":{value}}}}}"#),
            format!(r#"{{"model":{value}}}"#),
        ] {
            assert!(read(&text).is_err(), "{text}");
        }
    }
    for bytes in
        [&b"{\"model\":\"a\",\"x\":\"\xff\"}"[..], b"{\"model\":\"a\",\"\xff\":1}", b"\xef\xbb\xbf{\"model\":\"a\"}"]
    {
        assert!(RequestBody::read(Bytes::copy_from_slice(bytes), None).is_err());
    }
    assert!(read(r#"{"model":"a","x":[1e308,-0,0.1,123456789012345678901234567890,"\ud83c\udf19\u0000"]}"#).is_ok());
}

#[test]
fn an_answer_is_limited_by_whatever_limits_or_multiplies_it() {
    let endpoint = |path: &str| crate::gateway::endpoint::ENDPOINTS.iter().find(|e| e.path == path).unwrap();
    let limited = |path: &str, rest: &str| {
        let body = read(&format!(r#"{{"model":"m"{rest}}}"#)).unwrap();
        let limit = body.check_output_limit(100, endpoint(path), "m").map_err(|refusal| refusal.code)?;
        let bytes = body.spliced(r#""m""#, false, limit);
        Ok::<String, &str>(String::from_utf8(bytes.to_vec()).unwrap().replace(r#""model":"m""#, ""))
    };
    let (chat, completions, responses) = ("/v1/chat/completions", "/v1/completions", "/v1/responses");
    for (path, rest, expected) in [
        (chat, "", r#"{"max_completion_tokens":100,}"#),
        (chat, r#","max_completion_tokens":null"#, r#"{,"max_completion_tokens":100}"#),
        (chat, r#","max_tokens":100"#, r#"{,"max_tokens":100}"#),
        (chat, r#","max_tokens":null"#, r#"{"max_completion_tokens":100,,"max_tokens":null}"#),
        (chat, r#","max_output_tokens":5"#, r#"{"max_completion_tokens":100,,"max_output_tokens":5}"#),
        (chat, r#","n":3"#, r#"{"max_completion_tokens":33,,"n":3}"#),
        (chat, r#","n":2,"max_tokens":50"#, r#"{,"n":2,"max_tokens":50}"#),
        (responses, r#","input":"a""#, r#"{"max_output_tokens":100,,"input":"a"}"#),
        ("/v1/messages", r#","max_tokens":7"#, r#"{,"max_tokens":7}"#),
        ("/v1/messages/count_tokens", "", "{}"),
        ("/v1/embeddings", "", "{}"),
        (completions, r#","prompt":["a","b"]"#, r#"{"max_tokens":50,,"prompt":["a","b"]}"#),
        (completions, r#","prompt":[1,2,3]"#, r#"{"max_tokens":100,,"prompt":[1,2,3]}"#),
        (completions, r#","prompt":[[1,2],[3],[4],[5]]"#, r#"{"max_tokens":25,,"prompt":[[1,2],[3],[4],[5]]}"#),
    ] {
        assert_eq!(limited(path, rest).as_deref(), Ok(expected), "{path} {rest}");
    }
    for limit in
        ["101", "18446744073709551616", "\"100\"", "[100]", "-1", "0", "1.0", "1e1", "100.5", "true", "{}", "\"\""]
    {
        for name in LIMITS {
            assert!(limited(chat, &format!(r#","{name}":{limit}"#)).is_err(), "{name} {limit}");
        }
    }
    for rest in [
        r#","n":101"#,
        r#","n":2,"max_tokens":51"#,
        r#","n":"2""#,
        r#","n":[2]"#,
        r#","n":0"#,
        r#","n":2.0"#,
        r#","best_of":2,"max_tokens":51"#,
        r#","n":2,"best_of":3,"max_tokens":40"#,
        r#","prompt":["a","b"],"max_tokens":51"#,
        r#","prompt":["a","b"],"n":2,"max_tokens":26"#,
    ] {
        assert!(limited(completions, rest).is_err(), "{rest}");
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
        let forwarded: Value = serde_json::from_slice(&read.spliced(r#""up \"x\"""#, usage, None)).unwrap();
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
        let _ = RequestBody::read(bytes.into(), None);
    }

    #[test]
    fn any_json_is_a_body_or_a_refusal(value in values()) {
        let _ = read(&value.to_string());
    }
}
