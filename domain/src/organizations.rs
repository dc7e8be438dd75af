//! Organizations (tenants) and their settings.

use serde::{Deserialize, Serialize};

use crate::{
    api_keys::{KeyPolicy, MAX_LIFE_DAYS},
    bodies::BodySettings,
    calls::CallRetention,
    errors::FieldErrors,
};

/// Shortest and longest idle time after which a session ends, in minutes (S2).
pub const SESSION_IDLE_MINUTES: std::ops::RangeInclusive<u32> = 15..=480;
/// Idle time of a new organization's sessions, in minutes.
pub const DEFAULT_SESSION_IDLE_MINUTES: u32 = 120;

/// An organization's settings, chosen by its administrators.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationSettings {
    /// Minutes without activity after which a session ends.
    pub session_idle_minutes: u32,
    /// Policy on the lifetime of its keys.
    #[serde(default)]
    pub key_policy: KeyPolicy,
    /// Storage of the bodies of its calls.
    #[serde(default)]
    pub bodies: BodySettings,
    /// How long its calls are kept.
    #[serde(default)]
    pub call_retention: CallRetention,
}

/// Changes of an organization's settings. `None` leaves a setting as it is, so that concurrent changes of
/// other settings aren't undone.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_idle_minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_policy: Option<KeyPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bodies: Option<BodySettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_retention: Option<CallRetention>,
}

impl From<OrganizationSettings> for SettingsChanges {
    fn from(settings: OrganizationSettings) -> Self {
        let OrganizationSettings { session_idle_minutes, key_policy, bodies, call_retention } = settings;
        Self {
            session_idle_minutes: Some(session_idle_minutes),
            key_policy: Some(key_policy),
            bodies: Some(bodies),
            call_retention: Some(call_retention),
        }
    }
}

impl SettingsChanges {
    /// Adds the changes of settings that `self` leaves as they are.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            session_idle_minutes: self.session_idle_minutes.or(other.session_idle_minutes),
            key_policy: self.key_policy.or(other.key_policy),
            bodies: self.bodies.or(other.bodies),
            call_retention: self.call_retention.or(other.call_retention),
        }
    }
}

impl OrganizationSettings {
    /// Returns the settings with changes applied.
    #[must_use]
    pub fn with(&self, changes: SettingsChanges) -> Self {
        Self {
            session_idle_minutes: changes.session_idle_minutes.unwrap_or(self.session_idle_minutes),
            key_policy: changes.key_policy.unwrap_or(self.key_policy),
            bodies: changes.bodies.unwrap_or_else(|| self.bodies.clone()),
            call_retention: changes.call_retention.unwrap_or(self.call_retention),
        }
    }

    /// Checks the settings, and cleans the names of redacted fields.
    pub fn validated(self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        if !SESSION_IDLE_MINUTES.contains(&self.session_idle_minutes) {
            let (min, max_hours) = (SESSION_IDLE_MINUTES.start(), SESSION_IDLE_MINUTES.end() / 60);
            errors.add("session_idle_minutes", format!("Choose {min} minutes to {max_hours} hours."));
        }
        if self.key_policy.longest_life_days.is_some_and(|days| days == 0 || days > MAX_LIFE_DAYS) {
            errors.add("longest_life_days", format!("Choose 1 to {MAX_LIFE_DAYS} days."));
        }
        let call_retention = self.call_retention.validated(&mut errors);
        let bodies = self.bodies.validated(&mut errors);
        errors.into_result().map(|()| Self { bodies, call_retention, ..self })
    }
}
