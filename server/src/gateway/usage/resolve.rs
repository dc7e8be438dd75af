//! What counts mean together: which are parts of which, and which hold where they contradict each other.
//!
//! The rules stand in `docs/gateway.md`, "Usage".

use domain::money::Quantities;
use services::metering::MOST_TOKENS;

use super::{
    counts::Reports,
    names::Figure::{
        self, CacheCreation, CacheRead, Cached, Completion, FiveMinutes, Hour, Input, Missed, Output, Prompt,
        Reasoning, Searches, SoundIn, SoundOut, ToolCalls, Total, Written,
    },
};
use crate::gateway::endpoint::Dialect;

/// What reports mean.
pub(super) struct Resolved {
    pub(super) used: Quantities,
    /// Whether it is known what was put out.
    pub(super) has_output: bool,
    /// Whether all that is known is a sum, which counts as input.
    pub(super) is_total_alone: bool,
    pub(super) is_doubtful: bool,
}

/// Which parts stand beside the count that they could be within: cached and written tokens, those of sound, and reasoning.
type Beside = [bool; 3];

/// Simple ones first.
const BESIDE: [Beside; 8] = [
    [false, false, false],
    [true, false, false],
    [false, false, true],
    [false, true, false],
    [true, false, true],
    [false, true, true],
    [true, true, false],
    [true, true, true],
];

impl Reports {
    pub(super) fn resolved(&self, dialect: Dialect) -> Option<Resolved> {
        let count = |figure: Figure| self.get(figure).unwrap_or(0);
        let (inputs, outputs) = match dialect {
            Dialect::OpenAi => ([Prompt, Input], [Completion, Output]),
            Dialect::Anthropic => ([Input, Prompt], [Output, Completion]),
        };
        let mut is_doubtful = self.is_doubtful;
        let (cached, cached_twice) = self.one_of([Cached, CacheRead]);
        let (mut written, written_twice) = self.one_of([Written, CacheCreation]);
        let by_age = count(FiveMinutes).saturating_add(count(Hour));
        is_doubtful |= cached_twice || written_twice || (written > 0 && by_age > 0 && written != by_age);
        written = if written == 0 { by_age } else { written };
        let cache = cached.saturating_add(written);
        let parts = [cache, count(SoundIn), count(Reasoning)];

        let total = self.get(Total).filter(|total| *total > 0);
        let reported = outputs.iter().any(|figure| self.get(*figure).is_some());
        let (output, output_twice) = self.one_of(outputs);
        is_doubtful |= output_twice;
        let whole = self.whole(inputs, cached, reported.then_some(output))?;
        is_doubtful |= whole.is_doubtful;

        // By their names, where no sum tells: what has Anthropic's stands beside Anthropic's, and can't be within what is less.
        let has_anthropics = self.get(CacheRead).is_some() || self.get(CacheCreation).is_some() || by_age > 0;
        let has_openais = count(Cached) > 0 || count(Written) > 0;
        let is_anthropics = whole.named == Some(Input) && !has_openais;
        let mut beside = [has_anthropics && (is_anthropics || cache > whole.tokens), false, false];
        let sum = |beside: Beside| {
            let parts = parts.iter().zip(beside).filter(|(_, beside)| *beside).map(|(part, _)| *part);
            parts.fold(whole.tokens.saturating_add(output), i64::saturating_add)
        };
        let is_possible = |beside: Beside| {
            let mut within = parts.iter().zip([whole.tokens, whole.tokens, output]).zip(beside);
            within.all(|((part, whole), beside)| beside || *part <= whole)
        };
        let mut unexplained = 0;
        if let (Some(total), true) = (total, reported) {
            let mut all = std::iter::once(beside).chain(BESIDE);
            match all.find(|beside| sum(*beside) == total && is_possible(*beside)) {
                Some(found) => beside = found,
                None => {
                    is_doubtful = true;
                    unexplained = total.saturating_sub(sum(beside)).max(0);
                }
            }
        }
        let [cache_beside, sound_beside, reasoning_beside] = beside;
        let added = |part: i64, beside: bool| if beside { part } else { 0 };
        let tokens_in =
            whole.tokens.saturating_add(added(cache, cache_beside)).saturating_add(added(parts[1], sound_beside));
        let tokens_out = match (reported, total) {
            (true, _) => output.saturating_add(added(parts[2], reasoning_beside)).saturating_add(unexplained),
            (false, Some(total)) => {
                is_doubtful |= total < tokens_in;
                total.saturating_sub(tokens_in).max(0)
            }
            (false, None) => 0,
        };
        let possible = 0..=MOST_TOKENS;
        if !possible.contains(&tokens_in) || !possible.contains(&tokens_out) {
            return None;
        }
        let cached_tokens_in = cached.min(tokens_in);
        let cache_write_tokens_in = written.min(tokens_in - cached_tokens_in);
        let audio_tokens_in = parts[1].min(tokens_in);
        let audio_tokens_out = count(SoundOut).min(tokens_out);
        let reasoning_tokens_out = parts[2].min(tokens_out - audio_tokens_out);
        is_doubtful |= cached_tokens_in < cached
            || cache_write_tokens_in < written
            || audio_tokens_in < parts[1]
            || audio_tokens_out < count(SoundOut)
            || reasoning_tokens_out < parts[2];
        Some(Resolved {
            used: Quantities {
                tokens_in,
                cached_tokens_in,
                cache_write_tokens_in,
                cache_write_1h_tokens_in: count(Hour).min(cache_write_tokens_in),
                audio_tokens_in,
                tokens_out,
                audio_tokens_out,
                reasoning_tokens_out,
                searches: count(Searches),
                tool_calls: count(ToolCalls),
                tier: self.tier.unwrap_or_default(),
                ..Quantities::default()
            },
            has_output: reported || (total.is_some() && !whole.is_total_alone),
            is_total_alone: whole.is_total_alone,
            is_doubtful,
        })
    }

    /// The first of two counts of the same that isn't zero, and whether both are something else.
    fn one_of(&self, [first, second]: [Figure; 2]) -> (i64, bool) {
        let [one, other] = [first, second].map(|figure| self.get(figure).unwrap_or(0));
        if one == 0 { (other, false) } else { (one, other != 0 && other != one) }
    }

    /// What went in, as it was called; from what else is known where it wasn't.
    fn whole(&self, names: [Figure; 2], cached: i64, output: Option<i64>) -> Option<Whole> {
        let reported = names.iter().any(|figure| self.get(*figure).is_some());
        let missed = self.get(Missed);
        let split = missed.map(|missed| missed.saturating_add(cached));
        if !reported {
            let total = self.get(Total);
            let tokens = split.or(total.map(|total| total.saturating_sub(output.unwrap_or(0)).max(0)))?;
            let is_total_alone = split.is_none() && output.is_none();
            return Some(Whole { tokens, named: None, is_total_alone, is_doubtful: false });
        }
        let (tokens, is_twice) = self.one_of(names);
        let named = names.into_iter().find(|figure| self.get(*figure).is_some_and(|count| count == tokens));
        // Both forms at once: Anthropic's, which leaves cached tokens out, and OpenAI's.
        let beside = [CacheRead, CacheCreation].iter().filter_map(|figure| self.get(*figure));
        let input = beside.fold(self.get(Input).unwrap_or(0), i64::saturating_add);
        let are_both = self.get(Prompt) == Some(input);
        if is_twice && are_both {
            return Some(Whole { tokens: input, named: Some(Prompt), is_total_alone: false, is_doubtful: false });
        }
        let is_split_otherwise = split.is_some_and(|split| split != tokens && tokens > 0);
        Some(Whole { tokens, named, is_total_alone: false, is_doubtful: is_twice || is_split_otherwise })
    }
}

/// What went in, by the name that it was found by.
struct Whole {
    tokens: i64,
    named: Option<Figure>,
    is_total_alone: bool,
    is_doubtful: bool,
}
