//! Tests of each form of usage.

use domain::{calls::CountSource, money::Quantities};
use proptest::prelude::*;
use services::metering::MAX_TOKENS;

use super::*;
use crate::{
    gateway::{endpoint::MeteredUnit, json::texts},
    v1::dialect::Dialect,
};

fn used_in(json: &str, dialect: Dialect, unit: MeteredUnit) -> Option<Quantities> {
    ReportedUsage::read(json.as_bytes()).reports.quantities(dialect, unit).map(|(_, used)| used)
}

fn used(json: &str) -> Option<Quantities> {
    used_in(json, Dialect::OpenAi, MeteredUnit::Tokens)
}

#[test]
fn all_of_openais_forms_say_the_same() {
    let expected = Quantities { tokens_in: 7, cached_tokens_in: 3, tokens_out: 5, ..Quantities::default() };
    for json in [
        r#"{"choices":[{}],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12,
            "prompt_tokens_details":{"cached_tokens":3,"audio_tokens":0}}}"#,
        r#"{"object":"response","usage":{"input_tokens":7,"input_tokens_details":{"cached_tokens":3},"output_tokens":5}}"#,
        r#"{"type":"response.completed","response":{"id":"r","usage":{"input_tokens":7,
            "input_tokens_details":{"cached_tokens":3},"output_tokens":5}}}"#,
    ] {
        assert_eq!(used(json), Some(expected), "{json}");
    }
    let embeddings = r#"{"object":"list","data":[],"usage":{"prompt_tokens":4,"total_tokens":4}}"#;
    assert_eq!(
        used_in(embeddings, Dialect::OpenAi, MeteredUnit::TokensIn),
        Some(Quantities { tokens_in: 4, ..Quantities::default() })
    );
}

#[test]
fn anthropics_cached_tokens_are_counted_within_the_input() {
    let whole = r#"{"type":"message","usage":{"input_tokens":10,"cache_read_input_tokens":100,
        "cache_creation_input_tokens":20,"output_tokens":5}}"#;
    let expected = Quantities {
        tokens_in: 130,
        cached_tokens_in: 100,
        cache_write_tokens_in: 20,
        tokens_out: 5,
        ..Quantities::default()
    };
    assert_eq!(used_in(whole, Dialect::Anthropic, MeteredUnit::Tokens), Some(expected));

    let mut reports = UsageReports::default();
    let start = r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"cache_read_input_tokens":100,
        "cache_creation_input_tokens":20,"output_tokens":1}}}"#;
    reports.merge(ReportedUsage::read(start.as_bytes()).reports);
    assert_eq!(reports.quantities(Dialect::Anthropic, MeteredUnit::Tokens), None, "the answer is yet to come");
    assert_eq!(reports.input_quantities(Dialect::Anthropic), Some(Quantities { tokens_out: 1, ..expected }));
    let delta = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#;
    reports.merge(ReportedUsage::read(delta.as_bytes()).reports);
    assert_eq!(reports.quantities(Dialect::Anthropic, MeteredUnit::Tokens), Some((CountSource::Reported, expected)));
}

#[test]
fn pictures_and_minutes_are_counted() {
    let images = |json: &str| used_in(json, Dialect::OpenAi, MeteredUnit::Images);
    assert_eq!(images(r#"{"data":[{},{}]}"#), Some(Quantities { images: 2, ..Quantities::default() }));
    assert_eq!(
        images(r#"{"data":[{}],"usage":{"input_tokens":9,"output_tokens":4}}"#),
        Some(Quantities { images: 1, tokens_in: 9, tokens_out: 4, ..Quantities::default() })
    );
    let media = |json: &str| used_in(json, Dialect::OpenAi, MeteredUnit::Media);
    let second = Some(Quantities { media_ms: 1500, ..Quantities::default() });
    assert_eq!(media(r#"{"text":"a","usage":{"type":"duration","seconds":1.5}}"#), second);
    assert_eq!(media(r#"{"text":"a","duration":1.5}"#), second);
    assert_eq!(
        media(r#"{"text":"a","usage":{"type":"tokens","input_tokens":9,"output_tokens":4}}"#),
        Some(Quantities { tokens_in: 9, tokens_out: 4, ..Quantities::default() })
    );
    assert_eq!(media(r#"{"text":"a","duration":-1}"#), None);
    assert_eq!(media(r#"{"text":"a","duration":1e300}"#), None);
}

#[test]
fn no_usage_is_not_a_usage_of_zero() {
    for json in [
        "",
        "{",
        "[]",
        r#"{"choices":[]}"#,
        r#"{"usage":null}"#,
        r#"{"usage":{}}"#,
        r#"{"usage":"7"}"#,
        r#"{"usage":{"prompt_tokens":-1}}"#,
        r#"{"usage":{"prompt_tokens":1.5}}"#,
        r#"{"usage":{"prompt_tokens":9223372036854775807}}"#,
        r#"{"usage":{"prompt_tokens":1e99}}"#,
    ] {
        assert_eq!(used(json), None, "{json}");
    }
}

#[test]
fn the_form_may_be_what_javascript_or_python_read() {
    let expected = Some(Quantities { tokens_in: 7, tokens_out: 5, ..Quantities::default() });
    for json in [
        "\u{feff}{\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5}}",
        r#" {"usage":{"prompt_tokens":7.0,"completion_tokens":0.5e1}} "#,
        r#"{"usage":{"prompt_tokens":"7","completion_tokens":"5.0"}}"#,
        r#"{"usage":{"prompt_tokens":1},"usage":{"prompt_tokens":9,"prompt_tokens":7,"completion_tokens":5}}"#,
        r#"{"usage":{"prompt\u005ftokens":7,"completion_tokens":5},"choices":[{"text":"\ud800","p":NaN}]}"#,
        r#"{"usage":{"prompt_tokens":7,"completion_tokens":5,"prompt_tokens_details":"none","cost":1e999}}"#,
    ] {
        assert_eq!(used(json), expected, "{json}");
    }
    assert_eq!(used("{\"x\":\"\u{0}\",\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5}}"), expected);
}

#[test]
fn what_no_count_can_be_is_none() {
    for whole in ["-1", "1.5", "1e99", "NaN", "-Infinity", "9223372036854775807", "\"7.5\""] {
        for name in ["prompt_tokens", "completion_tokens", "input_tokens", "output_tokens"] {
            let json = format!(r#"{{"usage":{{"prompt_tokens":7,"completion_tokens":5,"{name}":{whole}}}}}"#);
            assert_eq!(used(&json), None, "{json}");
        }
    }
    // A nonsensical event takes nothing back.
    let mut reports = UsageReports::default();
    for event in [
        r#"{"usage":{"prompt_tokens":7,"completion_tokens":5}}"#,
        r#"{"usage":{"prompt_tokens":-1,"completion_tokens":9}}"#,
    ] {
        reports.merge(ReportedUsage::read(event.as_bytes()).reports);
    }
    let expected = Quantities { tokens_in: 7, tokens_out: 5, ..Quantities::default() };
    assert_eq!(reports.quantities(Dialect::OpenAi, MeteredUnit::Tokens), Some((CountSource::Reported, expected)));
}

#[test]
fn of_counts_that_contradict_each_other_the_documented_hold_and_the_call_is_marked() {
    for (usage, dialect, [tokens_in, cached, written, tokens_out]) in [
        // A part is never more than its whole.
        (
            r#""prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":50}"#,
            Dialect::OpenAi,
            [10, 10, 0, 5],
        ),
        // A total that is too small is ignored.
        (r#""prompt_tokens":10,"completion_tokens":5,"total_tokens":12"#, Dialect::OpenAi, [10, 0, 0, 5]),
        // The unexplained rest of a total is output.
        (r#""prompt_tokens":10,"completion_tokens":5,"total_tokens":100"#, Dialect::OpenAi, [10, 0, 0, 90]),
        // Of two names of one count, the API's own wins.
        (
            r#""prompt_tokens":10,"completion_tokens":5,"input_tokens":12,"output_tokens":6"#,
            Dialect::OpenAi,
            [10, 0, 0, 5],
        ),
        (
            r#""prompt_tokens":10,"completion_tokens":5,"input_tokens":12,"output_tokens":6"#,
            Dialect::Anthropic,
            [12, 0, 0, 6],
        ),
        // A reported count precedes the sum of its parts.
        (
            r#""prompt_tokens":10,"completion_tokens":5,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":9"#,
            Dialect::OpenAi,
            [10, 4, 0, 5],
        ),
        (
            r#""prompt_tokens":10,"completion_tokens":5,"cached_tokens":4,"prompt_tokens_details":{"cached_tokens":3}"#,
            Dialect::OpenAi,
            [10, 3, 0, 5],
        ),
        (r#""prompt_tokens":10,"completion_tokens":5,"cached_tokens":-4"#, Dialect::OpenAi, [10, 0, 0, 5]),
        (
            r#""input_tokens":10,"output_tokens":5,"cache_creation_input_tokens":8,"cache_creation":{"ephemeral_1h_input_tokens":6}"#,
            Dialect::Anthropic,
            [18, 0, 8, 5],
        ),
    ] {
        let reports = ReportedUsage::read(format!(r#"{{"usage":{{{usage}}}}}"#).as_bytes()).reports;
        let (source, used) = reports.quantities(dialect, MeteredUnit::Tokens).unwrap();
        let found = [used.tokens_in, used.cached_tokens_in, used.cache_write_tokens_in, used.tokens_out];
        assert_eq!(
            (source, found),
            (CountSource::Contradictory, [tokens_in, cached, written, tokens_out]),
            "{usage} {dialect:?}"
        );
    }
}

#[test]
fn two_forms_at_once_dont_contradict_each_other() {
    let json = r#"{"usage":{"prompt_tokens":130,"completion_tokens":5,"input_tokens":10,"output_tokens":5,
        "cache_read_input_tokens":100,"cache_creation_input_tokens":20}}"#;
    let expected = Quantities {
        tokens_in: 130,
        cached_tokens_in: 100,
        cache_write_tokens_in: 20,
        tokens_out: 5,
        ..Quantities::default()
    };
    for dialect in [Dialect::OpenAi, Dialect::Anthropic] {
        let reports = ReportedUsage::read(json.as_bytes()).reports;
        assert_eq!(
            reports.quantities(dialect, MeteredUnit::Tokens),
            Some((CountSource::Reported, expected)),
            "{dialect:?}"
        );
    }
}

#[test]
fn where_nobody_counted_the_answer_it_isnt_nothing() {
    let prompt = ReportedUsage::read(br#"{"usage":{"prompt_tokens":7}}"#).reports;
    assert_eq!(prompt.quantities(Dialect::OpenAi, MeteredUnit::Tokens), None);
    assert_eq!(prompt.input_quantities(Dialect::OpenAi).map(|used| used.tokens_in), Some(7));
    // A total alone can't be divided.
    let sum = ReportedUsage::read(br#"{"usage":{"total_tokens":7}}"#).reports;
    assert_eq!(
        (sum.quantities(Dialect::OpenAi, MeteredUnit::Tokens), sum.input_quantities(Dialect::OpenAi)),
        (None, None)
    );
    let rest = used(r#"{"usage":{"prompt_tokens":7,"total_tokens":12}}"#).unwrap();
    assert_eq!((rest.tokens_in, rest.tokens_out), (7, 5));
}

/// Generates usage that a provider might report, sensible or not.
fn answers() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?(e[0-9]{1,2})?";
    let value = prop_oneof![4 => number.boxed(), 1 => "(null|true|\"7\"|\\[\\]|\\{\\})".boxed()];
    let count = "(prompt_tokens|completion_tokens|input_tokens|output_tokens|cache_read_input_tokens|\
        cache_creation_input_tokens|seconds|total_tokens|prompt_cache_hit_tokens|prompt_cache_miss_tokens|reasoning_tokens|\
        inputTokens|cacheReadInputTokens)";
    let member = (count, value.clone()).prop_map(|(name, value)| format!(r#""{name}":{value}"#));
    let cached = value.clone().prop_map(|value| format!(r#""prompt_tokens_details":{{"cached_tokens":{value}}}"#));
    let usage = prop::collection::vec(prop_oneof![6 => member, 1 => cached], 0..6)
        .prop_map(|members| format!("{{{}}}", members.join(",")));
    let kind = "(message_start|message_delta|message_stop|response\\.completed|image_generation\\.completed|error)";
    (kind, usage, value, 0..3).prop_map(|(kind, usage, duration, form)| match form {
        0 => format!(r#"{{"usage":{usage},"duration":{duration},"data":[{{}},{{}}]}}"#),
        1 => format!(r#"{{"type":"{kind}","usage":{usage}}}"#),
        _ => format!(r#"{{"type":"{kind}","response":{{"usage":{usage}}},"message":{{"usage":{usage}}}}}"#),
    })
}

proptest! {
    #[test]
    fn what_is_read_is_possible(answers in prop::collection::vec(answers(), 1..4)) {
        let mut reports = UsageReports::default();
        answers.iter().for_each(|answer| reports.merge(ReportedUsage::read(answer.as_bytes()).reports));
        for dialect in [Dialect::OpenAi, Dialect::Anthropic] {
            for unit in [MeteredUnit::Tokens, MeteredUnit::TokensIn, MeteredUnit::Images, MeteredUnit::Media] {
                let Some((_, used)) = reports.quantities(dialect, unit) else { continue };
                prop_assert!((0..=MAX_TOKENS).contains(&used.tokens_in), "{used:?}");
                prop_assert!((0..=MAX_TOKENS).contains(&used.tokens_out), "{used:?}");
                prop_assert!(used.cached_tokens_in + used.cache_write_tokens_in <= used.tokens_in, "{used:?}");
                prop_assert!(used.cached_tokens_in >= 0 && used.cache_write_tokens_in >= 0, "{used:?}");
                prop_assert!(used.cache_write_1h_tokens_in <= used.cache_write_tokens_in, "{used:?}");
                prop_assert!(used.audio_tokens_in <= used.tokens_in, "{used:?}");
                prop_assert!(used.audio_tokens_out + used.reasoning_tokens_out <= used.tokens_out, "{used:?}");
                prop_assert!(used.images >= 0 && used.media_ms >= 0, "{used:?}");
            }
        }
    }

    #[test]
    fn any_bytes_can_be_read(bytes: Vec<u8>) {
        let _ = ReportedUsage::read(&bytes);
        let _ = texts::find(&bytes, &mut |_| {});
    }
}
