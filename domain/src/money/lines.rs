//! What a call's cost is made of.

use super::{Money, Price, Quantities};

/// A part of a call's price.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Part {
    /// Input tokens that the provider's cache had no part in.
    Input,
    CachedInput,
    CacheWrite,
    Output,
    /// The call itself.
    Call,
    Image,
    /// Audio or video.
    Media,
    Storage,
}

impl Part {
    /// What the price is for: so many tokens, calls, images, milliseconds, or byte hours.
    const fn per(self) -> i128 {
        match self {
            Self::Input | Self::CachedInput | Self::CacheWrite | Self::Output => 1_000_000,
            Self::Call | Self::Image => 1,
            Self::Media => 60_000,
            Self::Storage => 730 * 1_000_000_000,
        }
    }
}

/// One line of a call's cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CostLine {
    pub part: Part,
    /// Tokens, images, milliseconds, byte hours, or 1 for the call.
    pub quantity: i64,
    /// For a million tokens, an image, a minute, a GB for a month, or the call.
    pub price: Money,
    pub amount: Money,
}

/// How finely a nano-dollar is divided, so that no price leaves a rest: a multiple of all that [`Part::per`] says.
const FINE: i128 = 3 * 730 * 1_000_000_000;

/// A part before it is rounded.
pub(super) struct Charge {
    part: Part,
    quantity: i64,
    price: Money,
}

impl Charge {
    /// In [`FINE`] parts of a nano-dollar.
    pub(super) fn exact(&self) -> i128 {
        (i128::from(self.quantity) * i128::from(self.price.nanos())).saturating_mul(FINE / self.part.per())
    }
}

/// Half up, to the nano-dollar.
pub(super) fn rounded(exact: i128) -> Money {
    let nanos = exact.saturating_add(FINE / 2).div_euclid(FINE);
    Money::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

impl Price {
    /// What is charged for: what was used and has a price.
    pub(super) fn charges(&self, used: Quantities) -> impl Iterator<Item = Charge> {
        let tokens_in = used.tokens_in.max(0);
        let cached = used.cached_tokens_in.clamp(0, tokens_in);
        let written = used.cache_write_tokens_in.clamp(0, tokens_in - cached);
        let input = self.input_per_million;
        [
            (Part::Input, tokens_in - cached - written, input),
            (Part::CachedInput, cached, self.cached_input_per_million.or(input)),
            (Part::CacheWrite, written, self.cache_write_input_per_million.or(input)),
            (Part::Output, used.tokens_out, self.output_per_million),
            (Part::Call, 1, self.per_call),
            (Part::Image, used.images, self.per_image),
            (Part::Media, used.media_ms, self.per_minute),
            (Part::Storage, used.byte_hours, self.per_gb_month),
        ]
        .into_iter()
        .filter(|(_, quantity, _)| *quantity > 0)
        .filter_map(|(part, quantity, price)| Some(Charge { part, quantity, price: price? }))
    }

    /// The parts of [`cost`](Self::cost), which they add up to: each is rounded down, and what that leaves goes to those
    /// that lost most by it.
    pub fn cost_lines(&self, used: Quantities) -> Vec<CostLine> {
        let mut rests = Vec::new();
        let mut lines = Vec::new();
        for charge in self.charges(used) {
            let exact = charge.exact();
            rests.push((exact.rem_euclid(FINE), lines.len()));
            let nanos = i64::try_from(exact.div_euclid(FINE)).unwrap_or(i64::MAX);
            let Charge { part, quantity, price } = charge;
            lines.push(CostLine { part, quantity, price, amount: Money::from_nanos(nanos) });
        }
        let sum: Money = lines.iter().map(|line| line.amount).sum();
        let left = (self.cost(used) - sum).nanos();
        rests.sort_by_key(|(rest, _)| std::cmp::Reverse(*rest));
        for (_, line) in rests.into_iter().take(usize::try_from(left).unwrap_or(0)) {
            lines[line].amount += Money::from_nanos(1);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price() -> impl Strategy<Value = Price> {
        let part = || prop::option::of((0_i64..100_000_000_000).prop_map(Money::from_nanos));
        let tokens = (part(), part(), part(), part());
        (tokens, part(), part(), part(), part()).prop_map(|(tokens, call, image, minute, gb_month)| Price {
            input_per_million: tokens.0,
            cached_input_per_million: tokens.1,
            cache_write_input_per_million: tokens.2,
            output_per_million: tokens.3,
            per_call: call,
            per_image: image,
            per_minute: minute,
            per_gb_month: gb_month,
        })
    }

    fn used() -> impl Strategy<Value = Quantities> {
        let count = || 0_i64..1_000_000;
        (count(), count(), count(), count(), count(), count(), count()).prop_map(|counts| Quantities {
            tokens_in: counts.0,
            cached_tokens_in: counts.1,
            cache_write_tokens_in: counts.2,
            tokens_out: counts.3,
            images: counts.4,
            media_ms: counts.5,
            byte_hours: counts.6 * 1_000_000,
        })
    }

    #[test]
    fn every_price_divides_a_nano_dollar_without_a_rest() {
        for part in [Part::Input, Part::Call, Part::Image, Part::Media, Part::Storage] {
            assert_eq!(FINE % part.per(), 0, "{part:?}");
        }
    }

    #[test]
    fn images_minutes_and_storage_are_charged() {
        let dollar = Some(Money::from_nanos(1_000_000_000));
        let price = Price { per_image: dollar, per_minute: dollar, per_gb_month: dollar, ..Price::default() };
        // Two images, a minute and a half, half a GB for a month.
        let used = Quantities { images: 2, media_ms: 90_000, byte_hours: 365 * 1_000_000_000, ..Quantities::default() };
        assert_eq!(price.cost(used), Money::from_nanos(4_000_000_000));
    }

    #[test]
    fn what_is_written_to_a_cache_has_a_price_of_its_own() {
        let price = Price {
            input_per_million: Some(Money::from_nanos(3_000_000_000)),
            cached_input_per_million: Some(Money::from_nanos(300_000_000)),
            cache_write_input_per_million: Some(Money::from_nanos(3_750_000_000)),
            ..Price::default()
        };
        let used =
            Quantities { tokens_in: 1_000, cached_tokens_in: 300, cache_write_tokens_in: 200, ..Quantities::default() };
        // 500 × 3 + 300 × 0.3 + 200 × 3.75, in millionths of a dollar.
        assert_eq!(price.cost(used), Money::from_nanos(2_340_000));
    }

    #[test]
    fn what_was_not_used_or_has_no_price_is_left_out() {
        let price = Price { output_per_million: Some(Money::from_nanos(2_000_000_000)), ..Price::default() };
        let used = Quantities { tokens_in: 10, tokens_out: 3, ..Quantities::default() };
        let lines = price.cost_lines(used);
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].part, lines[0].quantity, lines[0].amount), (Part::Output, 3, Money::from_nanos(6_000)));
    }

    proptest! {
        #[test]
        fn lines_add_up_to_the_cost(price in price(), used in used()) {
            let sum: Money = price.cost_lines(used).iter().map(|line| line.amount).sum();
            prop_assert_eq!(sum, price.cost(used));
        }
    }
}
