use domain::organizations::{SESSION_IDLE_MINUTES, Settings, SettingsChanges};
use leptos::prelude::*;

use super::section::{Section, save};
use crate::{
    components::{Choice, Field, Segmented},
    layout::Unsaved,
};

/// The steps that are offered, in minutes; any other number can be typed.
const STEPS: [(u32, &str); 6] = [(15, "15 min"), (30, "30 min"), (60, "1 h"), (120, "2 h"), (240, "4 h"), (480, "8 h")];

/// How long sessions last.
#[component]
pub(super) fn SessionsSection(saved: RwSignal<Settings>, unsaved: Unsaved) -> impl IntoView {
    let kept = move || saved.with(|saved| saved.session_idle_minutes.to_string());
    let minutes = RwSignal::new(untrack(kept));
    let save = save(saved);
    let chosen = Signal::derive(move || SettingsChanges {
        // What is no number is no number of minutes that is allowed.
        session_idle_minutes: Some(minutes.with(|minutes| minutes.trim().parse().unwrap_or_default())),
        ..SettingsChanges::default()
    });
    let steps: Vec<_> = STEPS.into_iter().map(|(minutes, label)| Choice::new(minutes.to_string(), label)).collect();
    let (least, most) = (SESSION_IDLE_MINUTES.start(), SESSION_IDLE_MINUTES.end());
    view! {
        <Section
            title="Sessions"
            description="Whoever does nothing for this long has to sign in again. It counts for every member, from their next
                step on; open pages keep what was typed."
            save
            saved
            chosen
            fields=&["session_idle_minutes"]
            unsaved
            on_discard=move || minutes.set(kept())
        >
            <Segmented label="Common times" value=minutes choices=steps on_change=move |step: String| minutes.set(step)/>
            <Field
                name="session_idle_minutes"
                label="Minutes without activity"
                kind="number"
                value=minutes
                hint=format!("From {least} minutes to {most} ({} hours).", most / 60)
                error=save.field("session_idle_minutes")
            />
        </Section>
    }
}
