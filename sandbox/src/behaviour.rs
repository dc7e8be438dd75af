//! The sandbox's requested delays and failures, read from headers or from a marker anywhere in the body.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::{error::SandboxError, input::Input, scripted_body::SandboxBody};

/// Headers that control the sandbox; other providers don't get them.
pub const BEHAVIOUR_HEADERS: &str = "x-sandbox-*";

/// Longest delay that can be requested.
const MAX_DELAY: Duration = Duration::from_secs(600);
/// Default duration of jobs, in milliseconds.
const DEFAULT_JOB_MS: u64 = 2_000;
/// The beginning of a marker, which ends with `]`.
const MARKER: &str = "[sandbox ";

/// The requested behaviour of the sandbox.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Behaviour {
    /// Delay before the answer.
    pub(super) delay: Duration,
    /// Delay between two pieces of the answer.
    pause: Duration,
    /// The status of an error to answer with.
    pub(super) status: Option<StatusCode>,
    /// Number of pieces after which the answer breaks off.
    breaks_off_after: Option<usize>,
    /// Whether the connection breaks off without an answer.
    pub(super) hangs_up: bool,
    /// Whether the answer reports usage.
    pub(super) reports_usage: bool,
    /// Duration of jobs, in milliseconds.
    pub(super) job_ms: u64,
}

impl Behaviour {
    /// Reads the requested behaviour. Headers win over a marker.
    pub(super) fn read(headers: &HeaderMap, input: &Input) -> Result<Self, SandboxError> {
        let text = input.all_text();
        let marker = text.split_once(MARKER).and_then(|(_, rest)| rest.split_once(']')).map(|(marker, _)| marker);
        let marked: Vec<(&str, &str)> = marker
            .unwrap_or_default()
            .split_whitespace()
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .collect();
        let found = |name: &str| {
            let header = headers.get(format!("x-sandbox-{name}")).and_then(|value| value.to_str().ok());
            header.or_else(|| marked.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
        };
        let time = |name: &str| found(name).map(parse_duration).transpose();
        let number = |name: &str| {
            let invalid = |_| SandboxError::invalid("sandbox", format!("`{name}` must be a number."));
            found(name).map(|value| value.parse::<u16>().map_err(invalid)).transpose()
        };
        let status = number("status")?.map(|status| {
            let error_status = StatusCode::from_u16(status).ok().filter(|_| (400..600).contains(&status));
            error_status.ok_or_else(|| SandboxError::invalid("sandbox", "`status` must be 400 to 599."))
        });
        Ok(Self {
            delay: time("delay")?.unwrap_or_default(),
            pause: time("chunk-delay")?.unwrap_or_default(),
            status: status.transpose()?,
            breaks_off_after: number("cut")?.map(usize::from),
            hangs_up: found("hang-up").is_some(),
            reports_usage: found("usage") != Some("none"),
            job_ms: time("job")?
                .map_or(DEFAULT_JOB_MS, |time| u64::try_from(time.as_millis()).unwrap_or(DEFAULT_JOB_MS)),
        })
    }

    pub(super) fn apply(&self, body: &mut SandboxBody) {
        body.slow_down(self.pause, self.breaks_off_after);
    }
}

/// Parses a duration such as `500ms` or `2s`.
fn parse_duration(text: &str) -> Result<Duration, SandboxError> {
    let invalid = || SandboxError::invalid("sandbox", format!("{text:?} is no time such as 500ms or 2s, up to 600s."));
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?);
    let number: u64 = digits.parse().map_err(|_| invalid())?;
    let time = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        _ => return Err(invalid()),
    };
    if time <= MAX_DELAY { Ok(time) } else { Err(invalid()) }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(headers: &[(&'static str, &'static str)], body: &'static str) -> Result<Behaviour, SandboxError> {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect();
        Behaviour::read(&headers, &Input::Json(body.into()))
    }

    #[test]
    fn headers_and_markers_say_the_same() {
        let by_header =
            read(&[("x-sandbox-delay", "500ms"), ("x-sandbox-status", "503"), ("x-sandbox-cut", "2")], "{}");
        let by_marker = read(&[], r#"{"input":"hello [sandbox delay=500ms status=503 cut=2] there"}"#);
        let (by_header, by_marker) = (by_header.ok().unwrap(), by_marker.ok().unwrap());
        assert_eq!(by_header, by_marker);
        assert_eq!((by_header.delay.as_millis(), by_header.breaks_off_after), (500, Some(2)));
        assert_eq!(by_header.status, Some(StatusCode::SERVICE_UNAVAILABLE));
        let header_wins = read(&[("x-sandbox-delay", "1s")], "[sandbox delay=500ms usage=none]").ok().unwrap();
        assert_eq!((header_wins.delay.as_secs(), header_wins.reports_usage), (1, false));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for value in ["2", "s", "2m", "99999s", "-1s", ""] {
            assert!(read(&[("x-sandbox-delay", value)], "{}").is_err(), "{value}");
        }
        for value in ["200", "600", "x"] {
            assert!(read(&[("x-sandbox-status", value)], "{}").is_err(), "{value}");
        }
    }
}
