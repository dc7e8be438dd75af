//! The lines that a call's cost adds up from.

use super::{Factor, Money, Price, PricePart, Quantities};

/// One line of a call's cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CostLine {
    pub part: PricePart,
    /// Number of tokens, characters, images, searches, tool calls, milliseconds or byte hours; 1 for the call
    /// itself.
    pub quantity: i64,
    /// Price of a million tokens or characters, an image, a search, a tool call, a minute, a GB-month, or the
    /// call.
    pub price: Money,
    pub factor: Factor,
    pub amount: Money,
}

/// Fractions of a nano-dollar in which amounts are computed exactly: a common multiple of all
/// [`PricePart::unit_size`] values, times 1,000 since factors are in thousandths.
const FRACTIONS_PER_NANO: i128 = 3 * 730 * 1_000_000_000 * 1_000;

/// The charge for one part, before rounding.
pub(super) struct Charge {
    pub(super) part: PricePart,
    pub(super) quantity: i64,
    pub(super) price: Money,
    pub(super) factor: Factor,
}

impl Charge {
    /// The amount in units of 1 / [`FRACTIONS_PER_NANO`] nano-dollars.
    pub(super) fn exact_amount(&self) -> i128 {
        let priced = i128::from(self.quantity) * i128::from(self.price.nanos());
        let fractions = FRACTIONS_PER_NANO / (self.part.unit_size() * 1_000);
        priced.saturating_mul(self.factor.thousandths().into()).saturating_mul(fractions)
    }
}

/// Rounds an exact amount half up to the nano-dollar.
pub(super) fn round(exact: i128) -> Money {
    let nanos = exact.saturating_add(FRACTIONS_PER_NANO / 2).div_euclid(FRACTIONS_PER_NANO);
    Money::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

impl Price {
    /// Splits [`cost`](Self::cost) into lines that add up to it: each is rounded down, and the remaining
    /// nano-dollars go to the lines with the largest remainders.
    pub fn cost_lines(&self, used: Quantities) -> Vec<CostLine> {
        let mut remainders = Vec::new();
        let mut lines = Vec::new();
        for charge in self.charges(used) {
            let exact = charge.exact_amount();
            remainders.push(exact.rem_euclid(FRACTIONS_PER_NANO));
            let nanos = i64::try_from(exact.div_euclid(FRACTIONS_PER_NANO)).unwrap_or(i64::MAX);
            let Charge { part, quantity, price, factor } = charge;
            lines.push(CostLine { part, quantity, price, factor, amount: Money::from_nanos(nanos) });
        }
        let sum: Money = lines.iter().map(|line| line.amount).sum();
        let missing = (self.cost(used) - sum).nanos();
        // Of few lines, finding the largest again and again is less code to download than sorting.
        for _ in 0..usize::try_from(missing).unwrap_or(0).min(lines.len()) {
            // Of equal ones, the first.
            let largest = (0..lines.len()).rev().max_by_key(|line| remainders[*line]).unwrap_or(0);
            remainders[largest] = -1;
            lines[largest].amount += Money::from_nanos(1);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::samples::{prices, quantities};

    #[test]
    fn every_price_divides_a_nano_dollar_without_a_rest() {
        for part in PricePart::ALL {
            assert_eq!(FRACTIONS_PER_NANO % (part.unit_size() * 1_000), 0, "{part:?}");
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
        assert_eq!(
            (lines[0].part, lines[0].quantity, lines[0].amount),
            (PricePart::Output, 3, Money::from_nanos(6_000))
        );
    }

    proptest! {
        #[test]
        fn lines_add_up_to_the_cost(price in prices(), used in quantities()) {
            let sum: Money = price.cost_lines(used).iter().map(|line| line.amount).sum();
            prop_assert_eq!(sum, price.cost(used));
        }
    }
}
