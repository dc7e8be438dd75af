//! Requests to rotate a key.

use serde::{Deserialize, Serialize};

use crate::errors::FieldErrors;

/// Maximum grace period of a rotation, in seconds: 30 days.
pub const MAX_GRACE_SECONDS: u32 = 30 * 24 * 60 * 60;
/// Maximum length of an idempotency key, in characters.
const MAX_REQUEST_LENGTH: usize = 100;

/// A request to give a key a new secret.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Seconds for which the old secret keeps working; 0 ends it at once.
    pub grace_seconds: u32,
    /// Idempotency key, chosen by the caller for each rotation: a repeated request doesn't rotate again.
    #[serde(default)]
    pub request: Option<String>,
}

impl Rotation {
    /// Checks the grace period and the idempotency key.
    pub fn validated(self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        check_grace(&mut errors, self.grace_seconds);
        if let Some(request) = &self.request {
            check_request(&mut errors, request);
        }
        errors.into_result().map(|()| self)
    }
}

/// Checks an idempotency key.
pub fn validated_request(request: String) -> Result<String, FieldErrors> {
    let mut errors = FieldErrors::default();
    check_request(&mut errors, &request);
    errors.into_result().map(|()| request)
}

fn check_request(errors: &mut FieldErrors, request: &str) {
    // PostgreSQL rejects zero bytes.
    if request.is_empty() || request.chars().count() > MAX_REQUEST_LENGTH || request.chars().any(char::is_control) {
        errors.add("request", format!("Use 1 to {MAX_REQUEST_LENGTH} characters on one line."));
    }
}

/// Checks the length of a grace period.
pub fn validated_grace(seconds: u32) -> Result<u32, FieldErrors> {
    let mut errors = FieldErrors::default();
    check_grace(&mut errors, seconds);
    errors.into_result().map(|()| seconds)
}

fn check_grace(errors: &mut FieldErrors, seconds: u32) {
    if seconds > MAX_GRACE_SECONDS {
        errors.add("grace_seconds", format!("Choose at most {} days.", MAX_GRACE_SECONDS / (24 * 60 * 60)));
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
        assert!(rotation(MAX_GRACE_SECONDS, Some("a")).validated().is_ok());
        assert!(rotation(MAX_GRACE_SECONDS + 1, None).validated().is_err());
        for wrong in [String::new(), "x".repeat(101), "a\0b".to_owned()] {
            assert!(rotation(0, Some(&wrong)).validated().is_err(), "{wrong:?}");
        }
    }
}
