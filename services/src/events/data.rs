//! An event's `data`: a JSON object without unknown fields, since a misspelled one would lose money.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

use super::number::deserialize_whole;

/// Fields of all event types. Module `usage` checks which a type allows.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EventData<'a> {
    pub(super) project_id: Option<Cow<'a, str>>,
    pub(super) api_key_id: Option<Cow<'a, str>>,
    pub(super) member_id: Option<Cow<'a, str>>,
    pub(super) model: Option<Cow<'a, str>>,
    pub(super) service: Option<Cow<'a, str>>,
    pub(super) endpoint: Option<Cow<'a, str>>,
    pub(super) provider: Option<Cow<'a, str>>,
    pub(super) estimated: bool,
    pub(super) tags: EventTags,

    // The call's result.
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) status: Option<u16>,
    pub(super) outcome: Option<Cow<'a, str>>,
    pub(super) error_code: Option<Cow<'a, str>>,
    pub(super) streamed: Option<bool>,
    pub(super) duration_ms: Option<f64>,
    pub(super) first_byte_ms: Option<f64>,

    // The quantities used.
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) input_tokens: Option<i64>,
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) cached_input_tokens: Option<i64>,
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) cache_write_input_tokens: Option<i64>,
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) output_tokens: Option<i64>,
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) cache_write_1h_input_tokens: Option<i64>,
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) audio_input_tokens: Option<i64>,
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) audio_output_tokens: Option<i64>,
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) reasoning_output_tokens: Option<i64>,
    pub(super) service_tier: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) images: Option<i64>,
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) searches: Option<i64>,
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) tool_calls: Option<i64>,
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) characters: Option<i64>,
    pub(super) seconds: Option<f64>,
    #[serde(deserialize_with = "deserialize_whole")]
    pub(super) bytes: Option<i64>,
    pub(super) hours: Option<f64>,
}

/// Names and values of tags, in their order and with repetitions.
#[derive(Default)]
pub(super) struct EventTags(pub(super) Vec<(String, String)>);

impl<'de> Deserialize<'de> for EventTags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TagVisitor;

        impl<'de> Visitor<'de> for TagVisitor {
            type Value = EventTags;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_unit<E>(self) -> Result<EventTags, E> {
                Ok(EventTags::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EventTags, A::Error> {
                let mut tags = EventTags::default();
                while let Some(tag) = map.next_entry()? {
                    tags.0.push(tag);
                }
                Ok(tags)
            }
        }

        // As any other field, it may be `null`.
        deserializer.deserialize_any(TagVisitor)
    }
}
