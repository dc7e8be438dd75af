//! Money as whole nano-dollars, never as a float.

mod cost;
mod lines;
mod parts;
#[cfg(test)]
mod samples;
mod tier;
mod worst_case;

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Neg, Sub},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use cost::Cost;
pub use lines::CostLine;
pub use parts::{PricePart, PriceParts};
pub use tier::{Factor, InvalidFactor, Tier};
pub use worst_case::{Charging, Unbounded, UsageBound, UsageBounds, WorstCase};

use crate::text::from_text;

const NANOS_PER_DOLLAR: i64 = 1_000_000_000;

/// An amount of US dollars in nano-dollars (10⁻⁹ USD), up to ±9.2 billion dollars.
///
/// Sums saturate at those limits. A string of dollars in JSON, since a JSON number may pass through a float.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Money(i64);

/// Error for a text that isn't an amount of money.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidMoney {
    #[error("not an amount in US dollars such as 12.50, with at most nine decimals")]
    Malformed,
    /// An amount that is too large to be counted in nano-dollars.
    #[error("beyond the limit of {} US dollars", Money::from_nanos(i64::MAX))]
    TooLarge,
}

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Makes an amount of nano-dollars.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The amount in nano-dollars.
    pub const fn nanos(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Money {
    /// Writes dollars with at least two decimals and as many as the amount needs: `0.25`, `0.000000125`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let scale = NANOS_PER_DOLLAR.unsigned_abs();
        let decimals = format!("{:09}", nanos % scale);
        let needed = decimals.trim_end_matches('0').len().max(2);
        write!(f, "{sign}{}.{}", nanos / scale, &decimals[..needed])
    }
}

impl FromStr for Money {
    type Err = InvalidMoney;

    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (dollars, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let complete = !dollars.is_empty() && (digits == dollars || !decimals.is_empty());
        if !complete || !all_digits(dollars) || !all_digits(decimals) || decimals.len() > 9 {
            return Err(InvalidMoney::Malformed);
        }
        // Only digits, so nothing but their number can be wrong.
        let magnitude: i128 = format!("{dollars}{decimals:0<9}").parse().map_err(|_| InvalidMoney::TooLarge)?;
        let nanos = if negative { -magnitude } else { magnitude };
        i64::try_from(nanos).map(Self).map_err(|_| InvalidMoney::TooLarge)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// A model's price: each part in nano-dollars, tokens and characters by the million.
///
/// Cached input and cache writes without a price of their own cost as much as other input, and reasoning as
/// much as other output. Other parts without a price aren't charged; where such a part certainly isn't free,
/// its cost [is unknown](Self::unpriced). A GB is 10⁹ bytes, a month of storage 730 hours.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Price {
    pub input_per_million: Option<Money>,
    pub cached_input_per_million: Option<Money>,
    pub cache_write_input_per_million: Option<Money>,
    /// Price of cache writes that are kept for an hour.
    pub cache_write_1h_input_per_million: Option<Money>,
    pub audio_input_per_million: Option<Money>,
    pub output_per_million: Option<Money>,
    pub audio_output_per_million: Option<Money>,
    pub reasoning_output_per_million: Option<Money>,
    pub per_million_characters: Option<Money>,
    pub per_call: Option<Money>,
    pub per_image: Option<Money>,
    pub per_minute: Option<Money>,
    pub per_gb_month: Option<Money>,
    pub per_search: Option<Money>,
    pub per_tool_call: Option<Money>,
    /// Factor by which the prices of tokens are multiplied at this tier.
    pub batch_factor: Option<Factor>,
    pub flex_factor: Option<Factor>,
    pub priority_factor: Option<Factor>,
}

/// Quantities that a call used. `tokens_in` counts all input tokens, cached ones too, as OpenAI does.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Quantities {
    pub tokens_in: i64,
    /// Input tokens read from the provider's cache, included in `tokens_in`.
    pub cached_tokens_in: i64,
    /// Input tokens written to the provider's cache, where it counts them, included in `tokens_in`.
    pub cache_write_tokens_in: i64,
    /// Tokens cached for an hour, included in `cache_write_tokens_in`.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write_1h_tokens_in: i64,
    /// Audio tokens, included in `tokens_in`.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_tokens_in: i64,
    pub tokens_out: i64,
    /// Audio tokens, included in `tokens_out`.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_tokens_out: i64,
    /// Reasoning tokens, which aren't shown to the client, included in `tokens_out`.
    #[serde(skip_serializing_if = "is_zero")]
    pub reasoning_tokens_out: i64,
    pub images: i64,
    /// Length of audio or video, in milliseconds.
    pub media_ms: i64,
    /// Storage: bytes times the hours they were kept.
    pub byte_hours: i64,
    /// Web searches by the provider.
    #[serde(skip_serializing_if = "is_zero")]
    pub searches: i64,
    /// Calls of tools that the provider runs, other than web searches.
    #[serde(skip_serializing_if = "is_zero")]
    pub tool_calls: i64,
    /// Characters of a text that was spoken.
    #[serde(skip_serializing_if = "is_zero")]
    pub characters: i64,
    /// Tier at which the tokens were processed.
    #[serde(skip_serializing_if = "is_standard")]
    pub tier: Tier,
}

fn is_zero(count: &i64) -> bool {
    *count == 0
}

fn is_standard(tier: &Tier) -> bool {
    *tier == Tier::Standard
}

impl Quantities {
    /// Nothing, at the standard tier.
    pub const NONE: Self = Self {
        tokens_in: 0,
        cached_tokens_in: 0,
        cache_write_tokens_in: 0,
        cache_write_1h_tokens_in: 0,
        audio_tokens_in: 0,
        tokens_out: 0,
        audio_tokens_out: 0,
        reasoning_tokens_out: 0,
        images: 0,
        media_ms: 0,
        byte_hours: 0,
        searches: 0,
        tool_calls: 0,
        characters: 0,
        tier: Tier::Standard,
    };

    /// Whether nothing was used, at the standard tier.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn is_written_with_the_decimals_it_needs() {
        for (nanos, text) in [
            (0, "0.00"),
            (250_000_000, "0.25"),
            (125, "0.000000125"),
            (-1_500_000_000, "-1.50"),
            (i64::MIN, "-9223372036.854775808"),
        ] {
            assert_eq!(Money(nanos).to_string(), text);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "-", ".", "1.", ".5", "1,5", "1e3", "+1", " 1", "1.0000000001", "--1"] {
            assert_eq!(text.parse::<Money>(), Err(InvalidMoney::Malformed), "{text:?}");
        }
    }

    #[test]
    fn an_amount_beyond_the_limit_is_told_the_limit() {
        let huge = "9".repeat(60);
        for text in ["9223372036.854775808", "-9223372036.854775809", "12345678901.00", &huge] {
            let error = text.parse::<Money>().unwrap_err();
            assert_eq!(error.to_string(), "beyond the limit of 9223372036.854775807 US dollars", "{text:?}");
        }
    }

    #[test]
    fn cached_tokens_are_a_part_of_the_input() {
        let price = Price {
            input_per_million: Some(money("0.25")),
            cached_input_per_million: Some(money("0.025")),
            output_per_million: Some(money("2")),
            ..Price::default()
        };
        let used = Quantities { tokens_in: 1_640, cached_tokens_in: 512, tokens_out: 544, ..Quantities::default() };
        // 1128 × 0.25 + 512 × 0.025 + 544 × 2, in millionths of a dollar.
        assert_eq!(price.cost(used), money("0.0013828"));
    }

    #[test]
    fn a_cost_beyond_the_limit_saturates() {
        let price = Price { output_per_million: Some(Money(i64::MAX)), ..Price::default() };
        assert_eq!(price.cost(Quantities { tokens_out: i64::MAX, ..Quantities::default() }), Money(i64::MAX));
    }

    proptest! {
        #[test]
        fn survives_a_round_trip(nanos: i64) {
            prop_assert_eq!(Money(nanos).to_string().parse(), Ok(Money(nanos)));
        }

        #[test]
        fn any_text_is_money_or_an_error(text: String) {
            let _ = text.parse::<Money>();
        }

        #[test]
        fn rounding_errs_by_at_most_half_a_nano(tokens in 0i64..10_000_000_000, per_million in 0i64..1_000_000_000_000) {
            let price = Price { input_per_million: Some(Money(per_million)), ..Price::default() };
            let cost = price.cost(Quantities { tokens_in: tokens, ..Quantities::default() });
            let exact = i128::from(tokens) * i128::from(per_million);
            let shown = i128::from(cost.nanos()) * 1_000_000;
            if cost.nanos() < i64::MAX {
                prop_assert!((exact - shown).abs() * 2 <= 1_000_000);
            }
        }
    }
}
