//! Properties that few calls have, stored as one JSON text, or none for most calls.

use domain::{
    bodies::BodyExclusion,
    calls::{CallAttempt, CallRejection},
    money::{PriceParts, Quantities, Tier},
};
use serde::{Deserialize, Serialize};

/// The column `rare` of a call: JSON without default values.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct RareProperties {
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
    /// What happened to the call, as far as that is rare.
    #[serde(flatten)]
    story: CallStory,
}

/// Events of few calls: in JSON of the call's row rather than in a table, since they are read with their call only,
/// are bounded, and go with it, however it is deleted.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct CallStory {
    /// Why the call was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rejection: Option<CallRejection>,
    /// Attempts with providers, if there were several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) attempts: Vec<CallAttempt>,
    /// Why no bodies of the call are stored, if they were kept out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body_exclusion: Option<BodyExclusion>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl RareProperties {
    /// The rare ones of these quantities, and the parts of the cost that aren't known.
    pub(crate) fn new(used: Quantities, unpriced: PriceParts) -> Self {
        Self {
            cache_write_1h_tokens_in: used.cache_write_1h_tokens_in,
            audio_tokens_in: used.audio_tokens_in,
            audio_tokens_out: used.audio_tokens_out,
            reasoning_tokens_out: used.reasoning_tokens_out,
            searches: used.searches,
            tool_calls: used.tool_calls,
            characters: used.characters,
            tier: used.tier,
            unpriced,
            story: CallStory::default(),
        }
    }

    /// Returns the properties with what happened to their call.
    pub(crate) fn with_story(self, story: CallStory) -> Self {
        Self { story, ..self }
    }

    /// The JSON to store; `None` if all values are default.
    pub(crate) fn to_json(&self) -> Option<String> {
        // Numbers and texts can't fail to serialize.
        if *self == Self::default() { None } else { serde_json::to_string(self).ok() }
    }

    /// Parses the stored JSON.
    pub(crate) fn parse(json: Option<&str>) -> Self {
        json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }

    /// Adds the rare quantities to the common ones.
    pub(crate) const fn quantities(&self, common: Quantities) -> Quantities {
        Quantities {
            cache_write_1h_tokens_in: self.cache_write_1h_tokens_in,
            audio_tokens_in: self.audio_tokens_in,
            audio_tokens_out: self.audio_tokens_out,
            reasoning_tokens_out: self.reasoning_tokens_out,
            searches: self.searches,
            tool_calls: self.tool_calls,
            characters: self.characters,
            tier: self.tier,
            ..common
        }
    }

    /// The parts of the cost that aren't known.
    pub(crate) const fn unpriced(&self) -> PriceParts {
        self.unpriced
    }

    /// What happened to the call.
    pub(crate) fn into_story(self) -> CallStory {
        self.story
    }

    /// The model that a rejected call asked for; empty if that isn't known.
    pub(crate) fn requested_model(&self) -> &str {
        self.story.rejection.as_ref().map_or("", |rejection| &rejection.model)
    }
}

#[cfg(test)]
mod tests {
    use domain::{calls::RejectionRule, money::PricePart};

    use super::*;

    #[test]
    fn what_is_kept_is_read_and_nothing_is_kept_of_most() {
        let common = Quantities { tokens_in: 7, ..Quantities::NONE };
        assert_eq!(RareProperties::new(common, PriceParts::NONE).to_json(), None);
        let used = Quantities { audio_tokens_in: 5, tier: Tier::Priority, ..common };
        let unpriced: PriceParts = [PricePart::AudioInput].into_iter().collect();
        let text = RareProperties::new(used, unpriced).to_json().unwrap();
        assert_eq!(text, r#"{"audio_tokens_in":5,"tier":"priority","unpriced":["audio_input"]}"#);
        let rare = RareProperties::parse(Some(&text));
        assert_eq!(
            (rare.quantities(common), rare.unpriced(), rare.into_story()),
            (used, unpriced, CallStory::default())
        );
        let none = RareProperties::parse(None);
        assert_eq!((none.quantities(common), none.unpriced()), (common, PriceParts::NONE));
    }

    #[test]
    fn a_rejection_is_kept_with_its_call() {
        let rejection = CallRejection::new(RejectionRule::UnknownModel, "There is no model \"x\".", "x");
        let story = CallStory { rejection: Some(rejection), ..CallStory::default() };
        let text = RareProperties::new(Quantities::NONE, PriceParts::NONE).with_story(story.clone()).to_json();
        let rare = RareProperties::parse(text.as_deref());
        assert_eq!(rare.requested_model(), "x");
        assert_eq!(rare.into_story(), story);
    }

    #[test]
    fn attempts_and_the_reason_for_missing_bodies_are_kept_with_their_call() {
        let attempt = CallAttempt { provider: "first".to_owned(), status: Some(503), ..CallAttempt::default() };
        let story = CallStory {
            attempts: vec![attempt.clone(), attempt],
            body_exclusion: Some(BodyExclusion::Key),
            ..CallStory::default()
        };
        let text = RareProperties::new(Quantities::NONE, PriceParts::NONE).with_story(story.clone()).to_json().unwrap();
        assert!(text.ends_with(r#""body_exclusion":"key"}"#), "{text}");
        assert_eq!(RareProperties::parse(Some(&text)).into_story(), story);
    }
}
