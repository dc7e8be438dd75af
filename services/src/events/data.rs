//! An event's `data`: a JSON object without unknown fields, since a misspelled one would lose money.

use std::borrow::Cow;

use serde::Deserialize;

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
