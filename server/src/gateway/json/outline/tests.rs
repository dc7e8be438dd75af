//! Tests that outlines are bounded and independent of chunks.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::gateway::json::outline::*;

fn outline_of(json: &str) -> Option<(Value, usize)> {
    let outline = JsonOutliner::of(json.as_bytes())?;
    Some((serde_json::from_slice(&outline.json).unwrap(), outline.omitted_text_bytes))
}

fn in_pieces(json: &[u8], size: usize) -> Option<JsonOutline> {
    let mut outliner = JsonOutliner::default();
    for piece in json.chunks(size.max(1)) {
        outliner.push(piece);
        assert!(outliner.out.len() < MAX_OUTLINE_BYTES + MAX_TEXT_LENGTH + 1024, "{}", outliner.out.len());
    }
    outliner.finish()
}

#[test]
fn a_small_text_is_its_own_outline() {
    for json in [r#"{"a":[1,-2.5e3,true,null,"x\"y\\"],"b":{"c":{}},"d":[]}"#, "[[],{}]", "7", r#""a""#, "null"] {
        assert_eq!(
            JsonOutliner::of(json.as_bytes()).unwrap(),
            JsonOutline { json: json.into(), omitted_text_bytes: 0 },
            "{json}"
        );
    }
}

#[test]
fn pictures_are_left_out_and_long_words_are_counted() {
    let picture = "iVBORw0KGgo".repeat(100_000);
    let (outline, omitted_text_bytes) = outline_of(&format!(
        r#"{{"type":"image_generation.completed","b64_json":"{picture}","usage":{{"input_tokens":7}}}}"#
    ))
    .unwrap();
    assert_eq!(
        outline,
        json!({ "type": "image_generation.completed", "b64_json": "", "usage": { "input_tokens": 7 } })
    );
    assert_eq!(omitted_text_bytes, 0);
    let address = format!(r#"{{"url":"data:image/png;base64,{picture}"}}"#);
    assert_eq!(outline_of(&address), Some((json!({ "url": "" }), 0)));
    let words = "many words ".repeat(1_000);
    assert_eq!(outline_of(&format!(r#"{{"content":"{words}"}}"#)), Some((json!({ "content": "" }), words.len())));
}

#[test]
fn what_tells_how_a_call_went_is_found_behind_any_number_of_small_things() {
    let item = r#"{"type":"message","content":[{"type":"output_text","text":"some words","logprobs":[0.1,0.2]}]},"#;
    let json = format!(
        r#"{{"type":"response.completed","response":{{"output":[{}{{}}],"numbers":[{}1],"status":"completed",
            "usage":{{"input_tokens":7,"output_tokens":9,"input_tokens_details":{{"cached_tokens":3}}}}}}}}"#,
        item.repeat(50_000),
        "1,".repeat(500_000)
    );
    let (outline, _) = outline_of(&json).unwrap();
    assert_eq!(outline["response"]["usage"]["input_tokens_details"]["cached_tokens"], 3);
    assert_eq!(outline["response"]["status"], "completed");
    assert!(outline.to_string().len() < MAX_OUTLINE_BYTES);
}

#[test]
fn pictures_in_a_list_are_counted() {
    let picture = format!(r#"{{"b64_json":"{}"}}"#, "A".repeat(300_000));
    let json = format!(r#"{{"data":[{picture},{picture},{picture}],"usage":{{"input_tokens":1}}}}"#);
    let (outline, _) = outline_of(&json).unwrap();
    assert_eq!(outline["data"].as_array().unwrap().len(), 3);
    assert_eq!(outline["usage"]["input_tokens"], 1);
}

#[test]
fn what_others_read_is_no_reason_to_read_nothing() {
    for (json, expected) in [
        ("\u{feff}{\"a\":1}", json!({ "a": 1 })),
        (r#"{"logprobs":[NaN,-Infinity,1],"a":1}"#, json!({ "logprobs": [null, null, 1], "a": 1 })),
        (r#"{"b":"\x","a":1}"#, json!({ "b": "", "a": 1 })),
        (r#"{"\x":"b","a":1}"#, json!({ "a": 1 })),
        ("{\"b\":\"\u{1}\",\"a\":1}", json!({ "b": "", "a": 1 })),
        (r#"{"a":1,}"#, json!({ "a": 1 })),
    ] {
        assert_eq!(outline_of(json), Some((expected, 0)), "{json}");
    }
    let not_utf8 = [&b"{\"b\":\""[..], &[0xFF, 0xFE], b"\",\"a\":1}"].concat();
    assert_eq!(JsonOutliner::of(&not_utf8).unwrap().json, br#"{"b":"","a":1}"#);
}

#[test]
fn what_is_no_json_has_no_outline() {
    for json in
        ["", " ", "{", "[1", "{\"a\"}", "{\"a\":}", "{\"a\":1]", "[1}", "{}{}", "{} x", "\"a", "}", "{1:2}", "<html>"]
    {
        assert_eq!(JsonOutliner::of(json.as_bytes()), None, "{json}");
    }
    assert_eq!(JsonOutliner::of("[".repeat(100_000).as_bytes()), None);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        (4_000usize..9_000).prop_map(|length| Value::from("A".repeat(length))),
        (400usize..900).prop_map(|times| Value::from("two words ".repeat(times))),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("(usage|error|data|choices|[a-z\"é]{0,4})", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Returns the value with long strings emptied.
fn short(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() >= 4_000 => match serde_json::to_string(text).unwrap().len() - 2 {
            length if length > MAX_TEXT_LENGTH => "".into(),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(short).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), short(value))).collect(),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn an_outline_is_the_text_without_what_is_long(value in values(), size in 1usize..5_000) {
        let json = value.to_string();
        let whole = JsonOutliner::of(json.as_bytes());
        prop_assert_eq!(&in_pieces(json.as_bytes(), size), &whole);
        if json.len() < FULL_BYTES {
            let outline: Value = serde_json::from_slice(&whole.unwrap().json).unwrap();
            // Parsed from the JSON text, since numbers don't keep their last bit.
            let read: Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(outline, short(&read));
        }
    }

    #[test]
    fn any_bytes_in_any_pieces_have_the_same_outline_or_none(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            r#"[{}\[\]",:\\ a1n]{0,60}"#.prop_map(String::into_bytes),
        ],
        size in 1usize..20,
    ) {
        let whole = JsonOutliner::of(&bytes);
        prop_assert_eq!(&in_pieces(&bytes, size), &whole);
        if serde_json::from_slice::<IgnoredAny>(&bytes).is_ok() && std::str::from_utf8(&bytes).is_ok() {
            prop_assert!(whole.is_some());
        }
        if let Some(whole) = whole {
            prop_assert!(serde_json::from_slice::<IgnoredAny>(&whole.json).is_ok(), "{:?}", whole);
        }
    }
}
