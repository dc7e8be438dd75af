//! Converts an event's data to usage, by the event's type.

use std::{borrow::Cow, str::FromStr, sync::Arc};

use domain::{
    calls::{CallTags, CountSource, MAX_TAGS, Outcome},
    models::Service,
    money::{Quantities, Tier},
    usage::parse_tag_name,
    validation::canonical::is_invisible,
};

use super::{
    data::{EventData, EventTags},
    line::{EventError, EventUsage, UsageKind, check_text},
};
use crate::metering::MAX_TOKENS;

/// Maximum length of a model's, provider's or endpoint's name and of an error code, in bytes.
const MAX_NAME_LENGTH: usize = 200;
/// Maximum number of images, searches or tool calls.
const MAX_COUNTED: i64 = 1_000_000;
/// Maximum duration of video or of a call: a month.
const MAX_SECONDS: f64 = 31.0 * 24.0 * 3_600.0;
/// A petabyte for an hour: thousands of such events fit into the 64 bits of a rollup, which saturates.
const MAX_BYTE_HOURS: i64 = 10_i64.pow(15);

impl EventData<'_> {
    /// Checks the data of an event of this kind and converts it.
    pub(super) fn to_usage(&self, kind: UsageKind) -> Result<EventUsage, EventError> {
        self.reject_foreign_fields(kind)?;
        let (status, outcome) = self.outcome()?;
        let used = self.to_quantities(kind)?;
        if outcome == Outcome::Refused && used != Quantities::default() {
            return Err(EventError::invalid("data.outcome", "A rejected call can't have usage."));
        }
        let service = match kind {
            UsageKind::VideoSeconds => Some(Service::Video),
            UsageKind::StoredBytes => Some(Service::Storage),
            UsageKind::Call | UsageKind::Tokens => read_id("data.service", self.service.as_deref())?,
        };
        let endpoint = read_name("data.endpoint", self.endpoint.as_deref())?;
        Ok(EventUsage {
            project_id: read_id("data.project_id", self.project_id.as_deref())?,
            api_key_id: read_id("data.api_key_id", self.api_key_id.as_deref())?,
            member_id: read_id("data.member_id", self.member_id.as_deref())?,
            model: Arc::from(read_name("data.model", self.model.as_deref())?),
            service,
            endpoint: if endpoint.is_empty() { Cow::Borrowed(kind.name()) } else { Cow::Owned(endpoint.to_owned()) },
            provider: Arc::from(read_name("data.provider", self.provider.as_deref())?),
            status,
            outcome,
            streamed: self.streamed.unwrap_or(false),
            measured: if self.estimated { CountSource::Estimated } else { CountSource::Reported },
            used,
            duration_us: read_scaled("data.duration_ms", self.duration_ms.unwrap_or(0.0), 1e3, MAX_SECONDS * 1e3)?,
            first_byte_us: self
                .first_byte_ms
                .map(|millis| read_scaled("data.first_byte_ms", millis, 1e3, MAX_SECONDS * 1e3))
                .transpose()?,
            error_code: match read_name("data.error_code", self.error_code.as_deref())? {
                "" => Cow::Borrowed(""),
                code => Cow::Owned(code.to_owned()),
            },
            tags: read_tags(&self.tags)?,
        })
    }

    /// Rejects missing fields, and fields that this kind doesn't use, which would never be counted.
    fn reject_foreign_fields(&self, kind: UsageKind) -> Result<(), EventError> {
        let call = self.status.is_some()
            || self.outcome.is_some()
            || self.error_code.is_some()
            || self.streamed.is_some()
            || self.duration_ms.is_some()
            || self.first_byte_ms.is_some()
            || self.images.is_some()
            || self.searches.is_some()
            || self.tool_calls.is_some()
            || self.characters.is_some();
        let counts = [
            self.input_tokens,
            self.cached_input_tokens,
            self.cache_write_input_tokens,
            self.cache_write_1h_input_tokens,
            self.audio_input_tokens,
            self.output_tokens,
            self.audio_output_tokens,
            self.reasoning_output_tokens,
        ];
        let has_tokens = counts.iter().any(Option::is_some);
        let tokens = has_tokens || self.service_tier.is_some();
        let (seconds, bytes) = (self.seconds.is_some(), self.bytes.is_some() || self.hours.is_some());
        let has_service = self.service.is_some();
        let (foreign, needed, takes) = match kind {
            UsageKind::Call => (bytes, true, "all fields except bytes and hours"),
            UsageKind::Tokens => {
                (call || seconds || bytes, has_tokens, "token counts, at least one of which is required")
            }
            UsageKind::VideoSeconds => (call || tokens || bytes || has_service, seconds, "seconds, which is required"),
            UsageKind::StoredBytes => {
                let needed = self.bytes.is_some() && self.hours.is_some();
                (call || tokens || seconds || has_service, needed, "bytes and hours, which are both required")
            }
        };
        if foreign || !needed {
            return Err(EventError::invalid("data", format!("{kind} allows {takes}, and the fields of all types.")));
        }
        Ok(())
    }

    /// Status and outcome. If only one is given, the other follows from it.
    fn outcome(&self) -> Result<(u16, Outcome), EventError> {
        let outcome: Option<Outcome> = read_id("data.outcome", self.outcome.as_deref())?;
        if let Some(status) = self.status.filter(|status| !(100..=599).contains(status)) {
            return Err(EventError::invalid("data.status", format!("{status} isn't an HTTP status.")));
        }
        Ok(match (self.status, outcome) {
            (Some(status), Some(outcome)) => (status, outcome),
            (Some(status), None) if status < 400 => (status, Outcome::Succeeded),
            (Some(status), None) => (status, Outcome::Failed),
            (None, None) => (200, Outcome::Succeeded),
            (None, Some(outcome @ (Outcome::Succeeded | Outcome::Interrupted))) => (200, outcome),
            (None, Some(outcome @ Outcome::Failed)) => (500, outcome),
            (None, Some(outcome @ Outcome::Refused)) => (403, outcome),
        })
    }

    fn to_quantities(&self, kind: UsageKind) -> Result<Quantities, EventError> {
        let tokens = |param, value| read_count(param, value, MAX_TOKENS);
        let used = Quantities {
            tokens_in: read_count("data.input_tokens", self.input_tokens, MAX_TOKENS)?,
            cached_tokens_in: read_count("data.cached_input_tokens", self.cached_input_tokens, MAX_TOKENS)?,
            cache_write_tokens_in: tokens("data.cache_write_input_tokens", self.cache_write_input_tokens)?,
            cache_write_1h_tokens_in: tokens("data.cache_write_1h_input_tokens", self.cache_write_1h_input_tokens)?,
            audio_tokens_in: tokens("data.audio_input_tokens", self.audio_input_tokens)?,
            tokens_out: read_count("data.output_tokens", self.output_tokens, MAX_TOKENS)?,
            audio_tokens_out: tokens("data.audio_output_tokens", self.audio_output_tokens)?,
            reasoning_tokens_out: tokens("data.reasoning_output_tokens", self.reasoning_output_tokens)?,
            tier: Tier::of(read_name("data.service_tier", self.service_tier.as_deref())?),
            images: read_count("data.images", self.images, MAX_COUNTED)?,
            searches: read_count("data.searches", self.searches, MAX_COUNTED)?,
            tool_calls: read_count("data.tool_calls", self.tool_calls, MAX_COUNTED)?,
            characters: read_count("data.characters", self.characters, MAX_TOKENS)?,
            media_ms: read_scaled("data.seconds", self.seconds.unwrap_or(0.0), 1e3, MAX_SECONDS)?,
            byte_hours: if kind == UsageKind::StoredBytes { self.byte_hours()? } else { 0 },
        };
        if used.cached_tokens_in + used.cache_write_tokens_in > used.tokens_in {
            let message = "Cached tokens can't exceed input_tokens, which include them.";
            return Err(EventError::invalid("data.input_tokens", message));
        }
        for (param, part, total) in [
            ("data.cache_write_1h_input_tokens", used.cache_write_1h_tokens_in, used.cache_write_tokens_in),
            ("data.audio_input_tokens", used.audio_tokens_in, used.tokens_in),
            ("data.audio_output_tokens", used.audio_tokens_out, used.tokens_out),
            ("data.reasoning_output_tokens", used.reasoning_tokens_out, used.tokens_out - used.audio_tokens_out),
        ] {
            if part > total {
                return Err(EventError::invalid(param, "These tokens can't exceed the total that includes them."));
            }
        }
        Ok(used)
    }

    /// Bytes times hours, with hours rounded to the second, and the product rounded down.
    fn byte_hours(&self) -> Result<i64, EventError> {
        let bytes = read_count("data.bytes", self.bytes, i64::MAX)?;
        let seconds = read_scaled("data.hours", self.hours.unwrap_or(0.0), 3_600.0, MAX_SECONDS / 3_600.0)?;
        let hours = i128::from(bytes) * i128::from(seconds) / 3_600;
        let hours = i64::try_from(hours).ok().filter(|hours| *hours <= MAX_BYTE_HOURS);
        hours.ok_or_else(|| EventError::invalid("data.bytes", "Too much for one event. Send several."))
    }
}

/// Checks that a count is from 0 to `max`; a missing one is 0.
fn read_count(param: &'static str, value: Option<i64>, max: i64) -> Result<i64, EventError> {
    let value = value.unwrap_or(0);
    let error = || EventError::invalid(param, format!("Use a whole number from 0 to {max}."));
    if (0..=max).contains(&value) { Ok(value) } else { Err(error()) }
}

/// Converts `value` to units that are `scale` times smaller, rounded to a whole number.
fn read_scaled(param: &'static str, value: f64, scale: f64, max: f64) -> Result<i64, EventError> {
    if !(0.0..=max).contains(&value) {
        return Err(EventError::invalid(param, format!("Use a number from 0 to {max}.")));
    }
    #[expect(clippy::cast_possible_truncation, reason = "held within limits above")]
    Ok((value * scale).round() as i64)
}

fn read_name<'a>(param: &'static str, value: Option<&'a str>) -> Result<&'a str, EventError> {
    let value = value.unwrap_or_default();
    check_text(param, value, 0, MAX_NAME_LENGTH)?;
    // Pages show names, so none may turn the direction of text or look like another.
    if value.chars().any(is_invisible) {
        return Err(EventError::invalid(param, "Remove the invisible characters."));
    }
    Ok(value)
}

/// Reads tags by the rules for headers of calls.
fn read_tags(EventTags(pairs): &EventTags) -> Result<CallTags, EventError> {
    const PARAM: &str = "data.tags";
    if pairs.len() > MAX_TAGS {
        return Err(EventError::invalid(PARAM, format!("Use at most {MAX_TAGS} tags.")));
    }
    let mut tags = CallTags::default();
    for (name, value) in pairs {
        let name = parse_tag_name(name).ok_or_else(|| {
            let message = "A tag's name has up to 32 letters, digits, \"_\" and \"-\", a letter first.";
            EventError::invalid(PARAM, message)
        })?;
        let value = CallTags::checked_value(value).map_err(|error| EventError::invalid(PARAM, error))?;
        if !tags.add(name, value) {
            return Err(EventError::invalid(PARAM, "A tag may occur only once, whatever its case."));
        }
    }
    Ok(tags)
}

fn read_id<T: FromStr<Err: ToString>>(param: &'static str, value: Option<&str>) -> Result<Option<T>, EventError> {
    value.map(str::parse).transpose().map_err(|error: T::Err| EventError::invalid(param, error.to_string()))
}
