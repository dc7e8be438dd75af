//! The cost of a call, and the parts whose cost is unknown.

use super::{
    Factor, Money, Price, PricePart, PriceParts, Quantities, Tier,
    lines::{self, Charge},
};

/// The cost of a call, as far as it is known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cost {
    /// Cost of all parts that have a price; `None` where the call used only parts without one.
    pub known: Option<Money>,
    /// Used parts that have no price and certainly aren't free.
    pub unpriced: PriceParts,
}

/// A part, how much of it was used, and what it costs.
type Item = (PricePart, i64, Option<Money>);

impl Price {
    /// Computes the cost of a call with these quantities.
    pub fn cost_of(&self, used: Quantities) -> Cost {
        let kinds = [
            (self.has_token_prices(), used.tokens_in.saturating_add(used.tokens_out), PricePart::Input),
            (self.per_image.is_some(), used.images, PricePart::Image),
            (self.per_minute.is_some(), used.media_ms, PricePart::Media),
            (self.per_million_characters.is_some(), used.characters, PricePart::Characters),
            (self.per_gb_month.is_some(), used.byte_hours, PricePart::Storage),
        ];
        let used_kinds = || kinds.iter().filter(|(_, quantity, _)| *quantity > 0);
        let has_any_price = kinds.iter().any(|(priced, ..)| *priced);
        // A price per minute where tokens are reported: the call isn't free, but its cost is unknown.
        if has_any_price && used_kinds().next().is_some() && !used_kinds().any(|(priced, ..)| *priced) {
            return Cost { known: None, unpriced: used_kinds().map(|(.., part)| *part).collect() };
        }
        Cost { known: Some(self.cost(used)), unpriced: self.unpriced(used) }
    }

    /// Computes the cost of the parts that have a price: exact products, summed, then rounded once, half up,
    /// to the nano-dollar.
    pub fn cost(&self, used: Quantities) -> Money {
        let exact = self.charges(used).map(|charge| charge.exact_amount()).fold(0, i128::saturating_add);
        lines::round(exact)
    }

    /// Charges for the parts that were used and have a price, at the call's tier.
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
        let written_1h = used.cache_write_1h_tokens_in.clamp(0, written);
        // Providers don't report how many audio tokens were cached.
        let audio_in = used.audio_tokens_in.clamp(0, tokens_in - cached - written);
        let tokens_out = used.tokens_out.max(0);
        let audio_out = used.audio_tokens_out.clamp(0, tokens_out);
        let reasoning = used.reasoning_tokens_out.clamp(0, tokens_out - audio_out);
        let reasoning = if self.reasoning_output_per_million.is_some() { reasoning } else { 0 };
        let (input, output) = (self.input_per_million, self.output_per_million);
        let cache_write = self.cache_write_input_per_million.or(input);
        // Tokens that are free as text are free as audio too.
        let if_free = |price: Option<Money>| price.filter(|price| *price == Money::ZERO);
        [
            (PricePart::Input, tokens_in - cached - written - audio_in, input),
            (PricePart::CachedInput, cached, self.cached_input_per_million.or(input)),
            (PricePart::CacheWrite, written - written_1h, cache_write),
            (PricePart::HourCacheWrite, written_1h, self.cache_write_1h_input_per_million.or(if_free(cache_write))),
            (PricePart::AudioInput, audio_in, self.audio_input_per_million.or(if_free(input))),
            (PricePart::Output, tokens_out - audio_out - reasoning, output),
            (PricePart::AudioOutput, audio_out, self.audio_output_per_million.or(if_free(output))),
            (PricePart::Reasoning, reasoning, self.reasoning_output_per_million),
            (PricePart::Characters, used.characters, self.per_million_characters),
            (PricePart::Call, 1, self.per_call),
            (PricePart::Image, used.images, self.per_image),
            (PricePart::Media, used.media_ms, self.per_minute),
            (PricePart::Storage, used.byte_hours, self.per_gb_month),
            (PricePart::Search, used.searches, self.per_search),
            (PricePart::ToolCall, used.tool_calls, self.per_tool_call),
        ]
    }

    /// Used parts that have no price and certainly aren't free.
    fn unpriced(&self, used: Quantities) -> PriceParts {
        let has_tokens = self.has_token_prices();
        let is_never_free = |part: PricePart| match part {
            PricePart::HourCacheWrite | PricePart::AudioInput | PricePart::AudioOutput => has_tokens,
            PricePart::Search | PricePart::ToolCall => true,
            _ => false,
        };
        let items = self.items(used);
        let unpriced =
            items.iter().filter(|(part, quantity, price)| *quantity > 0 && price.is_none() && is_never_free(*part));
        let mut unpriced: PriceParts = unpriced.map(|(part, ..)| *part).collect();
        let standard_cost = self.cost(Quantities { tier: Tier::Standard, ..used });
        if self.factor(used.tier).is_none() && self.cost(used) != standard_cost {
            unpriced.insert(PricePart::Tier);
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

    /// The highest price of an input token, be it read from a cache, written to one, or audio.
    pub(super) fn dearest_input(&self) -> Option<Money> {
        [
            self.input_per_million,
            self.cached_input_per_million,
            self.cache_write_input_per_million,
            self.cache_write_1h_input_per_million,
            self.audio_input_per_million,
        ]
        .into_iter()
        .max()
        .flatten()
    }

    /// The highest price of an output token, be it audio or reasoning.
    pub(super) fn dearest_output(&self) -> Option<Money> {
        [self.output_per_million, self.audio_output_per_million, self.reasoning_output_per_million]
            .into_iter()
            .max()
            .flatten()
    }

    /// The highest factor of the standard tier and of `tier`; of all tiers if `tier` is `None`.
    pub(super) fn dearest_factor(&self, tier: Option<Tier>) -> Factor {
        let possible = [Tier::Batch, Tier::Flex, Tier::Priority].into_iter();
        let possible = possible.filter(|possible| tier.is_none_or(|tier| tier == *possible));
        possible.filter_map(|tier| self.factor(tier)).fold(Factor::ONE, Factor::max)
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

    /// A price for text tokens, in dollars per million.
    fn text(input: i64, output: i64) -> Price {
        Price { input_per_million: dollars(input), output_per_million: dollars(output), ..Price::default() }
    }

    fn check(price: Price, used: Quantities, nanos: i64, unpriced: &[PricePart]) {
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
        // 50 × 3 + 30 × 4, and 20 without a price.
        check(price, used, 270_000, &[PricePart::HourCacheWrite]);
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
        check(text(1, 2), used, 40_000 + 80_000, &[PricePart::AudioInput, PricePart::AudioOutput]);
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
        check(text(1, 1), used, 10_000, &[PricePart::Search, PricePart::ToolCall]);
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
            check(price, Quantities { tier, ..used }, 1_000_000_000, &[PricePart::Tier]);
        }
        check(text(0, 0), Quantities { tokens_in: 1_000, tier: Tier::Flex, ..Quantities::default() }, 0, &[]);
    }

    #[test]
    fn a_price_for_something_else_says_nothing() {
        let minutes = Price { per_minute: dollars(1), ..Price::default() };
        let heard = Quantities { media_ms: 60_000, ..Quantities::NONE };
        let read = Quantities { tokens_in: 1, ..Quantities::NONE };
        assert_eq!(minutes.cost_of(read), Cost { known: None, unpriced: [PricePart::Input].into_iter().collect() });
        assert_eq!(text(1, 1).cost_of(heard), Cost { known: None, unpriced: [PricePart::Media].into_iter().collect() });
        check(minutes, heard, 1_000_000_000, &[]);
        check(text(1, 1), read, 1_000, &[]);
        check(minutes, Quantities::NONE, 0, &[]);
        check(Price::default(), read, 0, &[]);
    }
}
