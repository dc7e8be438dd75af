//! Resolves counts to quantities: which are parts of others, and which win if they contradict each other.
//!
//! The rules are in `docs/gateway.md`, "Usage".

use domain::money::Quantities;
use services::metering::MAX_TOKENS;

use super::{
    counts::UsageReports,
    names::CountKind::{
        self, AudioIn, AudioOut, CacheCreation, CacheMiss, CacheRead, CacheWrite, Cached, Completion, FiveMinutes,
        Input, OneHour, Output, Prompt, Reasoning, Searches, ToolCalls, Total,
    },
};
use crate::v1::dialect::Dialect;

/// The quantities that reports mean.
pub(super) struct ResolvedUsage {
    pub(super) used: Quantities,
    /// Whether the output is known.
    pub(super) has_output: bool,
    /// Whether only a total is known, which counts as input.
    pub(super) is_total_alone: bool,
    pub(super) is_doubtful: bool,
}

/// Whether a part is counted apart from the count that could contain it: cached and written tokens,
/// audio tokens, reasoning.
type CountedApart = [bool; 3];

/// All combinations, simple ones first.
const COMBINATIONS: [CountedApart; 8] = [
    [false, false, false],
    [true, false, false],
    [false, false, true],
    [false, true, false],
    [true, false, true],
    [false, true, true],
    [true, true, false],
    [true, true, true],
];

impl UsageReports {
    /// Resolves the counts by the rules of `dialect`; `None` without a possible input count.
    pub(super) fn resolve(&self, dialect: Dialect) -> Option<ResolvedUsage> {
        let count = |kind: CountKind| self.get(kind).unwrap_or(0);
        let (inputs, outputs) = match dialect {
            Dialect::OpenAi => ([Prompt, Input], [Completion, Output]),
            Dialect::Anthropic => ([Input, Prompt], [Output, Completion]),
        };
        let mut is_doubtful = self.is_doubtful;
        let (cached, has_cached_conflict) = self.first_nonzero([Cached, CacheRead]);
        let (mut written, has_written_conflict) = self.first_nonzero([CacheWrite, CacheCreation]);
        let by_age = count(FiveMinutes).saturating_add(count(OneHour));
        is_doubtful |= has_cached_conflict || has_written_conflict || (written > 0 && by_age > 0 && written != by_age);
        written = if written == 0 { by_age } else { written };
        let cache = cached.saturating_add(written);
        let parts = [cache, count(AudioIn), count(Reasoning)];

        let total = self.get(Total).filter(|total| *total > 0);
        let is_output_reported = outputs.iter().any(|kind| self.get(*kind).is_some());
        let (output, has_output_conflict) = self.first_nonzero(outputs);
        is_doubtful |= has_output_conflict;
        let input = self.input_count(inputs, cached, is_output_reported.then_some(output))?;
        is_doubtful |= input.is_doubtful;

        // Without a matching total the names decide: counts with Anthropic's names are apart from Anthropic's
        // input, and can't be within a smaller count.
        let has_anthropics = self.get(CacheRead).is_some() || self.get(CacheCreation).is_some() || by_age > 0;
        let has_openais = count(Cached) > 0 || count(CacheWrite) > 0;
        let is_anthropics = input.kind == Some(Input) && !has_openais;
        let mut apart = [has_anthropics && (is_anthropics || cache > input.tokens), false, false];
        let sum = |apart: CountedApart| {
            let parts = parts.iter().zip(apart).filter(|(_, apart)| *apart).map(|(part, _)| *part);
            parts.fold(input.tokens.saturating_add(output), i64::saturating_add)
        };
        let is_possible = |apart: CountedApart| {
            let mut pairs = parts.iter().zip([input.tokens, input.tokens, output]).zip(apart);
            pairs.all(|((part, limit), apart)| apart || *part <= limit)
        };
        let mut unexplained = 0;
        if let (Some(total), true) = (total, is_output_reported) {
            let mut combinations = std::iter::once(apart).chain(COMBINATIONS);
            match combinations.find(|apart| sum(*apart) == total && is_possible(*apart)) {
                Some(found) => apart = found,
                None => {
                    is_doubtful = true;
                    unexplained = total.saturating_sub(sum(apart)).max(0);
                }
            }
        }
        let [cache_apart, audio_apart, reasoning_apart] = apart;
        let tokens_apart = |part: i64, apart: bool| if apart { part } else { 0 };
        let tokens_in = input
            .tokens
            .saturating_add(tokens_apart(cache, cache_apart))
            .saturating_add(tokens_apart(parts[1], audio_apart));
        let tokens_out = match (is_output_reported, total) {
            (true, _) => output.saturating_add(tokens_apart(parts[2], reasoning_apart)).saturating_add(unexplained),
            (false, Some(total)) => {
                is_doubtful |= total < tokens_in;
                total.saturating_sub(tokens_in).max(0)
            }
            (false, None) => 0,
        };
        let possible = 0..=MAX_TOKENS;
        if !possible.contains(&tokens_in) || !possible.contains(&tokens_out) {
            return None;
        }
        let cached_tokens_in = cached.min(tokens_in);
        let cache_write_tokens_in = written.min(tokens_in - cached_tokens_in);
        let audio_tokens_in = parts[1].min(tokens_in);
        let audio_tokens_out = count(AudioOut).min(tokens_out);
        let reasoning_tokens_out = parts[2].min(tokens_out - audio_tokens_out);
        is_doubtful |= cached_tokens_in < cached
            || cache_write_tokens_in < written
            || audio_tokens_in < parts[1]
            || audio_tokens_out < count(AudioOut)
            || reasoning_tokens_out < parts[2];
        Some(ResolvedUsage {
            used: Quantities {
                tokens_in,
                cached_tokens_in,
                cache_write_tokens_in,
                cache_write_1h_tokens_in: count(OneHour).min(cache_write_tokens_in),
                audio_tokens_in,
                tokens_out,
                audio_tokens_out,
                reasoning_tokens_out,
                searches: count(Searches),
                tool_calls: count(ToolCalls),
                tier: self.tier.unwrap_or_default(),
                ..Quantities::default()
            },
            has_output: is_output_reported || (total.is_some() && !input.is_total_alone),
            is_total_alone: input.is_total_alone,
            is_doubtful,
        })
    }

    /// Returns the first nonzero of two names of one count, and whether they contradict each other.
    fn first_nonzero(&self, [first, second]: [CountKind; 2]) -> (i64, bool) {
        let [first, second] = [first, second].map(|kind| self.get(kind).unwrap_or(0));
        if first == 0 { (second, false) } else { (first, second != 0 && second != first) }
    }

    /// Returns the input as reported, or derived from other counts.
    fn input_count(&self, names: [CountKind; 2], cached: i64, output: Option<i64>) -> Option<InputCount> {
        let is_reported = names.iter().any(|kind| self.get(*kind).is_some());
        let cache_miss = self.get(CacheMiss);
        let sum_of_parts = cache_miss.map(|cache_miss| cache_miss.saturating_add(cached));
        if !is_reported {
            let total = self.get(Total);
            let tokens = sum_of_parts.or(total.map(|total| total.saturating_sub(output.unwrap_or(0)).max(0)))?;
            let is_total_alone = sum_of_parts.is_none() && output.is_none();
            return Some(InputCount { tokens, kind: None, is_total_alone, is_doubtful: false });
        }
        let (tokens, has_conflict) = self.first_nonzero(names);
        let kind = names.into_iter().find(|kind| self.get(*kind).is_some_and(|count| count == tokens));
        // Both forms at once: Anthropic's, which excludes cached tokens, and OpenAI's.
        let apart = [CacheRead, CacheCreation].iter().filter_map(|kind| self.get(*kind));
        let input = apart.fold(self.get(Input).unwrap_or(0), i64::saturating_add);
        let has_both_forms = self.get(Prompt) == Some(input);
        if has_conflict && has_both_forms {
            return Some(InputCount { tokens: input, kind: Some(Prompt), is_total_alone: false, is_doubtful: false });
        }
        let contradicts_parts = sum_of_parts.is_some_and(|sum| sum != tokens && tokens > 0);
        Some(InputCount { tokens, kind, is_total_alone: false, is_doubtful: has_conflict || contradicts_parts })
    }
}

/// The input, and the kind of count that it was read from.
struct InputCount {
    tokens: i64,
    kind: Option<CountKind>,
    is_total_alone: bool,
    is_doubtful: bool,
}
