//! Grace periods of old secrets, as typed.

use std::str::FromStr;

/// A grace period, in seconds: `0`, or a number of seconds, minutes, hours or days such as `90s`, `30m`, `24h`, `7d`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GracePeriod(pub u32);

impl FromStr for GracePeriod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = match text.char_indices().last() {
            Some((at, unit)) => in_seconds(&text[..at], unit),
            None => None,
        };
        let none = (text == "0").then_some(0);
        let wrong = || format!("{text:?} isn't a valid duration; use 0, 30m, 24h or 7d");
        seconds.or(none).map(Self).ok_or_else(wrong)
    }
}

fn in_seconds(number: &str, unit: char) -> Option<u32> {
    let unit = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    // `parse` would take a sign too.
    let digits = number.bytes().all(|letter| letter.is_ascii_digit());
    number.parse::<u32>().ok().filter(|_| digits)?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        for (text, seconds) in [("0", 0), ("0h", 0), ("90s", 90), ("30m", 1_800), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(text.parse(), Ok(GracePeriod(seconds)), "{text}");
        }
        for wrong in ["", "h", "24", "1w", "-1h", "+1h", "1.5h", "99999999d", "7 d", "7µ"] {
            assert!(wrong.parse::<GracePeriod>().is_err(), "{wrong:?}");
        }
    }
}
