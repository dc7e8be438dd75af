use domain::{
    calls::{CALL_DAYS, CallRetention},
    organizations::SettingsChanges,
};
use leptos::prelude::*;

use super::{
    form::SettingsForm,
    preset_field::Presets,
    retention_fields::{RetentionDraft, RetentionFields},
};
use crate::components::Section;

/// Common times, in days.
const PRESETS: Presets = &[("35", "35 days"), ("90", "90 days"), ("180", "180 days"), ("365", "1 year")];
/// Days that are suggested when old calls are to be deleted.
const SUGGESTED_DAYS: u32 = 365;

/// How long calls are kept.
#[component]
pub(super) fn CallsSection(form: SettingsForm) -> impl IntoView {
    let saved_days = move || form.saved().with_untracked(|saved| saved.call_retention.days);
    let retention = RetentionDraft::new(PRESETS, SUGGESTED_DAYS, saved_days());
    let changes = Signal::derive(move || SettingsChanges {
        call_retention: Some(CallRetention { days: retention.days() }),
        ..SettingsChanges::default()
    });
    form.add(changes, move || retention.set(saved_days()));
    view! {
        <Section
            id="calls"
            title="Calls"
            description="Retention of the log. Usage and costs of deleted calls stay; the calls can't be restored."
        >
            <RetentionFields
                name="call_days"
                legend="Calls in the log"
                draft=retention
                unlimited=("Keep all", "The log goes back to the first call.")
                limited=("Delete old calls", "With their request and response bodies.")
                range=&CALL_DAYS
                error=form.field("call_days")
            />
        </Section>
    }
}
