//! The parts of a price.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A part of a call's price.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// Input tokens that the provider's cache had no part in, and that aren't sound.
    Input,
    CachedInput,
    /// What was written to the cache for the usual time.
    CacheWrite,
    /// What was written to it for an hour.
    HourCacheWrite,
    AudioInput,
    /// Output tokens that are neither sound nor have a price for reasoning.
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
    /// No part of its own: what tokens cost at the tier that they were worked on at.
    Tier,
}

impl Part {
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

    /// As files and the database have it.
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

    /// What the price is for: so many tokens, characters, calls, images, milliseconds, or byte hours.
    pub(super) const fn per(self) -> i128 {
        match self {
            Self::Call | Self::Image | Self::Search | Self::ToolCall | Self::Tier => 1,
            Self::Media => 60_000,
            Self::Storage => 730 * 1_000_000_000,
            _ => 1_000_000,
        }
    }

    /// Whether a tier's factor holds for it.
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

/// Some parts.
///
/// As a list of their names in JSON; names that a later version may have are passed over.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct Parts(u32);

impl Parts {
    pub const NONE: Self = Self(0);

    pub fn insert(&mut self, part: Part) {
        self.0 |= 1 << part as u32;
    }

    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    pub fn contains(self, part: Part) -> bool {
        self.0 & (1 << part as u32) != 0
    }

    /// In their order.
    pub fn iter(self) -> impl Iterator<Item = Part> {
        Part::ALL.into_iter().filter(move |part| self.contains(*part))
    }
}

impl FromIterator<Part> for Parts {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        let mut all = Self::NONE;
        parts.into_iter().for_each(|part| all.insert(part));
        all
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for Parts {
    /// Their names with blanks between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.iter().enumerate() {
            let blank = if index == 0 { "" } else { " " };
            write!(f, "{blank}{}", part.name())?;
        }
        Ok(())
    }
}

impl Serialize for Parts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Part::name))
    }
}

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names: Vec<String> = Vec::deserialize(deserializer)?;
        Ok(names.iter().filter_map(|name| Part::ALL.into_iter().find(|part| part.name() == name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_by_their_names() {
        let parts: Parts = [Part::Tier, Part::Input].into_iter().collect();
        assert_eq!(parts.to_string(), "input service_tier");
        let json = serde_json::to_string(&parts).unwrap();
        assert_eq!(json, r#"["input","service_tier"]"#);
        assert_eq!(serde_json::from_str::<Parts>(&json).unwrap(), parts);
        assert_eq!(serde_json::from_str::<Parts>(r#"["of_tomorrow","input"]"#).unwrap().to_string(), "input");
    }
}
