//! Service tiers, and the factors by which they change a price.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::from_text;

/// The tier at which a provider reports having processed a call.
///
/// Sources: `service_tier` at [OpenAI](https://platform.openai.com/docs/api-reference/responses/object),
/// [Anthropic](https://platform.claude.com/docs/en/api/service-tiers) and
/// [Groq](https://console.groq.com/docs/service-tiers).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The default tier, charged at the price itself.
    #[default]
    Standard,
    Batch,
    Flex,
    Priority,
    /// A tier that prices have no factor for.
    #[serde(other)]
    Other,
}

impl Tier {
    /// Maps a provider's name for a tier.
    pub fn of(name: &str) -> Self {
        match name {
            "" | "auto" | "default" | "standard" | "standard_only" | "on_demand" => Self::Standard,
            "batch" => Self::Batch,
            "flex" => Self::Flex,
            "priority" => Self::Priority,
            _ => Self::Other,
        }
    }

    /// The tier's name in files and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Batch => "batch",
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Other => "other",
        }
    }
}

/// A multiplier of a price, from 0 to 1,000, held in thousandths.
///
/// A decimal text in JSON and TOML, such as `0.5` or `1.75`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Factor(u32);

/// Error for a text that isn't a factor.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a factor from 0 to 1000 such as 0.5, with at most three decimals")]
pub struct InvalidFactor;

impl Factor {
    /// The factor that changes nothing.
    pub const ONE: Self = Self(1000);
    const MAX_THOUSANDTHS: u32 = 1_000_000;

    /// Makes a factor; `None` for a negative one and for more than 1,000.
    pub const fn from_thousandths(thousandths: i64) -> Option<Self> {
        if thousandths < 0 || thousandths > Self::MAX_THOUSANDTHS as i64 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held within limits above")]
        Some(Self(thousandths as u32))
    }

    /// The factor in thousandths.
    pub const fn thousandths(self) -> i64 {
        self.0 as i64
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = format!("{:03}", self.0 % 1000);
        match decimals.trim_end_matches('0') {
            "" => write!(f, "{}", self.0 / 1000),
            decimals => write!(f, "{}.{decimals}", self.0 / 1000),
        }
    }
}

impl FromStr for Factor {
    type Err = InvalidFactor;

    fn from_str(text: &str) -> Result<Self, InvalidFactor> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(decimals) || decimals.len() > 3 {
            return Err(InvalidFactor);
        }
        let thousandths = format!("{whole}{decimals:0<3}").parse().map_err(|_| InvalidFactor)?;
        Self::from_thousandths(thousandths).ok_or(InvalidFactor)
    }
}

impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_decimals() {
        for (text, thousandths) in [("0.5", 500), ("1.75", 1_750), ("2", 2_000), ("0", 0), ("1000", 1_000_000)] {
            let factor: Factor = text.parse().unwrap();
            assert_eq!((factor.thousandths(), factor.to_string().as_str()), (thousandths, text));
        }
        for text in ["", ".5", "1.", "-1", "1e2", "0.1234", "1000.001", "99999999999999999999"] {
            assert!(text.parse::<Factor>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_providers_call_the_usual_is_standard_and_what_nobody_knows_isnt() {
        for name in ["auto", "default", "standard", "on_demand"] {
            assert_eq!(Tier::of(name), Tier::Standard, "{name}");
        }
        assert_eq!([Tier::of("priority"), Tier::of("turbo")], [Tier::Priority, Tier::Other]);
    }
}
