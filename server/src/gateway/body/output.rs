//! How many tokens an answer may have: as the request says it, and as the model's `max_output_tokens` wants it.
//!
//! The limit that is put in where none is named is part of what a call may cost at most, so everything that raises it counts:
//! other names for the limit, and how many answers there are to be.

use std::ops::Range;

use serde_json::value::RawValue;

use super::place;
use crate::{gateway::endpoint::Endpoint, v1::error::Refusal};

/// The names of limits: OpenAI's and Anthropic's, and what some servers with OpenAI's API take besides (llama.cpp, vLLM, TGI,
/// Ollama).
pub(super) const LIMITS: [&str; 7] = [
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "max_new_tokens",
    "max_tokens_to_sample",
    "n_predict",
    "num_predict",
];

/// How many answers there are to be. `best_of` are made, of which `n` are given.
pub(super) const TIMES: [&str; 2] = ["n", "best_of"];

/// What a request says of its answer's length.
#[derive(Debug)]
pub(super) struct Output {
    limits: [Number; LIMITS.len()],
    times: [Number; TIMES.len()],
    /// How many prompts are answered.
    prompts: u64,
}

/// A whole number from 1 on.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Number {
    Absent,
    /// It is `null`, here.
    Null(Range<usize>),
    Of(u64),
    /// It is something else.
    Wrong,
}

impl Number {
    fn read(bytes: &[u8], value: Option<&RawValue>) -> Self {
        match value.map(RawValue::get) {
            None => Self::Absent,
            Some(text @ "null") => Self::Null(place(bytes, text)),
            // `1e3` and `5.0` are whole numbers to some and not to others.
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => match text.parse() {
                Ok(0) => Self::Wrong,
                Ok(number) => Self::Of(number),
                // More than there is.
                Err(_) => Self::Of(u64::MAX),
            },
            Some(_) => Self::Wrong,
        }
    }
}

/// Where in a body a limit is put, and with its name or without.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::gateway) enum PutIn {
    /// In place of `null`.
    Value(Range<usize>, u64),
    Field(&'static str, u64),
}

impl Output {
    pub(super) fn read(
        bytes: &[u8],
        limits: [Option<&RawValue>; LIMITS.len()],
        times: [Option<&RawValue>; TIMES.len()],
        prompts: u64,
    ) -> Self {
        let number = |value| Number::read(bytes, value);
        Self { limits: limits.map(number), times: times.map(number), prompts: prompts.max(1) }
    }

    /// Refuses what asks `model` for more than `most` tokens in all its answers, or says it in a way that providers could
    /// read otherwise; tells what to put in where the request leaves it to the provider.
    pub(super) fn within(&self, most: u32, endpoint: &Endpoint, model: &str) -> Result<Option<PutIn>, Refusal> {
        let most = u64::from(most);
        for (number, name) in self.limits.iter().chain(&self.times).zip(LIMITS.into_iter().chain(TIMES)) {
            if *number == Number::Wrong {
                return Err(Refusal::invalid(name, format!("`{name}` must be a whole number from 1 on.")));
            }
        }
        let answers = self.times.iter().map(|times| if let Number::Of(times) = times { *times } else { 1 });
        let answers = answers.max().unwrap_or(1);
        let answers = if endpoint.answers_each_prompt { answers.saturating_mul(self.prompts) } else { answers };
        if answers > most {
            let message = format!("{model:?} answers with at most {most} tokens; ask for fewer answers.");
            return Err(Refusal::invalid("n", message));
        }
        let each = most / answers;
        for (number, name) in self.limits.iter().zip(LIMITS) {
            if let Number::Of(limit) = number
                && *limit > each
            {
                let message = match answers {
                    1 => format!("{model:?} answers with at most {most} tokens; ask for no more."),
                    _ => format!("{model:?} answers with at most {most} tokens in {answers} answers; ask for no more."),
                };
                return Err(Refusal::invalid(name, message));
            }
        }
        let Some(first) = endpoint.output_limits.first() else { return Ok(None) };
        let of = |name: &str| LIMITS.iter().position(|limit| *limit == name).and_then(|index| self.limits.get(index));
        if endpoint.output_limits.iter().any(|name| matches!(of(name), Some(Number::Of(_)))) {
            return Ok(None);
        }
        Ok(Some(match of(first) {
            Some(Number::Null(place)) => PutIn::Value(place.clone(), each),
            _ => PutIn::Field(first, each),
        }))
    }
}
