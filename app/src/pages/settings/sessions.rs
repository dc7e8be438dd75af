use domain::organizations::{SESSION_IDLE_MINUTES, SettingsChanges};
use leptos::prelude::*;

use super::{
    form::SettingsForm,
    preset_field::{PresetDraft, PresetField, Presets},
};
use crate::components::Section;

/// Common times, in minutes.
const PRESETS: Presets = &[
    ("15", "15 minutes"),
    ("30", "30 minutes"),
    ("60", "1 hour"),
    ("120", "2 hours"),
    ("240", "4 hours"),
    ("480", "8 hours"),
];

/// How long sessions last without activity.
#[component]
pub(super) fn SessionsSection(form: SettingsForm) -> impl IntoView {
    let saved_minutes = move || form.saved().with_untracked(|saved| saved.session_idle_minutes.to_string());
    let minutes = PresetDraft::new(PRESETS, saved_minutes());
    let changes = Signal::derive(move || SettingsChanges {
        session_idle_minutes: Some(minutes.number().unwrap_or_default()),
        ..SettingsChanges::default()
    });
    form.add(changes, move || minutes.set(saved_minutes()));
    let (min, max) = (SESSION_IDLE_MINUTES.start(), SESSION_IDLE_MINUTES.end());
    view! {
        <Section
            id="sessions"
            title="Sessions"
            description="Sign members out after inactivity. Text that they typed on an open page isn't lost."
        >
            <PresetField
                name="session_idle_minutes"
                label="Sign out after"
                custom_label="Minutes"
                draft=minutes
                hint=format!("{min} to {max} minutes ({} hours).", max / 60)
                error=form.field("session_idle_minutes")
            />
        </Section>
    }
}
