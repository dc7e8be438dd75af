//! Estimates the tokens of texts and the length of recordings if the provider reports no usage.
//!
//! Tokens are counted with the vocabulary of OpenAI's newer models (`o200k_base`), whatever the model:
//! other vocabularies differ by some percent for English, and more for other languages. The result is
//! always marked as an estimate. The vocabulary is loaded on first use and stays in memory:
//! `docs/gateway.md` states its size.

mod prompt_texts;
mod recording;

use std::borrow::Cow;

use bytes::Bytes;
use domain::money::{Quantities, UsageBound, UsageBounds};
use futures::future::join_all;
use serde::Deserialize;
use services::metering::MAX_TOKENS;
use tokio::task::spawn_blocking;

use self::prompt_texts::{PromptPiece, for_each_piece};
pub(super) use self::recording::Recording;
use super::json::texts;

/// The text is counted once it has this length, in bytes, so that it doesn't fill memory.
const FLUSH_BYTES: usize = 16 * 1024;
/// Maximum size of a request that is kept until its usage is known, in bytes. Of a larger one only the
/// length of its texts is kept.
const MAX_KEPT_REQUEST: usize = 256 * 1024;
/// Bytes per token where text can't be counted, about those of English.
const BYTES_PER_TOKEN: usize = 4;

/// A prompt, kept until it is known whether its tokens must be counted.
#[derive(Debug, Default)]
pub(super) enum Prompt {
    #[default]
    Nothing,
    Kept(Bytes),
    /// The length of the texts, in bytes.
    Long(usize),
    /// Recordings to be transcribed, still in their spool.
    Recorded(Vec<Recording>),
}

impl Prompt {
    /// Reads the prompt of a JSON request.
    pub(super) fn from_json(body: &Bytes) -> Self {
        if body.len() <= MAX_KEPT_REQUEST {
            return Self::Kept(body.clone());
        }
        let mut length = 0;
        for_each_piece(body, &mut |piece| {
            length += match piece {
                PromptPiece::Text(text) => text.len(),
                PromptPiece::Bytes(bytes) => bytes,
                PromptPiece::Token => BYTES_PER_TOKEN,
            }
        });
        Self::Long(length)
    }

    async fn tokens(self) -> i64 {
        match self {
            Self::Nothing | Self::Recorded(_) => 0,
            Self::Long(bytes) => i64::try_from(bytes / BYTES_PER_TOKEN).unwrap_or(MAX_TOKENS),
            Self::Kept(body) => {
                let mut counter = OutputCounter::default();
                let mut bytes = 0;
                for_each_piece(&body, &mut |piece| match piece {
                    PromptPiece::Text(text) => counter.text.push_str(text),
                    PromptPiece::Bytes(more) => bytes += more,
                    PromptPiece::Token => counter.counted += 1,
                });
                counter.bytes(bytes);
                counter.tokens().await
            }
        }
    }
}

/// Counts the characters of a text to be spoken: Unicode code points, as OpenAI charges for them.
pub(super) fn count_characters(body: &[u8]) -> i64 {
    #[derive(Deserialize)]
    struct Speech<'a> {
        #[serde(borrow, default)]
        input: Cow<'a, str>,
    }
    let speech = serde_json::from_slice::<Speech<'_>>(body);
    speech.map_or(0, |speech| i64::try_from(speech.input.chars().count()).unwrap_or(MAX_TOKENS))
}

/// Counts a model's output as it passes.
#[derive(Debug, Default)]
pub(super) struct OutputCounter {
    text: String,
    counted: i64,
}

impl OutputCounter {
    /// Adds the texts of an answer or an event.
    pub(super) async fn take(&mut self, json: &[u8]) {
        if texts::find(json, &mut |text| self.text.push_str(text)).is_err() {
            self.bytes(json.len());
        }
        if self.text.len() >= FLUSH_BYTES {
            self.counted += count(std::mem::take(&mut self.text)).await;
        }
    }

    /// Adds the tokens of bytes that can't be counted as text.
    pub(super) fn bytes(&mut self, bytes: usize) {
        let tokens = i64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(MAX_TOKENS);
        self.counted = self.counted.saturating_add(tokens);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.counted == 0
    }

    async fn tokens(mut self) -> i64 {
        let rest = std::mem::take(&mut self.text);
        (self.counted + count(rest).await).min(MAX_TOKENS)
    }
}

/// Estimates a call's usage from its texts or recordings; `None` if recordings were
/// expected and there are none. An estimate is never more than the request allows.
pub(super) async fn estimate(prompt: Prompt, output: OutputCounter, bounds: &UsageBounds) -> Option<Quantities> {
    if let Prompt::Recorded(recordings) = prompt {
        let lengths = join_all(recordings.into_iter().map(Recording::length_ms)).await;
        let media_ms = lengths.into_iter().reduce(i64::saturating_add)?;
        return Some(Quantities { media_ms, ..Quantities::default() });
    }
    Some(Quantities {
        tokens_in: within(prompt.tokens().await, &bounds.tokens_in),
        tokens_out: within(output.tokens().await, &bounds.tokens_out),
        ..Quantities::default()
    })
}

/// Completes the usage of an answer that broke off after the provider had reported its input.
pub(super) async fn complete(reported: Quantities, output: OutputCounter, bounds: &UsageBounds) -> Quantities {
    let written = within(output.tokens().await, &bounds.tokens_out);
    Quantities { tokens_out: reported.tokens_out.max(written), ..reported }
}

fn within(tokens: i64, bound: &UsageBound) -> i64 {
    bound.as_ref().map_or(tokens, |most| tokens.min(*most))
}

async fn count(text: String) -> i64 {
    if text.is_empty() {
        return 0;
    }
    let length = text.len();
    let counted = spawn_blocking(move || bpe_openai::o200k_base().count(text.as_str())).await;
    i64::try_from(counted.unwrap_or(length / BYTES_PER_TOKEN)).unwrap_or(MAX_TOKENS)
}

#[cfg(test)]
mod tests {
    use domain::money::{Charging, Unbounded};

    use super::*;

    #[tokio::test]
    async fn texts_are_counted_by_a_real_vocabulary() {
        let body = Bytes::from_static(br#"{"model":"m","messages":[{"role":"user","content":"hello world"}]}"#);
        let mut output = OutputCounter::default();
        output.take(br#"{"choices":[{"delta":{"content":"hello"}}]}"#).await;
        output.take(br#"{"choices":[{"delta":{"content":" world"}}]}"#).await;
        let unbounded = UsageBounds::unbounded(Charging::Always, &Unbounded::Output);
        let used = estimate(Prompt::from_json(&body), output, &unbounded).await.unwrap();
        assert_eq!((used.tokens_in, used.tokens_out), (2, 2));
    }

    #[tokio::test]
    async fn an_estimate_is_within_what_the_request_allows() {
        let body = Bytes::from_static(br#"{"model":"m","prompt":"one two three"}"#);
        let output = || async {
            let mut output = OutputCounter::default();
            output.take(br#"{"choices":[{"text":"one two three four"}]}"#).await;
            output
        };
        let bounds = UsageBounds { tokens_in: Ok(2), tokens_out: Ok(3), ..UsageBounds::default() };
        let used = estimate(Prompt::from_json(&body), output().await, &bounds).await.unwrap();
        assert_eq!((used.tokens_in, used.tokens_out), (2, 3));
        let reported = Quantities { tokens_in: 7, ..Quantities::default() };
        assert_eq!(complete(reported, output().await, &bounds).await, Quantities { tokens_out: 3, ..reported });
    }

    #[tokio::test]
    async fn what_cant_be_read_counts_by_its_bytes() {
        let body = Bytes::from(format!(r#"{{"model":"m","user":1e999,"input":"{}"}}"#, "word ".repeat(1_000)));
        assert!(Prompt::from_json(&body).tokens().await >= 1_000);
        let large = Bytes::from(format!(r#"{{"model":"m","user":1e999,"input":"{}"}}"#, "word ".repeat(100_000)));
        assert!(Prompt::from_json(&large).tokens().await >= 100_000);
        let mut output = OutputCounter::default();
        output.take(br#"{"choices":[{"delta":{"content":"\ud800 one two three four"}}]}"#).await;
        assert!(output.tokens().await >= 4);
    }

    #[tokio::test]
    async fn a_long_answer_is_counted_as_it_passes() {
        let mut output = OutputCounter::default();
        let event = format!(r#"{{"choices":[{{"delta":{{"content":"{}"}}}}]}}"#, " word".repeat(100));
        for _ in 0..1_000 {
            output.take(event.as_bytes()).await;
            assert!(output.text.len() < FLUSH_BYTES + event.len());
        }
        let tokens = output.tokens().await;
        assert!((100_000..100_100).contains(&tokens), "{tokens}");
    }

    #[tokio::test]
    async fn a_large_request_isnt_kept() {
        let body = Bytes::from(format!(r#"{{"input":"{}"}}"#, "word ".repeat(100_000)));
        assert!(matches!(Prompt::from_json(&body), Prompt::Long(500_000)));
        assert_eq!(Prompt::from_json(&body).tokens().await, 125_000);
    }
}
