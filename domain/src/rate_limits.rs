//! How fast keys may be used.

use serde::{Deserialize, Serialize};

use crate::errors::FieldErrors;

/// The highest limit there is: more isn't reached anyway.
pub const HIGHEST_RATE: u32 = 1_000_000_000;

/// What a key, all keys of a project, or all of an organization may do within any minute. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimits {
    pub calls_per_minute: Option<u32>,
    /// Input and output together.
    pub tokens_per_minute: Option<u32>,
}

impl RateLimits {
    pub const NONE: Self = Self { calls_per_minute: None, tokens_per_minute: None };

    pub const fn is_none(&self) -> bool {
        self.calls_per_minute.is_none() && self.tokens_per_minute.is_none()
    }

    /// These, and where there is none, that of `others`.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            calls_per_minute: self.calls_per_minute.or(others.calls_per_minute),
            tokens_per_minute: self.tokens_per_minute.or(others.tokens_per_minute),
        }
    }

    /// Whether `other` lets no more through.
    pub fn covers(&self, other: &Self) -> bool {
        let covers =
            |own: Option<u32>, other: Option<u32>| own.is_none_or(|own| other.is_some_and(|other| other <= own));
        covers(self.calls_per_minute, other.calls_per_minute) && covers(self.tokens_per_minute, other.tokens_per_minute)
    }

    /// Adds what is wrong with them to `errors`.
    pub fn check(&self, errors: &mut FieldErrors) {
        for (field, limit) in
            [("calls_per_minute", self.calls_per_minute), ("tokens_per_minute", self.tokens_per_minute)]
        {
            if limit.is_some_and(|limit| limit == 0 || limit > HIGHEST_RATE) {
                errors.add(field, format!("Choose 1 to {HIGHEST_RATE} a minute, or no limit."));
            }
        }
    }

    pub fn validated(self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        self.check(&mut errors);
        errors.into_result().map(|()| self)
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
    fn a_limit_of_nothing_is_none_that_anybody_wants() {
        assert!(calls(0).validated().is_err());
        assert!(calls(HIGHEST_RATE + 1).validated().is_err());
        assert!(calls(1).validated().is_ok() && calls(None).validated().is_ok());
    }
}
