//! The content of an answer, regardless of its form.

use serde::Deserialize;

use crate::{answer_text::AnswerText, error::SandboxError, text_format::TextFormat, tools::ToolCall};

/// Default number of tokens of a thought.
const DEFAULT_THOUGHT_TOKENS: i64 = 16;
/// Maximum number of tokens of a thought.
const MAX_THOUGHT_TOKENS: i64 = 64;

/// The requested properties of an answer.
#[derive(Debug, Default)]
pub(super) struct ReplyOptions {
    pub(super) call: Option<ToolCall>,
    pub(super) format: TextFormat,
    /// Most tokens of the thought; `None` without a thought.
    pub(super) max_thought_tokens: Option<i64>,
    /// Most tokens of the whole answer.
    pub(super) max_tokens: i64,
    /// Stop sequences that the text ends before.
    pub(super) stops: Vec<String>,
}

/// An answer's content.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) thought: Option<AnswerText>,
    pub(super) content: ReplyContent,
}

/// The main part of an answer.
#[derive(Clone, Debug)]
pub(super) enum ReplyContent {
    Words(AnswerText),
    Call(ToolCall),
}

impl Reply {
    /// Generates a reply that is determined by `seed` and the options.
    pub(super) fn new(seed: u64, options: &ReplyOptions) -> Result<Self, SandboxError> {
        let thought = options
            .max_thought_tokens
            .map(|max| AnswerText::new(!seed, max.min(MAX_THOUGHT_TOKENS).min(options.max_tokens)));
        let remaining = options.max_tokens - thought.as_ref().map_or(0, AnswerText::tokens);
        let content = match &options.call {
            Some(call) if call.tokens() <= remaining => ReplyContent::Call(call.clone()),
            // A truncated call is useless.
            Some(_) => ReplyContent::Words(AnswerText { is_cut: true, ..AnswerText::default() }),
            None => {
                let mut text = options.format.generate(seed, remaining)?;
                text.stop_before(&options.stops);
                ReplyContent::Words(text)
            }
        };
        Ok(Self { thought, content })
    }

    /// Makes a reply of words only, for an answer of which only the seed is known.
    pub(super) fn words(seed: u64, max_tokens: i64) -> Self {
        Self { thought: None, content: ReplyContent::Words(AnswerText::new(seed, max_tokens)) }
    }

    pub(super) fn call(&self) -> Option<&ToolCall> {
        match &self.content {
            ReplyContent::Call(call) => Some(call),
            ReplyContent::Words(_) => None,
        }
    }

    pub(super) fn text(&self) -> Option<&AnswerText> {
        match &self.content {
            ReplyContent::Words(text) => Some(text),
            ReplyContent::Call(_) => None,
        }
    }

    /// Whether a token limit cut the text off.
    pub(super) fn is_cut(&self) -> bool {
        self.text().is_some_and(|text| text.is_cut)
    }

    pub(super) fn thought_tokens(&self) -> i64 {
        self.thought.as_ref().map_or(0, AnswerText::tokens)
    }

    /// Returns the number of tokens of the whole answer, including the thought.
    pub(super) fn tokens(&self) -> i64 {
        self.thought_tokens()
            + match &self.content {
                ReplyContent::Words(text) => text.tokens(),
                ReplyContent::Call(call) => call.tokens(),
            }
    }
}

/// Stop sequences of an answer.
#[derive(Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Stops {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl Stops {
    pub(super) fn all(&self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::One(stop) => vec![stop.clone()],
            Self::Many(stops) => stops.clone(),
        }
    }
}

/// Returns the maximum number of tokens of a thought at a reasoning effort; `None` for no thought.
pub(super) fn max_thought_tokens(effort: Option<&str>) -> Option<i64> {
    match effort {
        Some("none") => None,
        Some("minimal") => Some(4),
        Some("low") => Some(8),
        Some("high") => Some(32),
        Some("xhigh" | "max") => Some(MAX_THOUGHT_TOKENS),
        _ => Some(DEFAULT_THOUGHT_TOKENS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_count_within_the_limit() {
        let options = |max_tokens| ReplyOptions {
            max_thought_tokens: max_thought_tokens(Some("low")),
            max_tokens,
            ..ReplyOptions::default()
        };
        let reply = Reply::new(7, &options(1_000)).ok().unwrap();
        assert!((1..=8).contains(&reply.thought_tokens()) && reply.tokens() > reply.thought_tokens());
        let short = Reply::new(7, &options(12)).ok().unwrap();
        assert!(short.is_cut() && short.tokens() <= 12);
        let none = Reply::new(7, &options(1)).ok().unwrap();
        assert_eq!((none.tokens() <= 1, none.is_cut()), (true, true));
        assert_eq!(max_thought_tokens(Some("none")), None);
    }

    #[test]
    fn a_call_that_would_be_too_long_isnt_made() {
        let call = ToolCall { name: "f".to_owned(), arguments: "{\"a\":1}".to_owned(), is_custom: false };
        let options = |max_tokens| ReplyOptions { call: Some(call.clone()), max_tokens, ..ReplyOptions::default() };
        assert!(Reply::new(7, &options(3)).ok().unwrap().call().is_some());
        let cut = Reply::new(7, &options(2)).ok().unwrap();
        assert!(cut.call().is_none() && cut.is_cut() && cut.tokens() == 0);
    }
}
