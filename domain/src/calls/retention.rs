//! For how long an organization keeps its calls.

use serde::{Deserialize, Serialize};

use crate::{errors::FieldErrors, time::Timestamp};

/// Days for which calls can be kept.
///
/// A stored call shows that a day of storage or an entry of a journal was counted, which is looked up for 31 days and
/// longer: with a shorter time, some could be counted twice. Events may be 35 days old when they come.
pub const CALL_DAYS: std::ops::RangeInclusive<u32> = 35..=3650;
/// Days for which calls are kept unless the organization chooses: 13 months, so that a month can be compared with that of a year ago.
pub const DEFAULT_CALL_DAYS: u32 = 397;

/// An organization's choice for how long its calls are kept. Their sums, and so all figures, stay in any case.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallRetention {
    /// Days before today whose calls are kept, in the organization's time zone; `None` for all.
    pub days: Option<u32>,
    /// Time from which [`DEFAULT_CALL_DAYS`] apply, since nothing was chosen; `None` once `days` are a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_from: Option<Timestamp>,
}

impl CallRetention {
    /// A choice of a number of days, or of all calls.
    pub const fn chosen(days: Option<u32>) -> Self {
        Self { days, default_from: None }
    }

    /// No choice: the default applies from this time on.
    pub const fn unchosen(default_from: Timestamp) -> Self {
        Self { days: None, default_from: Some(default_from) }
    }

    /// The choice after a change to `self`. That nothing was chosen can only stay so: nobody sets when the default begins.
    #[must_use]
    pub fn after(self, before: Self) -> Self {
        let is_unchosen = self.days.is_none() && self.default_from == before.default_from;
        Self { default_from: self.default_from.filter(|_| is_unchosen), ..self }
    }

    /// The days whose calls are kept at `now`, by choice or by default; `None` for all.
    pub fn days_at(self, now: Timestamp) -> Option<u32> {
        self.days.or_else(|| self.default_from.filter(|from| *from <= now).map(|_| DEFAULT_CALL_DAYS))
    }

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
            CallRetention::chosen(days).validated(&mut errors);
            errors.get("call_days").map(str::to_owned)
        };
        for right in [None, Some(35), Some(3650)] {
            assert_eq!(error(right), None);
        }
        for wrong in [0, 1, 34, 3651] {
            assert_eq!(error(Some(wrong)).as_deref(), Some("Choose 35 to 3650 days."));
        }
    }

    #[test]
    fn the_default_applies_from_its_time_on_unless_a_choice_is_made() {
        let at = Timestamp::from_millis;
        let unchosen = CallRetention::unchosen(at(1_000));
        assert_eq!((unchosen.days_at(at(999)), unchosen.days_at(at(1_000))), (None, Some(DEFAULT_CALL_DAYS)));
        assert_eq!(CallRetention::chosen(None).days_at(at(1_000)), None);
        assert_eq!(CallRetention::chosen(Some(35)).days_at(at(0)), Some(35));
    }

    #[test]
    fn nobody_sets_when_the_default_begins() {
        let (early, late) = (Timestamp::from_millis(1), Timestamp::from_millis(2));
        let (unchosen, forever) = (CallRetention::unchosen(late), CallRetention::chosen(None));
        assert_eq!(unchosen.after(unchosen), unchosen);
        assert_eq!(CallRetention::unchosen(early).after(unchosen), forever);
        assert_eq!(unchosen.after(forever), forever);
        assert_eq!(forever.after(unchosen), forever);
        let both = CallRetention { days: Some(35), ..unchosen };
        assert_eq!(both.after(unchosen), CallRetention::chosen(Some(35)));
    }

    #[test]
    fn stored_choices_of_before_can_be_read() {
        let read = |text| serde_json::from_str::<CallRetention>(text).unwrap();
        assert_eq!(read(r#"{"days":90}"#), CallRetention::chosen(Some(90)));
        assert_eq!(read(r#"{"days":null}"#), CallRetention::chosen(None));
        assert_eq!(serde_json::to_string(&CallRetention::chosen(Some(90))).unwrap(), r#"{"days":90}"#);
    }
}
