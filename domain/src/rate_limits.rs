//! Rate limits of keys, projects and organizations.

use serde::{Deserialize, Serialize};

use crate::{errors::FieldErrors, projects::ProjectRef};

/// Highest limit that can be set: a billion a minute.
pub const HIGHEST_RATE: u32 = 1_000_000_000;

/// Limits on a key, all keys of a project, or all keys of an organization within any minute. A missing or
/// `null` one is no limit.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RateLimits {
    /// Calls within any minute.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1000000000))]
    pub calls_per_minute: Option<u32>,
    /// Input and output tokens together within any minute.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1000000000))]
    pub tokens_per_minute: Option<u32>,
}

impl RateLimits {
    /// No limits.
    pub const NONE: Self = Self { calls_per_minute: None, tokens_per_minute: None };

    /// Whether nothing is limited.
    pub const fn is_none(&self) -> bool {
        self.calls_per_minute.is_none() && self.tokens_per_minute.is_none()
    }

    /// Fills in missing limits from `defaults`.
    #[must_use]
    pub fn or(self, defaults: Self) -> Self {
        Self {
            calls_per_minute: self.calls_per_minute.or(defaults.calls_per_minute),
            tokens_per_minute: self.tokens_per_minute.or(defaults.tokens_per_minute),
        }
    }

    /// Lowers limits above `ceiling` to it, and sets missing ones.
    #[must_use]
    pub fn capped(self, ceiling: Self) -> Self {
        let lower = |own: Option<u32>, ceiling: Option<u32>| own.into_iter().chain(ceiling).min();
        Self {
            calls_per_minute: lower(self.calls_per_minute, ceiling.calls_per_minute),
            tokens_per_minute: lower(self.tokens_per_minute, ceiling.tokens_per_minute),
        }
    }

    /// Whether `other` allows no more than these limits.
    pub fn covers(&self, other: &Self) -> bool {
        let covers =
            |own: Option<u32>, other: Option<u32>| own.is_none_or(|own| other.is_some_and(|other| other <= own));
        covers(self.calls_per_minute, other.calls_per_minute) && covers(self.tokens_per_minute, other.tokens_per_minute)
    }

    /// Adds a message to `errors` for each limit that can't be set.
    pub fn check(&self, errors: &mut FieldErrors) {
        for (field, limit) in
            [("calls_per_minute", self.calls_per_minute), ("tokens_per_minute", self.tokens_per_minute)]
        {
            if limit.is_some_and(|limit| limit == 0 || limit > HIGHEST_RATE) {
                errors.add(field, "Enter 1 to 1 billion per minute, or leave blank for no limit.");
            }
        }
    }

    /// Checks that both limits can be set.
    pub fn validated(self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        self.check(&mut errors);
        errors.into_result().map(|()| self)
    }
}

/// Limits shared by the keys of an organization or of one of its projects.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SharedLimits {
    /// `None` for the organization.
    pub project: Option<ProjectRef>,
    /// Limits set in the dashboard or on the command line.
    pub limits: RateLimits,
    /// Limits from the operator's configuration, which apply where none was set.
    pub configured: RateLimits,
}

/// Parses a limit as typed by a member; an empty text is no limit. [`RateLimits::check`] checks its range.
pub fn parse_limit(text: &str) -> Result<Option<u32>, &'static str> {
    match text.trim() {
        "" => Ok(None),
        // A number that doesn't fit is too high in any case.
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Some(digits.parse().unwrap_or(u32::MAX))),
        _ => Err("Enter a whole number."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(calls_per_minute: impl Into<Option<u32>>) -> RateLimits {
        RateLimits { calls_per_minute: calls_per_minute.into(), ..RateLimits::NONE }
    }

    #[test]
    fn nothing_covers_all_and_all_covers_less() {
        assert!(calls(None).covers(&calls(5)) && calls(None).covers(&calls(None)));
        assert!(calls(5).covers(&calls(5)) && calls(5).covers(&calls(4)));
        assert!(!calls(5).covers(&calls(6)) && !calls(5).covers(&calls(None)));
    }

    #[test]
    fn a_limit_is_typed_in_digits() {
        assert_eq!(parse_limit(" "), Ok(None));
        assert_eq!(parse_limit(" 600 "), Ok(Some(600)));
        assert_eq!(parse_limit("0"), Ok(Some(0)), "which no limit may be, and is told so");
        for wrong in ["1,000", "1.5", "-1", "+1", "many", "1 000", "\u{0661}"] {
            assert!(parse_limit(wrong).is_err(), "{wrong}");
        }
        for too_many in ["5000000000", "99999999999999999999999999"] {
            assert!(calls(parse_limit(too_many).unwrap()).validated().is_err(), "{too_many}");
        }
    }

    #[test]
    fn a_limit_of_nothing_is_none_that_anybody_wants() {
        assert!(calls(0).validated().is_err());
        assert!(calls(HIGHEST_RATE + 1).validated().is_err());
        assert!(calls(1).validated().is_ok() && calls(None).validated().is_ok());
    }
}
