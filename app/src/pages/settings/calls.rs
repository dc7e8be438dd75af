use domain::{
    calls::{CALL_DAYS, CallRetention},
    organizations::{OrganizationSettings, SettingsChanges},
};
use leptos::prelude::*;

use super::section::{Section, save_settings};
use crate::{
    components::{Field, RadioCards, Segmented, SelectOption},
    layout::Unsaved,
    lean::When,
};

/// Suggested times, in days; any other number can be typed.
const DAY_OPTIONS: [(&str, &str); 4] = [("35", "35 days"), ("90", "90 days"), ("180", "180 days"), ("365", "1 year")];
/// Days that are suggested when old calls are to be deleted.
const SUGGESTED_DAYS: &str = "365";
const ALL: &str = "all";
const RECENT: &str = "recent";

/// How long calls are kept.
#[component]
pub(super) fn CallsSection(saved: RwSignal<OrganizationSettings>, unsaved: Unsaved) -> impl IntoView {
    let saved_days = move || saved.with(|saved| saved.call_retention.days);
    let text_of = |days: Option<u32>| days.map_or_else(|| SUGGESTED_DAYS.to_owned(), |days| days.to_string());
    let limited = RwSignal::new(untrack(saved_days).is_some());
    let days = RwSignal::new(text_of(untrack(saved_days)));
    let save = save_settings(saved);
    let changes = Signal::derive(move || {
        // Text that isn't a number becomes 0, which validation rejects.
        let days = limited.get().then(|| days.with(|days| days.trim().parse().unwrap_or_default()));
        SettingsChanges { call_retention: Some(CallRetention { days }), ..SettingsChanges::default() }
    });
    let choices = vec![
        SelectOption::new(ALL, "Keep all").with_description("Every call stays in the log."),
        SelectOption::new(RECENT, "Delete old ones").with_description("Usage and costs of deleted calls stay."),
    ];
    let day_options: Vec<_> = DAY_OPTIONS.into_iter().map(|(days, label)| SelectOption::new(days, label)).collect();
    let day_options = StoredValue::new(day_options);
    view! {
        <Section
            title="Calls"
            description="How long the log goes back. What is deleted can't be brought back; all figures stay."
            save
            saved
            changes
            fields=&["call_days"]
            unsaved
            on_discard=move || {
                limited.set(saved_days().is_some());
                days.set(text_of(saved_days()));
            }
        >
            <RadioCards
                name="calls"
                legend="Calls"
                value=Signal::derive(move || if limited.get() { RECENT } else { ALL }.to_owned())
                choices
                on_change=move |name: String| limited.set(name == RECENT)
            />
            <When when=move || limited.get()>
                <Segmented
                    label="Common times for calls"
                    value=days
                    choices=day_options.get_value()
                    on_change=move |option: String| days.set(option)
                />
                <Field
                    name="call_days"
                    label="Days in the log"
                    kind="number"
                    value=days
                    hint=format!("From {} to {}.", CALL_DAYS.start(), CALL_DAYS.end())
                    error=save.field("call_days")
                />
            </When>
        </Section>
    }
}
