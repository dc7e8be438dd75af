//! The most that a call can cost, computed before it is forwarded from the most that it can use.

use super::{
    Factor, Money, Price, PricePart, Tier,
    lines::{self, Charge},
};

/// The most that a call can use of something, or the reason why nothing limits it.
pub type UsageBound = Result<i64, Unbounded>;

/// The most that a call can use of everything that is charged, whatever its provider does within the request.
///
/// Storage isn't in it: it is charged by the day, not by the call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageBounds {
    pub charging: Charging,
    /// Input tokens, including cached and written ones and audio.
    pub tokens_in: UsageBound,
    /// Output tokens of all answers together, including reasoning and audio.
    pub tokens_out: UsageBound,
    pub images: UsageBound,
    /// Length of audio or video, in milliseconds.
    pub media_ms: UsageBound,
    pub searches: UsageBound,
    pub tool_calls: UsageBound,
    pub characters: UsageBound,
    /// The only tier besides the standard one at which tokens can be processed; `None` if all are possible.
    pub tier: Option<Tier>,
}

/// Whether a call is charged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Charging {
    /// Never, whatever it uses.
    Never,
    /// Only if its model has a price.
    IfPriced,
    Always,
}

/// The reason why a call can cost any amount.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unbounded {
    #[error("the model has no price")]
    Price,
    #[error("`{0}` may make the call dearer by an unknown amount")]
    Parameter(String),
    #[error("the request has content whose tokens can't be counted, and the model has no `context_window`")]
    Content,
    #[error("neither the request nor the model limits the tokens of the answer")]
    Output,
    #[error("the number of answers can't be read")]
    Answers,
    #[error("the provider may run tools as often as it wants")]
    HostedTools,
    #[error("the length of the recording or video isn't known")]
    Length,
    #[error("the tokens that are trained aren't known")]
    Training,
}

/// The most that a call can cost.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum WorstCase {
    Bounded(Money),
    Unbounded(Unbounded),
}

impl Default for UsageBounds {
    /// Nothing, free of charge.
    fn default() -> Self {
        Self { charging: Charging::Never, ..Self::nothing() }
    }
}

impl UsageBounds {
    /// Bounds of a call that uses nothing but is charged as a call.
    pub const fn nothing() -> Self {
        Self {
            charging: Charging::Always,
            tokens_in: Ok(0),
            tokens_out: Ok(0),
            images: Ok(0),
            media_ms: Ok(0),
            searches: Ok(0),
            tool_calls: Ok(0),
            characters: Ok(0),
            tier: None,
        }
    }

    /// Bounds of a call that can use any amount of everything.
    pub fn unbounded(charging: Charging, reason: &Unbounded) -> Self {
        let unbounded = || Err(reason.clone());
        Self {
            charging,
            tokens_in: unbounded(),
            tokens_out: unbounded(),
            images: unbounded(),
            media_ms: unbounded(),
            searches: unbounded(),
            tool_calls: unbounded(),
            characters: unbounded(),
            tier: None,
        }
    }

    /// Computes the most that the call can cost at `price`. It is never less than [`Price::cost`] of quantities
    /// within these bounds.
    ///
    /// Each token counts at the highest price that an input or output token can have (cached, written to a
    /// cache, audio, reasoning), and at the dearest tier; prices of long contexts, which a [`Price`] can't
    /// express, aren't charged either. What has no price doesn't need a bound. Amounts saturate.
    pub fn worst_case(&self, price: Option<&Price>) -> WorstCase {
        let price = match (self.charging, price) {
            (Charging::Never, _) | (Charging::IfPriced, None) => return WorstCase::Bounded(Money::ZERO),
            (Charging::Always, None) => return WorstCase::Unbounded(Unbounded::Price),
            (Charging::IfPriced | Charging::Always, Some(price)) => price,
        };
        let tier = price.dearest_factor(self.tier);
        let once = Ok(1);
        let mut exact = 0_i128;
        for (part, bound, price) in [
            (PricePart::Input, &self.tokens_in, price.dearest_input()),
            (PricePart::Output, &self.tokens_out, price.dearest_output()),
            (PricePart::Characters, &self.characters, price.per_million_characters),
            (PricePart::Call, &once, price.per_call),
            (PricePart::Image, &self.images, price.per_image),
            (PricePart::Media, &self.media_ms, price.per_minute),
            (PricePart::Search, &self.searches, price.per_search),
            (PricePart::ToolCall, &self.tool_calls, price.per_tool_call),
        ] {
            let Some(price) = price.filter(|price| *price > Money::ZERO) else { continue };
            let quantity = match bound {
                Ok(most) => (*most).max(0),
                Err(reason) => return WorstCase::Unbounded(reason.clone()),
            };
            let factor = if part.has_tiers() { tier } else { Factor::ONE };
            exact = exact.saturating_add(Charge { part, quantity, price, factor }.exact_amount());
        }
        WorstCase::Bounded(lines::round(exact))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::{
        Quantities,
        samples::{prices, quantities},
    };

    /// The tightest bounds of these quantities.
    fn bounds_of(used: Quantities) -> UsageBounds {
        UsageBounds {
            charging: Charging::Always,
            tokens_in: Ok(used.tokens_in),
            tokens_out: Ok(used.tokens_out),
            images: Ok(used.images),
            media_ms: Ok(used.media_ms),
            searches: Ok(used.searches),
            tool_calls: Ok(used.tool_calls),
            characters: Ok(used.characters),
            tier: None,
        }
    }

    fn dollars(whole: i64) -> Option<Money> {
        Some(Money::from_nanos(whole * 1_000_000_000))
    }

    fn bounded(whole_micros: i64) -> WorstCase {
        WorstCase::Bounded(Money::from_nanos(whole_micros * 1_000))
    }

    #[test]
    fn tokens_count_at_the_dearest_price_and_tier() {
        let price = Price {
            input_per_million: dollars(3),
            cached_input_per_million: dollars(1),
            cache_write_1h_input_per_million: dollars(6),
            output_per_million: dollars(15),
            reasoning_output_per_million: dollars(10),
            priority_factor: "2".parse().ok(),
            batch_factor: "0.5".parse().ok(),
            ..Price::default()
        };
        let bounds = UsageBounds { tokens_in: Ok(10), tokens_out: Ok(2), ..UsageBounds::nothing() };
        assert_eq!(bounds.worst_case(Some(&price)), bounded((10 * 6 + 2 * 15) * 2));
        for tier in [Tier::Standard, Tier::Batch, Tier::Flex] {
            let bounds = UsageBounds { tier: Some(tier), ..bounds.clone() };
            assert_eq!(bounds.worst_case(Some(&price)), bounded(10 * 6 + 2 * 15), "{tier:?}");
        }
    }

    #[test]
    fn what_has_no_price_needs_no_bound() {
        let bounds = UsageBounds {
            tokens_in: Ok(5),
            searches: Err(Unbounded::HostedTools),
            tokens_out: Err(Unbounded::Output),
            ..UsageBounds::nothing()
        };
        let input = Price { input_per_million: dollars(1), per_call: dollars(1), ..Price::default() };
        assert_eq!(bounds.worst_case(Some(&input)), bounded(1_000_005));
        let free = Price { output_per_million: Some(Money::ZERO), ..input };
        assert_eq!(bounds.worst_case(Some(&free)), bounded(1_000_005));
        let both = Price { output_per_million: dollars(1), ..input };
        assert_eq!(bounds.worst_case(Some(&both)), WorstCase::Unbounded(Unbounded::Output));
        let searches = Price { per_search: dollars(1), ..input };
        assert_eq!(bounds.worst_case(Some(&searches)), WorstCase::Unbounded(Unbounded::HostedTools));
    }

    #[test]
    fn a_call_without_a_price_is_unbounded_unless_it_is_free_then() {
        let price = Price { per_call: dollars(1), ..Price::default() };
        let of = |charging| UsageBounds { charging, ..UsageBounds::nothing() };
        let nothing = WorstCase::Bounded(Money::ZERO);
        assert_eq!(of(Charging::Always).worst_case(None), WorstCase::Unbounded(Unbounded::Price));
        assert_eq!(of(Charging::IfPriced).worst_case(None), nothing);
        assert_eq!(of(Charging::Never).worst_case(None), nothing);
        assert_eq!(of(Charging::Never).worst_case(Some(&price)), nothing);
        assert_eq!(of(Charging::IfPriced).worst_case(Some(&price)), bounded(1_000_000));
    }

    #[test]
    fn absurd_bounds_saturate_and_negative_ones_are_nothing() {
        let price = Price {
            input_per_million: Some(Money::from_nanos(i64::MAX)),
            output_per_million: dollars(1),
            priority_factor: Factor::from_thousandths(1_000_000),
            ..Price::default()
        };
        let absurd = UsageBounds { tokens_in: Ok(i64::MAX), tokens_out: Ok(i64::MAX), ..UsageBounds::nothing() };
        assert_eq!(absurd.worst_case(Some(&price)), WorstCase::Bounded(Money::from_nanos(i64::MAX)));
        let negative = UsageBounds { tokens_in: Ok(-5), tokens_out: Ok(i64::MIN), ..UsageBounds::nothing() };
        assert_eq!(negative.worst_case(Some(&price)), WorstCase::Bounded(Money::ZERO));
        let rebate = Price { input_per_million: Some(Money::from_nanos(-1)), ..Price::default() };
        assert_eq!(absurd.worst_case(Some(&rebate)), WorstCase::Bounded(Money::ZERO));
    }

    proptest! {
        #[test]
        fn no_usage_within_the_bounds_costs_more(
            price in prices(),
            used in quantities(),
            more in prop::collection::vec(0_i64..1_000, 7),
            only_this_tier: bool,
        ) {
            let used = Quantities { byte_hours: 0, ..used };
            let bounds = bounds_of(Quantities {
                tokens_in: used.tokens_in + more[0],
                tokens_out: used.tokens_out + more[1],
                images: used.images + more[2],
                media_ms: used.media_ms + more[3],
                searches: used.searches + more[4],
                tool_calls: used.tool_calls + more[5],
                characters: used.characters + more[6],
                ..used
            });
            let bounds = UsageBounds { tier: only_this_tier.then_some(used.tier), ..bounds };
            let WorstCase::Bounded(most) = bounds.worst_case(Some(&price)) else { panic!("{bounds:?} is bounded") };
            prop_assert!(price.cost(used) <= most, "{} > {most}", price.cost(used));
        }
    }
}
