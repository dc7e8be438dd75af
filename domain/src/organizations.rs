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

    /// Returns the settings with changes applied, checked together.
    ///
    /// # Errors
    /// A setting is invalid, or a change would keep bodies for longer than their calls: they are deleted with them, so that the longer
    /// time would be untrue. Earlier settings that disagree don't hinder other changes.
    pub fn changed(&self, changes: SettingsChanges) -> Result<Self, FieldErrors> {
        let (sets_bodies, sets_calls) = (changes.bodies.is_some(), changes.call_retention.is_some());
        let mut settings = self.with(changes);
        settings.call_retention = settings.call_retention.after(self.call_retention);
        let settings = settings.validated()?;
        let mut errors = FieldErrors::default();
        if let (Some(body_days), Some(call_days)) = (settings.bodies.days, settings.call_retention.days)
            && body_days > call_days
        {
            if sets_calls {
                errors.add(
                    "call_days",
                    format!(
                        "Request and response bodies are stored for {body_days} days. Keep calls for at least as long."
                    ),
                );
            }
            if sets_bodies {
                errors.add(
                    "body_days",
                    format!("Calls are kept for {call_days} days. Store bodies for {call_days} days or less."),
                );
            }
        }
        errors.into_result().map(|()| settings)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(body_days: Option<u32>, call_days: Option<u32>) -> OrganizationSettings {
        OrganizationSettings {
            session_idle_minutes: DEFAULT_SESSION_IDLE_MINUTES,
            key_policy: KeyPolicy::default(),
            bodies: BodySettings { days: body_days, ..BodySettings::default() },
            call_retention: CallRetention::chosen(call_days),
        }
    }

    fn bodies(days: Option<u32>) -> SettingsChanges {
        let bodies = BodySettings { days, ..BodySettings::default() };
        SettingsChanges { bodies: Some(bodies), ..SettingsChanges::default() }
    }

    fn calls(days: Option<u32>) -> SettingsChanges {
        SettingsChanges { call_retention: Some(CallRetention::chosen(days)), ..SettingsChanges::default() }
    }

    #[test]
    fn calls_are_kept_for_at_least_as_long_as_their_bodies() {
        let errors = settings(Some(90), None).changed(calls(Some(60))).unwrap_err();
        let advice = "Request and response bodies are stored for 90 days. Keep calls for at least as long.";
        assert_eq!((errors.get("call_days"), errors.get("body_days")), (Some(advice), None));
        let errors = settings(Some(30), Some(60)).changed(bodies(Some(61))).unwrap_err();
        let advice = "Calls are kept for 60 days. Store bodies for 60 days or less.";
        assert_eq!((errors.get("body_days"), errors.get("call_days")), (Some(advice), None));
        let errors = settings(None, None).changed(bodies(Some(61)).and(calls(Some(60)))).unwrap_err();
        assert!(errors.get("call_days").is_some() && errors.get("body_days").is_some());

        assert!(settings(Some(90), None).changed(calls(Some(90))).is_ok());
        assert!(settings(Some(90), Some(90)).changed(calls(None)).is_ok());
        assert!(settings(None, Some(35)).changed(bodies(None)).is_ok());
        assert!(settings(Some(90), Some(90)).changed(bodies(Some(35)).and(calls(Some(35)))).is_ok());
    }

    #[test]
    fn settings_of_before_that_disagree_hinder_no_other_change() {
        let idle = SettingsChanges { session_idle_minutes: Some(60), ..SettingsChanges::default() };
        assert_eq!(settings(Some(90), Some(35)).changed(idle).unwrap().session_idle_minutes, 60);
    }
}
