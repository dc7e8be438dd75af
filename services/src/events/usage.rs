//! What an event's data means, by its type.

use std::{borrow::Cow, str::FromStr, sync::Arc};

use domain::{
    calls::{Measured, Outcome},
    models::Service,
    money::{Quantities, Tier},
};

use super::{
    data::Data,
    line::{Kind, Usage, Wrong, text},
};
use crate::metering::MOST_TOKENS;

/// Longest name of a model, provider or endpoint, and longest code of an error, in bytes.
const LONGEST_NAME: usize = 200;
/// Images, searches, or calls of tools.
const MOST_COUNTED: i64 = 1_000_000;
/// A month of video, or of a call's time.
const MOST_SECONDS: f64 = 31.0 * 24.0 * 3_600.0;
/// A petabyte for an hour: thousands of such events fit into the 64 bits of a rollup, which holds at its limit.
const MOST_BYTE_HOURS: i64 = 10_i64.pow(15);

impl Data<'_> {
    /// The same as it is kept.
    pub(super) fn usage(&self, kind: Kind) -> Result<Usage, Wrong> {
        self.only_what_belongs_to(kind)?;
        let (status, outcome) = self.outcome()?;
        let used = self.used(kind)?;
        if outcome == Outcome::Refused && used != Quantities::default() {
            return Err(Wrong::invalid("data.outcome", "A refused call can't have used anything."));
        }
        let service = match kind {
            Kind::VideoSeconds => Some(Service::Video),
            Kind::StoredBytes => Some(Service::Storage),
            Kind::Call | Kind::Tokens => id("data.service", self.service.as_deref())?,
        };
        let endpoint = name("data.endpoint", self.endpoint.as_deref())?;
        Ok(Usage {
            project_id: id("data.project_id", self.project_id.as_deref())?,
            api_key_id: id("data.api_key_id", self.api_key_id.as_deref())?,
            member_id: id("data.member_id", self.member_id.as_deref())?,
            model: Arc::from(name("data.model", self.model.as_deref())?),
            service,
            endpoint: if endpoint.is_empty() { Cow::Borrowed(kind.name()) } else { Cow::Owned(endpoint.to_owned()) },
            provider: Arc::from(name("data.provider", self.provider.as_deref())?),
            status,
            outcome,
            streamed: self.streamed.unwrap_or(false),
            measured: if self.estimated { Measured::Estimated } else { Measured::Reported },
            used,
            duration_us: scaled("data.duration_ms", self.duration_ms.unwrap_or(0.0), 1e3, MOST_SECONDS * 1e3)?,
            first_byte_us: self
                .first_byte_ms
                .map(|millis| scaled("data.first_byte_ms", millis, 1e3, MOST_SECONDS * 1e3))
                .transpose()?,
            error_code: match name("data.error_code", self.error_code.as_deref())? {
                "" => Cow::Borrowed(""),
                code => Cow::Owned(code.to_owned()),
            },
        })
    }

    /// Refuses what this type has no use for: it would be counted by nobody.
    fn only_what_belongs_to(&self, kind: Kind) -> Result<(), Wrong> {
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
            Kind::Call => (bytes, true, "everything but bytes and hours"),
            Kind::Tokens => (call || seconds || bytes, has_tokens, "tokens, of which at least one count must be there"),
            Kind::VideoSeconds => (call || tokens || bytes || has_service, seconds, "seconds, which must be there"),
            Kind::StoredBytes => {
                let needed = self.bytes.is_some() && self.hours.is_some();
                (call || tokens || seconds || has_service, needed, "bytes and hours, both of which must be there")
            }
        };
        if foreign || !needed {
            return Err(Wrong::invalid("data", format!("{kind} takes {takes}, besides what all types take.")));
        }
        Ok(())
    }

    /// The status and how it went, each of which follows from the other where only one is said.
    fn outcome(&self) -> Result<(u16, Outcome), Wrong> {
        let outcome: Option<Outcome> = id("data.outcome", self.outcome.as_deref())?;
        if let Some(status) = self.status.filter(|status| !(100..=599).contains(status)) {
            return Err(Wrong::invalid("data.status", format!("{status} is no status of HTTP.")));
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

    fn used(&self, kind: Kind) -> Result<Quantities, Wrong> {
        let tokens = |param, value| count(param, value, MOST_TOKENS);
        let used = Quantities {
            tokens_in: count("data.input_tokens", self.input_tokens, MOST_TOKENS)?,
            cached_tokens_in: count("data.cached_input_tokens", self.cached_input_tokens, MOST_TOKENS)?,
            cache_write_tokens_in: count("data.cache_write_input_tokens", self.cache_write_input_tokens, MOST_TOKENS)?,
            cache_write_1h_tokens_in: tokens("data.cache_write_1h_input_tokens", self.cache_write_1h_input_tokens)?,
            audio_tokens_in: tokens("data.audio_input_tokens", self.audio_input_tokens)?,
            tokens_out: count("data.output_tokens", self.output_tokens, MOST_TOKENS)?,
            audio_tokens_out: tokens("data.audio_output_tokens", self.audio_output_tokens)?,
            reasoning_tokens_out: tokens("data.reasoning_output_tokens", self.reasoning_output_tokens)?,
            tier: Tier::of(name("data.service_tier", self.service_tier.as_deref())?),
            images: count("data.images", self.images, MOST_COUNTED)?,
            searches: count("data.searches", self.searches, MOST_COUNTED)?,
            tool_calls: count("data.tool_calls", self.tool_calls, MOST_COUNTED)?,
            characters: count("data.characters", self.characters, MOST_TOKENS)?,
            media_ms: scaled("data.seconds", self.seconds.unwrap_or(0.0), 1e3, MOST_SECONDS)?,
            byte_hours: if kind == Kind::StoredBytes { self.byte_hours()? } else { 0 },
        };
        if used.cached_tokens_in + used.cache_write_tokens_in > used.tokens_in {
            let message = "Cached tokens are a part of input_tokens, which are fewer.";
            return Err(Wrong::invalid("data.input_tokens", message));
        }
        for (param, part, whole) in [
            ("data.cache_write_1h_input_tokens", used.cache_write_1h_tokens_in, used.cache_write_tokens_in),
            ("data.audio_input_tokens", used.audio_tokens_in, used.tokens_in),
            ("data.audio_output_tokens", used.audio_tokens_out, used.tokens_out),
            ("data.reasoning_output_tokens", used.reasoning_tokens_out, used.tokens_out - used.audio_tokens_out),
        ] {
            if part > whole {
                return Err(Wrong::invalid(param, "These tokens are a part of others, which are fewer."));
            }
        }
        Ok(used)
    }

    /// Bytes times hours, to the second, rounded down.
    fn byte_hours(&self) -> Result<i64, Wrong> {
        let bytes = count("data.bytes", self.bytes, i64::MAX)?;
        let seconds = scaled("data.hours", self.hours.unwrap_or(0.0), 3_600.0, MOST_SECONDS / 3_600.0)?;
        let hours = i128::from(bytes) * i128::from(seconds) / 3_600;
        let hours = i64::try_from(hours).ok().filter(|hours| *hours <= MOST_BYTE_HOURS);
        hours.ok_or_else(|| Wrong::invalid("data.bytes", "So much isn't stored by one event; send several."))
    }
}

/// A count of at most `most`.
fn count(param: &'static str, value: Option<i64>, most: i64) -> Result<i64, Wrong> {
    let value = value.unwrap_or(0);
    let wrong = || Wrong::invalid(param, format!("Use a whole number from 0 to {most}."));
    if (0..=most).contains(&value) { Ok(value) } else { Err(wrong()) }
}

/// `value` in units that are `scale` times smaller, rounded to a whole number.
fn scaled(param: &'static str, value: f64, scale: f64, most: f64) -> Result<i64, Wrong> {
    if !(0.0..=most).contains(&value) {
        return Err(Wrong::invalid(param, format!("Use a number from 0 to {most}.")));
    }
    #[expect(clippy::cast_possible_truncation, reason = "held within limits above")]
    Ok((value * scale).round() as i64)
}

fn name<'a>(param: &'static str, value: Option<&'a str>) -> Result<&'a str, Wrong> {
    let value = value.unwrap_or_default();
    text(param, value, 0, LONGEST_NAME)?;
    Ok(value)
}

fn id<T: FromStr<Err: ToString>>(param: &'static str, value: Option<&str>) -> Result<Option<T>, Wrong> {
    value.map(str::parse).transpose().map_err(|error: T::Err| Wrong::invalid(param, error.to_string()))
}
