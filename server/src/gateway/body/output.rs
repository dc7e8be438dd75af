//! Limits the tokens of answers to the model's `max_output_tokens`.
//!
//! The limit bounds the cost of a call, so everything that could raise it counts: the limit's other names,
//! and the number of answers.

use std::ops::Range;

use serde_json::value::RawValue;

use super::range_of;
use crate::{gateway::endpoint::Endpoint, v1::error::V1Error};

/// Parameters that limit an answer: OpenAI's, Anthropic's, and those of other servers with OpenAI's API
/// (llama.cpp, vLLM, TGI, Ollama).
pub(super) const LIMITS: [&str; 7] = [
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "max_new_tokens",
    "max_tokens_to_sample",
    "n_predict",
    "num_predict",
];

/// Parameters for the number of answers: `best_of` are generated, `n` of them returned.
pub(super) const MULTIPLIERS: [&str; 2] = ["n", "best_of"];

/// The parameters of a request that decide the length of its answers.
#[derive(Debug)]
pub(super) struct OutputLimit {
    limits: [Number; LIMITS.len()],
    multipliers: [Number; MULTIPLIERS.len()],
    /// Number of prompts.
    prompts: u64,
}

/// A parameter whose value must be a positive integer.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Number {
    Absent,
    /// `null`, at this position.
    Null(Range<usize>),
    Value(u64),
    /// Anything else.
    Wrong,
}

impl Number {
    fn read(bytes: &[u8], value: Option<&RawValue>) -> Self {
        match value.map(RawValue::get) {
            None => Self::Absent,
            Some(text @ "null") => Self::Null(range_of(bytes, text)),
            Some(text) => positive(text).map_or(Self::Wrong, Self::Value),
        }
    }

    fn value(&self) -> Option<u64> {
        match self {
            Self::Value(value) => Some(*value),
            Self::Absent | Self::Null(_) | Self::Wrong => None,
        }
    }
}

/// Parses a positive integer; one that is too large is the largest.
pub(in crate::gateway) fn positive(text: &str) -> Option<u64> {
    // Parsers differ on whether `1e3` and `5.0` are integers.
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().unwrap_or(u64::MAX)).filter(|number| *number > 0)
}

/// The position where a limit is inserted into a body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::gateway) enum LimitPlacement {
    /// Instead of `null`.
    Value(Range<usize>, u64),
    Field(&'static str, u64),
}

impl OutputLimit {
    pub(super) fn read(
        bytes: &[u8],
        limits: [Option<&RawValue>; LIMITS.len()],
        multipliers: [Option<&RawValue>; MULTIPLIERS.len()],
        prompts: u64,
    ) -> Self {
        let number = |value| Number::read(bytes, value);
        Self { limits: limits.map(number), multipliers: multipliers.map(number), prompts: prompts.max(1) }
    }

    /// The number of prompts, at least 1.
    pub(super) fn prompts(&self) -> u64 {
        self.prompts
    }

    /// The number of answers to all prompts; `None` if it can't be read.
    pub(super) fn answers(&self, endpoint: &Endpoint) -> Option<u64> {
        if self.multipliers.contains(&Number::Wrong) {
            return None;
        }
        let answers = self.multipliers.iter().filter_map(Number::value).max().unwrap_or(1);
        Some(if endpoint.answers_each_prompt { answers.saturating_mul(self.prompts) } else { answers })
    }

    /// The most tokens that all answers can have together, if each has at most `window`; `None` if nothing
    /// limits them. A request beyond `max_tokens` must have been [rejected](Self::check).
    ///
    /// The limits include reasoning, by the API references of OpenAI (`max_completion_tokens`,
    /// `max_output_tokens`) and Anthropic (`max_tokens`).
    pub(super) fn tokens(&self, endpoint: &Endpoint, max_tokens: Option<u64>, window: Option<u64>) -> Option<u64> {
        let answers = self.answers(endpoint)?;
        // `check` divides the model's limit among the answers where a request can limit them.
        let by_model = match endpoint.output_limits {
            [] => max_tokens.map(|max| max.saturating_mul(answers)),
            _ => max_tokens,
        };
        let each = [self.each(endpoint), window].into_iter().flatten().min();
        [each.map(|each| each.saturating_mul(answers)), by_model].into_iter().flatten().min()
    }

    /// The most tokens of one answer by the request, whichever of its limits the provider follows.
    fn each(&self, endpoint: &Endpoint) -> Option<u64> {
        if self.limits.contains(&Number::Wrong) {
            return None;
        }
        let is_limited = LIMITS
            .iter()
            .zip(&self.limits)
            .any(|(name, number)| endpoint.output_limits.contains(name) && number.value().is_some());
        if is_limited { self.limits.iter().filter_map(Number::value).max() } else { None }
    }

    /// Rejects a request for more than `max_tokens` of `model` in all its answers, or with a limit that
    /// providers could read differently. Returns the limit to insert if the request has none.
    pub(super) fn check(
        &self,
        max_tokens: u32,
        endpoint: &Endpoint,
        model: &str,
    ) -> Result<Option<LimitPlacement>, V1Error> {
        let max_tokens = u64::from(max_tokens);
        for (number, name) in self.limits.iter().chain(&self.multipliers).zip(LIMITS.into_iter().chain(MULTIPLIERS)) {
            if *number == Number::Wrong {
                return Err(V1Error::invalid(name, format!("`{name}` must be a whole number of at least 1.")));
            }
        }
        let answers = self.answers(endpoint).unwrap_or(u64::MAX);
        if answers > max_tokens {
            let message = format!("{model:?} is limited to {max_tokens} output tokens. Request fewer choices.");
            return Err(V1Error::invalid("n", message));
        }
        let each = max_tokens / answers;
        for (number, name) in self.limits.iter().zip(LIMITS) {
            if let Number::Value(limit) = number
                && *limit > each
            {
                let message = match answers {
                    1 => format!("{model:?} is limited to {max_tokens} output tokens."),
                    _ => format!("{model:?} is limited to {max_tokens} output tokens for {answers} choices together."),
                };
                return Err(V1Error::invalid(name, message));
            }
        }
        let Some(first) = endpoint.output_limits.first() else { return Ok(None) };
        let of = |name: &str| LIMITS.iter().position(|limit| *limit == name).and_then(|index| self.limits.get(index));
        if endpoint.output_limits.iter().any(|name| matches!(of(name), Some(Number::Value(_)))) {
            return Ok(None);
        }
        Ok(Some(match of(first) {
            Some(Number::Null(range)) => LimitPlacement::Value(range.clone(), each),
            _ => LimitPlacement::Field(first, each),
        }))
    }
}
