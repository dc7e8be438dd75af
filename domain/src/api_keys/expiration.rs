//! How long a key lives, and how long an organization lets it.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Longest life of a key that may be chosen, in days.
pub const LONGEST_LIFE_DAYS: u32 = 3650;

/// When a key is to expire. It can't be changed afterwards.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    #[default]
    Never,
    /// So many days from its making on.
    Days(u32),
    At(Timestamp),
}

impl Life {
    /// When a key made at `now` expires.
    pub fn ends_at(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Days(days) => Some(now.plus_days(i64::from(days))),
            Self::At(moment) => Some(moment),
        }
    }

    /// `Err` says what is wrong with it for a key made at `now`.
    pub fn check(self, now: Timestamp) -> Result<(), String> {
        match self.ends_at(now) {
            None => Ok(()),
            Some(end) if end <= now => Err("Choose a moment to come.".to_owned()),
            Some(end) if end > now.plus_days(i64::from(LONGEST_LIFE_DAYS)) => {
                Err(format!("Choose at most {LONGEST_LIFE_DAYS} days."))
            }
            Some(_) => Ok(()),
        }
    }
}

/// How long an organization lets its keys live (S4).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPolicy {
    /// Whether every key must expire.
    pub expiry_required: bool,
    /// The most days between a key's making and its expiry; says nothing of keys that never expire.
    pub longest_life_days: Option<u32>,
}

impl KeyPolicy {
    /// Whether a key made at `created_at` that expires at `expires_at` keeps to it; `Err` says what it breaks.
    pub fn check(self, created_at: Timestamp, expires_at: Option<Timestamp>) -> Result<(), String> {
        match (expires_at, self.longest_life_days) {
            (None, _) if self.expiry_required => Err("This organization's keys must expire.".to_owned()),
            (Some(end), Some(days)) if end > created_at.plus_days(i64::from(days)) => {
                Err(format!("This organization's keys live at most {days} days."))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn a_life_ends_in_time_to_come() {
        assert!(Life::Never.check(NOW).is_ok());
        assert!(Life::Days(1).check(NOW).is_ok());
        assert!(Life::Days(0).check(NOW).is_err());
        assert!(Life::Days(LONGEST_LIFE_DAYS + 1).check(NOW).is_err());
        assert!(Life::At(NOW).check(NOW).is_err());
        assert!(Life::At(Timestamp::from_millis(i64::MAX)).check(NOW).is_err());
        assert_eq!(Life::Days(2).ends_at(NOW), Some(NOW.plus_days(2)));
    }

    #[test]
    fn a_policy_bounds_lives() {
        let policy = KeyPolicy { expiry_required: true, longest_life_days: Some(90) };
        assert!(policy.check(NOW, None).is_err());
        assert!(policy.check(NOW, Some(NOW.plus_days(90))).is_ok());
        assert!(policy.check(NOW, Some(NOW.plus_days(90).plus_millis(1))).is_err());
        assert!(KeyPolicy { expiry_required: false, ..policy }.check(NOW, None).is_ok());
        assert!(KeyPolicy::default().check(NOW, Some(NOW.plus_days(3650))).is_ok());
    }

    #[test]
    fn a_life_is_written_plainly() {
        let written = |life: Life| serde_json::to_string(&life).unwrap();
        assert_eq!(written(Life::Never), r#""never""#);
        assert_eq!(written(Life::Days(30)), r#"{"days":30}"#);
    }
}
