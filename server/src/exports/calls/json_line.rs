//! A call as one line of JSON. Its fields have the names of the columns of CSV; what isn't known is null.

use domain::{
    calls::{Call, CallTags, CountSource},
    money::PriceParts,
};
use serde::Serialize;
use services::{ServiceError, ServiceResult};

/// The documented fields of a call (docs/exports.md).
#[derive(Serialize)]
struct CallLine<'a> {
    started_at: String,
    request_id: String,
    project: Option<&'a str>,
    project_id: Option<String>,
    key: Option<&'a str>,
    key_id: Option<String>,
    service: &'static str,
    endpoint: &'a str,
    model: Option<&'a str>,
    provider: Option<&'a str>,
    status: Option<u16>,
    outcome: &'static str,
    error_code: Option<&'a str>,
    streamed: bool,
    times: u32,
    measured: &'static str,
    #[serde(flatten)]
    counts: CallCounts,
    /// Text, since readers of JSON round numbers.
    cost_usd: Option<String>,
    cost_unknown_in: Vec<&'static str>,
    duration_us: Option<i64>,
    first_byte_us: Option<i64>,
    service_tier: &'static str,
    tags: &'a CallTags,
}

#[derive(Serialize)]
struct CallCounts {
    tokens_in: Option<i64>,
    cached_tokens_in: Option<i64>,
    cache_write_tokens_in: Option<i64>,
    cache_write_1h_tokens_in: Option<i64>,
    tokens_out: Option<i64>,
    reasoning_tokens_out: Option<i64>,
    audio_tokens_in: Option<i64>,
    audio_tokens_out: Option<i64>,
    images: Option<i64>,
    media_ms: Option<i64>,
    byte_hours: Option<i64>,
    searches: Option<i64>,
    tool_calls: Option<i64>,
    characters: Option<i64>,
}

/// Appends the line of a call.
pub(super) fn append_line(lines: &mut Vec<u8>, call: &Call) -> ServiceResult<()> {
    serde_json::to_writer(&mut *lines, &CallLine::of(call))
        .map_err(|error| ServiceError::Internal(format!("call as JSON: {error}")))?;
    lines.push(b'\n');
    Ok(())
}

impl<'a> CallLine<'a> {
    fn of(call: &'a Call) -> Self {
        let (project, key) = (call.project.as_ref(), call.api_key.as_ref());
        Self {
            started_at: call.started_at.to_string(),
            request_id: call.id.to_string(),
            project: project.map(|project| project.name.as_str()),
            project_id: project.map(|project| project.id.to_string()),
            key: key.map(|key| key.name.as_str()),
            key_id: key.map(|key| key.id.to_string()),
            service: call.service.name(),
            endpoint: &call.endpoint,
            model: not_empty(&call.model),
            provider: not_empty(&call.provider),
            status: call.known_status(),
            outcome: call.outcome.name(),
            error_code: not_empty(&call.error_code),
            streamed: call.streamed,
            times: call.times,
            measured: call.measured.name(),
            counts: CallCounts::of(call),
            cost_usd: call.cost.map(|cost| cost.to_string()),
            cost_unknown_in: unknown_parts(call.unpriced),
            duration_us: call.known_duration_us(),
            first_byte_us: call.first_byte_us,
            service_tier: call.used.tier.name(),
            tags: &call.tags,
        }
    }
}

impl CallCounts {
    fn of(call: &Call) -> Self {
        let known = |count: i64| (call.measured != CountSource::Unknown).then_some(count);
        let used = &call.used;
        Self {
            tokens_in: known(used.tokens_in),
            cached_tokens_in: known(used.cached_tokens_in),
            cache_write_tokens_in: known(used.cache_write_tokens_in),
            cache_write_1h_tokens_in: known(used.cache_write_1h_tokens_in),
            tokens_out: known(used.tokens_out),
            reasoning_tokens_out: known(used.reasoning_tokens_out),
            audio_tokens_in: known(used.audio_tokens_in),
            audio_tokens_out: known(used.audio_tokens_out),
            images: known(used.images),
            media_ms: known(used.media_ms),
            byte_hours: known(used.byte_hours),
            searches: known(used.searches),
            tool_calls: known(used.tool_calls),
            characters: known(used.characters),
        }
    }
}

fn not_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn unknown_parts(parts: PriceParts) -> Vec<&'static str> {
    parts.iter().map(|part| part.name()).collect()
}
