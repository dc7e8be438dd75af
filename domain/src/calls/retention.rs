//! For how long an organization keeps its calls.

use serde::{Deserialize, Serialize};

use crate::errors::FieldErrors;

/// Days for which calls can be kept.
///
/// A stored call shows that a day of storage or an entry of a journal was counted, which is looked up for 31 days and
/// longer: with a shorter time, some could be counted twice. Events may be 35 days old when they come.
pub const CALL_DAYS: std::ops::RangeInclusive<u32> = 35..=3650;

/// An organization's choice for how long its calls are kept. Their sums, and so all figures, stay in any case.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallRetention {
    /// Days before today whose calls are kept, in the organization's time zone; `None` for all.
    pub days: Option<u32>,
}

impl CallRetention {
    /// Adds a message to `errors` if the days can't be chosen.
    pub fn validated(self, errors: &mut FieldErrors) -> Self {
        if self.days.is_some_and(|days| !CALL_DAYS.contains(&days)) {
            errors.add("call_days", format!("Choose {} to {} days.", CALL_DAYS.start(), CALL_DAYS.end()));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_kept_for_at_least_as_long_as_they_may_be_reported_again() {
        let error = |days| {
            let mut errors = FieldErrors::default();
            CallRetention { days }.validated(&mut errors);
            errors.get("call_days").map(str::to_owned)
        };
        for right in [None, Some(35), Some(3650)] {
            assert_eq!(error(right), None);
        }
        for wrong in [0, 1, 34, 3651] {
            assert_eq!(error(Some(wrong)).as_deref(), Some("Choose 35 to 3650 days."));
        }
    }
}
