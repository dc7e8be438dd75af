//! Counts, in the forms that providers report them.

use domain::money::Quantities;
use serde::Deserialize;
use serde_json::value::RawValue;
use services::metering::MOST_TOKENS;

use super::lenient::read;
use crate::gateway::endpoint::{Counts, Dialect};

/// Longest that audio can last, in seconds: a year. A report of more is a mistake.
const LONGEST_MEDIA: f64 = 366.0 * 86_400.0;

/// What was reported so far. Of a stream, the last report of each count is the one that holds: some providers count up
/// in every event.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::gateway) struct Reports {
    input: Option<i64>,
    output: Option<i64>,
    cached: Option<i64>,
    written: Option<i64>,
    pub(super) images: Option<i64>,
    pub(super) media_ms: Option<i64>,
    /// Whether the output is all there is of it.
    pub(super) is_final: bool,
}

impl Reports {
    pub(super) const fn is_any(&self) -> bool {
        self.input.is_some() || self.output.is_some() || self.media_ms.is_some()
    }

    /// Takes in what was reported after it. Pictures add up, since each comes in an event of its own.
    pub(in crate::gateway) fn then(&mut self, later: Self) {
        self.input = later.input.or(self.input);
        self.output = later.output.or(self.output);
        self.cached = later.cached.or(self.cached);
        self.written = later.written.or(self.written);
        self.images = match (self.images, later.images) {
            (Some(before), Some(more)) => Some(before.saturating_add(more)),
            (before, more) => before.or(more),
        };
        self.media_ms = later.media_ms.or(self.media_ms);
        self.is_final |= later.is_final;
    }

    /// The tokens that the request had, where that was reported, and whatever else is known before the answer's end.
    pub(in crate::gateway) fn begun(&self, dialect: Dialect) -> Option<Quantities> {
        let input = self.input?;
        let possible = 0..=MOST_TOKENS;
        let [cached, written, output] = [self.cached, self.written, self.output].map(|count| count.unwrap_or(0));
        if ![input, cached, written, output].iter().all(|count| possible.contains(count)) {
            return None;
        }
        let tokens_in = match dialect {
            Dialect::OpenAi => input,
            Dialect::Anthropic => input + cached + written,
        };
        if !possible.contains(&tokens_in) {
            return None;
        }
        let cached_tokens_in = cached.min(tokens_in);
        Some(Quantities {
            tokens_in,
            cached_tokens_in,
            cache_write_tokens_in: written.min(tokens_in - cached_tokens_in),
            tokens_out: output,
            ..Quantities::default()
        })
    }

    /// All that was used, for a path that counts this way; `None` where the provider doesn't say, or can't mean it.
    pub(in crate::gateway) fn quantities(&self, dialect: Dialect, counts: Counts) -> Option<Quantities> {
        let tokens = if self.is_final { self.begun(dialect) } else { None };
        let counted = match counts {
            Counts::Images => self.images.map(|images| Quantities { images, ..tokens.unwrap_or_default() }),
            Counts::Media => self.media_ms.map(|media_ms| Quantities { media_ms, ..tokens.unwrap_or_default() }),
            _ => None,
        };
        counted.or(tokens)
    }
}

/// A `usage` object of any endpoint.
#[derive(Deserialize)]
pub(super) struct Usage<'a> {
    #[serde(default, borrow)]
    prompt_tokens: Option<&'a RawValue>,
    #[serde(default, borrow)]
    input_tokens: Option<&'a RawValue>,
    /// Embeddings have none.
    #[serde(default, borrow)]
    completion_tokens: Option<&'a RawValue>,
    #[serde(default, borrow)]
    output_tokens: Option<&'a RawValue>,
    #[serde(default, borrow)]
    prompt_tokens_details: Option<&'a RawValue>,
    #[serde(default, borrow)]
    input_tokens_details: Option<&'a RawValue>,
    #[serde(default, borrow)]
    cache_read_input_tokens: Option<&'a RawValue>,
    #[serde(default, borrow)]
    cache_creation_input_tokens: Option<&'a RawValue>,
    /// Of audio that is charged by its length.
    #[serde(default, borrow)]
    seconds: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    cached_tokens: Option<i64>,
}

impl Usage<'_> {
    pub(super) fn reports(self) -> Reports {
        let details: Option<Details> = read(self.prompt_tokens_details.or(self.input_tokens_details));
        let cached = read(self.cache_read_input_tokens).or(details.and_then(|details| details.cached_tokens));
        Reports {
            input: read(self.prompt_tokens.or(self.input_tokens)),
            output: read(self.completion_tokens.or(self.output_tokens)),
            cached,
            written: read(self.cache_creation_input_tokens),
            images: None,
            media_ms: read::<f64>(self.seconds).and_then(millis),
            is_final: false,
        }
    }
}

pub(super) fn millis(seconds: f64) -> Option<i64> {
    // In range, so the conversion is exact to the millisecond.
    (0.0..=LONGEST_MEDIA).contains(&seconds).then(|| (seconds * 1000.0).round() as i64)
}
