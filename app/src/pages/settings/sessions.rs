use domain::organizations::{OrganizationSettings, SESSION_IDLE_MINUTES, SettingsChanges};
use leptos::prelude::*;

use super::section::{Section, save_settings};
use crate::{
    components::{Field, Segmented, SelectOption},
    layout::Unsaved,
};

/// Suggested times, in minutes; any other number can be typed.
const MINUTE_OPTIONS: [(u32, &str); 6] =
    [(15, "15 min"), (30, "30 min"), (60, "1 h"), (120, "2 h"), (240, "4 h"), (480, "8 h")];

/// How long sessions last without activity.
#[component]
pub(super) fn SessionsSection(saved: RwSignal<OrganizationSettings>, unsaved: Unsaved) -> impl IntoView {
    let saved_minutes = move || saved.with(|saved| saved.session_idle_minutes.to_string());
    let minutes = RwSignal::new(untrack(saved_minutes));
    let save = save_settings(saved);
    let changes = Signal::derive(move || SettingsChanges {
        // Text that isn't a number becomes 0, which validation rejects.
        session_idle_minutes: Some(minutes.with(|minutes| minutes.trim().parse().unwrap_or_default())),
        ..SettingsChanges::default()
    });
    let minute_options: Vec<_> =
        MINUTE_OPTIONS.into_iter().map(|(minutes, label)| SelectOption::new(minutes.to_string(), label)).collect();
    let (min, max) = (SESSION_IDLE_MINUTES.start(), SESSION_IDLE_MINUTES.end());
    view! {
        <Section
            title="Sessions"
            description="Whoever does nothing for this long has to sign in again. It counts for every member, from their next
                step on; open pages keep what was typed."
            save
            saved
            changes
            fields=&["session_idle_minutes"]
            unsaved
            on_discard=move || minutes.set(saved_minutes())
        >
            <Segmented label="Common times" value=minutes choices=minute_options on_change=move |option: String| minutes.set(option)/>
            <Field
                name="session_idle_minutes"
                label="Minutes without activity"
                kind="number"
                value=minutes
                hint=format!("From {min} minutes to {max} ({} hours).", max / 60)
                error=save.field("session_idle_minutes")
            />
        </Section>
    }
}
