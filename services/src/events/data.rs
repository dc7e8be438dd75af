//! An event's `data`: a JSON object whose fields are all known, since a misspelt one would be money lost.

use std::borrow::Cow;

use serde::Deserialize;

use super::number::whole;

/// What all types may say, and what each may say of its own; `usage` holds them against the type.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Data<'a> {
    pub(super) project_id: Option<Cow<'a, str>>,
    pub(super) api_key_id: Option<Cow<'a, str>>,
    pub(super) member_id: Option<Cow<'a, str>>,
    pub(super) model: Option<Cow<'a, str>>,
    pub(super) service: Option<Cow<'a, str>>,
    pub(super) endpoint: Option<Cow<'a, str>>,
    pub(super) provider: Option<Cow<'a, str>>,
    pub(super) estimated: bool,

    // How a call went.
    #[serde(deserialize_with = "whole")]
    pub(super) status: Option<u16>,
    pub(super) outcome: Option<Cow<'a, str>>,
    pub(super) error_code: Option<Cow<'a, str>>,
    pub(super) streamed: Option<bool>,
    pub(super) duration_ms: Option<f64>,
    pub(super) first_byte_ms: Option<f64>,

    // What was used.
    #[serde(deserialize_with = "whole")]
    pub(super) input_tokens: Option<i64>,
    #[serde(deserialize_with = "whole")]
    pub(super) cached_input_tokens: Option<i64>,
    #[serde(deserialize_with = "whole")]
    pub(super) cache_write_input_tokens: Option<i64>,
    #[serde(deserialize_with = "whole")]
    pub(super) output_tokens: Option<i64>,
    #[serde(deserialize_with = "whole")]
    pub(super) cache_write_1h_input_tokens: Option<i64>,
    #[serde(deserialize_with = "whole")]
    pub(super) audio_input_tokens: Option<i64>,
    #[serde(deserialize_with = "whole")]
    pub(super) audio_output_tokens: Option<i64>,
    #[serde(deserialize_with = "whole")]
    pub(super) reasoning_output_tokens: Option<i64>,
    pub(super) service_tier: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "whole")]
    pub(super) images: Option<i64>,
    #[serde(deserialize_with = "whole")]
    pub(super) searches: Option<i64>,
    #[serde(deserialize_with = "whole")]
    pub(super) tool_calls: Option<i64>,
    #[serde(deserialize_with = "whole")]
    pub(super) characters: Option<i64>,
    pub(super) seconds: Option<f64>,
    #[serde(deserialize_with = "whole")]
    pub(super) bytes: Option<i64>,
    pub(super) hours: Option<f64>,
}
