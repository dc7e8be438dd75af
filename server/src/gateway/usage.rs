//! Reads from a provider's answer what was used.
//!
//! Source: the `usage` objects of OpenAI's API reference, for chat completions,
//! their streamed chunks, and embeddings.

use domain::money::Quantities;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use services::metering::MOST_TOKENS;

/// What an answer, or a chunk of one, says beyond its content.
#[derive(Debug, Default)]
pub(super) struct Reported {
    pub(super) used: Option<Quantities>,
    /// The code of the error that it reports instead of an answer.
    pub(super) error_code: Option<String>,
    /// Whether there is usage and nothing else in it: the chunk that a client may not have asked for.
    pub(super) only_usage: bool,
}

impl Reported {
    /// Reads a JSON text. What isn't one, or has another form, reports nothing.
    pub(super) fn read(json: &[u8]) -> Self {
        let Ok(answer) = serde_json::from_slice::<Answer>(json) else { return Self::default() };
        let used = answer.usage.and_then(Usage::quantities);
        let only_usage = used.is_some() && matches!(answer.choices, Some(Choices { empty: true }));
        Self { used, only_usage, error_code: answer.error.map(|error| error.code()) }
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "lenient")]
    usage: Option<Usage>,
    #[serde(default)]
    choices: Option<Choices>,
    #[serde(default, deserialize_with = "lenient")]
    error: Option<ErrorObject>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: i64,
    /// Embeddings have none.
    #[serde(default)]
    completion_tokens: i64,
    #[serde(default)]
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    cached_tokens: Option<i64>,
}

impl Usage {
    /// `None` where the numbers can't be true. Cached tokens are a part of the prompt's, so never more.
    fn quantities(self) -> Option<Quantities> {
        let possible = 0..=MOST_TOKENS;
        let cached = self.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0);
        let all_possible = [self.prompt_tokens, self.completion_tokens, cached].iter().all(|n| possible.contains(n));
        all_possible.then(|| Quantities {
            tokens_in: self.prompt_tokens,
            cached_tokens_in: cached.min(self.prompt_tokens),
            tokens_out: self.completion_tokens,
            ..Quantities::default()
        })
    }
}

/// `{"code": …}`, where the code may be a text, a number, or missing.
#[derive(Deserialize)]
struct ErrorObject {
    #[serde(default, deserialize_with = "lenient")]
    code: Option<String>,
}

impl ErrorObject {
    /// The code as the log keeps it: short, and plain ASCII whatever the provider sent.
    fn code(self) -> String {
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let code: String = self.code.unwrap_or_default().chars().filter(plain).take(64).collect();
        if code.is_empty() { "upstream_error".to_owned() } else { code }
    }
}

/// Whether a list is empty, without keeping what is in it.
struct Choices {
    empty: bool,
}

impl<'de> Deserialize<'de> for Choices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Choices;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Choices, A::Error> {
                let mut empty = true;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    empty = false;
                }
                Ok(Choices { empty })
            }
        }
        deserializer.deserialize_seq(Any)
    }
}

/// `None` for what has another form than expected.
fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either<T> {
        Expected(T),
        Other(IgnoredAny),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Expected(value) => Some(value),
        Either::Other(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn used(json: &str) -> Option<Quantities> {
        Reported::read(json.as_bytes()).used
    }

    #[test]
    fn chat_and_embeddings_report_alike() {
        let chat = r#"{"choices":[{}],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12,
            "prompt_tokens_details":{"cached_tokens":3,"audio_tokens":0}}}"#;
        assert_eq!(
            used(chat),
            Some(Quantities { tokens_in: 7, cached_tokens_in: 3, tokens_out: 5, ..Quantities::default() })
        );
        let embeddings = r#"{"object":"list","data":[],"usage":{"prompt_tokens":4,"total_tokens":4}}"#;
        assert_eq!(used(embeddings), Some(Quantities { tokens_in: 4, ..Quantities::default() }));
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
    fn only_a_chunk_without_choices_is_a_usage_chunk() {
        let only = |json: &str| Reported::read(json.as_bytes()).only_usage;
        assert!(only(r#"{"choices":[],"usage":{"prompt_tokens":1}}"#));
        assert!(!only(r#"{"choices":[{"index":0}],"usage":{"prompt_tokens":1}}"#));
        assert!(!only(r#"{"choices":[],"usage":null}"#));
        assert!(!only(r#"{"usage":{"prompt_tokens":1}}"#));
        assert!(!only(r#"{"choices":[],"prompt_filter_results":[]}"#));
    }

    #[test]
    fn an_errors_code_is_kept_short_and_plain() {
        let code = |json: &str| Reported::read(json.as_bytes()).error_code;
        assert_eq!(code(r#"{"error":{"code":"rate_limit_exceeded"}}"#).as_deref(), Some("rate_limit_exceeded"));
        assert_eq!(code(r#"{"error":{"code":"<b>\n"}}"#).as_deref(), Some("b"));
        assert_eq!(code(r#"{"error":{"code":429,"message":"x"}}"#).as_deref(), Some("upstream_error"));
        assert_eq!(code(r#"{"error":null}"#), None);
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes: Vec<u8>) {
            let _ = Reported::read(&bytes);
        }
    }
}
