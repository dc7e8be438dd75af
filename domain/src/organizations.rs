//! Tenants and what they decide for their members.

use serde::{Deserialize, Serialize};

use crate::errors::FieldErrors;

/// Shortest and longest idle time after which a session ends, in minutes (S2).
pub const SESSION_IDLE_MINUTES: std::ops::RangeInclusive<u32> = 15..=480;
/// What a new organization begins with.
pub const DEFAULT_SESSION_IDLE_MINUTES: u32 = 120;

/// What an organization's administrators choose.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Minutes without activity after which a session ends.
    pub session_idle_minutes: u32,
}

impl Settings {
    pub fn validated(self) -> Result<Self, FieldErrors> {
        if SESSION_IDLE_MINUTES.contains(&self.session_idle_minutes) {
            return Ok(self);
        }
        let message =
            format!("Choose {} minutes to {} hours.", SESSION_IDLE_MINUTES.start(), SESSION_IDLE_MINUTES.end() / 60);
        Err(FieldErrors::of("session_idle_minutes", message))
    }
}
