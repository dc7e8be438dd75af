//! What a call's cost is made of.

use super::{MILLION, Money, Price, Quantities};

/// A part of a call's price.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Part {
    /// Input tokens that weren't cached.
    Input,
    CachedInput,
    Output,
    /// The call itself.
    Call,
}

/// One line of a call's cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CostLine {
    pub part: Part,
    /// Tokens, or 1 for the call.
    pub quantity: i64,
    /// For a million tokens, or for the call.
    pub price: Money,
    pub amount: Money,
}

impl Price {
    /// The parts of [`cost`](Self::cost), which they add up to: each is rounded down, and what that leaves goes to those
    /// that lost most by it.
    pub fn cost_lines(&self, used: Quantities) -> Vec<CostLine> {
        let cached = used.cached_tokens_in.clamp(0, used.tokens_in.max(0));
        let fresh = used.tokens_in.max(0) - cached;
        let parts = [
            (Part::Input, fresh, self.input_per_million, 1),
            (Part::CachedInput, cached, self.cached_input_per_million.or(self.input_per_million), 1),
            (Part::Output, used.tokens_out.max(0), self.output_per_million, 1),
            (Part::Call, 1, self.per_call, MILLION),
        ];
        let mut rests = Vec::new();
        let mut lines = Vec::new();
        for (part, quantity, price, scale) in parts {
            let (Some(price), 1..) = (price, quantity) else { continue };
            let millionths = i128::from(quantity) * i128::from(price.nanos()) * scale;
            rests.push((millionths.rem_euclid(MILLION), lines.len()));
            let nanos = i64::try_from(millionths.div_euclid(MILLION)).unwrap_or(i64::MAX);
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
        (part(), part(), part(), part()).prop_map(|(input, cached, output, call)| Price {
            input_per_million: input,
            cached_input_per_million: cached,
            output_per_million: output,
            per_call: call,
            ..Price::default()
        })
    }

    fn used() -> impl Strategy<Value = Quantities> {
        let count = || 0_i64..1_000_000;
        (count(), count(), count()).prop_map(|(tokens_in, cached_tokens_in, tokens_out)| Quantities {
            tokens_in,
            cached_tokens_in,
            tokens_out,
        })
    }

    #[test]
    fn what_was_not_used_or_has_no_price_is_left_out() {
        let price = Price { output_per_million: Some(Money::from_nanos(2_000_000_000)), ..Price::default() };
        let used = Quantities { tokens_in: 10, cached_tokens_in: 0, tokens_out: 3 };
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
