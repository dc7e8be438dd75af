//! Moments in UTC. Time zones are resolved on the server, which has their rules.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// Milliseconds of a minute.
pub const MINUTE_MILLIS: i64 = 60_000;
/// Milliseconds of a day in UTC.
pub const DAY_MILLIS: i64 = 24 * 60 * MINUTE_MILLIS;

/// A moment: milliseconds since the Unix epoch, in UTC. RFC 3339 as text, a number in JSON.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// Error for a text that isn't a moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a timestamp such as 2026-11-17T14:32:07Z (RFC 3339)")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The moment this many milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The moment this many milliseconds later, or earlier if negative. It saturates.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The moment this many minutes later, like [`plus_millis`](Self::plus_millis).
    pub const fn plus_minutes(self, minutes: i64) -> Self {
        self.plus_millis(minutes.saturating_mul(MINUTE_MILLIS))
    }

    /// The moment this many days of 24 hours later, like [`plus_millis`](Self::plus_millis).
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_minutes(days.saturating_mul(24 * 60))
    }

    /// Converts to `chrono`'s type; the epoch where that can't represent the moment.
    pub fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(moment: DateTime<Utc>) -> Self {
        Self(moment.timestamp_millis())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = if self.0 % 1000 == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
        f.write_str(&self.to_chrono().to_rfc3339_opts(format, true))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        DateTime::parse_from_rfc3339(text).map(|moment| Self(moment.timestamp_millis())).map_err(|_| InvalidTimestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_rfc_3339() {
        assert_eq!(Timestamp(1_763_390_727_000).to_string(), "2025-11-17T14:45:27Z");
        assert_eq!("2025-11-17T15:45:27.5+01:00".parse(), Ok(Timestamp(1_763_390_727_500)));
        assert!("yesterday".parse::<Timestamp>().is_err());
    }
}
