//! How many tokens a text has, and how long a recording is, where the provider doesn't say.
//!
//! Counted with the vocabulary of OpenAI's newer models (`o200k_base`), whatever the model: other vocabularies differ by
//! some percent for English, and more for other languages. What is counted this way is always marked as an estimate.
//! The vocabulary is loaded when it is first needed, and takes memory from then on: `docs/gateway.md` says how much.

mod prompt_texts;
mod recording;

use std::borrow::Cow;

use bytes::Bytes;
use domain::money::Quantities;
use futures::future::join_all;
use serde::Deserialize;
use services::metering::MOST_TOKENS;
use tokio::task::spawn_blocking;

use self::prompt_texts::{Piece, pieces};
pub(super) use self::recording::Recording;
use super::json::texts;

/// How much text is counted at once, in bytes: more of it isn't kept in memory.
const PIECE: usize = 16 * 1024;
/// Up to this size, in bytes, a request is kept until its usage is known; of a larger one the texts' length is.
const KEPT_REQUEST: usize = 256 * 1024;
/// Bytes of a token, where nothing is counted more exactly: about what English text has.
const BYTES_PER_TOKEN: usize = 4;

/// What a model was asked, until it is known whether its tokens must be counted.
#[derive(Debug, Default)]
pub(super) enum Prompt {
    #[default]
    Nothing,
    Kept(Bytes),
    /// The texts' length, in bytes.
    Long(usize),
    /// What was to be listened to, which waits where it was spooled.
    Recorded(Vec<Recording>),
}

impl Prompt {
    /// Of a request in JSON.
    pub(super) fn of(body: &Bytes) -> Self {
        if body.len() <= KEPT_REQUEST {
            return Self::Kept(body.clone());
        }
        let mut length = 0;
        pieces(body, &mut |piece| {
            length += match piece {
                Piece::Text(text) => text.len(),
                Piece::Bytes(bytes) => bytes,
                Piece::Token => BYTES_PER_TOKEN,
            }
        });
        Self::Long(length)
    }

    async fn tokens(self) -> i64 {
        match self {
            Self::Nothing | Self::Recorded(_) => 0,
            Self::Long(bytes) => i64::try_from(bytes / BYTES_PER_TOKEN).unwrap_or(MOST_TOKENS),
            Self::Kept(body) => {
                let mut said = Said::default();
                let mut bytes = 0;
                pieces(&body, &mut |piece| match piece {
                    Piece::Text(text) => said.text.push_str(text),
                    Piece::Bytes(more) => bytes += more,
                    Piece::Token => said.counted += 1,
                });
                said.bytes(bytes);
                said.tokens().await
            }
        }
    }
}

/// How many characters the text has that is to be spoken: code points of Unicode, as OpenAI charges for them.
pub(super) fn characters(body: &[u8]) -> i64 {
    #[derive(Deserialize)]
    struct Speech<'a> {
        #[serde(borrow, default)]
        input: Cow<'a, str>,
    }
    let speech = serde_json::from_slice::<Speech<'_>>(body);
    speech.map_or(0, |speech| i64::try_from(speech.input.chars().count()).unwrap_or(MOST_TOKENS))
}

/// What a model said, counted as it passes.
#[derive(Debug, Default)]
pub(super) struct Said {
    text: String,
    counted: i64,
}

impl Said {
    /// Takes what is told in an answer, or an event of one.
    pub(super) async fn take(&mut self, json: &[u8]) {
        if texts::find(json, &mut |text| self.text.push_str(text)).is_err() {
            self.bytes(json.len());
        }
        if self.text.len() >= PIECE {
            self.counted += count(std::mem::take(&mut self.text)).await;
        }
    }

    /// Something that can't be counted as a text.
    pub(super) fn bytes(&mut self, bytes: usize) {
        let tokens = i64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(MOST_TOKENS);
        self.counted = self.counted.saturating_add(tokens);
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.text.is_empty() && self.counted == 0
    }

    async fn tokens(mut self) -> i64 {
        let rest = std::mem::take(&mut self.text);
        (self.counted + count(rest).await).min(MOST_TOKENS)
    }
}

/// What a call used, as far as it can be told from its texts, or from what it let somebody listen to; `None` where neither is
/// here.
pub(super) async fn estimate(prompt: Prompt, said: Said) -> Option<Quantities> {
    if let Prompt::Recorded(recordings) = prompt {
        let lengths = join_all(recordings.into_iter().map(Recording::length_ms)).await;
        let media_ms = lengths.into_iter().reduce(i64::saturating_add)?;
        return Some(Quantities { media_ms, ..Quantities::default() });
    }
    Some(Quantities { tokens_in: prompt.tokens().await, tokens_out: said.tokens().await, ..Quantities::default() })
}

/// What an answer used whose request was counted by the provider, but that broke off.
pub(super) async fn complete(begun: Quantities, said: Said) -> Quantities {
    Quantities { tokens_out: begun.tokens_out.max(said.tokens().await), ..begun }
}

async fn count(text: String) -> i64 {
    if text.is_empty() {
        return 0;
    }
    let length = text.len();
    let counted = spawn_blocking(move || bpe_openai::o200k_base().count(text.as_str())).await;
    i64::try_from(counted.unwrap_or(length / BYTES_PER_TOKEN)).unwrap_or(MOST_TOKENS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn texts_are_counted_by_a_real_vocabulary() {
        let body = Bytes::from_static(br#"{"model":"m","messages":[{"role":"user","content":"hello world"}]}"#);
        let mut said = Said::default();
        said.take(br#"{"choices":[{"delta":{"content":"hello"}}]}"#).await;
        said.take(br#"{"choices":[{"delta":{"content":" world"}}]}"#).await;
        let used = estimate(Prompt::of(&body), said).await.unwrap();
        assert_eq!((used.tokens_in, used.tokens_out), (2, 2));
    }

    #[tokio::test]
    async fn what_cant_be_read_counts_by_its_bytes() {
        let body = Bytes::from(format!(r#"{{"model":"m","user":1e999,"input":"{}"}}"#, "word ".repeat(1_000)));
        assert!(Prompt::of(&body).tokens().await >= 1_000);
        let large = Bytes::from(format!(r#"{{"model":"m","user":1e999,"input":"{}"}}"#, "word ".repeat(100_000)));
        assert!(Prompt::of(&large).tokens().await >= 100_000);
        let mut said = Said::default();
        said.take(br#"{"choices":[{"delta":{"content":"\ud800 one two three four"}}]}"#).await;
        assert!(said.tokens().await >= 4);
    }

    #[tokio::test]
    async fn a_long_answer_is_counted_as_it_passes() {
        let mut said = Said::default();
        let event = format!(r#"{{"choices":[{{"delta":{{"content":"{}"}}}}]}}"#, " word".repeat(100));
        for _ in 0..1_000 {
            said.take(event.as_bytes()).await;
            assert!(said.text.len() < PIECE + event.len());
        }
        let tokens = said.tokens().await;
        assert!((100_000..100_100).contains(&tokens), "{tokens}");
    }

    #[tokio::test]
    async fn a_large_request_isnt_kept() {
        let body = Bytes::from(format!(r#"{{"input":"{}"}}"#, "word ".repeat(100_000)));
        assert!(matches!(Prompt::of(&body), Prompt::Long(500_000)));
        assert_eq!(Prompt::of(&body).tokens().await, 125_000);
    }
}
