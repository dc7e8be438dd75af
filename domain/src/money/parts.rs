//! The parts of a price.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A part of a call's price.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PricePart {
    /// Input tokens that are neither audio nor cached, nor written to the provider's cache.
    Input,
    CachedInput,
    /// Tokens written to the cache for its default time.
    CacheWrite,
    /// Tokens written to the cache for an hour.
    HourCacheWrite,
    AudioInput,
    /// Output tokens other than audio and, where it has a price of its own, reasoning.
    Output,
    AudioOutput,
    Reasoning,
    /// The call itself.
    Call,
    Image,
    /// Audio or video.
    Media,
    Storage,
    Search,
    ToolCall,
    Characters,
    /// Stands for the price of tokens at the call's tier, not for a part with a quantity.
    Tier,
}

impl PricePart {
    /// All parts.
    pub const ALL: [Self; 16] = [
        Self::Input,
        Self::CachedInput,
        Self::CacheWrite,
        Self::HourCacheWrite,
        Self::AudioInput,
        Self::Output,
        Self::AudioOutput,
        Self::Reasoning,
        Self::Call,
        Self::Image,
        Self::Media,
        Self::Storage,
        Self::Search,
        Self::ToolCall,
        Self::Characters,
        Self::Tier,
    ];

    /// The part's name in files and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CachedInput => "cached_input",
            Self::CacheWrite => "cache_write",
            Self::HourCacheWrite => "cache_write_1h",
            Self::AudioInput => "audio_input",
            Self::Output => "output",
            Self::AudioOutput => "audio_output",
            Self::Reasoning => "reasoning",
            Self::Call => "call",
            Self::Image => "images",
            Self::Media => "media",
            Self::Storage => "storage",
            Self::Search => "searches",
            Self::ToolCall => "tool_calls",
            Self::Characters => "characters",
            Self::Tier => "service_tier",
        }
    }

    /// Number of tokens, characters, calls, images, milliseconds or byte hours that the price is for.
    pub(super) const fn unit_size(self) -> i128 {
        match self {
            Self::Call | Self::Image | Self::Search | Self::ToolCall | Self::Tier => 1,
            Self::Media => 60_000,
            Self::Storage => 730 * 1_000_000_000,
            _ => 1_000_000,
        }
    }

    /// Whether a tier's factor applies to the part.
    pub(super) const fn has_tiers(self) -> bool {
        matches!(
            self,
            Self::Input
                | Self::CachedInput
                | Self::CacheWrite
                | Self::HourCacheWrite
                | Self::AudioInput
                | Self::Output
                | Self::AudioOutput
                | Self::Reasoning
        )
    }
}

/// A set of price parts.
///
/// A list of names in JSON; unknown names, which a later version may have written, are ignored.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct PriceParts(u32);

impl PriceParts {
    /// No part.
    pub const NONE: Self = Self(0);

    /// Adds a part.
    pub fn insert(&mut self, part: PricePart) {
        self.0 |= 1 << part as u32;
    }

    /// Whether no part is in the set.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Whether this part is in the set.
    pub fn contains(self, part: PricePart) -> bool {
        self.0 & (1 << part as u32) != 0
    }

    /// Iterates over the parts in the order of [`PricePart::ALL`].
    pub fn iter(self) -> impl Iterator<Item = PricePart> {
        PricePart::ALL.into_iter().filter(move |part| self.contains(*part))
    }
}

impl FromIterator<PricePart> for PriceParts {
    fn from_iter<I: IntoIterator<Item = PricePart>>(parts: I) -> Self {
        let mut all = Self::NONE;
        parts.into_iter().for_each(|part| all.insert(part));
        all
    }
}

impl fmt::Debug for PriceParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for PriceParts {
    /// Writes the names separated by spaces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            write!(f, "{separator}{}", part.name())?;
        }
        Ok(())
    }
}

impl Serialize for PriceParts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(PricePart::name))
    }
}

impl<'de> Deserialize<'de> for PriceParts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names: Vec<String> = Vec::deserialize(deserializer)?;
        Ok(names.iter().filter_map(|name| PricePart::ALL.into_iter().find(|part| part.name() == name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_by_their_names() {
        let parts: PriceParts = [PricePart::Tier, PricePart::Input].into_iter().collect();
        assert_eq!(parts.to_string(), "input service_tier");
        let json = serde_json::to_string(&parts).unwrap();
        assert_eq!(json, r#"["input","service_tier"]"#);
        assert_eq!(serde_json::from_str::<PriceParts>(&json).unwrap(), parts);
        assert_eq!(serde_json::from_str::<PriceParts>(r#"["of_tomorrow","input"]"#).unwrap().to_string(), "input");
    }
}
