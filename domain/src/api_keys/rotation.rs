//! What is asked for when a key is rotated.

use serde::{Deserialize, Serialize};

use crate::errors::FieldErrors;

/// Longest grace period of a rotation, in seconds: 30 days.
pub const LONGEST_GRACE_SECONDS: u32 = 30 * 24 * 60 * 60;
/// Longest idempotency key, in characters.
const LONGEST_REQUEST: usize = 100;

/// How a key gets a new secret.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// How long the old secret goes on working, in seconds; 0 ends it at once.
    pub grace_seconds: u32,
    /// Made up by whoever asks, once for each rotation they want (an idempotency key): the same request twice makes one.
    #[serde(default)]
    pub request: Option<String>,
}

impl Rotation {
    pub fn validated(self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        check_grace(&mut errors, self.grace_seconds);
        if let Some(request) = &self.request {
            check_request(&mut errors, request);
        }
        errors.into_result().map(|()| self)
    }
}

/// `Err` where an idempotency key is none.
pub fn validated_request(request: String) -> Result<String, FieldErrors> {
    let mut errors = FieldErrors::default();
    check_request(&mut errors, &request);
    errors.into_result().map(|()| request)
}

fn check_request(errors: &mut FieldErrors, request: &str) {
    // PostgreSQL takes no zero byte.
    if request.is_empty() || request.chars().count() > LONGEST_REQUEST || request.chars().any(char::is_control) {
        errors.add("request", format!("Use 1 to {LONGEST_REQUEST} characters, on one line."));
    }
}

/// `Err` where a grace period of so many seconds is too long.
pub fn validated_grace(seconds: u32) -> Result<u32, FieldErrors> {
    let mut errors = FieldErrors::default();
    check_grace(&mut errors, seconds);
    errors.into_result().map(|()| seconds)
}

fn check_grace(errors: &mut FieldErrors, seconds: u32) {
    if seconds > LONGEST_GRACE_SECONDS {
        errors.add("grace_seconds", format!("Choose at most {} days.", LONGEST_GRACE_SECONDS / (24 * 60 * 60)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_has_bounds() {
        let rotation =
            |grace_seconds, request: Option<&str>| Rotation { grace_seconds, request: request.map(str::to_owned) };
        assert!(rotation(0, None).validated().is_ok());
        assert!(rotation(LONGEST_GRACE_SECONDS, Some("a")).validated().is_ok());
        assert!(rotation(LONGEST_GRACE_SECONDS + 1, None).validated().is_err());
        for wrong in [String::new(), "x".repeat(101), "a\0b".to_owned()] {
            assert!(rotation(0, Some(&wrong)).validated().is_err(), "{wrong:?}");
        }
    }
}
