//! Durations as people write them.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, de};

/// A duration with its unit: `250ms`, `30s`, `10m` or `1h`.
#[derive(Clone, Copy)]
pub(super) struct DurationText(pub(super) Duration);

/// Maximum duration that may be configured: a day.
const MAX: Duration = Duration::from_secs(24 * 60 * 60);

impl std::str::FromStr for DurationText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} isn't a duration such as \"250ms\", \"30s\", \"10m\" or \"1h\"");
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let millis = match unit {
            "ms" => Some(number),
            "s" => number.checked_mul(1_000),
            "m" => number.checked_mul(60_000),
            "h" => number.checked_mul(3_600_000),
            _ => None,
        };
        let time = Duration::from_millis(millis.ok_or_else(wrong)?);
        if time.is_zero() || time > MAX {
            return Err(format!("{text:?} is out of range: use 1ms to 24h"));
        }
        Ok(Self(time))
    }
}

impl fmt::Debug for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn units_are_told_apart() {
        let millis = |text: &str| text.parse::<DurationText>().map(|time| time.0.as_millis());
        assert_eq!(millis("250ms"), Ok(250));
        assert_eq!(millis("30s"), Ok(30_000));
        assert_eq!(millis("10m"), Ok(600_000));
        assert_eq!(millis("1h"), Ok(3_600_000));
        for wrong in ["", "5", "s", "-1s", "1.5s", "1 s", "0s", "25h", "1d", "99999999999999999999s"] {
            assert!(millis(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_an_error(text: String) {
            let _ = text.parse::<DurationText>();
        }
    }
}
