//! Expiration of keys, and an organization's policy on it.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Maximum lifetime of a key that can be chosen, in days.
pub const MAX_LIFE_DAYS: u32 = 3650;

/// Lifetime that is suggested for new keys, in days.
pub const DEFAULT_LIFE_DAYS: u32 = 90;

/// The expiration of a key to be created. It can't be changed afterwards.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiration {
    /// The key works until it is revoked.
    #[default]
    Never,
    /// This many days after the key's creation.
    Days(u32),
    /// At this moment.
    At(Timestamp),
}

impl Expiration {
    /// The time at which a key created at `now` expires.
    pub fn ends_at(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Days(days) => Some(now.plus_days(i64::from(days))),
            Self::At(moment) => Some(moment),
        }
    }

    /// Checks the expiration of a key created at `now`; `Err` has a message for people.
    pub fn check(self, now: Timestamp) -> Result<(), String> {
        match self.ends_at(now) {
            None => Ok(()),
            Some(end) if end <= now => Err("Choose a time in the future.".to_owned()),
            Some(end) if end > now.plus_days(i64::from(MAX_LIFE_DAYS)) => {
                Err(format!("Choose at most {MAX_LIFE_DAYS} days."))
            }
            Some(_) => Ok(()),
        }
    }
}

/// An organization's policy on the lifetime of its keys (S4).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPolicy {
    /// Whether every key must expire.
    pub expiry_required: bool,
    /// Maximum number of days between a key's creation and its expiration; doesn't apply to keys that never
    /// expire.
    pub longest_life_days: Option<u32>,
}

impl KeyPolicy {
    /// The lifetime to suggest for a new key, in days.
    pub fn default_life_days(self) -> u32 {
        self.longest_life_days.map_or(DEFAULT_LIFE_DAYS, |longest| longest.min(DEFAULT_LIFE_DAYS))
    }

    /// Checks a key created at `created_at` that expires at `expires_at`; `Err` has a message for people.
    pub fn check(self, created_at: Timestamp, expires_at: Option<Timestamp>) -> Result<(), String> {
        match (expires_at, self.longest_life_days) {
            (None, _) if self.expiry_required => Err("This organization's keys must expire.".to_owned()),
            (Some(end), Some(days)) if end > created_at.plus_days(i64::from(days)) => {
                Err(format!("This organization's keys must expire within {days} days."))
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
        assert!(Expiration::Never.check(NOW).is_ok());
        assert!(Expiration::Days(1).check(NOW).is_ok());
        assert!(Expiration::Days(0).check(NOW).is_err());
        assert!(Expiration::Days(MAX_LIFE_DAYS + 1).check(NOW).is_err());
        assert!(Expiration::At(NOW).check(NOW).is_err());
        assert!(Expiration::At(Timestamp::from_millis(i64::MAX)).check(NOW).is_err());
        assert_eq!(Expiration::Days(2).ends_at(NOW), Some(NOW.plus_days(2)));
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
    fn a_suggested_life_keeps_to_the_policy() {
        let days = |longest_life_days| KeyPolicy { longest_life_days, ..KeyPolicy::default() }.default_life_days();
        assert_eq!((days(None), days(Some(400)), days(Some(60))), (90, 90, 60));
    }

    #[test]
    fn a_life_is_written_plainly() {
        let written = |life: Expiration| serde_json::to_string(&life).unwrap();
        assert_eq!(written(Expiration::Never), r#""never""#);
        assert_eq!(written(Expiration::Days(30)), r#"{"days":30}"#);
    }
}
