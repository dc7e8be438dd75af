//! What few calls have: one text in the database, and none for most.

use domain::money::{Parts, Quantities, Tier};
use serde::{Deserialize, Serialize};

/// What is kept of a call in the column `rare`, as JSON without what is nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct Rare {
    #[serde(skip_serializing_if = "is_nothing")]
    cache_write_1h_tokens_in: i64,
    #[serde(skip_serializing_if = "is_nothing")]
    audio_tokens_in: i64,
    #[serde(skip_serializing_if = "is_nothing")]
    audio_tokens_out: i64,
    #[serde(skip_serializing_if = "is_nothing")]
    reasoning_tokens_out: i64,
    #[serde(skip_serializing_if = "is_nothing")]
    searches: i64,
    #[serde(skip_serializing_if = "is_nothing")]
    tool_calls: i64,
    #[serde(skip_serializing_if = "is_nothing")]
    characters: i64,
    #[serde(skip_serializing_if = "is_nothing")]
    tier: Tier,
    #[serde(skip_serializing_if = "is_nothing")]
    unpriced: Parts,
}

fn is_nothing<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Rare {
    /// As the database has it.
    pub(crate) fn text(used: Quantities, unpriced: Parts) -> Option<String> {
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
        // Numbers and names always make JSON.
        if rare == Self::default() { None } else { serde_json::to_string(&rare).ok() }
    }

    /// `usual` with what the database has besides, and which parts of the cost aren't known.
    pub(crate) fn with(usual: Quantities, text: Option<&str>) -> (Quantities, Parts) {
        let rare: Self = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let used = Quantities {
            cache_write_1h_tokens_in: rare.cache_write_1h_tokens_in,
            audio_tokens_in: rare.audio_tokens_in,
            audio_tokens_out: rare.audio_tokens_out,
            reasoning_tokens_out: rare.reasoning_tokens_out,
            searches: rare.searches,
            tool_calls: rare.tool_calls,
            characters: rare.characters,
            tier: rare.tier,
            ..usual
        };
        (used, rare.unpriced)
    }
}

#[cfg(test)]
mod tests {
    use domain::money::Part;

    use super::*;

    #[test]
    fn what_is_kept_is_read_and_nothing_is_kept_of_most() {
        assert_eq!(Rare::text(Quantities { tokens_in: 7, ..Quantities::NONE }, Parts::NONE), None);
        let used = Quantities { tokens_in: 7, audio_tokens_in: 5, tier: Tier::Priority, ..Quantities::NONE };
        let unpriced: Parts = [Part::AudioInput].into_iter().collect();
        let text = Rare::text(used, unpriced).unwrap();
        assert_eq!(text, r#"{"audio_tokens_in":5,"tier":"priority","unpriced":["audio_input"]}"#);
        let usual = Quantities { tokens_in: 7, ..Quantities::NONE };
        assert_eq!(Rare::with(usual, Some(&text)), (used, unpriced));
        assert_eq!(Rare::with(usual, None), (usual, Parts::NONE));
    }
}
