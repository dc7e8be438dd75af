//! Quantities that few calls have, stored as one JSON text, or none for most calls.

use domain::money::{PriceParts, Quantities, Tier};
use serde::{Deserialize, Serialize};

/// The column `rare` of a call: JSON without default values.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct RareQuantities {
    #[serde(skip_serializing_if = "is_default")]
    cache_write_1h_tokens_in: i64,
    #[serde(skip_serializing_if = "is_default")]
    audio_tokens_in: i64,
    #[serde(skip_serializing_if = "is_default")]
    audio_tokens_out: i64,
    #[serde(skip_serializing_if = "is_default")]
    reasoning_tokens_out: i64,
    #[serde(skip_serializing_if = "is_default")]
    searches: i64,
    #[serde(skip_serializing_if = "is_default")]
    tool_calls: i64,
    #[serde(skip_serializing_if = "is_default")]
    characters: i64,
    #[serde(skip_serializing_if = "is_default")]
    tier: Tier,
    #[serde(skip_serializing_if = "is_default")]
    unpriced: PriceParts,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl RareQuantities {
    /// The JSON to store; `None` if all values are default.
    pub(crate) fn to_json(used: Quantities, unpriced: PriceParts) -> Option<String> {
        let rare = Self {
            cache_write_1h_tokens_in: used.cache_write_1h_tokens_in,
            audio_tokens_in: used.audio_tokens_in,
            audio_tokens_out: used.audio_tokens_out,
            reasoning_tokens_out: used.reasoning_tokens_out,
            searches: used.searches,
            tool_calls: used.tool_calls,
            characters: used.characters,
            tier: used.tier,
            unpriced,
        };
        // Numbers and names can't fail to serialize.
        if rare == Self::default() { None } else { serde_json::to_string(&rare).ok() }
    }

    /// Merges the stored JSON into `common`; also returns the parts of the cost that aren't known.
    pub(crate) fn merge(common: Quantities, json: Option<&str>) -> (Quantities, PriceParts) {
        let rare: Self = json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        let used = Quantities {
            cache_write_1h_tokens_in: rare.cache_write_1h_tokens_in,
            audio_tokens_in: rare.audio_tokens_in,
            audio_tokens_out: rare.audio_tokens_out,
            reasoning_tokens_out: rare.reasoning_tokens_out,
            searches: rare.searches,
            tool_calls: rare.tool_calls,
            characters: rare.characters,
            tier: rare.tier,
            ..common
        };
        (used, rare.unpriced)
    }
}

#[cfg(test)]
mod tests {
    use domain::money::PricePart;

    use super::*;

    #[test]
    fn what_is_kept_is_read_and_nothing_is_kept_of_most() {
        assert_eq!(RareQuantities::to_json(Quantities { tokens_in: 7, ..Quantities::NONE }, PriceParts::NONE), None);
        let used = Quantities { tokens_in: 7, audio_tokens_in: 5, tier: Tier::Priority, ..Quantities::NONE };
        let unpriced: PriceParts = [PricePart::AudioInput].into_iter().collect();
        let text = RareQuantities::to_json(used, unpriced).unwrap();
        assert_eq!(text, r#"{"audio_tokens_in":5,"tier":"priority","unpriced":["audio_input"]}"#);
        let common = Quantities { tokens_in: 7, ..Quantities::NONE };
        assert_eq!(RareQuantities::merge(common, Some(&text)), (used, unpriced));
        assert_eq!(RareQuantities::merge(common, None), (common, PriceParts::NONE));
    }
}
