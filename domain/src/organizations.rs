//! Tenants and what they decide for their members.

use serde::{Deserialize, Serialize};

use crate::{
    api_keys::{KeyPolicy, LONGEST_LIFE_DAYS},
    bodies::BodySettings,
    errors::FieldErrors,
};

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
    /// How long its keys may live.
    #[serde(default)]
    pub key_policy: KeyPolicy,
    /// Whether and how what is said in its calls is kept.
    #[serde(default)]
    pub bodies: BodySettings,
}

/// What of an organization's settings is changed: nobody's change undoes what somebody else changed meanwhile.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_idle_minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_policy: Option<KeyPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bodies: Option<BodySettings>,
}

impl From<Settings> for SettingsChanges {
    fn from(Settings { session_idle_minutes, key_policy, bodies }: Settings) -> Self {
        Self { session_idle_minutes: Some(session_idle_minutes), key_policy: Some(key_policy), bodies: Some(bodies) }
    }
}

impl Settings {
    /// The settings after these changes.
    #[must_use]
    pub fn with(&self, changes: SettingsChanges) -> Self {
        Self {
            session_idle_minutes: changes.session_idle_minutes.unwrap_or(self.session_idle_minutes),
            key_policy: changes.key_policy.unwrap_or(self.key_policy),
            bodies: changes.bodies.unwrap_or_else(|| self.bodies.clone()),
        }
    }

    pub fn validated(self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        if !SESSION_IDLE_MINUTES.contains(&self.session_idle_minutes) {
            let (least, most) = (SESSION_IDLE_MINUTES.start(), SESSION_IDLE_MINUTES.end() / 60);
            errors.add("session_idle_minutes", format!("Choose {least} minutes to {most} hours."));
        }
        if self.key_policy.longest_life_days.is_some_and(|days| days == 0 || days > LONGEST_LIFE_DAYS) {
            errors.add("longest_life_days", format!("Choose 1 to {LONGEST_LIFE_DAYS} days."));
        }
        let bodies = self.bodies.validated(&mut errors);
        errors.into_result().map(|()| Self { bodies, ..self })
    }
}
