//! What a call cost, and in which parts that isn't known.

use super::{
    Factor, Money, Part, Parts, Price, Quantities, Tier,
    lines::{self, Charge},
};

/// What a call cost, as far as that is known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cost {
    /// Of all that has a price; `None` where nothing has that was used.
    pub known: Option<Money>,
    /// What was used, has no price, and surely costs something.
    pub unpriced: Parts,
}

/// A part, how much of it was used, and what it costs.
type Item = (Part, i64, Option<Money>);

impl Price {
    /// What a call costs that used this.
    pub fn cost_of(&self, used: Quantities) -> Cost {
        let kinds = [
            (self.has_token_prices(), used.tokens_in.saturating_add(used.tokens_out), Part::Input),
            (self.per_image.is_some(), used.images, Part::Image),
            (self.per_minute.is_some(), used.media_ms, Part::Media),
            (self.per_million_characters.is_some(), used.characters, Part::Characters),
            (self.per_gb_month.is_some(), used.byte_hours, Part::Storage),
        ];
        let used_kinds = || kinds.iter().filter(|(_, quantity, _)| *quantity > 0);
        let is_for_something = kinds.iter().any(|(priced, ..)| *priced);
        // Such as minutes where tokens are reported: then the cost isn't known, and certainly not nothing.
        if is_for_something && used_kinds().next().is_some() && !used_kinds().any(|(priced, ..)| *priced) {
            return Cost { known: None, unpriced: used_kinds().map(|(.., part)| *part).collect() };
        }
        Cost { known: Some(self.cost(used)), unpriced: self.unpriced(used) }
    }

    /// The cost of one call, of what has a price: exact products, summed, rounded once, half up, to the nano-dollar.
    pub fn cost(&self, used: Quantities) -> Money {
        let exact = self.charges(used).map(|charge| charge.exact()).fold(0, i128::saturating_add);
        lines::rounded(exact)
    }

    /// What is charged for: what was used and has a price, at the call's tier.
    pub(super) fn charges(&self, used: Quantities) -> impl Iterator<Item = Charge> {
        let tier = self.factor(used.tier);
        self.items(used).into_iter().filter(|(_, quantity, _)| *quantity > 0).filter_map(
            move |(part, quantity, price)| {
                let factor = if part.has_tiers() { tier } else { Some(Factor::ONE) };
                Some(Charge { part, quantity, price: price?, factor: factor? })
            },
        )
    }

    fn items(&self, used: Quantities) -> [Item; 15] {
        let tokens_in = used.tokens_in.max(0);
        let cached = used.cached_tokens_in.clamp(0, tokens_in);
        let written = used.cache_write_tokens_in.clamp(0, tokens_in - cached);
        let hour = used.cache_write_1h_tokens_in.clamp(0, written);
        // Where the cache had a part in sound, nobody tells in how much of it.
        let sound_in = used.audio_tokens_in.clamp(0, tokens_in - cached - written);
        let tokens_out = used.tokens_out.max(0);
        let sound_out = used.audio_tokens_out.clamp(0, tokens_out);
        let reasoning = used.reasoning_tokens_out.clamp(0, tokens_out - sound_out);
        let reasoning = if self.reasoning_output_per_million.is_some() { reasoning } else { 0 };
        let (input, output) = (self.input_per_million, self.output_per_million);
        let cache_write = self.cache_write_input_per_million.or(input);
        // What costs nothing as a text costs nothing as a sound either.
        let nothing = |price: Option<Money>| price.filter(|price| *price == Money::ZERO);
        [
            (Part::Input, tokens_in - cached - written - sound_in, input),
            (Part::CachedInput, cached, self.cached_input_per_million.or(input)),
            (Part::CacheWrite, written - hour, cache_write),
            (Part::HourCacheWrite, hour, self.cache_write_1h_input_per_million.or(nothing(cache_write))),
            (Part::AudioInput, sound_in, self.audio_input_per_million.or(nothing(input))),
            (Part::Output, tokens_out - sound_out - reasoning, output),
            (Part::AudioOutput, sound_out, self.audio_output_per_million.or(nothing(output))),
            (Part::Reasoning, reasoning, self.reasoning_output_per_million),
            (Part::Characters, used.characters, self.per_million_characters),
            (Part::Call, 1, self.per_call),
            (Part::Image, used.images, self.per_image),
            (Part::Media, used.media_ms, self.per_minute),
            (Part::Storage, used.byte_hours, self.per_gb_month),
            (Part::Search, used.searches, self.per_search),
            (Part::ToolCall, used.tool_calls, self.per_tool_call),
        ]
    }

    /// What was used that surely costs something, and has no price.
    fn unpriced(&self, used: Quantities) -> Parts {
        let has_tokens = self.has_token_prices();
        let costs_something = |part: Part| match part {
            Part::HourCacheWrite | Part::AudioInput | Part::AudioOutput => has_tokens,
            Part::Search | Part::ToolCall => true,
            _ => false,
        };
        let items = self.items(used);
        let unpriced =
            items.iter().filter(|(part, quantity, price)| *quantity > 0 && price.is_none() && costs_something(*part));
        let mut unpriced: Parts = unpriced.map(|(part, ..)| *part).collect();
        let at_standard = self.cost(Quantities { tier: Tier::Standard, ..used });
        if self.factor(used.tier).is_none() && self.cost(used) != at_standard {
            unpriced.insert(Part::Tier);
        }
        unpriced
    }

    fn factor(&self, tier: Tier) -> Option<Factor> {
        match tier {
            Tier::Standard => Some(Factor::ONE),
            Tier::Batch => self.batch_factor,
            Tier::Flex => self.flex_factor,
            Tier::Priority => self.priority_factor,
            Tier::Other => None,
        }
    }

    fn has_token_prices(&self) -> bool {
        [
            self.input_per_million,
            self.cached_input_per_million,
            self.cache_write_input_per_million,
            self.cache_write_1h_input_per_million,
            self.audio_input_per_million,
            self.output_per_million,
            self.audio_output_per_million,
            self.reasoning_output_per_million,
        ]
        .iter()
        .any(Option::is_some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(whole: i64) -> Option<Money> {
        Some(Money::from_nanos(whole * 1_000_000_000))
    }

    /// Of texts, in dollars by the million.
    fn text(input: i64, output: i64) -> Price {
        Price { input_per_million: dollars(input), output_per_million: dollars(output), ..Price::default() }
    }

    fn check(price: Price, used: Quantities, nanos: i64, unpriced: &[Part]) {
        let cost = price.cost_of(used);
        assert_eq!((cost.known, cost.unpriced), (Some(Money::from_nanos(nanos)), unpriced.iter().copied().collect()));
    }

    #[test]
    fn what_lives_an_hour_in_the_cache_has_a_price_of_its_own() {
        let used = Quantities {
            tokens_in: 100,
            cache_write_tokens_in: 50,
            cache_write_1h_tokens_in: 20,
            ..Quantities::default()
        };
        let price = Price { cache_write_input_per_million: dollars(4), ..text(3, 15) };
        // 50 × 3 + 30 × 4, and 20 that nobody knows the price of.
        check(price, used, 270_000, &[Part::HourCacheWrite]);
        check(Price { cache_write_1h_input_per_million: dollars(6), ..price }, used, 390_000, &[]);
    }

    #[test]
    fn sound_isnt_charged_as_text() {
        let used = Quantities {
            tokens_in: 100,
            audio_tokens_in: 60,
            tokens_out: 50,
            audio_tokens_out: 10,
            ..Quantities::default()
        };
        check(text(1, 2), used, 40_000 + 80_000, &[Part::AudioInput, Part::AudioOutput]);
        let price = Price { audio_input_per_million: dollars(32), audio_output_per_million: dollars(64), ..text(1, 2) };
        check(price, used, 120_000 + 60 * 32_000 + 10 * 64_000, &[]);
        check(text(0, 0), used, 0, &[]);
        // Minutes cover it where tokens have no price.
        let minutes = Price { per_minute: dollars(6), ..Price::default() };
        check(minutes, Quantities { media_ms: 10_000, ..used }, 1_000_000_000, &[]);
    }

    #[test]
    fn reasoning_is_output_unless_it_has_a_price_of_its_own() {
        let used = Quantities { tokens_out: 100, reasoning_tokens_out: 70, ..Quantities::default() };
        check(text(1, 8), used, 800_000, &[]);
        check(Price { reasoning_output_per_million: dollars(3), ..text(1, 8) }, used, 240_000 + 210_000, &[]);
    }

    #[test]
    fn searches_tools_and_characters_are_charged_by_count() {
        let used = Quantities { tokens_in: 10, searches: 3, tool_calls: 2, characters: 1_000, ..Quantities::default() };
        check(text(1, 1), used, 10_000, &[Part::Search, Part::ToolCall]);
        let price = Price {
            per_search: Some(Money::from_nanos(10_000_000)),
            per_tool_call: Some(Money::from_nanos(2_500_000)),
            ..text(1, 1)
        };
        check(price, used, 10_000 + 30_000_000 + 5_000_000, &[]);
        let spoken = Price { per_million_characters: dollars(15), ..Price::default() };
        check(spoken, Quantities { characters: 1_000, ..Quantities::default() }, 15_000_000, &[]);
    }

    #[test]
    fn a_tier_multiplies_what_tokens_cost_and_nothing_else() {
        let used = Quantities { tokens_in: 1_000, searches: 1, tier: Tier::Priority, ..Quantities::default() };
        let price = Price { per_search: dollars(1), priority_factor: "1.75".parse().ok(), ..text(2, 8) };
        check(price, used, 3_500_000 + 1_000_000_000, &[]);
        check(price, Quantities { tier: Tier::Standard, ..used }, 2_000_000 + 1_000_000_000, &[]);
        for tier in [Tier::Batch, Tier::Flex, Tier::Other] {
            check(price, Quantities { tier, ..used }, 1_000_000_000, &[Part::Tier]);
        }
        check(text(0, 0), Quantities { tokens_in: 1_000, tier: Tier::Flex, ..Quantities::default() }, 0, &[]);
    }

    #[test]
    fn a_price_for_something_else_says_nothing() {
        let minutes = Price { per_minute: dollars(1), ..Price::default() };
        let heard = Quantities { media_ms: 60_000, ..Quantities::NONE };
        let read = Quantities { tokens_in: 1, ..Quantities::NONE };
        assert_eq!(minutes.cost_of(read), Cost { known: None, unpriced: [Part::Input].into_iter().collect() });
        assert_eq!(text(1, 1).cost_of(heard), Cost { known: None, unpriced: [Part::Media].into_iter().collect() });
        check(minutes, heard, 1_000_000_000, &[]);
        check(text(1, 1), read, 1_000, &[]);
        check(minutes, Quantities::NONE, 0, &[]);
        check(Price::default(), read, 0, &[]);
    }
}
